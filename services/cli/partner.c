/* ansinh partner: who may call from outside, and with which keys. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ansinh/v1/partners.pb-c.h"
#include "common/base/clock.h"
#include "common/base/key_file.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "services/cli/ask.h"
#include "services/cli/cli.h"

#define USAGE                                                                                      \
    "usage: ansinh partner add CODE [--products 1,2] [--units CODE,...] [--rate N] [--burst N]\n"  \
    "                      [--cut-off HH:MM] [--cash-limit VND] [--cash-hours N]\n"                \
    "                      [--cash-enforced] [--suspended]\n"                                      \
    "                      [--contact ROLE,EMAIL,PHONE]...\n"                                      \
    "       ansinh partner key CODE NAME --ed25519 BASE64|--hmac-sha256 FILE\n"                    \
    "                      [--from DATE] [--until DATE]\n"                                         \
    "       ansinh partner revoke KEY-ID\n"                                                        \
    "       ansinh partner show CODE\n"                                                            \
    "       ansinh partner keygen FILE"
#define ARENA_BYTES ((size_t)1024 * 1024)
#define LIST_MAX 64
#define DAY_MS (86400LL * 1000)
#define UTC_OFFSET_MS (7LL * 3600 * 1000)
#define PATH_BYTES 512

static int command(const char *method, const ProtobufCMessage *input,
                   const ProtobufCMessageDescriptor *output, struct arena *arena)
{
    struct request_id id;
    int status = cli_command_id(&id);
    if (status != 0)
        return status;
    const ProtobufCMessage *answer = cli_ask_enrolment(method, &id, input, output, arena);
    return answer == NULL ? 1 : cli_print_json(answer);
}

/* --- add -------------------------------------------------------------------------------------- */

/* Cuts a text at its commas; how many parts, or -EINVAL for too many. */
static int split(char *text, char *ret[LIST_MAX])
{
    int n = 0;
    for (char *at = text; at != NULL; n++) {
        if (n == LIST_MAX)
            return -EINVAL;
        ret[n] = strsep(&at, ",");
    }
    return n;
}

struct adding {
    Ansinh__V1__Partner partner;
    Ansinh__V1__Product products[LIST_MAX];
    char *units[LIST_MAX];
    Ansinh__V1__PartnerContact contacts[LIST_MAX];
    Ansinh__V1__PartnerContact *contact_list[LIST_MAX];
};

static int take_products(struct adding *self, char *text)
{
    char *parts[LIST_MAX];
    int n = split(text, parts);
    for (int i = 0; i < n; i++) {
        int64_t product;
        if (parse_int64(parts[i], 1, INT32_MAX, &product) < 0)
            return -EINVAL;
        self->products[i] = (Ansinh__V1__Product)product;
    }
    self->partner.products = self->products;
    self->partner.n_products = (size_t)MAX(n, 0);
    return MIN(n, 0);
}

static int take_contact(struct adding *self, char *text)
{
    char *parts[LIST_MAX];
    size_t i = self->partner.n_contacts;
    if (i == LIST_MAX || split(text, parts) != 3)
        return -EINVAL;
    ansinh__v1__partner_contact__init(&self->contacts[i]);
    self->contacts[i].role = parts[0];
    self->contacts[i].email = parts[1];
    self->contacts[i].phone = parts[2];
    self->contact_list[i] = &self->contacts[i];
    self->partner.contacts = self->contact_list;
    self->partner.n_contacts++;
    return 0;
}

/* "18:00" */
static int take_cut_off(struct adding *self, const char *text)
{
    if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
        !parse_is_digits(text + 3, 2))
        return -EINVAL;
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    self->partner.cut_off_minute = (uint32_t)(hour * 60 + minute);
    return hour > 23 || minute > 59 ? -EINVAL : 0;
}

static int take_number(const char *text, uint32_t *ret)
{
    int64_t value;
    int rc = parse_int64(text, 0, UINT32_MAX, &value);
    if (rc == 0)
        *ret = (uint32_t)value;
    return rc;
}

static int take_option(struct adding *self, const char *name, char *value)
{
    Ansinh__V1__Partner *partner = &self->partner;
    if (strcmp(name, "--products") == 0)
        return take_products(self, value);
    if (strcmp(name, "--contact") == 0)
        return take_contact(self, value);
    if (strcmp(name, "--cut-off") == 0)
        return take_cut_off(self, value);
    if (strcmp(name, "--rate") == 0)
        return take_number(value, &partner->rate_per_s);
    if (strcmp(name, "--burst") == 0)
        return take_number(value, &partner->burst);
    if (strcmp(name, "--cash-hours") == 0)
        return take_number(value, &partner->cash_max_age_hours);
    if (strcmp(name, "--cash-limit") == 0)
        return parse_int64(value, 0, INT64_MAX, &partner->cash_limit_vnd);
    if (strcmp(name, "--units") != 0)
        return -EINVAL;
    int n = split(value, self->units);
    partner->unit_codes = self->units;
    partner->n_unit_codes = (size_t)MAX(n, 0);
    return MIN(n, 0);
}

static int partner_add(int argc, char **argv)
{
    struct adding self = {0};
    Ansinh__V1__ImportPartnersRequest request;
    Ansinh__V1__Partner *list[] = {&self.partner};
    char one[] = "1";
    ansinh__v1__import_partners_request__init(&request);
    ansinh__v1__partner__init(&self.partner);
    if (argc < 2 || argv[1][0] == '-')
        return cli_fail(2, USAGE);
    self.partner.organisation_code = argv[1];
    (void)take_products(&self, one);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--cash-enforced") == 0)
            self.partner.cash_enforced = 1;
        else if (strcmp(argv[i], "--suspended") == 0)
            self.partner.suspended = 1;
        else if (i + 1 == argc || take_option(&self, argv[i], argv[i + 1]) < 0)
            return cli_fail(2, "%s: unknown, or of another form\n" USAGE, argv[i]);
        else
            i++;
    }
    request.partners = list;
    request.n_partners = 1;
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    return command("ansinh.v1.Partners/ImportPartners", &request.base,
                   &ansinh__v1__import_partners_response__descriptor, arena);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* The beginning of a day at +07:00. */
static int take_day(const char *text, int64_t *ret_ms)
{
    int32_t day;
    int rc = date_parse(text, &day);
    if (rc == 0)
        *ret_ms = (int64_t)day * DAY_MS - UTC_OFFSET_MS;
    return rc;
}

/* 0, or the exit status of what was said. */
static int take_material(Ansinh__V1__AddKeyRequest *request, const char *name, const char *value,
                         uint8_t bytes[KEY_FILE_BYTES])
{
    struct err err = {0};
    size_t len = 0;
    ProtobufCBinaryData *to;
    if (strcmp(name, "--ed25519") == 0) {
        request->algorithm = ANSINH__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519;
        to = &request->public_key;
        if (sodium_base642bin(bytes, KEY_FILE_BYTES, value, strlen(value), NULL, &len, NULL,
                              sodium_base64_VARIANT_ORIGINAL) != 0 ||
            len != KEY_FILE_BYTES)
            return cli_fail(2, "--ed25519: want the 32 bytes of a public key in base64");
    } else {
        request->algorithm = ANSINH__V1__KEY_ALGORITHM__KEY_ALGORITHM_HMAC_SHA256;
        to = &request->secret;
        int rc = key_file_read(value, bytes, &err);
        if (rc < 0)
            return cli_fail(1, "%s", rc == -ENOENT ? "no such file" : err.text);
    }
    *to = (ProtobufCBinaryData){KEY_FILE_BYTES, bytes};
    return 0;
}

static int partner_key(int argc, char **argv)
{
    Ansinh__V1__AddKeyRequest request;
    uint8_t bytes[KEY_FILE_BYTES];
    ansinh__v1__add_key_request__init(&request);
    if (argc < 5 || argc % 2 == 0)
        return cli_fail(2, USAGE);
    request.organisation_code = argv[1];
    request.name = argv[2];
    for (int i = 3; i + 1 < argc; i += 2) {
        int status = 0;
        if (strcmp(argv[i], "--ed25519") == 0 || strcmp(argv[i], "--hmac-sha256") == 0)
            status = take_material(&request, argv[i], argv[i + 1], bytes);
        else if ((strcmp(argv[i], "--from") != 0 ||
                  take_day(argv[i + 1], &request.valid_from_ms) < 0) &&
                 (strcmp(argv[i], "--until") != 0 ||
                  take_day(argv[i + 1], &request.valid_until_ms) < 0))
            status = cli_fail(2, "%s: unknown, or of another form\n" USAGE, argv[i]);
        if (status != 0)
            return status;
    }
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    int status = command("ansinh.v1.Partners/AddKey", &request.base,
                         &ansinh__v1__add_key_response__descriptor, arena);
    sodium_memzero(bytes, sizeof(bytes));
    return status;
}

static int partner_revoke(int argc, char **argv)
{
    Ansinh__V1__RevokeKeyRequest request;
    ansinh__v1__revoke_key_request__init(&request);
    if (argc != 2)
        return cli_fail(2, USAGE);
    request.key_id = argv[1];
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    return command("ansinh.v1.Partners/RevokeKey", &request.base,
                   &ansinh__v1__revoke_key_response__descriptor, arena);
}

/* Makes FILE, whose 32 bytes are the seed of a key pair, or a secret of hmac-sha256. */
static int partner_keygen(int argc, char **argv)
{
    char directory[PATH_BYTES], name[PATH_BYTES];
    uint8_t seed[KEY_FILE_BYTES], public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    char text[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
    struct err err = {0};
    if (argc != 2 || strlen(argv[1]) >= PATH_BYTES)
        return cli_fail(2, USAGE);
    (void)snprintf(directory, sizeof(directory), "%s", argv[1]);
    (void)snprintf(name, sizeof(name), "%s", argv[1]);
    if (access(argv[1], F_OK) == 0)
        return cli_fail(1, "%s is there already", argv[1]);
    if (sodium_init() < 0 || key_file_make(dirname(directory), basename(name), &err) < 0 ||
        key_file_read(argv[1], seed, &err) < 0)
        return cli_fail(1, "%s", err.text);
    (void)crypto_sign_seed_keypair(public_key, secret_key, seed);
    (void)sodium_bin2base64(text, sizeof(text), public_key, sizeof(public_key),
                            sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(secret_key, sizeof(secret_key));
    (void)printf("%s is secret and stays with its owner: the seed of a key pair of ed25519, or a "
                 "secret of hmac-sha256\npublic key: %s\n",
                 argv[1], text);
    return 0;
}

static int partner_show(int argc, char **argv)
{
    Ansinh__V1__GetPartnerRequest request;
    ansinh__v1__get_partner_request__init(&request);
    if (argc != 2)
        return cli_fail(2, USAGE);
    request.organisation_code = argv[1];
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    const ProtobufCMessage *answer =
        cli_ask_enrolment("ansinh.v1.Partners/GetPartner", NULL, &request.base,
                          &ansinh__v1__get_partner_response__descriptor, arena);
    return answer == NULL ? 1 : cli_print_json(answer);
}

int cli_partner(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*fn)(int argc, char **argv);
    } subcommands[] = {{"add", partner_add},
                       {"key", partner_key},
                       {"revoke", partner_revoke},
                       {"show", partner_show},
                       {"keygen", partner_keygen}};
    for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(subcommands); i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].fn(argc - 1, argv + 1);
    }
    return cli_fail(2, USAGE);
}

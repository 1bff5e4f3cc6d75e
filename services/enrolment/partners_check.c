#include "services/enrolment/partners_check.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/sign/signature.h"

#define PRODUCTS_MAX 2
#define ROLE_MAX_CHARS 50
#define EMAIL_MAX_CHARS 254
#define PHONE_MAX_CHARS 20
#define MINUTES_OF_DAY 1440
#define CASH_MAX_VND ((1LL << 53) - 1)
#define TIME_MAX_MS 7258093200000 /* 2200-01-01 at +07:00 */
#define CASH_MAX_HOURS (366 * 24)

static int fail_row(struct err *err, size_t i, const char *field, const char *text)
{
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "partners[%zu].%s", i, field);
    return err_field(err, -EINVAL, path, "%s", text);
}

static int is_text(const char *text, size_t min_chars, size_t max_chars)
{
    size_t len = strlen(text);
    return len >= min_chars && parse_is_utf8(text, len) && parse_utf8_length(text) <= max_chars;
}

/* --- partners --------------------------------------------------------------------------------- */

static int check_organisation(const struct directory *directory,
                              const Ansinh__V1__ImportPartnersRequest *in, size_t i,
                              struct err *err)
{
    const char *code = in->partners[i]->organisation_code;
    if (directory_organisation(directory, code) == NULL)
        return fail_row(err, i, "organisation_code", "unknown organisation");
    for (size_t k = 0; k < i; k++) {
        if (strcmp(in->partners[k]->organisation_code, code) == 0)
            return fail_row(err, i, "organisation_code", "the same organisation twice in one call");
    }
    return 0;
}

static int check_scope(const struct directory *directory, const Ansinh__V1__Partner *partner,
                       size_t i, struct err *err)
{
    if (partner->n_products == 0 || partner->n_products > PRODUCTS_MAX)
        return fail_row(err, i, "products", "want at least one product, and none twice");
    for (size_t k = 0; k < partner->n_products; k++) {
        if (partner->products[k] != ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI &&
            partner->products[k] != ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD)
            return fail_row(err, i, "products", "unknown product");
        if (k > 0 && partner->products[k] == partner->products[0])
            return fail_row(err, i, "products", "want at least one product, and none twice");
    }
    if (partner->n_unit_codes > PARTNER_UNITS_MAX)
        return fail_row(err, i, "unit_codes", "want at most 64 units");
    for (size_t k = 0; k < partner->n_unit_codes; k++) {
        if (directory_unit(directory, partner->unit_codes[k]) == NULL)
            return fail_row(err, i, "unit_codes", "unknown unit");
    }
    return 0;
}

static int fail_contact(struct err *err, size_t i, size_t k, const char *field, const char *text)
{
    char path[40];
    (void)snprintf(path, sizeof(path), "contacts[%zu].%s", k, field);
    return fail_row(err, i, path, text);
}

static int check_contacts(const Ansinh__V1__Partner *partner, size_t i, struct err *err)
{
    if (partner->n_contacts > PARTNER_CONTACTS_MAX)
        return fail_row(err, i, "contacts", "want at most 8 contacts");
    for (size_t k = 0; k < partner->n_contacts; k++) {
        const Ansinh__V1__PartnerContact *contact = partner->contacts[k];
        if (!is_text(contact->role, 1, ROLE_MAX_CHARS))
            return fail_contact(err, i, k, "role", "want 1 to 50 characters");
        if (!is_text(contact->email, 0, EMAIL_MAX_CHARS))
            return fail_contact(err, i, k, "email", "want at most 254 characters");
        if (!is_text(contact->phone, 0, PHONE_MAX_CHARS))
            return fail_contact(err, i, k, "phone", "want at most 20 characters");
    }
    return 0;
}

static int check_limits(const Ansinh__V1__Partner *partner, size_t i, struct err *err)
{
    if (partner->rate_per_s > PARTNER_RATE_MAX)
        return fail_row(err, i, "rate_per_s", "want at most 100,000");
    if (partner->burst > PARTNER_BURST_MAX)
        return fail_row(err, i, "burst", "want at most 1,000,000");
    if (partner->cut_off_minute >= MINUTES_OF_DAY)
        return fail_row(err, i, "cut_off_minute", "want less than 1,440 minutes");
    if (partner->cash_limit_vnd < 0 || partner->cash_limit_vnd > CASH_MAX_VND)
        return fail_row(err, i, "cash_limit_vnd", "want at least 0 and less than 2^53");
    if (partner->cash_max_age_hours > CASH_MAX_HOURS)
        return fail_row(err, i, "cash_max_age_hours", "want at most 8,784 hours");
    return 0;
}

int partners_check(const struct directory *directory, const Ansinh__V1__ImportPartnersRequest *in,
                   struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < in->n_partners; i++) {
        rc = check_organisation(directory, in, i, err);
        if (rc == 0 && in->partners[i]->n_keys > 0)
            rc = fail_row(err, i, "keys", "keys are added with AddKey");
        if (rc == 0)
            rc = check_scope(directory, in->partners[i], i, err);
        if (rc == 0)
            rc = check_contacts(in->partners[i], i, err);
        if (rc == 0)
            rc = check_limits(in->partners[i], i, err);
    }
    return rc;
}

/* --- keys ------------------------------------------------------------------------------------- */

static int check_material(const Ansinh__V1__AddKeyRequest *in, struct err *err)
{
    switch (in->algorithm) {
    case ANSINH__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519:
        if (in->secret.len > 0)
            return err_field(err, -EINVAL, "secret", "the secret half of a key pair stays at home");
        if (in->public_key.len != crypto_sign_PUBLICKEYBYTES ||
            !crypto_core_ed25519_is_valid_point(in->public_key.data))
            return err_field(err, -EINVAL, "public_key", "want the 32 bytes of a public key");
        return 0;
    case ANSINH__V1__KEY_ALGORITHM__KEY_ALGORITHM_HMAC_SHA256:
        if (in->public_key.len > 0)
            return err_field(err, -EINVAL, "public_key", "hmac-sha256 has none");
        if (in->secret.len < SIGNATURE_SECRET_MIN_BYTES ||
            in->secret.len > SIGNATURE_SECRET_MAX_BYTES)
            return err_field(err, -EINVAL, "secret", "want 32 to 64 bytes");
        return 0;
    case ANSINH__V1__KEY_ALGORITHM__KEY_ALGORITHM_UNSPECIFIED:
    case _ANSINH__V1__KEY_ALGORITHM_IS_INT_SIZE:
    default:
        return err_field(err, -EINVAL, "algorithm", "want ed25519 or hmac-sha256");
    }
}

int partner_key_check(const Ansinh__V1__AddKeyRequest *in, int64_t now_ms, struct err *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(in->name);
    if (len == 0 || len > PARTNER_KEY_NAME_MAX_CHARS || strspn(in->name, allowed) != len)
        return err_field(err, -EINVAL, "name", "want 1 to 32 letters, digits, - _ .");
    if (in->valid_from_ms < 0 || in->valid_from_ms >= TIME_MAX_MS)
        return err_field(err, -EINVAL, "valid_from_ms", "want a time before 2200, or 0 for now");
    if (in->valid_until_ms >= TIME_MAX_MS ||
        (in->valid_until_ms != 0 && in->valid_until_ms <= MAX(in->valid_from_ms, now_ms)))
        return err_field(err, -EINVAL, "valid_until_ms",
                         "want a time to come, behind valid_from_ms, or 0 for no end");
    return check_material(in, err);
}

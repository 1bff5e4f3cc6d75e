#include "common/store/functions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/log.h"
#include "common/store/commit.h"

#define NAME_MAX_BYTES 40
#define VERSION_MAX_BYTES 8
#define VERSION_MARK "local VERSION = '"

/* Strings over 4,095 bytes are an extension that both compilers have. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
static const char ledger_source[] =
#include "functions/commit.inc"
    ;
static const char views_source[] =
#include "functions/views.inc"
    ;
#pragma GCC diagnostic pop

struct name {
    char text[NAME_MAX_BYTES];
    size_t len;
};

/* The version stands in the library's source alone; ret holds VERSION_MAX_BYTES. */
static void version_of(const char *source, char *ret)
{
    const char *mark = strstr(source, VERSION_MARK);
    ASSERT(mark != NULL);
    const char *version = mark + strlen(VERSION_MARK);
    size_t len = strcspn(version, "'");
    ASSERT(len > 0 && len < VERSION_MAX_BYTES);
    memcpy(ret, version, len);
    ret[len] = '\0';
}

const char *function_name(enum function which, size_t *ret_len)
{
    static const char *const stems[FUNCTIONS] = {
        [FUNCTION_COMMIT] = "commit",     [FUNCTION_LOOKUP] = "lookup",
        [FUNCTION_REGISTRY] = "registry", [FUNCTION_LEASE] = "lease",
        [FUNCTION_FLUSH] = "flush",
    };
    static struct name names[FUNCTIONS]; /* a computed constant */
    struct name *name = &names[which];
    if (name->len == 0) {
        char version[VERSION_MAX_BYTES];
        version_of(which <= FUNCTION_LOOKUP ? ledger_source : views_source, version);
        name->len =
            (size_t)snprintf(name->text, sizeof(name->text), "ansinh_%s_%s", stems[which], version);
    }
    *ret_len = name->len;
    return name->text;
}

static void on_version(void *arg, int rc, const struct store_reply *reply)
{
    size_t len;
    const char *bytes = store_reply_bytes(reply, &len);
    if (rc == 0 && store_reply_type(reply) == STORE_REPLY_BYTES && len < VERSION_MAX_BYTES)
        memcpy(arg, bytes, len + 1);
}

int store_check_functions(struct store *store, int is_ledger, int64_t wait_ms, struct err *err)
{
    char wanted[VERSION_MAX_BYTES], found[VERSION_MAX_BYTES] = "";
    const char *function = is_ledger ? "ansinh_ledger_version" : "ansinh_views_version";
    version_of(is_ledger ? ledger_source : views_source, wanted);
    const char *argv[] = {"FCALL_RO", function, "0"};
    const size_t lens[] = {strlen(argv[0]), strlen(function), 1};
    struct err refusal = {{0}, {0}};
    int rc = store_ask(store, wait_ms, 3, argv, lens, on_version, found, &refusal);
    if (rc == -EPROTO && strstr(refusal.text, "Function not found") != NULL)
        return err_set(err, -ENOENT, "no %s in this server", function);
    if (rc < 0)
        return err_set(err, rc, "%s", refusal.text);
    if (strcmp(wanted, found) != 0)
        return err_set(err, -ENOENT, "%s is \"%s\", this build needs \"%s\"", function, found,
                       wanted);
    return 0;
}

int store_load_functions(struct store *store, int is_ledger, int64_t wait_ms, struct err *err)
{
    struct err why = {{0}, {0}};
    int rc = store_check_functions(store, is_ledger, wait_ms, &why);
    if (rc == 0)
        return 0;
    if (rc != -ENOENT)
        return err_set(err, rc, "%s", why.text);
    const char *source = is_ledger ? ledger_source : views_source;
    const char *argv[] = {"FUNCTION", "LOAD", "REPLACE", source};
    const size_t lens[] = {strlen(argv[0]), strlen(argv[1]), strlen(argv[2]), strlen(source)};
    return store_ask(store, wait_ms, 4, argv, lens, NULL, NULL, err);
}

struct setting {
    const char *name, *wanted;
    int is_met;
};

static void on_setting(void *arg, int rc, const struct store_reply *reply)
{
    struct setting *setting = arg;
    size_t len;
    const char *value = store_reply_bytes(store_reply_at(reply, 1), &len);
    setting->is_met = rc == 0 && value != NULL && strcasecmp(value, setting->wanted) == 0;
}

int store_check_durability(struct store *ledger, int64_t wait_ms, struct err *err)
{
    struct setting settings[] = {
        {"appendonly", "yes", 0},
        {"appendfsync", "always", 0},
        {"no-appendfsync-on-rewrite", "no", 0}, /* "yes" suspends the syncs during a rewrite */
        {"aof-load-truncated", "no", 0}, /* "yes" leaves half a commit (deploy/redis/serve) */
        {"maxmemory-policy", "noeviction", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const char *argv[] = {"CONFIG", "GET", settings[i].name};
        const size_t lens[] = {strlen(argv[0]), strlen(argv[1]), strlen(argv[2])};
        int rc = store_ask(ledger, wait_ms, 3, argv, lens, on_setting, &settings[i], err);
        if (rc < 0)
            return rc;
        if (!settings[i].is_met)
            return err_set(err, -EPERM, "the ledger must run with %s %s", settings[i].name,
                           settings[i].wanted);
    }
    return 0;
}

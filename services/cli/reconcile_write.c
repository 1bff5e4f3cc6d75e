/* The files of a reconciliation: written beside their names, synced, then renamed, the signature
 * last; so that whoever finds a signature finds what it is of. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive/signing.h"
#include "common/base/buf.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/conf_common.h"
#include "services/cli/reconcile.h"

#define HASH_BYTES crypto_hash_sha256_BYTES
#define MANIFEST_MAX_BYTES 4096
#define NAME_BYTES 96
#define COPY_BYTES 65536

typedef int (*report_fn)(const struct settle_report *self, FILE *out);

struct output {
    const struct reconcile *reconcile;
    char base[NAME_BYTES]; /* "VNPOST-2026-11-22" */
    struct buf manifest;
    struct err *err;
};

/* "FOLDER/VNPOST-2026-11-22.csv", or with ".new" behind it. */
static int path_of(const struct output *self, const char *suffix, const char *state,
                   char ret[PATH_MAX])
{
    int n =
        snprintf(ret, PATH_MAX, "%s/%s%s%s", self->reconcile->query.out, self->base, suffix, state);
    return n > 0 && n < PATH_MAX ? 0 : err_set(self->err, -ENAMETOOLONG, "--out is too long");
}

static int fail(const struct output *self, const char *path)
{
    int code = errno;
    return err_set(self->err, code == 0 ? -EIO : -code, "%.100s cannot be written: %s", path,
                   strerror(code));
}

static int sync_and_close(FILE *file)
{
    int rc = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0 ? -EIO : 0;
    return fclose(file) != 0 ? -EIO : rc;
}

static int hash_file(const char *path, uint8_t ret[HASH_BYTES])
{
    uint8_t bytes[COPY_BYTES];
    crypto_hash_sha256_state state;
    FILE *file = fopen(path, "re");
    size_t n;
    if (file == NULL)
        return -errno;
    (void)crypto_hash_sha256_init(&state);
    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
        (void)crypto_hash_sha256_update(&state, bytes, (unsigned long long)n);
    int rc = ferror(file) ? -EIO : 0;
    (void)fclose(file); /* only read */
    (void)crypto_hash_sha256_final(&state, ret);
    return rc;
}

/* A line as sha256sum writes and checks them. */
static int manifest_add(struct output *self, const char *suffix, const char *path)
{
    uint8_t hash[HASH_BYTES];
    char hex[2 * HASH_BYTES + 1];
    if (hash_file(path, hash) < 0)
        return fail(self, path);
    format_hex(hash, sizeof(hash), hex);
    return buf_printf(&self->manifest, "%s  %s%s\n", hex, self->base, suffix);
}

static int write_report(struct output *self, const char *suffix, report_fn fn)
{
    const struct reconcile *of = self->reconcile;
    const struct settle_report report = {&of->file, of->match, of->bank, &of->result};
    char path[PATH_MAX];
    if (path_of(self, suffix, ".new", path) < 0)
        return -ENAMETOOLONG;
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return fail(self, path);
    int rc = fn(&report, file);
    if (sync_and_close(file) < 0 || rc < 0)
        return fail(self, path);
    return manifest_add(self, suffix, path);
}

static int write_bytes(struct output *self, const char *suffix, const void *bytes, size_t len)
{
    char path[PATH_MAX];
    if (path_of(self, suffix, ".new", path) < 0)
        return -ENAMETOOLONG;
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return fail(self, path);
    int is_written = fwrite(bytes, 1, len, file) == len;
    return sync_and_close(file) < 0 || !is_written ? fail(self, path) : 0;
}

static int sign(struct output *self)
{
    struct signing_key key;
    uint8_t signature[SIGNATURE_BYTES];
    int rc = signing_open(self->reconcile->svc.conf.keys, SIGNING_REPORT, &key, self->err);
    if (rc < 0)
        return rc;
    (void)crypto_sign_detached(signature, NULL, self->manifest.data,
                               (unsigned long long)self->manifest.len, key.secret);
    signing_close(&key);
    rc = write_bytes(self, ".sha256", self->manifest.data, self->manifest.len);
    return rc < 0 ? rc : write_bytes(self, ".sha256.sig", signature, sizeof(signature));
}

static int publish(const struct output *self, const char *suffix)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (path_of(self, suffix, ".new", from) < 0 || path_of(self, suffix, "", to) < 0)
        return -ENAMETOOLONG;
    return rename(from, to) < 0 ? fail(self, to) : 0;
}

static int sync_folder(const struct output *self)
{
    const char *folder = self->reconcile->query.out;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) < 0 ? fail(self, folder) : 0;
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

static int write_all(struct output *self)
{
    static const struct {
        const char *suffix;
        report_fn fn;
        int is_of_bank;
    } reports[] = {{".csv", report_csv, 0},
                   {"-bank.csv", report_bank_csv, 1},
                   {".json", report_json, 0},
                   {".html", report_html, 0}};
    const char *suffixes[ARRAY_LEN(reports) + 2];
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(reports); i++) {
        if (reports[i].is_of_bank && self->reconcile->bank == NULL)
            continue;
        suffixes[n++] = reports[i].suffix;
        rc = write_report(self, reports[i].suffix, reports[i].fn);
    }
    suffixes[n++] = ".sha256";
    suffixes[n++] = ".sha256.sig";
    if (rc == 0)
        rc = sign(self);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = publish(self, suffixes[i]);
    return rc == 0 ? sync_folder(self) : rc;
}

int reconcile_write(const struct reconcile *self, struct err *err)
{
    struct output output = {.reconcile = self, .err = err};
    char date[DATE_TEXT_BYTES];
    if (mkdir(self->query.out, 0755) < 0 && errno != EEXIST)
        return fail(&output, self->query.out);
    date_format(self->query.business_day, date);
    (void)snprintf(output.base, sizeof(output.base), "%s-%s", self->query.partner, date);
    buf_init(&output.manifest, MANIFEST_MAX_BYTES);
    int rc = write_all(&output);
    buf_fini(&output.manifest);
    return rc;
}

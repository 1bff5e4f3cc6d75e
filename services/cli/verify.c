#include "services/cli/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/service/conf_common.h"
#include "services/cli/private_redis.h"
#include "services/cli/verify_archive.h"
#include "services/cli/verify_board.h"
#include "services/cli/verify_books.h"
#include "services/cli/verify_keys.h"
#include "services/cli/verify_notify.h"
#include "services/cli/verify_view_keys.h"
#include "services/cli/verify_views.h"

/* --- findings --------------------------------------------------------------------------------- */

void findings_init(struct findings *self)
{
    self->n = 0;
    buf_init(&self->lines, (size_t)VERIFY_SHOWN_MAX * VERIFY_FINDING_BYTES);
}

void findings_fini(struct findings *self)
{
    buf_fini(&self->lines);
}

void findings_clear(struct findings *self)
{
    self->n = 0;
    buf_reset(&self->lines);
}

static void PRINTF_LIKE(2, 0) findings_vadd(struct findings *self, const char *format, va_list args)
{
    char line[VERIFY_FINDING_BYTES];
    if (self->n++ >= VERIFY_SHOWN_MAX)
        return;
    (void)vsnprintf(line, sizeof(line) - 1, format, args);
    (void)buf_printf(&self->lines, "%s\n", line);
}

void findings_add(struct findings *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    findings_vadd(self, format, args);
    va_end(args);
}

void verify_report(struct verify *self, struct findings *findings)
{
    const char *line = (const char *)findings->lines.data;
    const char *end = line + findings->lines.len;
    unsigned long shown = self->n_differences;
    for (; line < end && shown < VERIFY_SHOWN_MAX; shown++) {
        size_t len = (size_t)((const char *)memchr(line, '\n', (size_t)(end - line)) - line) + 1;
        (void)printf("%.*s", (int)len, line);
        line += len;
    }
    self->n_differences += findings->n;
    findings_clear(findings);
}

void verify_difference(struct verify *self, const char *format, ...)
{
    struct findings findings;
    va_list args;
    findings_init(&findings);
    va_start(args, format);
    findings_vadd(&findings, format, args);
    va_end(args);
    verify_report(self, &findings);
    findings_fini(&findings);
}

void verify_stop(struct verify *self, const char *format, ...)
{
    char text[2 * VERIFY_FINDING_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!self->failed)
        (void)cli_fail(1, "%s", text);
    self->failed = 1;
}

void verify_fail(struct verify *self, const char *server, int rc)
{
    verify_stop(self, "%s cannot be read: %s", server, strerror(-rc));
}

/* --- lists of citizens ------------------------------------------------------------------------ */

void hash_list_add(struct hash_list *self, const uint8_t hash[ID_BYTES])
{
    if (self->n == self->capacity) {
        self->capacity = MAX((size_t)1024, 2 * self->capacity);
        self->hashes = realloc(self->hashes, self->capacity * sizeof(*self->hashes));
        ASSERT(self->hashes != NULL);
    }
    memcpy(self->hashes[self->n++], hash, ID_BYTES);
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, ID_BYTES);
}

/* Of many hashes, first by the bits that tell partitions apart: those of one are few, and were
 * mostly added in their order. */
static void sort_part(uint8_t (*hashes)[ID_BYTES], size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (compare_hashes(hashes[i - 1], hashes[i]) <= 0)
            continue;
        qsort(hashes, n, sizeof(*hashes), compare_hashes);
        return;
    }
}

void hash_list_sort(struct hash_list *self, unsigned (*part_of)(const uint8_t hash[ID_BYTES]))
{
    size_t ends[PARTITIONS_ALL + 1] = {0};
    if (self->n == 0)
        return;
    uint8_t(*sorted)[ID_BYTES] = malloc(self->n * sizeof(*sorted));
    ASSERT(sorted != NULL);
    for (size_t i = 0; i < self->n; i++)
        ends[MIN(part_of(self->hashes[i]), (unsigned)PARTITIONS_ALL)]++;
    for (size_t part = 0, before = 0; part <= PARTITIONS_ALL; part++) {
        size_t n = ends[part];
        ends[part] = before;
        before += n;
    }
    for (size_t i = 0; i < self->n; i++) {
        unsigned part = MIN(part_of(self->hashes[i]), (unsigned)PARTITIONS_ALL);
        memcpy(sorted[ends[part]++], self->hashes[i], ID_BYTES);
    }
    for (size_t part = 0, begin = 0; part <= PARTITIONS_ALL; begin = ends[part++])
        sort_part(sorted + begin, ends[part] - begin);
    free(self->hashes);
    self->hashes = sorted;
    self->capacity = self->n;
}

int hash_list_has(const struct hash_list *self, const uint8_t hash[ID_BYTES])
{
    return self->n > 0 &&
           bsearch(hash, self->hashes, self->n, sizeof(*self->hashes), compare_hashes) != NULL;
}

int hash_list_meets(const struct hash_list *self, const uint8_t hash[ID_BYTES], size_t *near)
{
    while (*near < self->n && memcmp(self->hashes[*near], hash, ID_BYTES) < 0)
        ++*near;
    return *near < self->n && memcmp(self->hashes[*near], hash, ID_BYTES) == 0;
}

void hash_list_fini(struct hash_list *self)
{
    free(self->hashes);
    *self = (struct hash_list){NULL, 0, 0};
}

int position_compare(struct journal_position a, struct journal_position b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    return a.seq == b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

#define PATH_BYTES 512

struct verify_options {
    const char *archive; /* folder; "": none */
    char keys[CONF_STRING_BYTES + 16];
    int64_t rate;
    int is_archive_only, is_digest, is_whole, opens_identities;
    const char *copy; /* folder of a copy; NULL: the platform itself */
};

/* --- the command ------------------------------------------------------------------------------ */

void verify_wait(struct verify *self, const unsigned *open)
{
    while (*open > 0) /* the store answers every command in bounded time */
        loop_turn(self->svc.loop, 100);
}

static void run(struct verify *self)
{
    self->board = verify_board_create(self);
    self->books = verify_books_create(self);
    self->notify = verify_notify_create(self);
    self->began_ms = clock_mono_ms();
    if (self->begun != NULL)
        verify_begin(self);
    /* first what the projections say, then the journals, which are ahead of them */
    if (!self->failed)
        verify_board_load(self->board);
    verify_books_load(self->books);
    verify_notify_load(self->notify);
    if (!self->failed)
        verify_keys(self);
    if (!self->failed)
        verify_view_keys(self);
    if (!self->failed)
        verify_partitions(self);
    if (!self->failed)
        verify_links(self);
    if (!self->failed)
        verify_receipts(self);
    if (!self->failed)
        verify_board_compare(self->board);
    if (!self->failed)
        verify_books_compare(self->books);
    if (!self->failed)
        verify_notify_finish(self->notify);
    if (!self->failed && self->begun != NULL)
        verify_begun_compare(self);
    if (!self->failed && self->archive != NULL)
        verify_archive_finish(self->archive);
    verify_board_destroy(&self->board);
    verify_books_destroy(&self->books);
    verify_notify_destroy(&self->notify);
}

static const struct service_spec keyring_spec = {
    .name = "cli",
    .prefix = "CLI_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_KEYRING,
};

/* The archive is checked before the ledger is asked for anything: its newest segments may be behind
 * the journals then, never before them. */
static void check_archive(struct verify *self, const struct verify_options *options)
{
    self->archive = verify_archive_open(self, options->archive, options->keys);
    if (self->archive == NULL)
        return;
    int is_well = verify_archive_check(self->archive);
    (void)printf("archive: %" PRIu64 " segments, %" PRIu64 " entries\n",
                 verify_archive_segments(self->archive), verify_archive_entries(self->archive));
    if (!is_well)
        verify_archive_close(&self->archive);
}

static void print_digests(const struct verify *self)
{
    struct digest all = {{0}};
    char text[DIGEST_TEXT_BYTES];
    for (unsigned p = 0; p < PARTITIONS_ALL; p++) {
        digest_format(&self->digests[p], text);
        (void)printf("digest %s %s\n", partition_tag(p), text);
        digest_add(&all, partition_tag(p), "", 0, text, sizeof(text));
    }
    digest_format(&all, text);
    (void)printf("digest all %s\n", text);
}

static int finish(const struct verify *self, int is_archive_only)
{
    if (self->digests != NULL && !self->failed)
        print_digests(self);
    if (self->n_differences > VERIFY_SHOWN_MAX)
        (void)printf("... and %lu more\n", self->n_differences - VERIFY_SHOWN_MAX);
    if (is_archive_only)
        (void)printf("verify: the archive alone, %lu differences\n", self->n_differences);
    else
        (void)printf("verify: %lu partitions, %lu events, %lu citizens, %lu differences\n",
                     self->n_partitions, self->n_events, self->n_citizens, self->n_differences);
    return self->failed || self->n_differences > 0;
}

static int verify_platform(struct verify *self, const struct verify_options *options)
{
    static const char *const names[] = {NULL};
    int status =
        cli_open(&self->svc, options->opens_identities ? &keyring_spec : &cli_ledger_spec, names);
    if (status != 0)
        return status;
    run(self);
    service_close(&self->svc);
    return finish(self, 0);
}

/* A server of our own on each of the copy's two folders; without one for the views, nothing was
 * taken in yet. */
static int verify_copy(struct verify *self, const struct verify_options *options)
{
    struct private_redis *ledger = NULL, *views = NULL;
    char folder[PATH_BYTES];
    struct err err = {0};
    (void)snprintf(folder, sizeof(folder), "%s/ledger", options->copy);
    int rc = private_redis_start("ledger", folder, &ledger, &err);
    (void)snprintf(folder, sizeof(folder), "%s/views", options->copy);
    if (rc == 0)
        rc = private_redis_start("views", access(folder, F_OK) == 0 ? folder : NULL, &views, &err);
    int status = 1;
    if (rc < 0) {
        status = cli_fail(1, "%s", err.text);
    } else {
        (void)setenv("ANSINH_LEDGER", private_redis_url(ledger), 1);
        (void)setenv("ANSINH_VIEWS", private_redis_url(views), 1);
        (void)unsetenv("ANSINH_LEDGER_PASSWORD_FILE");
        (void)unsetenv("ANSINH_VIEWS_PASSWORD_FILE");
        status = verify_platform(self, options);
    }
    private_redis_stop(&ledger);
    private_redis_stop(&views);
    return status;
}

static int verify(struct verify *self, const struct verify_options *options)
{
    self->rate = options->rate;
    if (options->archive[0] != '\0')
        check_archive(self, options);
    if (options->is_archive_only)
        return finish(self, 1);
    if (options->is_digest) {
        self->digests = calloc(PARTITIONS_ALL, sizeof(*self->digests));
        ASSERT(self->digests != NULL);
    }
    if (options->is_whole)
        self->begun = verify_begun_create();
    return options->copy == NULL ? verify_platform(self, options) : verify_copy(self, options);
}

/* 1: the option and its value were taken; 0: it is another. */
static int take_option(const char *name, const char *value, struct verify_options *ret)
{
    ret->is_archive_only |= strcmp(name, "--archive-only") == 0;
    if (strcmp(name, "--archive") == 0 || strcmp(name, "--archive-only") == 0)
        ret->archive = value;
    else if (strcmp(name, "--keys") == 0)
        (void)snprintf(ret->keys, sizeof(ret->keys), "%s", value);
    else if (strcmp(name, "--copy") == 0)
        ret->copy = value;
    else
        return strcmp(name, "--rate") == 0 &&
               parse_int64(value, 1, VERIFY_RATE_MAX, &ret->rate) == 0;
    return 1;
}

/* The trusted keys are those of the platform unless a file is named. */
static int read_options(int argc, char **argv, struct verify_options *ret)
{
    struct service_conf conf;
    struct err err = {0};
    *ret = (struct verify_options){.archive = ""};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--digest") == 0)
            ret->is_digest = 1;
        else if (strcmp(argv[i], "--whole") == 0)
            ret->is_whole = 1;
        else if (strcmp(argv[i], "--identities") == 0)
            ret->opens_identities = 1;
        else if (i + 1 == argc || !take_option(argv[i], argv[i + 1], ret))
            return cli_fail(2, "usage: ansinh verify " VERIFY_USAGE);
        else
            i++;
    }
    if (service_conf_load(&conf, &cli_ledger_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    if (ret->keys[0] == '\0')
        (void)snprintf(ret->keys, sizeof(ret->keys), "%s/archive.pub", conf.keys);
    return 0;
}

int cli_verify(int argc, char **argv)
{
    struct verify_options options;
    int status = read_options(argc, argv, &options);
    if (status != 0)
        return status;
    struct verify *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    status = verify(self, &options);
    verify_archive_close(&self->archive);
    hash_list_fini(&self->coded);
    hash_list_fini(&self->aliased);
    hash_list_fini(&self->settled);
    hash_list_fini(&self->claimed);
    hash_list_fini(&self->paid);
    hash_list_fini(&self->receipted);
    free(self->stored);
    free(self->digests);
    free(self->begun);
    free(self);
    return status;
}

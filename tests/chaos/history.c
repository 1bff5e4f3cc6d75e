#include "tests/chaos/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define ARENA_MAX_BYTES ((size_t)8 * 1024 * 1024 * 1024)
#define LINE_MAX_BYTES (128 * 1024)
#define WORDS_MAX 7

static const struct {
    const char *word, *method;
} kinds[KINDS] = {
    [KIND_ENROL] = {"enrol", "ansinh.v1.Enrolment/Enrol"},
    [KIND_INQUIRE] = {"inquire", "ansinh.v1.Payments/Inquire"},
    [KIND_PAY] = {"pay", "ansinh.v1.Payments/Pay"},
    [KIND_REVERSE] = {"reverse", "ansinh.v1.Payments/Reverse"},
    [KIND_COLLECT] = {"collect", "ansinh.v1.Collections/Pay"},
    [KIND_TAKE_BACK] = {"take-back", "ansinh.v1.Collections/Reverse"},
    [KIND_CHANGE] = {"change", "ansinh.v1.Enrolment/ChangeContribution"},
    [KIND_END] = {"end", "ansinh.v1.Enrolment/EndParticipation"},
    [KIND_DECIDE] = {"decide", "ansinh.v1.Enrolment/RecordAcceptance"},
    [KIND_SESSION] = {"session", "ansinh.v1.Campaigns/RecordSession"},
    [KIND_CONTACTS] = {"contacts", "ansinh.v1.Campaigns/RecordContacts"},
    [KIND_PARTICIPANT] = {"participant", "ansinh.v1.Enrolment/GetParticipant"},
    [KIND_PAYMENT] = {"payment", "ansinh.v1.Payments/GetPayment"},
    [KIND_QUOTE] = {"quote", "ansinh.v1.Payments/Quote"},
    [KIND_PROGRESS] = {"progress", "ansinh.v1.Analytics/GetProgress"},
    [KIND_COLLECTED] = {"collected", "ansinh.v1.Collections/GetPayment"},
};

#define PARTNER "VNPOST"

static const char letters[] = "ortu"; /* of outcomes */

const char *kind_method(enum kind kind)
{
    return kinds[kind].method;
}

const char *kind_partner(enum kind kind)
{
    return kind == KIND_COLLECT || kind == KIND_TAKE_BACK || kind == KIND_COLLECTED ? PARTNER : "";
}

uint64_t history_hash(const void *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

/* --- writing ---------------------------------------------------------------------------------- */

int history_create(struct history_writer *self, const char *path)
{
    self->n = 0;
    self->file = fopen(path, "we");
    return self->file == NULL ? -errno : 0;
}

void history_close(struct history_writer *self)
{
    if (self->file != NULL && fclose(self->file) != 0) {
        (void)fprintf(stderr, "the history cannot be written: %s\n", strerror(errno));
        abort();
    }
    self->file = NULL;
}

static void put_hex(struct history_writer *self, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    if (len == 0)
        (void)putc_unlocked('-', self->file);
    for (size_t i = 0; i < len; i++) {
        (void)putc_unlocked(digits[bytes[i] >> 4], self->file);
        (void)putc_unlocked(digits[bytes[i] & 15], self->file);
    }
    (void)putc_unlocked('\n', self->file);
}

unsigned long history_invoke(struct history_writer *self, enum kind kind,
                             const struct request_id *id, const uint8_t *body, size_t len)
{
    char text[2 * ID_BYTES + 1] = "-";
    if (id != NULL)
        format_hex(id->bytes, ID_BYTES, text);
    (void)fprintf(self->file, "I %lu %" PRId64 " %s %s ", self->n, clock_mono_us(),
                  kinds[kind].word, text);
    put_hex(self, body, len);
    return self->n++;
}

void history_complete(struct history_writer *self, unsigned long operation, enum outcome outcome,
                      unsigned code, uint64_t raw, const uint8_t *answer, size_t len)
{
    (void)fprintf(self->file, "O %lu %" PRId64 " %c %u %" PRIx64 " ", operation, clock_mono_us(),
                  letters[outcome], code, raw);
    put_hex(self, answer, len);
}

void history_faults_end(struct history_writer *self)
{
    (void)fprintf(self->file, "F %" PRId64 "\n", clock_mono_us());
}

/* --- reading ---------------------------------------------------------------------------------- */

void history_init(struct history *self)
{
    *self = (struct history){.arena = arena_create(ARENA_MAX_BYTES), .faults_end_us = INT64_MAX};
}

void history_fini(struct history *self)
{
    arena_destroy(&self->arena);
    free(self->operations);
}

static int take_bytes(struct history *self, const char *text, const uint8_t **ret, size_t *ret_len)
{
    *ret = NULL;
    *ret_len = 0;
    if (strcmp(text, "-") == 0)
        return 0;
    size_t len = strlen(text) / 2;
    uint8_t *bytes = arena_alloc(self->arena, len);
    ASSERT(bytes != NULL);
    *ret = bytes;
    *ret_len = len;
    return parse_hex(text, bytes, len);
}

static int take_kind(const char *word, enum kind *ret)
{
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].word, word) == 0) {
            *ret = (enum kind)i;
            return 0;
        }
    }
    return -EPROTO;
}

static int take_invocation(struct history *self, char **words, int64_t number, int64_t us)
{
    if (self->n == self->capacity) {
        self->capacity = MAX((size_t)65536, 2 * self->capacity);
        self->operations = realloc(self->operations, self->capacity * sizeof(*self->operations));
        ASSERT(self->operations != NULL);
    }
    struct operation *operation = &self->operations[self->n++];
    *operation = (struct operation){.client = self->n_files,
                                    .number = (unsigned long)number,
                                    .invoked_us = us,
                                    .completed_us = INT64_MAX,
                                    .outcome = OUTCOME_UNKNOWN};
    if (take_kind(words[3], &operation->kind) < 0)
        return -EPROTO;
    if (operation->kind <= KIND_LAST_COMMAND &&
        parse_hex(words[4], operation->id.bytes, ID_BYTES) < 0)
        return -EPROTO;
    return take_bytes(self, words[5], &operation->body, &operation->body_len);
}

static int take_outcome(struct history *self, char **words, struct operation *operation, int64_t us)
{
    const char *letter = words[3][0] == '\0' ? NULL : strchr(letters, words[3][0]);
    int64_t code;
    if (letter == NULL || parse_int64(words[4], 0, UINT16_MAX, &code) < 0)
        return -EPROTO;
    operation->completed_us = us;
    operation->outcome = (enum outcome)(letter - letters);
    operation->code = (unsigned)code;
    operation->raw = strtoull(words[5], NULL, 16);
    return take_bytes(self, words[6], &operation->answer, &operation->answer_len);
}

/* first: of this file's operations. */
static int take_line(struct history *self, size_t first, char *line)
{
    char *words[WORDS_MAX] = {0};
    size_t n = 0;
    int64_t number, us;
    line[strcspn(line, "\n")] = '\0';
    for (char *word; n < WORDS_MAX && (word = strsep(&line, " ")) != NULL;)
        words[n++] = word;
    if (n == 2 && strcmp(words[0], "F") == 0 && parse_int64(words[1], 0, INT64_MAX, &us) == 0) {
        self->faults_end_us = MIN(self->faults_end_us, us);
        return 0;
    }
    if (n < 6 || parse_int64(words[1], 0, INT64_MAX, &number) < 0 ||
        parse_int64(words[2], 0, INT64_MAX, &us) < 0)
        return -EPROTO;
    size_t place = first + (size_t)number;
    if (strcmp(words[0], "I") == 0)
        return place == self->n ? take_invocation(self, words, number, us) : -EPROTO;
    if (strcmp(words[0], "O") != 0 || n != WORDS_MAX || place >= self->n)
        return -EPROTO;
    return take_outcome(self, words, &self->operations[place], us);
}

int history_read(struct history *self, const char *path, unsigned long *ret_line)
{
    size_t first = self->n;
    int rc = 0;
    *ret_line = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -errno;
    char *line = malloc(LINE_MAX_BYTES);
    ASSERT(line != NULL);
    while (rc == 0 && fgets(line, LINE_MAX_BYTES, file) != NULL) {
        ++*ret_line;
        rc = take_line(self, first, line);
    }
    free(line);
    (void)fclose(file);
    self->n_files++;
    return rc;
}

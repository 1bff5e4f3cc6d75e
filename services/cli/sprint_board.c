#include "services/cli/sprint_board.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"

#define PROVINCES_MAX 1000
#define DIGEST_BYTES 16
#define TIMEOUT_MS 30000
#define ANSWER_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define TOLD_MAX 10

static const char *const names[SPRINT_NUMBERS] = {
    "declared", "participants",    "payments",    "accepted",  "renewed",
    "reversed", "participant_vnd", "central_vnd", "local_vnd", "donor_vnd",
};

struct numbers {
    int64_t values[SPRINT_NUMBERS];
};

struct day_numbers {
    int64_t values[SPRINT_DAY_NUMBERS];
};

struct sprint_board {
    const struct territory *territory;
    int32_t first_day;
    uint32_t n_days;
    struct numbers *places;
    size_t *province_of; /* by place */
    const char *provinces[PROVINCES_MAX];
    size_t n_provinces;
    struct day_numbers *days; /* by province and day */
};

static size_t province_index(struct sprint_board *self, const char *code)
{
    size_t i = 0;
    while (i < self->n_provinces && strcmp(self->provinces[i], code) != 0)
        i++;
    if (i == self->n_provinces) {
        ASSERT(self->n_provinces < PROVINCES_MAX);
        self->provinces[self->n_provinces++] = code;
    }
    return i;
}

struct sprint_board *sprint_board_create(const struct service *svc,
                                         const struct territory *territory, int32_t first_day,
                                         uint32_t n_days)
{
    struct sprint_board *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->territory = territory;
    self->first_day = first_day;
    self->n_days = n_days;
    self->places = calloc(territory->n_communes, sizeof(*self->places));
    self->province_of = calloc(territory->n_communes, sizeof(*self->province_of));
    ASSERT(self->places != NULL && self->province_of != NULL);
    for (size_t i = 0; i < territory->n_communes; i++) {
        const struct directory_unit *unit =
            directory_unit(svc->directory, territory->communes[i].code);
        ASSERT(unit != NULL && unit->parent != NULL);
        self->province_of[i] = province_index(self, unit->parent->code);
    }
    self->days = calloc(self->n_provinces * n_days, sizeof(*self->days));
    ASSERT(self->days != NULL);
    return self;
}

void sprint_board_destroy(struct sprint_board **self)
{
    if (*self == NULL)
        return;
    free((*self)->places);
    free((*self)->province_of);
    free((*self)->days);
    free(*self);
    *self = NULL;
}

/* --- counting --------------------------------------------------------------------------------- */

void sprint_board_add(struct sprint_board *self, size_t place, enum sprint_number number,
                      int64_t delta)
{
    self->places[place].values[number] += delta;
}

/* NULL: not a day of the board. */
static struct day_numbers *day_get(const struct sprint_board *self, size_t province, int32_t day)
{
    if (day < self->first_day || day >= self->first_day + (int32_t)self->n_days)
        return NULL;
    return &self->days[province * self->n_days + (size_t)(day - self->first_day)];
}

void sprint_board_add_on(struct sprint_board *self, size_t place, int32_t day,
                         enum sprint_number number, int64_t delta)
{
    ASSERT(number < SPRINT_DAY_NUMBERS);
    struct day_numbers *numbers = day_get(self, self->province_of[place], day);
    sprint_board_add(self, place, number, delta);
    if (numbers != NULL)
        numbers->values[number] += delta;
}

int64_t sprint_board_get(const struct sprint_board *self, size_t place, enum sprint_number number)
{
    return self->places[place].values[number];
}

int64_t sprint_board_sum(const struct sprint_board *self, enum sprint_number number)
{
    int64_t sum = 0;
    for (size_t i = 0; i < self->territory->n_communes; i++)
        sum += self->places[i].values[number];
    return sum;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int by_code(const void *key, const void *commune)
{
    return strcmp(key, ((const struct sample_commune *)commune)->code);
}

static void take_unit(struct sprint_board *self, const Ansinh__V1__UnitProgress *unit)
{
    const struct territory *territory = self->territory;
    const struct sample_commune *commune =
        bsearch(unit->unit_code, territory->communes, territory->n_communes,
                sizeof(territory->communes[0]), by_code);
    if (commune == NULL)
        return; /* without a plan: nobody of the drill lives there */
    int64_t *values = self->places[commune - territory->communes].values;
    values[NUMBER_DECLARED] = unit->declared;
    values[NUMBER_PARTICIPANTS] = unit->participants;
    values[NUMBER_PAYMENTS] = unit->payments;
    values[NUMBER_ACCEPTED] = unit->accepted;
    values[NUMBER_RENEWED] = unit->renewed;
    values[NUMBER_REVERSED] = unit->reversed;
    if (unit->paid == NULL)
        return;
    values[NUMBER_PARTICIPANT_VND] = unit->paid->participant_vnd;
    values[NUMBER_CENTRAL_VND] = unit->paid->central_vnd;
    values[NUMBER_LOCAL_VND] = unit->paid->local_vnd;
    values[NUMBER_DONOR_VND] = unit->paid->donor_vnd;
}

static void take_province(struct sprint_board *self, size_t province,
                          const Ansinh__V1__GetProgressResponse *in)
{
    for (size_t i = 0; i < in->n_children; i++)
        take_unit(self, in->children[i]);
    for (size_t i = 0; i < in->n_days; i++) {
        int32_t day;
        struct day_numbers *numbers;
        if (date_parse(in->days[i]->day, &day) < 0 ||
            (numbers = day_get(self, province, day)) == NULL)
            continue;
        numbers->values[NUMBER_DECLARED] = in->days[i]->declared;
        numbers->values[NUMBER_PARTICIPANTS] = in->days[i]->participants;
    }
}

static int ask_province(struct sprint_board *self, struct service *svc, size_t province)
{
    struct err err = {0};
    uint8_t packed[64];
    char code[16];
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, ANSWER_MAX_BYTES);
    (void)snprintf(code, sizeof(code), "%.15s", self->provinces[province]);
    Ansinh__V1__GetProgressRequest in;
    ansinh__v1__get_progress_request__init(&in);
    in.unit_code = code;
    in.with_children = 1;
    struct bus_call call = {.service = "analytics",
                            .method = "ansinh.v1.Analytics/GetProgress",
                            .timeout_ms = TIMEOUT_MS};
    size_t len = ansinh__v1__get_progress_request__pack(&in, packed);
    if (cli_ask(svc, &call, packed, len, &body, &err) != 0)
        return cli_fail(1, "GetProgress of %s: %s", code, err.text);
    Ansinh__V1__GetProgressResponse *out =
        ansinh__v1__get_progress_response__unpack(NULL, body.len, body.data);
    if (out == NULL)
        return cli_fail(1, "GetProgress of %s cannot be read", code);
    take_province(self, province, out);
    ansinh__v1__get_progress_response__free_unpacked(out, NULL);
    return 0;
}

static void subtract(struct sprint_board *self, const struct sprint_board *before)
{
    for (size_t i = 0; i < self->territory->n_communes; i++) {
        for (size_t k = 0; k < SPRINT_NUMBERS; k++)
            self->places[i].values[k] -= before->places[i].values[k];
    }
    for (size_t i = 0; i < self->n_provinces * self->n_days; i++) {
        for (size_t k = 0; k < SPRINT_DAY_NUMBERS; k++)
            self->days[i].values[k] -= before->days[i].values[k];
    }
}

int sprint_board_ask(struct sprint_board *self, struct service *svc,
                     const struct sprint_board *before)
{
    memset(self->places, 0, self->territory->n_communes * sizeof(*self->places));
    memset(self->days, 0, self->n_provinces * self->n_days * sizeof(*self->days));
    for (size_t i = 0; i < self->n_provinces; i++) {
        if (ask_province(self, svc, i) != 0)
            return 1;
    }
    if (before != NULL)
        subtract(self, before);
    return 0;
}

/* --- comparing -------------------------------------------------------------------------------- */

static unsigned long compare(FILE *out, unsigned long told, const char *unit, const char *day,
                             const char *name, int64_t want, int64_t have)
{
    if (want == have)
        return 0;
    if (out != NULL && told < TOLD_MAX)
        (void)fprintf(out, "%s%s%s: %s should be %lld, the board says %lld\n", unit,
                      day[0] == '\0' ? "" : " on ", day, name, (long long)want, (long long)have);
    return 1;
}

unsigned long sprint_board_differ(const struct sprint_board *want, const struct sprint_board *have,
                                  FILE *out)
{
    unsigned long n = 0;
    for (size_t i = 0; i < want->territory->n_communes; i++) {
        for (size_t k = 0; k < SPRINT_NUMBERS; k++)
            n += compare(out, n, want->territory->communes[i].code, "", names[k],
                         want->places[i].values[k], have->places[i].values[k]);
    }
    for (size_t i = 0; i < want->n_provinces * want->n_days; i++) {
        char day[DATE_TEXT_BYTES];
        date_format(want->first_day + (int32_t)(i % want->n_days), day);
        for (size_t k = 0; k < SPRINT_DAY_NUMBERS; k++)
            n += compare(out, n, want->provinces[i / want->n_days], day, names[k],
                         want->days[i].values[k], have->days[i].values[k]);
    }
    return n;
}

static void take(crypto_generichash_state *state, const char *code, size_t day,
                 const int64_t *values, size_t n)
{
    char line[256];
    int len = snprintf(line, sizeof(line), "%s %zu", code, day);
    int is_something = 0;
    for (size_t k = 0; k < n; k++) {
        len += snprintf(line + len, sizeof(line) - (size_t)len, " %lld", (long long)values[k]);
        is_something |= values[k] != 0;
    }
    if (is_something)
        (void)crypto_generichash_update(state, (const unsigned char *)line, (size_t)len + 1);
}

void sprint_board_digest(const struct sprint_board *self, char ret[SPRINT_DIGEST_BYTES])
{
    crypto_generichash_state state;
    unsigned char hash[DIGEST_BYTES];
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (size_t i = 0; i < self->territory->n_communes; i++)
        take(&state, self->territory->communes[i].code, 0, self->places[i].values, SPRINT_NUMBERS);
    for (size_t i = 0; i < self->n_provinces * self->n_days; i++)
        take(&state, self->provinces[i / self->n_days], 1 + i % self->n_days, self->days[i].values,
             SPRINT_DAY_NUMBERS);
    (void)crypto_generichash_final(&state, hash, sizeof(hash));
    (void)sodium_bin2hex(ret, SPRINT_DIGEST_BYTES, hash, sizeof(hash));
}

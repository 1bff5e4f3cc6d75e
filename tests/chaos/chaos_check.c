/* chaos_check ARCHIVE HISTORY...
 *
 * Holds the histories of a load against the ledger, the archive in a folder and the board of the
 * platform in the environment, which nobody may be writing to. Prints findings, then one line of
 * figures. Exit status 1 when there is a finding. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "services/cli/cli.h"
#include "tests/chaos/judge.h"

#define ASK_MS 10000
#define ANSWER_MAX_BYTES (1024 * 1024)

static const struct service_spec spec = {
    .name = "cli",
    .prefix = "CLOAD_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_CLIENT | SERVICE_KEYRING,
};

/* What the journal says the board must show of one unit. */
struct count {
    int64_t participants, declared, payments, accepted, renewed, reversed, ended;
    int64_t participant_vnd;
};

static int is_in_unit(uint32_t commune, const char *unit)
{
    char code[16];
    (void)snprintf(code, sizeof(code), "%05u", (unsigned)commune);
    /* every commune of the load is in the one province */
    return strlen(unit) < 5 || strcmp(code, unit) == 0;
}

static void count_payment(struct count *self, const Ansinh__V1__PaymentRecorded *paid, int sign,
                          const char *unit)
{
    if (!is_in_unit(paid->commune, unit))
        return;
    self->payments += sign;
    self->participants += paid->is_first ? sign : 0;
    self->renewed += paid->is_first ? 0 : sign;
    self->reversed += sign < 0;
    self->participant_vnd += sign * paid->pockets->participant_vnd;
}

/* Where the declaration counted, wherever the participant has moved. */
static int is_declared_in_unit(const struct entry *entry, const char *unit)
{
    return entry->line != NULL && is_in_unit(entry->line->states[0].commune, unit);
}

static void count_entry(struct count *self, const struct entry *entry, const char *unit)
{
    const Ansinh__V1__Event *event = entry->event;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED)
        self->declared += is_in_unit(event->participant_enrolled->commune, unit);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        count_payment(self, event->payment_recorded, 1, unit);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        count_payment(self, event->payment_reversed->payment, -1, unit);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED)
        self->accepted += is_declared_in_unit(entry, unit);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED)
        self->accepted -=
            event->participation_returned->accepted_day != 0 && is_declared_in_unit(entry, unit);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED)
        self->ended += is_in_unit(event->participation_ended->commune, unit);
}

static struct count count_unit(const struct witness *witness, const char *unit)
{
    struct count count = {0};
    for (size_t i = 0; i < witness->n_entries; i++) {
        if (witness->entries[i].event != NULL)
            count_entry(&count, &witness->entries[i], unit);
    }
    return count;
}

static int64_t differ(const char *unit, const char *what, int64_t board, int64_t journal)
{
    if (board == journal)
        return 0;
    (void)printf("uncounted: unit %s: %s: the board has %" PRId64 ", the journal %" PRId64 "\n",
                 unit, what, board, journal);
    return board < journal ? journal - board : board - journal;
}

/* How much the board and the journal differ in; -1: the board cannot be asked. */
static int64_t check_board(struct service *svc, const struct witness *witness, const char *unit)
{
    uint8_t body[64];
    struct err err = {0};
    CLEANUP(buf_fini) struct buf answer;
    Ansinh__V1__GetProgressRequest in;
    ansinh__v1__get_progress_request__init(&in);
    in.unit_code = (char *)(uintptr_t)unit;
    size_t len = ansinh__v1__get_progress_request__pack(&in, body);
    struct bus_call call = {
        .service = "analytics", .method = kind_method(KIND_PROGRESS), .timeout_ms = ASK_MS};
    buf_init(&answer, ANSWER_MAX_BYTES);
    if (cli_ask(svc, &call, body, len, &answer, &err) != 0) {
        (void)printf("uncounted: unit %s: the board cannot be asked: %s\n", unit, err.text);
        return -1;
    }
    Ansinh__V1__GetProgressResponse *out =
        ansinh__v1__get_progress_response__unpack(NULL, answer.len, answer.data);
    ASSERT(out != NULL);
    struct count count = count_unit(witness, unit);
    int64_t n = differ(unit, "participants", out->participants, count.participants) +
                differ(unit, "declared", out->declared, count.declared) +
                differ(unit, "payments", out->payments, count.payments) +
                differ(unit, "accepted", out->accepted, count.accepted) +
                differ(unit, "renewed", out->renewed, count.renewed) +
                differ(unit, "reversed", out->reversed, count.reversed) +
                differ(unit, "ended", out->ended, count.ended);
    if (differ(unit, "participants' money", out->paid == NULL ? 0 : out->paid->participant_vnd,
               count.participant_vnd) != 0)
        n++;
    ansinh__v1__get_progress_response__free_unpacked(out, NULL);
    return n;
}

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* Longest time in which no command was acknowledged, from the first one until the faults ended. */
static double longest_outage_s(const struct history *history)
{
    int64_t *times = malloc((history->n + 1) * sizeof(*times));
    size_t n = 0;
    int64_t longest_us = 0;
    ASSERT(times != NULL);
    for (size_t i = 0; i < history->n; i++) {
        const struct operation *operation = &history->operations[i];
        if (operation->kind <= KIND_LAST_COMMAND && operation->outcome == OUTCOME_OK &&
            operation->completed_us <= history->faults_end_us)
            times[n++] = operation->completed_us;
    }
    if (history->faults_end_us != INT64_MAX)
        times[n++] = history->faults_end_us;
    qsort(times, n, sizeof(*times), compare_times);
    for (size_t i = 1; i < n; i++)
        longest_us = MAX(longest_us, times[i] - times[i - 1]);
    free(times);
    return (double)longest_us / 1e6;
}

static int judge(struct service *svc, const char *archive, const struct history *history)
{
    static const char *const units[] = {"VN", "15", "02647", "03046", "04465", "04681"};
    struct witness witness;
    struct judge judge;
    struct err err = {0};
    if (witness_read(&witness, svc, archive, &err) < 0)
        return cli_fail(1, "the journal cannot be read: %s", err.text);
    judge_init(&judge, history, &witness, svc->keyring);
    judge_all(&judge);
    int64_t uncounted = 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        int64_t n = check_board(svc, &witness, units[i]);
        uncounted += n < 0 ? 1 : n;
    }
    (void)printf("operations %zu, entries %zu, trimmed %zu, acknowledged %lu, unknown %lu, lost "
                 "%lu, doubled "
                 "%lu, uncounted %" PRId64 ", order %lu, answer %lu, model %lu, outage %.1f\n",
                 history->n, witness.n_entries, witness.n_trimmed, judge.n_acknowledged,
                 judge.n_unknown, judge.n_found[FINDING_LOST], judge.n_found[FINDING_DOUBLED],
                 uncounted, judge.n_found[FINDING_ORDER], judge.n_found[FINDING_ANSWER],
                 judge.n_found[FINDING_MODEL], longest_outage_s(history));
    int is_bad = uncounted > 0;
    for (int i = 0; i < FINDINGS; i++)
        is_bad |= judge.n_found[i] > 0;
    judge_fini(&judge);
    witness_fini(&witness);
    return is_bad;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"analytics", NULL};
    struct history history;
    struct service svc;
    unsigned long line;
    if (argc < 3) {
        (void)fprintf(stderr, "usage: chaos_check ARCHIVE HISTORY...\n");
        return 2;
    }
    history_init(&history);
    for (int i = 2; i < argc; i++) {
        int rc = history_read(&history, argv[i], &line);
        if (rc < 0)
            return cli_fail(1, "%s: line %lu: %s", argv[i], line, strerror(-rc));
    }
    int status = cli_open(&svc, &spec, names);
    if (status == 0) {
        status = judge(&svc, argv[1], &history);
        service_close(&svc);
    }
    history_fini(&history);
    return status;
}

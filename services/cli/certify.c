/* ansinh certify: lets a partner's client do its work while the sandbox disturbs it, and judges how
 * it finds out what became of each payment. The adapter's protocol is in docs/post-office.md. */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/service/custody_keys.h"
#include "services/cli/certify_calls.h"
#include "services/cli/cli.h"

#define USAGE                                                                                      \
    "usage: ansinh certify --partner URL --sandbox URL --key FILE --key-id ID --people FILE\n"     \
    "                      [--run NAME] [--only SCENARIO] [--point CODE] [--collector CODE]\n"     \
    "                      [--savers FILE] [--timeout SECONDS]"
#define TASKS_MAX 4
#define RUN_MAX_CHARS 20
#define TIMEOUT_S 900 /* eight attempts of forty seconds and the waits between */
#define TIMEOUT_MAX_S 36000
#define PERSON_BYTES 16
#define NOBODY "001099999999" /* in the form of an id, and of nobody */
#define WRONG_AMOUNT "1"
#define NUMBER_BYTES 24
#define CASH_TRIES_MAX 30 /* until a payment is counted as cash */
#define CASH_TRY_AFTER_MS 500
#define BLOCK_IS_KNOWN_MS (4 * CUSTODY_BEAT_MS) /* to those who take payments */

/* Whose ids and persons a task takes. */
enum task_flag {
    TAKES_OTHER_PERSON = 1,
    TAKES_NOBODY = 2,
    TAKES_WRONG_AMOUNT = 4,
    REPEATS = 8,        /* the bytes of the task before */
    TAKES_RECEIPT = 16, /* a number of a block */
    TAKES_SAVER = 32,   /* somebody who pays more than the limit of cash */
    IS_BLOCKED = 64,    /* once the collector is over the limit */
    IS_FREE = 128,      /* once it may collect again */
};

struct task {
    const char *action;
    const char *id, *original; /* what distinguishes the ids: "a", "b" */
    unsigned flags, said, held, attempts_max;
};

#define COLLECT(said, held, max)                                                                   \
    {                                                                                              \
        "collect", "a", "", 0, said, held, max                                                     \
    }
#define PAYS_AT_LAST                                                                               \
    {                                                                                              \
        COLLECT(CERTIFY_PAID, CERTIFY_PAID, CERTIFY_ATTEMPTS_MAX)                                  \
    }
#define PAYS_AT_ONCE COLLECT(CERTIFY_PAID, CERTIFY_PAID, 1)

static const struct scenario {
    const char *name, *magic;
    struct task tasks[TASKS_MAX];
} scenarios[] = {
    {"echo", "", {{"echo", "a", "", 0, CERTIFY_OK, 0, 0}}},
    {"plain", "", {PAYS_AT_ONCE}},
    {"timeout-after", "SIM-TIMEOUT-AFTER-", PAYS_AT_LAST},
    {"timeout-before", "SIM-TIMEOUT-BEFORE-", PAYS_AT_LAST},
    {"unavailable", "SIM-UNAVAILABLE-", PAYS_AT_LAST},
    {"limit", "SIM-LIMIT-", PAYS_AT_LAST},
    {"unknown", "SIM-UNKNOWN-", PAYS_AT_LAST},
    {"garbage", "SIM-GARBAGE-", PAYS_AT_LAST},
    {"forged", "SIM-FORGED-", PAYS_AT_LAST},
    {"twice", "SIM-TWICE-", PAYS_AT_LAST},
    {"slow", "SIM-SLOW-", {PAYS_AT_ONCE}},
    {"wrong-amount",
     "",
     {{"collect", "a", "", TAKES_WRONG_AMOUNT, CERTIFY_REFUSED, CERTIFY_NOT_FOUND, 1}}},
    {"bad-person", "", {{"collect", "a", "", TAKES_NOBODY, CERTIFY_REFUSED, CERTIFY_NOT_FOUND, 0}}},
    {"repeat", "", {PAYS_AT_ONCE, {"collect", "a", "", REPEATS, CERTIFY_PAID, CERTIFY_PAID, 1}}},
    {"other-body",
     "",
     {PAYS_AT_ONCE, {"collect", "a", "", TAKES_OTHER_PERSON, CERTIFY_REFUSED, CERTIFY_PAID, 1}}},
    {"reverse",
     "",
     {PAYS_AT_ONCE, {"reverse", "b", "a", 0, CERTIFY_REVERSED, CERTIFY_REVERSED, 1}}},
    {"reverse-unanswered",
     "SIM-GARBAGE-",
     {COLLECT(CERTIFY_PAID, CERTIFY_PAID, CERTIFY_ATTEMPTS_MAX),
      {"reverse", "b", "a", 0, CERTIFY_REVERSED, CERTIFY_REVERSED, CERTIFY_ATTEMPTS_MAX}}},
    {"overtaking",
     "",
     {{"reverse", "b", "a", 0, CERTIFY_CANCELLED, CERTIFY_CANCELLED, 1},
      COLLECT(CERTIFY_REFUSED | CERTIFY_CANCELLED, CERTIFY_CANCELLED, 1)}},
    {"offline", "", {{"collect", "a", "", TAKES_RECEIPT, CERTIFY_PAID, CERTIFY_PAID, 1}}},
    {"remittance", "", {PAYS_AT_ONCE, {"remit", "b", "", 0, CERTIFY_REMITTED, 0, 1}}},
    {"remittance-unanswered",
     "SIM-GARBAGE-",
     {COLLECT(CERTIFY_PAID, CERTIFY_PAID, CERTIFY_ATTEMPTS_MAX),
      {"remit", "b", "", 0, CERTIFY_REMITTED, 0, CERTIFY_ATTEMPTS_MAX}}},
    {"cash-limit",
     "",
     {{"collect", "a", "", TAKES_SAVER, CERTIFY_PAID, CERTIFY_PAID, 1},
      {"collect", "b", "", TAKES_OTHER_PERSON | IS_BLOCKED, CERTIFY_REFUSED, CERTIFY_NOT_FOUND, 1},
      {"remit", "c", "", 0, CERTIFY_REMITTED, 0, 1},
      {"collect", "d", "", IS_FREE, CERTIFY_PAID, CERTIFY_PAID, 1}}},
};

struct certify {
    struct certify_calls calls;
    const char *run, *only;
    FILE *people, *savers; /* savers: who pays more than the limit of cash; may be NULL */
    int64_t last;          /* line of the record */
    size_t n_lines;
    struct certify_line lines[CERTIFY_LINES_MAX];
};

/* --- people ----------------------------------------------------------------------------------- */

/* The next one who has something to pay. 0 or -errno, said. */
static int next_person(struct certify *self, FILE *people, char ret[PERSON_BYTES])
{
    char line[128];
    while (fgets(line, sizeof(line), people) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' || strlen(line) >= PERSON_BYTES)
            continue;
        int rc = certify_is_due(&self->calls, line);
        if (rc < 0)
            return rc;
        (void)snprintf(ret, PERSON_BYTES, "%.*s", PERSON_BYTES - 1, line);
        if (rc == 1)
            return 0;
    }
    (void)cli_fail(1, "%s: nobody else in the file has anything to pay",
                   people == self->people ? "--people" : "--savers");
    return -ENOENT;
}

/* --- one task --------------------------------------------------------------------------------- */

struct ids {
    char own[CERTIFY_TEXT_BYTES], original[CERTIFY_TEXT_BYTES];
};

static void name_ids(const struct certify *self, const struct scenario *scenario,
                     const struct task *task, struct ids *ret)
{
    (void)snprintf(ret->own, sizeof(ret->own), "%s%s-%s-%s", scenario->magic, self->run,
                   scenario->name, task->id);
    ret->original[0] = '\0';
    if (task->original[0] != '\0')
        (void)snprintf(ret->original, sizeof(ret->original), "%s%s-%s-%s", scenario->magic,
                       self->run, scenario->name, task->original);
}

/* Lets the client do it, and reads what came meanwhile and what the platform holds now. */
static int observe(struct certify *self, const struct certify_task *task, const char *payment_id,
                   struct certify_result *said, struct certify_result *held, struct err *err)
{
    *held = (struct certify_result){0};
    if (certify_read_record(&self->calls, self->last, self->lines, &self->n_lines, &self->last) < 0)
        return err_set(err, -EIO, "the sandbox does not tell what came");
    int rc = certify_let_do(&self->calls, task, said);
    if (rc < 0)
        return err_set(err, rc,
                       rc == -EIO ? "the adapter does not answer"
                                  : "the adapter answers otherwise than agreed");
    if (certify_read_record(&self->calls, self->last, self->lines, &self->n_lines, &self->last) < 0)
        return err_set(err, -EIO, "the sandbox does not tell what came");
    if (payment_id[0] != '\0' && certify_look_up(&self->calls, payment_id, held) < 0)
        return err_set(err, -EIO, "the platform does not answer");
    return 0;
}

static void keep_digest(const struct certify *self, const char *method, const char *id,
                        char ret[CERTIFY_TEXT_BYTES])
{
    for (size_t i = 0; i < self->n_lines; i++) {
        if (strcmp(self->lines[i].method, method) == 0 &&
            strcmp(self->lines[i].transaction_id, id) == 0)
            (void)snprintf(ret, CERTIFY_TEXT_BYTES, "%s", self->lines[i].body_digest);
    }
}

/* --- receipts and cash ------------------------------------------------------------------------ */

/* What a task needs of the platform beforehand. */
struct errand {
    char receipt_number[NUMBER_BYTES], amount_vnd[NUMBER_BYTES];
    int64_t number;
    struct certify_cash cash;
};

/* Until the collector may collect no more, or again. */
static int await_block(const struct certify *self, int is_blocked, struct err *err)
{
    struct certify_cash cash;
    for (int i = 0; i < CASH_TRIES_MAX; i++) {
        if (certify_read_cash(&self->calls, &cash) < 0)
            return err_set(err, -EIO, "the platform does not tell what is in hand");
        (void)poll(NULL, 0, cash.is_blocked == is_blocked ? BLOCK_IS_KNOWN_MS : CASH_TRY_AFTER_MS);
        if (cash.is_blocked == is_blocked)
            return 0;
    }
    return err_set(err, -EBADMSG, "the platform holds the collector for %s",
                   is_blocked ? "free: has the partner no limit of cash?" : "blocked");
}

/* All that the collector has in hand is to be handed over; what was paid a moment ago is in it
 * soon. */
static int await_cash(const struct certify *self, struct errand *ret, struct err *err)
{
    for (int i = 0; i < CASH_TRIES_MAX; i++) {
        if (certify_read_cash(&self->calls, &ret->cash) < 0)
            return err_set(err, -EIO, "the platform does not tell what is in hand");
        if (ret->cash.in_hand_vnd > 0)
            break;
        (void)poll(NULL, 0, CASH_TRY_AFTER_MS);
    }
    if (ret->cash.in_hand_vnd <= 0)
        return err_set(err, -EBADMSG, "the collector has no cash in hand");
    (void)snprintf(ret->amount_vnd, sizeof(ret->amount_vnd), "%" PRId64, ret->cash.in_hand_vnd);
    return 0;
}

static int prepare(const struct certify *self, const struct task *task, struct errand *ret,
                   struct err *err)
{
    *ret = (struct errand){0};
    if (task->flags & TAKES_WRONG_AMOUNT)
        (void)snprintf(ret->amount_vnd, sizeof(ret->amount_vnd), "%s", WRONG_AMOUNT);
    if (strcmp(task->action, "remit") == 0)
        return await_cash(self, ret, err);
    if (task->flags & (IS_BLOCKED | IS_FREE))
        return await_block(self, (task->flags & IS_BLOCKED) != 0, err);
    if (!(task->flags & TAKES_RECEIPT))
        return 0;
    if (certify_allocate(&self->calls, &ret->number) < 0)
        return err_set(err, -EIO, "the platform allocates no receipt number");
    (void)snprintf(ret->receipt_number, sizeof(ret->receipt_number), "%" PRId64, ret->number);
    return 0;
}

/* Whether just that was handed over, once, which is told a moment later. */
static int judge_cash(const struct certify *self, const struct errand *errand, struct err *err)
{
    struct certify_cash after;
    int64_t remitted_vnd = 0;
    for (int i = 0; i < CASH_TRIES_MAX; i++) {
        if (certify_read_cash(&self->calls, &after) < 0)
            return err_set(err, -EIO, "the platform does not tell what is in hand");
        remitted_vnd = after.remitted_vnd - errand->cash.remitted_vnd;
        if (remitted_vnd == errand->cash.in_hand_vnd)
            return 0;
        (void)poll(NULL, 0, CASH_TRY_AFTER_MS);
    }
    return err_set(err, -EBADMSG, "%" PRId64 " dong are handed over, wanted %" PRId64, remitted_vnd,
                   errand->cash.in_hand_vnd);
}

/* --- judging ---------------------------------------------------------------------------------- */

static const char *method_of(const char *action)
{
    return strcmp(action, "collect") == 0   ? "Collections/Pay"
           : strcmp(action, "reverse") == 0 ? "Collections/Reverse"
           : strcmp(action, "remit") == 0   ? "Custody/Remit"
                                            : "";
}

/* digest: of the task before, and then of this one. */
static int try_task(struct certify *self, const struct scenario *scenario, const struct task *task,
                    const char *person, char digest[CERTIFY_TEXT_BYTES], struct err *err)
{
    struct ids ids;
    struct errand errand;
    struct certify_result said, held;
    int is_collect = strcmp(task->action, "collect") == 0;
    int is_remit = strcmp(task->action, "remit") == 0;
    name_ids(self, scenario, task, &ids);
    int rc = prepare(self, task, &errand, err);
    if (rc < 0)
        return rc;
    const char *payment_id = is_collect ? ids.own : ids.original;
    const struct certify_task told = {.scenario = scenario->name,
                                      .action = task->action,
                                      .transaction_id = ids.own,
                                      .original_id = ids.original,
                                      .person = is_collect ? person : "",
                                      .amount_vnd = errand.amount_vnd,
                                      .receipt_number = errand.receipt_number};
    const struct certify_expect expect = {.method = method_of(task->action),
                                          .transaction_id = ids.own,
                                          .asked_id = payment_id,
                                          .body_digest = task->flags & REPEATS ? digest : "",
                                          .said = task->said,
                                          .held = task->held,
                                          .attempts_max = task->attempts_max,
                                          .receipt_number = errand.number};
    rc = observe(self, &told, payment_id, &said, &held, err);
    if (rc == 0)
        rc = certify_judge_lines(&expect, self->lines, self->n_lines, err);
    if (rc == 0)
        rc = certify_judge_result(&expect, &said, &held, err);
    if (rc == 0 && is_remit)
        rc = judge_cash(self, &errand, err);
    keep_digest(self, expect.method, ids.own, digest);
    return rc;
}

/* --- a run ------------------------------------------------------------------------------------ */

static int try_scenario(struct certify *self, const struct scenario *scenario, struct err *err)
{
    char person[PERSON_BYTES] = "", digest[CERTIFY_TEXT_BYTES] = "";
    for (size_t i = 0; i < TASKS_MAX && scenario->tasks[i].action != NULL; i++) {
        const struct task *task = &scenario->tasks[i];
        int rc = 0;
        if (task->flags & TAKES_NOBODY)
            (void)snprintf(person, sizeof(person), "%s", NOBODY);
        else if (strcmp(task->action, "collect") == 0 &&
                 (person[0] == '\0' || task->flags & TAKES_OTHER_PERSON))
            rc = next_person(self, task->flags & TAKES_SAVER ? self->savers : self->people, person);
        if (rc < 0)
            return err_set(err, rc, "it could not be tried");
        rc = try_task(self, scenario, task, person, digest, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int run(struct certify *self)
{
    int n_tried = 0, n_failed = 0;
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(scenarios) && rc != -EIO; i++) {
        struct err err = {0};
        if ((self->only[0] != '\0' && strcmp(self->only, scenarios[i].name) != 0) ||
            (scenarios[i].tasks[0].flags & TAKES_SAVER && self->savers == NULL))
            continue;
        rc = try_scenario(self, &scenarios[i], &err);
        n_tried++;
        n_failed += rc < 0;
        if (rc < 0)
            (void)printf("%-20s FAILED: %s\n", scenarios[i].name, err.text);
        else
            (void)printf("%-20s ok\n", scenarios[i].name);
        (void)fflush(stdout);
    }
    if (n_tried == 0)
        return cli_fail(2, "--only: there is no scenario %s", self->only);
    (void)printf("certify: run %s: %d passed, %d failed%s\n", self->run, n_tried - n_failed,
                 n_failed, rc == -EIO ? ", the others were not tried" : "");
    return n_failed > 0;
}

static int take_option(struct certify *self, const char **ret_people, const char **ret_savers,
                       const char *name, const char *value)
{
    int64_t seconds;
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"--partner", &self->calls.partner},
                 {"--sandbox", &self->calls.signer.url},
                 {"--key", &self->calls.signer.key},
                 {"--key-id", &self->calls.signer.key_id},
                 {"--people", ret_people},
                 {"--savers", ret_savers},
                 {"--run", &self->run},
                 {"--only", &self->only},
                 {"--point", &self->calls.point},
                 {"--collector", &self->calls.collector}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(name, texts[i].name) == 0 && value[0] != '\0') {
            *texts[i].to = value;
            return 0;
        }
    }
    if (strcmp(name, "--timeout") != 0 || parse_int64(value, 1, TIMEOUT_MAX_S, &seconds) < 0)
        return -EINVAL;
    self->calls.timeout_ms = (long)seconds * 1000;
    return 0;
}

static int is_run_name(const char *text)
{
    return strlen(text) <= RUN_MAX_CHARS &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
               strlen(text);
}

int cli_certify(int argc, char **argv)
{
    static struct certify self; /* of the size of its lines */
    char fresh[RUN_MAX_CHARS + 1];
    const char *people = "", *savers = "";
    (void)snprintf(fresh, sizeof(fresh), "%" PRId64, clock_wall_ms() / 1000);
    self = (struct certify){.calls = {.partner = "",
                                      .signer = {.url = "", .key = "", .key_id = ""},
                                      .point = "BD02647",
                                      .collector = "NV0001",
                                      .timeout_ms = TIMEOUT_S * 1000L},
                            .run = fresh,
                            .only = ""};
    for (int i = 1; i < argc; i += 2) {
        if (take_option(&self, &people, &savers, argv[i], i + 1 < argc ? argv[i + 1] : "") < 0)
            return cli_fail(2, "%s: unknown, or of another form\n" USAGE, argv[i]);
    }
    if (self.calls.partner[0] == '\0' || self.calls.signer.url[0] == '\0' ||
        self.calls.signer.key[0] == '\0' || self.calls.signer.key_id[0] == '\0' ||
        people[0] == '\0')
        return cli_fail(2, USAGE);
    if (!is_run_name(self.run))
        return cli_fail(2, "--run: want at most %d letters and digits", RUN_MAX_CHARS);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return cli_fail(1, "libcurl cannot be used");
    self.people = fopen(people, "r");
    if (self.people == NULL)
        return cli_fail(1, "--people: %s: %s", people, strerror(errno));
    self.savers = savers[0] == '\0' ? NULL : fopen(savers, "r");
    int status = savers[0] != '\0' && self.savers == NULL
                     ? cli_fail(1, "--savers: %s: %s", savers, strerror(errno))
                     : run(&self);
    if (self.savers != NULL)
        (void)fclose(self.savers);
    (void)fclose(self.people);
    return status;
}

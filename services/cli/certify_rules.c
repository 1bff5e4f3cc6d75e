#include "services/cli/certify_rules.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define STATE_PREFIX "COLLECTION_STATE_"
#define ASK "Collections/GetPayment"

static const struct {
    const char *name;
    enum certify_state state;
} states[] = {
    {"OK", CERTIFY_OK},
    {"PAID", CERTIFY_PAID},
    {"REFUSED", CERTIFY_REFUSED},
    {"REVERSED", CERTIFY_REVERSED},
    {"CANCELLED", CERTIFY_CANCELLED},
    {"UNKNOWN", CERTIFY_UNKNOWN},
    {"NOT_FOUND", CERTIFY_NOT_FOUND},
    {"PENDING", CERTIFY_PENDING},
    {"REMITTED", CERTIFY_REMITTED},
};

unsigned certify_state_of(const char *text)
{
    if (strncmp(text, STATE_PREFIX, strlen(STATE_PREFIX)) == 0)
        text += strlen(STATE_PREFIX);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i].name, text) == 0)
            return states[i].state;
    }
    return 0;
}

/* The first of a set; "nothing known" for none. */
static const char *name_of(unsigned set)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (set & states[i].state)
            return states[i].name;
    }
    return "nothing known";
}

/* --- results ---------------------------------------------------------------------------------- */

int certify_judge_result(const struct certify_expect *expect, const struct certify_result *said,
                         const struct certify_result *held, struct err *err)
{
    if (held->state != expect->held && expect->held != 0)
        return err_set(err, -EBADMSG, "the platform holds %s, wanted %s", name_of(held->state),
                       name_of(expect->held));
    if ((said->state & expect->said) == 0)
        return err_set(err, -EBADMSG, "the client says %s, wanted %s", name_of(said->state),
                       name_of(expect->said));
    if ((said->state & (CERTIFY_PAID | CERTIFY_REVERSED)) == 0)
        return 0;
    if (expect->receipt_number != 0 && held->receipt_number != expect->receipt_number)
        return err_set(err, -EBADMSG, "the payment has receipt %" PRId64 ", wanted %" PRId64,
                       held->receipt_number, expect->receipt_number);
    if (strcmp(said->payment_id, held->payment_id) != 0)
        return err_set(err, -EBADMSG, "the client says payment %.40s, it is %.40s",
                       said->payment_id[0] == '\0' ? "without an id" : said->payment_id,
                       held->payment_id);
    if (said->amount_vnd != held->amount_vnd)
        return err_set(err, -EBADMSG, "the client says %" PRId64 " dong, it is %" PRId64,
                       said->amount_vnd, held->amount_vnd);
    return 0;
}

/* --- what came -------------------------------------------------------------------------------- */

static int changes_something(const struct certify_line *line)
{
    return strncmp(line->method, "Collections/Pay", 15) == 0 ||
           strcmp(line->method, "Collections/Reverse") == 0 ||
           strcmp(line->method, "Custody/Remit") == 0;
}

static int is_attempt(const struct certify_expect *expect, const struct certify_line *line)
{
    return strcmp(line->method, expect->method) == 0 &&
           strcmp(line->transaction_id, expect->transaction_id) == 0;
}

/* A GET names no id to the sandbox. */
static int is_question(const struct certify_expect *expect, const struct certify_line *line)
{
    return strcmp(line->method, ASK) == 0 &&
           (line->transaction_id[0] == '\0' || strcmp(line->transaction_id, expect->asked_id) == 0);
}

static int is_about_it(const struct certify_expect *expect, const struct certify_line *line)
{
    return is_attempt(expect, line) || is_question(expect, line);
}

static int judge_nonces(const struct certify_line *lines, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(lines[i].method, "Collections/", 12) != 0 &&
            strncmp(lines[i].method, "Custody/", 8) != 0)
            continue;
        if (lines[i].nonce[0] == '\0')
            return err_set(err, -EBADMSG, "a request without a nonce: %.40s", lines[i].method);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(lines[i].nonce, lines[j].nonce) == 0)
                return err_set(err, -EBADMSG, "the same nonce twice: every attempt is signed anew");
        }
    }
    return 0;
}

static int judge_attempts(const struct certify_expect *expect, const struct certify_line *lines,
                          size_t n, struct err *err)
{
    const char *digest = expect->body_digest;
    unsigned n_attempts = 0, n_asked = 0;
    for (size_t i = 0; i < n; i++) {
        n_asked += (unsigned)is_question(expect, &lines[i]);
        if (!changes_something(&lines[i]))
            continue;
        if (!is_attempt(expect, &lines[i]))
            return err_set(err, -EBADMSG, "%.30s under another id: %.64s", lines[i].method,
                           lines[i].transaction_id);
        n_attempts++;
        if (digest[0] != '\0' && strcmp(digest, lines[i].body_digest) != 0)
            return err_set(err, -EBADMSG, "a repetition with other bytes");
        digest = lines[i].body_digest;
    }
    if (n_attempts > expect->attempts_max)
        return err_set(err, -EBADMSG, "%u attempts, wanted at most %u", n_attempts,
                       expect->attempts_max);
    if (n_asked > CERTIFY_ASKED_MAX)
        return err_set(err, -EBADMSG, "%u times GetPayment, wanted at most %d", n_asked,
                       CERTIFY_ASKED_MAX);
    return 0;
}

static int asks_to_wait(const struct certify_line *line)
{
    return strcmp(line->simulated, "SIM-UNAVAILABLE-") == 0 ||
           strcmp(line->simulated, "SIM-LIMIT-") == 0;
}

/* An attempt without an answer that can be believed. */
static int is_unsettled(const struct certify_line *line)
{
    return line->simulated[0] != '\0' && strcmp(line->simulated, "SIM-SLOW-") != 0;
}

static int judge_repetitions(const struct certify_expect *expect, const struct certify_line *lines,
                             size_t n, struct err *err)
{
    const struct certify_line *before = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!is_about_it(expect, &lines[i]))
            continue;
        if (before != NULL && asks_to_wait(before) &&
            lines[i].at_ms - before->at_ms < CERTIFY_WAIT_MS)
            return err_set(err, -EBADMSG, "came again after %" PRId64 " ms: Retry-After said %d",
                           lines[i].at_ms - before->at_ms, CERTIFY_WAIT_MS);
        before = &lines[i];
    }
    if (before != NULL && is_attempt(expect, before) && is_unsettled(before))
        return err_set(err, -EBADMSG,
                       "reported after an answer that says nothing (%.20s): neither GetPayment nor "
                       "the same request came after it",
                       before->simulated);
    return 0;
}

int certify_judge_lines(const struct certify_expect *expect, const struct certify_line *lines,
                        size_t n, struct err *err)
{
    int rc = judge_nonces(lines, n, err);
    if (rc == 0)
        rc = judge_attempts(expect, lines, n, err);
    if (rc == 0)
        rc = judge_repetitions(expect, lines, n, err);
    return rc;
}

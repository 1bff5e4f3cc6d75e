/* The rules by which a partner's client is judged. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/certify_rules.h"

#define PAY "Collections/Pay"
#define ASK "Collections/GetPayment"

static struct err err;

static struct certify_expect paid(const char *id)
{
    return (struct certify_expect){.method = PAY,
                                   .transaction_id = id,
                                   .asked_id = id,
                                   .body_digest = "",
                                   .said = CERTIFY_PAID,
                                   .held = CERTIFY_PAID,
                                   .attempts_max = CERTIFY_ATTEMPTS_MAX};
}

static struct certify_line line(int64_t at_ms, const char *method, const char *id,
                                const char *digest, const char *simulated)
{
    static unsigned n;
    struct certify_line it = {.at_ms = at_ms};
    (void)snprintf(it.method, sizeof(it.method), "%s", method);
    (void)snprintf(it.transaction_id, sizeof(it.transaction_id), "%s", id);
    (void)snprintf(it.body_digest, sizeof(it.body_digest), "%s", digest);
    (void)snprintf(it.simulated, sizeof(it.simulated), "%s", simulated);
    (void)snprintf(it.nonce, sizeof(it.nonce), "%u", n++);
    return it;
}

static void refused(const struct certify_expect *expect, const struct certify_line *lines, size_t n,
                    const char *why)
{
    assert_int_equal(certify_judge_lines(expect, lines, n, &err), -EBADMSG);
    if (strstr(err.text, why) == NULL)
        fail_msg("%s: %s", why, err.text);
}

static void states_have_names(void **state)
{
    (void)state;
    assert_int_equal(certify_state_of("PAID"), CERTIFY_PAID);
    assert_int_equal(certify_state_of("COLLECTION_STATE_CANCELLED"), CERTIFY_CANCELLED);
    assert_int_equal(certify_state_of("paid"), 0);
    assert_int_equal(certify_state_of(""), 0);
}

static void what_is_said_must_be_what_is_held(void **state)
{
    (void)state;
    struct certify_expect expect = paid("a");
    const struct certify_result held = {CERTIFY_PAID, "p0001-1-2", 264000, 0};
    struct certify_result said = held;
    assert_int_equal(certify_judge_result(&expect, &said, &held, &err), 0);
    said.amount_vnd = 1;
    assert_int_equal(certify_judge_result(&expect, &said, &held, &err), -EBADMSG);
    said = held;
    said.payment_id[0] = '\0';
    assert_int_equal(certify_judge_result(&expect, &said, &held, &err), -EBADMSG);
    said = held;
    said.state = CERTIFY_UNKNOWN;
    assert_int_equal(certify_judge_result(&expect, &said, &held, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "says UNKNOWN, wanted PAID"));
    said.state = 0;
    assert_int_equal(certify_judge_result(&expect, &said, &held, &err), -EBADMSG);
    said = held;
    expect.receipt_number = 7;
    assert_int_equal(certify_judge_result(&expect, &said, &held, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "has receipt 0, wanted 7"));
}

static void what_is_held_must_be_what_should_be(void **state)
{
    (void)state;
    const struct certify_expect expect = paid("a");
    const struct certify_result said = {CERTIFY_PAID, "p0001-1-2", 264000, 0};
    const struct certify_result held = {.state = CERTIFY_NOT_FOUND};
    assert_int_equal(certify_judge_result(&expect, &said, &held, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "holds NOT_FOUND, wanted PAID"));
}

static void asking_or_repeating_settles(void **state)
{
    (void)state;
    const struct certify_expect expect = paid("a");
    struct certify_line lines[] = {line(0, PAY, "a", "d", "SIM-TIMEOUT-AFTER-"),
                                   line(9, ASK, "a", "q", "")};
    assert_int_equal(certify_judge_lines(&expect, lines, 2, &err), 0);
    refused(&expect, lines, 1, "neither GetPayment nor the same request");
    lines[1] = line(9, ASK, "b", "q", "");
    refused(&expect, lines, 2, "neither GetPayment nor the same request");
    lines[1] = line(9, ASK, "", "q", "");
    assert_int_equal(certify_judge_lines(&expect, lines, 2, &err), 0);
    lines[1] = line(9, PAY, "a", "d", "");
    assert_int_equal(certify_judge_lines(&expect, lines, 2, &err), 0);
    lines[0] = line(0, PAY, "a", "d", "SIM-FORGED-");
    refused(&expect, lines, 1, "SIM-FORGED-");
    lines[0] = line(0, PAY, "a", "d", "SIM-SLOW-");
    assert_int_equal(certify_judge_lines(&expect, lines, 1, &err), 0);
}

static void a_repetition_is_the_same_request(void **state)
{
    (void)state;
    struct certify_expect expect = paid("a");
    struct certify_line lines[] = {line(0, PAY, "a", "d", "SIM-GARBAGE-"),
                                   line(9, PAY, "a", "e", "")};
    refused(&expect, lines, 2, "other bytes");
    lines[1] = line(9, PAY, "b", "d", "");
    refused(&expect, lines, 2, "under another id: b");
    lines[1] = line(9, "Collections/Reverse", "a", "d", "");
    refused(&expect, lines, 2, "under another id: a");
    expect.body_digest = "f";
    refused(&expect, lines, 1, "other bytes");
}

static void every_attempt_has_a_nonce_of_its_own(void **state)
{
    (void)state;
    const struct certify_expect expect = paid("a");
    struct certify_line lines[] = {line(0, PAY, "a", "d", "SIM-GARBAGE-"),
                                   line(9, PAY, "a", "d", "")};
    (void)strcpy(lines[1].nonce, lines[0].nonce);
    refused(&expect, lines, 2, "same nonce");
    lines[1].nonce[0] = '\0';
    refused(&expect, lines, 2, "without a nonce");
    /* what is not signed has none */
    lines[1] = line(9, "/.well-known/ansinh-keys", "", "", "");
    lines[1].nonce[0] = '\0';
    lines[0] = line(0, PAY, "a", "d", "");
    assert_int_equal(certify_judge_lines(&expect, lines, 2, &err), 0);
}

static void a_wait_is_waited(void **state)
{
    (void)state;
    const struct certify_expect expect = paid("a");
    struct certify_line lines[] = {line(5, PAY, "a", "d", "SIM-LIMIT-"),
                                   line(5 + CERTIFY_WAIT_MS - 1, PAY, "a", "d", "")};
    refused(&expect, lines, 2, "Retry-After");
    lines[1].at_ms++;
    assert_int_equal(certify_judge_lines(&expect, lines, 2, &err), 0);
}

static void attempts_are_bounded(void **state)
{
    (void)state;
    struct certify_expect expect = paid("a");
    struct certify_line lines[CERTIFY_ASKED_MAX + 2];
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        lines[i] = line((int64_t)i, PAY, "a", "d", "");
    assert_int_equal(certify_judge_lines(&expect, lines, CERTIFY_ATTEMPTS_MAX, &err), 0);
    refused(&expect, lines, CERTIFY_ATTEMPTS_MAX + 1, "13 attempts, wanted at most 12");
    expect.attempts_max = 0;
    refused(&expect, lines, 1, "1 attempts, wanted at most 0");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        lines[i] = line((int64_t)i, ASK, "a", "q", "");
    assert_int_equal(certify_judge_lines(&expect, lines, CERTIFY_ASKED_MAX, &err), 0);
    refused(&expect, lines, CERTIFY_ASKED_MAX + 1, "times GetPayment");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(states_have_names),
    cmocka_unit_test(what_is_said_must_be_what_is_held),
    cmocka_unit_test(what_is_held_must_be_what_should_be),
    cmocka_unit_test(asking_or_repeating_settles),
    cmocka_unit_test(a_repetition_is_the_same_request),
    cmocka_unit_test(every_attempt_has_a_nonce_of_its_own),
    cmocka_unit_test(a_wait_is_waited),
    cmocka_unit_test(attempts_are_bounded),
};

TEST_MAIN(tests)

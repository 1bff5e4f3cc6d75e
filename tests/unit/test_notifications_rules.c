#include "tests/support/test.h"

#include <string.h>

#include "services/notifications/notifications_rules.h"

static void ends_are_final(void **state)
{
    (void)state;
    static const struct {
        enum try_result result;
        enum task_state state;
    } ends[] = {
        {TRY_SENT, TASK_SENT},
        {TRY_NO_ADDRESS, TASK_NO_ADDRESS},
        {TRY_EXPIRED, TASK_EXPIRED},
        {TRY_PERMANENT, TASK_FAILED},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct verdict verdict = rules_verdict(ends[i].result, 1, 3, 5000);
        assert_int_equal(verdict.state, ends[i].state);
        assert_true(verdict.delay_ms < 0);
    }
}

static void temporary_failures_back_off(void **state)
{
    (void)state;
    static const int64_t delays[] = {5000, 10000, 20000, 40000, 80000};
    for (unsigned i = 0; i < 5; i++) {
        struct verdict verdict = rules_verdict(TRY_TEMPORARY, i + 1, 100, 5000);
        assert_int_equal(verdict.state, TASK_QUEUED);
        assert_int_equal(verdict.delay_ms, delays[i]);
        assert_true(verdict.is_counted);
    }
    assert_int_equal(rules_verdict(TRY_TEMPORARY, 11, 100, 5000).delay_ms, RETRY_MAX_MS);
    assert_int_equal(rules_verdict(TRY_TEMPORARY, 99, 100, 5000).delay_ms, RETRY_MAX_MS);
}

static void tries_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(rules_verdict(TRY_TEMPORARY, 2, 3, 5000).state, TASK_QUEUED);
    struct verdict last = rules_verdict(TRY_TEMPORARY, 3, 3, 5000);
    assert_int_equal(last.state, TASK_FAILED);
    assert_true(last.delay_ms < 0);
    assert_int_equal(rules_verdict(TRY_TEMPORARY, 4, 3, 5000).state, TASK_FAILED);
}

static void a_deferral_is_no_try(void **state)
{
    (void)state;
    struct verdict verdict = rules_verdict(TRY_DEFERRED, 100, 3, 5000);
    assert_int_equal(verdict.state, TASK_QUEUED);
    assert_int_equal(verdict.delay_ms, 5000);
    assert_false(verdict.is_counted);
}

static void age_counts_in_business_days(void **state)
{
    (void)state;
    assert_false(rules_is_expired(1000, 1030, 30));
    assert_true(rules_is_expired(999, 1030, 30));
    assert_false(rules_is_expired(1030, 1030, 0));
    assert_true(rules_is_expired(1029, 1030, 0));
    assert_false(rules_is_expired(1031, 1030, 0));
    assert_true(rules_is_expired(INT32_MIN, INT32_MAX, 36500));
}

static void errors_are_sentences(void **state)
{
    (void)state;
    char text[ERROR_TEXT_BYTES];
    rules_error_text(ERROR_NONE, text);
    assert_string_equal(text, "");
    rules_error_text(550, text);
    assert_string_equal(text, "the mail relay answered 550");
    for (unsigned error = ERROR_RELAY; error <= ERROR_CRASHED; error++) {
        rules_error_text(error, text);
        assert_true(strlen(text) > 10 && strlen(text) < ERROR_TEXT_BYTES - 1);
    }
    rules_error_text(65535, text);
    assert_string_equal(text, "the mail relay answered 65535");
    assert_string_equal(rules_channel_name(CHANNEL_SMTP), "smtp");
    assert_string_equal(rules_channel_name(CHANNEL_MAILDIR), "maildir");
    assert_string_equal(rules_channel_name(CHANNEL_NONE), "");
}

static void no_rate_is_no_limit(void **state)
{
    (void)state;
    struct pacer pacer;
    pacer_init(&pacer, 0, 5);
    assert_int_equal(pacer_allowed(&pacer, 5, 1000000), 1000000);
    pacer_spend(&pacer, 1000000);
    assert_int_equal(pacer_allowed(&pacer, 5, 7), 7);
}

/* Over ten seconds of any rhythm no more start than the rate allows, and not much less. */
static void the_rate_holds(void **state)
{
    (void)state;
    static const int64_t rates[] = {1, 7, 50, 1000, 100000};
    static const int64_t steps_us[] = {100, 1000, 33000};
    for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        for (size_t s = 0; s < sizeof(steps_us) / sizeof(steps_us[0]); s++) {
            struct pacer pacer;
            pacer_init(&pacer, rates[r], 0);
            int64_t started = 0;
            for (int64_t now_us = 0; now_us <= 10000000; now_us += steps_us[s]) {
                size_t n = pacer_allowed(&pacer, now_us, 1000000);
                pacer_spend(&pacer, n);
                started += (int64_t)n;
            }
            assert_in_range(started, rates[r] * 9, rates[r] * 10 + rates[r] / 10 + 2);
        }
    }
}

static void a_pause_earns_one_burst(void **state)
{
    (void)state;
    struct pacer pacer;
    pacer_init(&pacer, 100, 0);
    assert_int_equal(pacer_allowed(&pacer, 3600000000, 1000), 11);
    pacer_spend(&pacer, 4);
    assert_int_equal(pacer_allowed(&pacer, 3600000000, 1000), 7);
    assert_int_equal(pacer_allowed(&pacer, 3600000000, 2), 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ends_are_final),
    cmocka_unit_test(temporary_failures_back_off),
    cmocka_unit_test(tries_are_bounded),
    cmocka_unit_test(a_deferral_is_no_try),
    cmocka_unit_test(age_counts_in_business_days),
    cmocka_unit_test(errors_are_sentences),
    cmocka_unit_test(no_rate_is_no_limit),
    cmocka_unit_test(the_rate_holds),
    cmocka_unit_test(a_pause_earns_one_burst),
};

TEST_MAIN(tests)

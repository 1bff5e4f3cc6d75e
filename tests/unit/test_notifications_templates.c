#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/domain/calendar.h"
#include "services/notifications/templates.h"

static const char *const files[] = {"welcome.vi.txt", "welcome.en.txt",  "receipt.vi.txt",
                                    "receipt.en.txt", "reversal.vi.txt", "reversal.en.txt",
                                    "behind.vi.txt",  "behind.en.txt"};

static struct task receipt(void)
{
    return (struct task){
        .kind = TASK_RECEIPT,
        .day = date_make(2025, 12, 1),
        .receipt = {.from_month = 2025 * 12 + 11,
                    .months = 3,
                    .participant_vnd = 795300,
                    .central_vnd = 198000,
                    .local_vnd = 0,
                    .donor_vnd = 1234567},
    };
}

static const char *render(const struct templates *templates, const struct task *task,
                          const struct recipient *to)
{
    static struct buf subject, body;
    if (body.size_max == 0) {
        buf_init(&subject, TEMPLATE_TEXT_MAX_BYTES);
        buf_init(&body, TEMPLATE_TEXT_MAX_BYTES);
    }
    buf_reset(&subject);
    buf_reset(&body);
    assert_int_equal(templates_render(templates, task, "p0513-1-42", to, &subject, &body), 0);
    assert_int_equal(buf_putc(&subject, '\n'), 0);
    assert_int_equal(buf_append(&subject, body.data, body.len), 0);
    assert_int_equal(buf_putc(&subject, '\0'), 0);
    return (const char *)subject.data;
}

static void money_is_written_as_people_do(void **state)
{
    (void)state;
    static const struct {
        int64_t vnd;
        const char *vi, *en;
    } cases[] = {
        {0, "0 đ", "0 VND"},
        {7, "7 đ", "7 VND"},
        {999, "999 đ", "999 VND"},
        {1000, "1.000 đ", "1,000 VND"},
        {165000, "165.000 đ", "165,000 VND"},
        {1234567890, "1.234.567.890 đ", "1,234,567,890 VND"},
        {-165000, "-165.000 đ", "-165,000 VND"},
        {INT64_MAX, "9.223.372.036.854.775.807 đ", "9,223,372,036,854,775,807 VND"},
        {INT64_MIN, "-9.223.372.036.854.775.808 đ", "-9,223,372,036,854,775,808 VND"},
    };
    char text[MONEY_TEXT_BYTES];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(money_format(cases[i].vnd, LANGUAGE_IS_VI, text), strlen(cases[i].vi));
        assert_string_equal(text, cases[i].vi);
        assert_int_equal(money_format(cases[i].vnd, LANGUAGE_IS_EN, text), strlen(cases[i].en));
        assert_string_equal(text, cases[i].en);
    }
}

static void a_receipt_for_missing_months_names_no_month(void **state)
{
    (void)state;
    CLEANUP(templates_destroy) struct templates *templates = NULL;
    assert_int_equal(templates_load("deploy/templates", &templates, NULL), 0);
    struct task task = receipt();
    task.receipt.from_month = 0;
    struct recipient to = {"PARTICIPANT", "Nguyễn Văn An", LANGUAGE_IS_VI, NULL, NULL};
    assert_non_null(strstr(render(templates, &task, &to), "3 (đóng cho những tháng còn thiếu)"));
    to.language = LANGUAGE_IS_EN;
    assert_non_null(strstr(render(templates, &task, &to), "3 (for months that were missing)"));
}

static void a_receipt_of_health_insurance_names_it_and_the_card(void **state)
{
    (void)state;
    CLEANUP(templates_destroy) struct templates *templates = NULL;
    assert_int_equal(templates_load("deploy/templates", &templates, NULL), 0);
    struct task task = receipt();
    struct recipient to = {"MEMBER", "Nguyễn Văn An", LANGUAGE_IS_VI, NULL, NULL};
    assert_non_null(strstr(render(templates, &task, &to), "bảo hiểm xã hội tự nguyện"));
    task.receipt.from_month = 0;
    task.receipt.card_from_day = date_make(2026, 9, 1);
    task.receipt.card_to_day = date_make(2026, 11, 30);
    const char *text = render(templates, &task, &to);
    assert_non_null(strstr(text, "3 (thẻ có giá trị từ 01/09/2026 đến 30/11/2026)"));
    assert_non_null(strstr(text, "bảo hiểm y tế hộ gia đình"));
    assert_null(strstr(text, "tự nguyện"));
    to.language = LANGUAGE_IS_EN;
    text = render(templates, &task, &to);
    assert_non_null(strstr(text, "3 (card from 2026-09-01 to 2026-11-30)"));
    assert_non_null(strstr(text, "Receipt for family health insurance p0513-1-42"));
    assert_null(strstr(text, "voluntary"));
}

static void a_receipt_says_everything(void **state)
{
    (void)state;
    CLEANUP(templates_destroy) struct templates *templates = NULL;
    assert_int_equal(templates_load("deploy/templates", &templates, NULL), 0);
    struct task task = receipt();
    static const struct {
        enum template_language language;
        const char *words[12];
    } cases[] = {
        {LANGUAGE_IS_VI,
         {"Biên nhận", "Nguyễn Văn An", "p0513-1-42", "PARTICIPANT", "01/12/2025", "795.300 đ",
          "198.000 đ", " 0 đ", "1.234.567 đ", "2.227.867 đ", "3 (từ 12/2025 đến 02/2026)", NULL}},
        {LANGUAGE_IS_EN,
         {"Receipt", "Nguyễn Văn An", "p0513-1-42", "PARTICIPANT", "2025-12-01", "795,300 VND",
          "198,000 VND", " 0 VND", "1,234,567 VND", "2,227,867 VND", "3 (from 2025-12 to 2026-02)",
          NULL}},
    };
    for (size_t i = 0; i < 2; i++) {
        struct recipient to = {"PARTICIPANT", "Nguyễn Văn An", cases[i].language, NULL, NULL};
        const char *text = render(templates, &task, &to);
        for (size_t w = 0; cases[i].words[w] != NULL; w++) {
            if (strstr(text, cases[i].words[w]) == NULL)
                fail_msg("no \"%s\" in\n%s", cases[i].words[w], text);
        }
        assert_null(strchr(text, '{'));
    }
}

static void a_welcome_names_person_and_day(void **state)
{
    (void)state;
    CLEANUP(templates_destroy) struct templates *templates = NULL;
    assert_int_equal(templates_load("deploy/templates", &templates, NULL), 0);
    struct task task = {.kind = TASK_WELCOME, .day = date_make(2025, 2, 3)};
    struct recipient to = {"PARTICIPANT", "Trần Thị Bình", LANGUAGE_IS_VI, NULL, NULL};
    const char *text = render(templates, &task, &to);
    assert_non_null(strstr(text, "Trần Thị Bình"));
    assert_non_null(strstr(text, "03/02/2025"));
    assert_non_null(strstr(text, "PARTICIPANT"));
}

static void a_reversal_names_the_payment_and_itself(void **state)
{
    (void)state;
    CLEANUP(templates_destroy) struct templates *templates = NULL;
    assert_int_equal(templates_load("deploy/templates", &templates, NULL), 0);
    struct task task = receipt();
    task.kind = TASK_REVERSAL;
    task.payment = (struct journal_position){1, 41};
    for (int language = LANGUAGE_IS_VI; language <= LANGUAGE_IS_EN; language++) {
        struct recipient to = {"PARTICIPANT", "Trần Thị Bình", (enum template_language)language,
                               NULL, NULL};
        const char *text = render(templates, &task, &to);
        const char *subject = strstr(text, "p0000-1-41");
        assert_non_null(subject);
        assert_true(subject < strchr(text, '\n'));
        assert_non_null(strstr(text, "p0513-1-42"));
        assert_non_null(strstr(text, language == LANGUAGE_IS_VI ? "795.300 đ" : "795,300 VND"));
        assert_non_null(strstr(text, language == LANGUAGE_IS_VI ? "01/12/2025" : "2025-12-01"));
    }
}

static void a_unit_that_is_behind_reads_its_numbers(void **state)
{
    (void)state;
    CLEANUP(templates_destroy) struct templates *templates = NULL;
    assert_int_equal(templates_load("deploy/templates", &templates, NULL), 0);
    static const char *const words[][6] = {
        {"Phường Sơn La", "15/06/2026", "1.250 / 12.000 người", "10.750 người", "1.077,16 người",
         "0,05 người"},
        {"Phường Sơn La", "2026-06-15", "1,250 of 12,000", "10,750\n", "1,077.16\n",
         "0.05 per day"},
    };
    struct task task;
    task_of_unit("03646", date_make(2026, 6, 15), &task);
    task.behind = (struct task_behind){1250, 12000, 107716, 5};
    for (int language = LANGUAGE_IS_VI; language <= LANGUAGE_IS_EN; language++) {
        struct recipient to = {"03646", "Phường Sơn La", (enum template_language)language,
                               "Too slow {name}.", "https://a.vn"};
        const char *text = render(templates, &task, &to);
        for (size_t i = 0; i < 6; i++) {
            if (strstr(text, words[language][i]) == NULL)
                fail_msg("no \"%s\" in\n%s", words[language][i], text);
        }
        assert_non_null(strstr(text, "03646"));
        assert_non_null(strstr(text, "\nToo slow {name}.\n"));
        assert_non_null(strstr(text, ": https://a.vn\n"));
    }
    task.behind.needed_per_day = -1;
    struct recipient to = {"03646", "Phường Sơn La", LANGUAGE_IS_EN, "", ""};
    assert_non_null(strstr(render(templates, &task, &to), "Needed per day:          -\n"));
}

static void a_broken_name_gives_way_to_the_id(void **state)
{
    (void)state;
    CLEANUP(templates_destroy) struct templates *templates = NULL;
    assert_int_equal(templates_load("deploy/templates", &templates, NULL), 0);
    struct task task = {.kind = TASK_WELCOME};
    static const char *const names[] = {"", "\xff\xfe", "\xc3"};
    for (size_t i = 0; i < 3; i++) {
        struct recipient to = {"PARTICIPANT", names[i], LANGUAGE_IS_EN, NULL, NULL};
        assert_non_null(strstr(render(templates, &task, &to), "Dear PARTICIPANT,"));
    }
    struct recipient to = {"PARTICIPANT", "A\r\nB\x1b[31m {total}", LANGUAGE_IS_EN, NULL, NULL};
    assert_non_null(strstr(render(templates, &task, &to), "Dear A  B [31m {total},"));
}

static void put_file(const char *dir, const char *name, const char *text, size_t len)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void wrong_files_are_refused_by_name(void **state)
{
    (void)state;
    char dir[] = "/tmp/ansinh-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    static const char good[] = "Subject: x {name}\n\nHello {date}\n";
    static char huge[TEMPLATE_FILE_MAX_BYTES + 1];
    memset(huge, 'a', sizeof(huge));
    memcpy(huge, "Subject: x\n\n", 12);
    static const struct {
        const char *text;
        size_t len;
        int rc;
    } cases[] = {
        {"", 0, -EINVAL},
        {"Hello\n\nbody\n", 12, -EINVAL},
        {"Subject: x\nbody\n", 16, -EINVAL},
        {"Subject: x", 10, -EINVAL},
        {"Subject: {total}\n\nbody\n", 23, -EINVAL},
        {"Subject: x\n\n{nmae}\n", 19, -EINVAL},
        {"Subject: x\n\n{name\n", 18, -EINVAL},
        {"Subject: x\n\n{}\n", 15, -EINVAL},
        {"Subject: x\n\n\xff\n", 14, -EINVAL},
        {"Subject: x\n\na\0b\n", 16, -EINVAL},
        {huge, sizeof(huge), -EFBIG},
    };
    struct templates *templates = NULL;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        put_file(dir, files[i], good, sizeof(good) - 1);
    assert_int_equal(templates_load(dir, &templates, NULL), 0);
    templates_destroy(&templates);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        put_file(dir, files[1], cases[i].text, cases[i].len);
        assert_int_equal(templates_load(dir, &templates, &err), cases[i].rc);
        assert_non_null(strstr(err.text, files[1]));
        assert_null(templates);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[300];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(templates_load(dir, &templates, NULL), -ENOENT);
    assert_int_equal(rmdir(dir), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(money_is_written_as_people_do),
    cmocka_unit_test(a_receipt_of_health_insurance_names_it_and_the_card),
    cmocka_unit_test(a_receipt_says_everything),
    cmocka_unit_test(a_receipt_for_missing_months_names_no_month),
    cmocka_unit_test(a_welcome_names_person_and_day),
    cmocka_unit_test(a_reversal_names_the_payment_and_itself),
    cmocka_unit_test(a_unit_that_is_behind_reads_its_numbers),
    cmocka_unit_test(a_broken_name_gives_way_to_the_id),
    cmocka_unit_test(wrong_files_are_refused_by_name),
};

TEST_MAIN(tests)

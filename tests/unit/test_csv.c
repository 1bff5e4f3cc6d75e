/* Files as people send them, the file of bad rows, and values on their way into messages. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "services/cli/csv_errors.h"
#include "services/cli/csv_file.h"
#include "services/cli/csv_message.h"

static char folder[] = "/tmp/ansinh-csv-XXXXXX";
static char path[128], errors_path[160];
static struct err err;

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/rows.csv", folder);
    (void)snprintf(errors_path, sizeof(errors_path), "%s.errors.csv", path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(errors_path);
    return rmdir(folder);
}

static void write_bytes(const char *bytes, size_t len)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static struct csv_file *open_text(const char *text)
{
    struct csv_file *file;
    write_bytes(text, strlen(text));
    assert_int_equal(csv_open(path, &file, &err), 0);
    return file;
}

static void assert_row(struct csv_file *file, unsigned long line, const char *first,
                       const char *second)
{
    struct csv_row row;
    assert_int_equal(csv_next(file, &row, &err), 1);
    assert_int_equal(row.line, line);
    assert_int_equal(row.n_values, 2);
    assert_string_equal(row.values[0], first);
    assert_string_equal(row.values[1], second);
}

static void assert_bad(struct csv_file *file, unsigned long line, const char *reason)
{
    struct csv_row row;
    assert_int_equal(csv_next(file, &row, &err), -EINVAL);
    assert_int_equal(row.line, line);
    assert_non_null(strstr(err.text, reason));
}

static void assert_end(struct csv_file *file)
{
    struct csv_row row;
    assert_int_equal(csv_next(file, &row, &err), 0);
    assert_int_equal(csv_next(file, &row, &err), 0);
    csv_close(&file);
}

static void test_plain_rows(void **state)
{
    (void)state;
    size_t n;
    struct csv_file *file =
        open_text("code,name\n01,Hà Nội\n\n  \n15,  Lào Cai  \n\"1,5\",\"a \"\"b\"\" c\"\n,");
    const char *const *columns = csv_columns(file, &n);
    assert_int_equal(n, 2);
    assert_string_equal(columns[0], "code");
    assert_string_equal(columns[1], "name");
    assert_row(file, 2, "01", "Hà Nội");
    assert_row(file, 5, "15", "Lào Cai");
    assert_row(file, 6, "1,5", "a \"b\" c");
    assert_row(file, 7, "", ""); /* the last line needs no end */
    assert_end(file);
}

static void test_mark_and_line_ends_of_windows(void **state)
{
    (void)state;
    struct csv_file *file = open_text("\xef\xbb\xbf"
                                      "a,b\r\n1,2\r\n\r\n3,\"4\"\r\n");
    assert_row(file, 2, "1", "2");
    assert_row(file, 4, "3", "4");
    assert_end(file);
}

static void test_a_bad_row_spoils_no_other(void **state)
{
    (void)state;
    struct csv_file *file =
        open_text("a,b\n1\n1,2,3\n\"open,2\n5,6\n7,\"x\"y\n7,a \"b\" c\n\xff,1\n1\r2,3\n8,9\n");
    assert_bad(file, 2, "1 values, the header has 2");
    assert_bad(file, 3, "3 values, the header has 2");
    assert_bad(file, 4, "quotes");
    assert_row(file, 5, "5", "6");
    assert_bad(file, 6, "quotes");
    assert_bad(file, 7, "quotes");
    assert_bad(file, 8, "UTF-8");
    assert_bad(file, 9, "carriage return");
    assert_row(file, 10, "8", "9");
    assert_end(file);
}

static void test_zero_bytes(void **state)
{
    (void)state;
    struct csv_file *file;
    write_bytes("a,b\nx\0y,1\n2,3\n", 14);
    assert_int_equal(csv_open(path, &file, &err), 0);
    assert_bad(file, 2, "UTF-8");
    assert_row(file, 3, "2", "3");
    assert_end(file);
}

static void test_too_many_values(void **state)
{
    (void)state;
    char text[1024] = "a,b\n";
    for (int i = 0; i < 2 * CSV_COLUMNS_MAX; i++)
        (void)strcat(text, "x,");
    (void)strcat(text, "\n1,2\n");
    struct csv_file *file = open_text(text);
    assert_bad(file, 2, "129 values, the header has 2");
    assert_row(file, 3, "1", "2");
    assert_end(file);
}

/* The longest line is read, one byte more and 10 MB are not; what follows is. */
static void test_long_lines(void **state)
{
    (void)state;
    const size_t lens[] = {CSV_LINE_MAX_BYTES, CSV_LINE_MAX_BYTES + 1, 10000000};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        char *text = malloc(lens[i] + 32);
        assert_non_null(text);
        (void)memcpy(text, "a,b\n", 4);
        memset(text + 4, 'x', lens[i]);
        text[4 + lens[i] - 2] = ',';
        (void)memcpy(text + 4 + lens[i], "\n1,2\n", 5);
        write_bytes(text, 4 + lens[i] + 5);
        free(text);
        struct csv_file *file;
        struct csv_row row;
        assert_int_equal(csv_open(path, &file, &err), 0);
        if (i == 0) {
            assert_int_equal(csv_next(file, &row, &err), 1);
            assert_int_equal(strlen(row.values[0]), CSV_LINE_MAX_BYTES - 2);
        } else {
            assert_bad(file, 2, "longer than 65536 bytes");
        }
        assert_row(file, 3, "1", "2");
        long long read, size;
        csv_progress(file, &read, &size);
        assert_int_equal(read, size);
        assert_end(file);
    }
}

static void assert_no_header(const char *text, const char *reason)
{
    struct csv_file *file;
    write_bytes(text, strlen(text));
    assert_int_equal(csv_open(path, &file, &err), -EINVAL);
    assert_null(file);
    assert_non_null(strstr(err.text, reason));
}

static void test_headers(void **state)
{
    (void)state;
    struct csv_file *file;
    assert_no_header("", "empty");
    assert_no_header("\xef\xbb\xbf", "empty");
    assert_no_header("\n \n", "empty");
    assert_no_header("a,,b\n", "line 1: column 2 has no name");
    assert_no_header("a,b,a\n", "line 1: column a stands twice");
    assert_no_header("\na,\"b\n", "line 2: the quotes");
    assert_no_header("a,\xff\n", "line 1: the line is not UTF-8");
    char many[CSV_COLUMNS_MAX * 4 + 8] = "";
    for (int i = 0; i <= CSV_COLUMNS_MAX; i++)
        (void)snprintf(many + strlen(many), 8, "%d,", i);
    assert_no_header(many, "more than 64 columns");
    assert_int_equal(csv_open("/nowhere/at/all.csv", &file, &err), -ENOENT);
    assert_int_equal(csv_open(folder, &file, &err), -EINVAL);
}

static void test_bad_rows_are_written_down(void **state)
{
    (void)state;
    const char *columns[] = {"code", "full name"};
    char one[] = "01", two[] = "a \"b\", c";
    char *values[] = {one, two};
    char text[512];
    struct csv_errors *errors = csv_errors_create(path, columns, 2);
    assert_string_equal(csv_errors_path(errors), errors_path);
    assert_int_equal(csv_errors_close(&errors), 0);
    assert_int_not_equal(access(errors_path, F_OK), 0); /* nothing was bad */

    errors = csv_errors_create(path, columns, 2);
    csv_errors_add(errors, 7, "unknown unit", values, 2);
    csv_errors_add(errors, 9, "too long", NULL, 0);
    assert_int_equal(csv_errors_close(&errors), 0);
    FILE *file = fopen(errors_path, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    assert_string_equal(text, "\"line\",\"reason\",\"code\",\"full name\"\n"
                              "\"7\",\"unknown unit\",\"01\",\"a \"\"b\"\", c\"\n"
                              "\"9\",\"too long\"\n");

    errors = csv_errors_create(path, columns, 2); /* an earlier one's are gone */
    assert_int_equal(csv_errors_close(&errors), 0);
    assert_int_not_equal(access(errors_path, F_OK), 0);
}

static void test_bad_rows_that_cannot_be_written(void **state)
{
    (void)state;
    const char *columns[] = {"code"};
    struct csv_errors *errors = csv_errors_create("/nowhere/at/all.csv", columns, 1);
    csv_errors_add(errors, 2, "bad", NULL, 0);
    csv_errors_add(errors, 3, "bad", NULL, 0);
    assert_int_equal(csv_errors_close(&errors), -EIO);
    assert_null(errors);
}

/* --- values --- */

static struct arena *arena;

static int set(ProtobufCMessage *message, const char *column, const char *text)
{
    return csv_set_field(message, column, text, arena, &err);
}

static void test_values(void **state)
{
    (void)state;
    Ansinh__V1__EnrolRequest in;
    ansinh__v1__enrol_request__init(&in);
    arena = arena_create(4096);
    char name[] = "Lò Thị";
    assert_int_equal(set(&in.base, "full_name", name), 0);
    name[0] = '?'; /* was copied */
    assert_string_equal(in.full_name, "Lò Thị");
    assert_int_equal(set(&in.base, "income_vnd", "1500000"), 0);
    assert_int_equal(in.income_vnd, 1500000);
    assert_int_equal(set(&in.base, "income_vnd", ""), 0); /* leaves what is there */
    assert_int_equal(in.income_vnd, 1500000);
    const char *const bad_numbers[] = {"1,500,000", "1e6", "+1",
                                       "1.0",       "01",  "9223372036854775808"};
    for (size_t i = 0; i < ARRAY_LEN(bad_numbers); i++) {
        assert_int_equal(set(&in.base, "income_vnd", bad_numbers[i]), -EINVAL);
        assert_string_equal(err.field, "income_vnd");
    }
    assert_int_equal(set(&in.base, "nothing", "x"), -ENOENT);
    assert_string_equal(err.field, "nothing");
    assert_int_equal(set(&in.base, "dry_run", "yes"), 0);
    assert_true(in.dry_run);
    assert_int_equal(set(&in.base, "dry_run", "maybe"), -EINVAL);
    arena_destroy(&arena);
}

static void test_names_of_enums(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int value;
    } cases[] = {
        {"SUPPORT_GROUP_ETHNIC_MINORITY", ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_ETHNIC_MINORITY},
        {"ethnic_minority", ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_ETHNIC_MINORITY},
        {"Ethnic-Minority", ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_ETHNIC_MINORITY},
        {"near poor", ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_NEAR_POOR},
        {"OTHER", ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER},
        {"rich", -1},
        {"2", -1},
        {"SUPPORT_GROUP_", -1},
        {"unspecified", ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_UNSPECIFIED},
    };
    arena = arena_create(4096);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Ansinh__V1__EnrolRequest in;
        ansinh__v1__enrol_request__init(&in);
        int rc = set(&in.base, "support_group", cases[i].text);
        assert_int_equal(rc, cases[i].value < 0 ? -EINVAL : 0);
        if (rc == 0)
            assert_int_equal(in.support_group, cases[i].value);
        else
            assert_string_equal(err.field, "support_group");
    }
    arena_destroy(&arena);
}

static void test_other_kinds_of_fields(void **state)
{
    (void)state;
    Ansinh__V1__PlanTarget target;
    ansinh__v1__plan_target__init(&target);
    Ansinh__V1__InquireRequest inquire;
    ansinh__v1__inquire_request__init(&inquire);
    Ansinh__V1__ImportUnitsRequest units;
    ansinh__v1__import_units_request__init(&units);
    arena = arena_create(256);
    assert_int_equal(set(&target.base, "year", "2025"), 0);
    assert_int_equal(target.year, 2025);
    assert_int_equal(set(&target.base, "year", "-1"), -EINVAL);
    assert_int_equal(set(&target.base, "year", "4294967296"), -EINVAL);
    assert_int_equal(set(&inquire.base, "personal_id", "010085000001"), 0);
    assert_int_equal(inquire.key_case, ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID);
    assert_string_equal(inquire.personal_id, "010085000001");
    assert_int_equal(set(&units.base, "units", "x"), -ENOENT);
    char long_text[300];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(set(&inquire.base, "on", long_text), -EINVAL);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_rows),
        cmocka_unit_test(test_mark_and_line_ends_of_windows),
        cmocka_unit_test(test_a_bad_row_spoils_no_other),
        cmocka_unit_test(test_zero_bytes),
        cmocka_unit_test(test_too_many_values),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_bad_rows_are_written_down),
        cmocka_unit_test(test_bad_rows_that_cannot_be_written),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_names_of_enums),
        cmocka_unit_test(test_other_kinds_of_fields),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}

#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/conf.h"

struct target {
    int64_t port;
    int is_open;
    char name[CONF_STRING_BYTES];
    int64_t other;
};

static struct target target;

#define FIELD(field) offsetof(struct target, field)

static const struct conf_item items[] = {
    {"TESTCONF_PORT", CONF_INT, "8080", 1, 65535, "", FIELD(port), "Port of the listener."},
    {"TESTCONF_OPEN", CONF_BOOL, "no", 0, 0, "", FIELD(is_open), "Whether it is open."},
    {"TESTCONF_NAME", CONF_STRING, "", 0, 10, "", FIELD(name), "Its name."},
};
static const struct conf_item more_items[] = {
    {"TESTMORE_OTHER_MS", CONF_INT, "-1", -1, 1000, "ms", FIELD(other), "How long."},
};
static const struct conf_table tables[] = {
    {items, ARRAY_LEN(items), &target},
    {more_items, ARRAY_LEN(more_items), &target},
};
static const char *const prefixes[] = {"TESTCONF_", "TESTMORE_", NULL};

static char path[] = "/tmp/test_base_conf.XXXXXX";

static int load(const char *file, struct err *err)
{
    memset(&target, 0xee, sizeof(target));
    *err = (struct err){"", ""};
    return conf_load(tables, ARRAY_LEN(tables), prefixes, file, err);
}

static const char *file_with(const char *content, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static int setup(void **state)
{
    (void)state;
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"TESTCONF_PORT", "TESTCONF_OPEN", "TESTCONF_NAME",
                                        "TESTMORE_OTHER_MS", "TESTCONF_PROT"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    return unlink(path);
}

static void test_defaults(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(load(NULL, &err), 0);
    assert_int_equal(target.port, 8080);
    assert_int_equal(target.is_open, 0);
    assert_string_equal(target.name, "");
    assert_int_equal(target.other, -1);
}

static void test_file_then_environment(void **state)
{
    (void)state;
    static const char text[] = "# a comment = here\n\nTESTCONF_PORT=81\r\nTESTCONF_NAME=a=b\n"
                               "TESTCONF_OPEN=yes\nTESTMORE_OTHER_MS=1000";
    struct err err;
    setenv("TESTCONF_PORT", "82", 1);
    setenv("SOMEBODY_ELSES", "x", 1);
    assert_int_equal(load(file_with(text, sizeof(text) - 1), &err), 0);
    assert_int_equal(target.port, 82);
    assert_string_equal(target.name, "a=b");
    assert_int_equal(target.is_open, 1);
    assert_int_equal(target.other, 1000);
}

static void test_bad_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *text;
    } cases[] = {
        {"TESTCONF_PORT", "0", "TESTCONF_PORT=\"0\": want a whole number from 1 to 65535"},
        {"TESTCONF_PORT", "65536", "TESTCONF_PORT=\"65536\": want a whole number from 1 to 65535"},
        {"TESTCONF_PORT", "", "TESTCONF_PORT=\"\": want a whole number from 1 to 65535"},
        {"TESTMORE_OTHER_MS", "1s",
         "TESTMORE_OTHER_MS=\"1s\": want a whole number from -1 to 1000 ms"},
        {"TESTCONF_OPEN", "maybe", "TESTCONF_OPEN=\"maybe\": want true or false"},
        {"TESTCONF_NAME", "12345678901", "TESTCONF_NAME: want 0 to 10 bytes of text"},
        {"TESTCONF_PROT", "80", "unknown option TESTCONF_PROT (see --help)"},
    };
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setenv(cases[i].name, cases[i].value, 1);
        assert_int_equal(load(NULL, &err), -EINVAL);
        assert_string_equal(err.field, cases[i].name);
        assert_string_equal(err.text, cases[i].text);
        unsetenv(cases[i].name);
    }
}

static void test_environment_name_of_any_length(void **state)
{
    (void)state;
    static const char name[] =
        "TESTCONF_PORT_WITH_A_NAME_THAT_IS_LONGER_THAN_ANY_OPTION_OF_ANY_TABLE_EVER_IS";
    struct err err;
    setenv(name, "1", 1);
    assert_int_equal(load(NULL, &err), -EINVAL);
    unsetenv(name);
}

static void test_bad_files(void **state)
{
    (void)state;
    static char long_line[2000], many_lines[2002];
    memset(long_line, 'x', sizeof(long_line));
    long_line[0] = '#';
    memset(many_lines, '\n', sizeof(many_lines));
    static const struct {
        const char *content, *text;
    } cases[] = {
        {"TESTCONF_PORT 80\n", "not NAME=value: \"TESTCONF_PORT 80\""},
        {"=80\n", "not NAME=value: \"=80\""},
        {" TESTCONF_PORT=80\n", "unknown option  TESTCONF_PORT (see --help)"},
        {"SOMEBODY_ELSES=1\n", "unknown option SOMEBODY_ELSES (see --help)"},
    };
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *file = file_with(cases[i].content, strlen(cases[i].content));
        assert_int_equal(load(file, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].text);
    }
    assert_int_equal(load(file_with(long_line, sizeof(long_line)), &err), -EINVAL);
    assert_non_null(strstr(err.text, "line 1: longer than 1022 bytes"));
    assert_int_equal(load(file_with(many_lines, sizeof(many_lines)), &err), -EINVAL);
    assert_non_null(strstr(err.text, "more than 1000 lines"));
    assert_int_equal(load(file_with(long_line, 1022), &err), 0);
    assert_int_equal(load("/nowhere/at/all", &err), -ENOENT);
    assert_int_equal(load("/tmp", &err), -ENOENT);
}

/* What is printed can be loaded again. */
static void test_print_fits_the_file(void **state)
{
    (void)state;
    struct err err;
    setenv("TESTCONF_NAME", "x y", 1);
    setenv("TESTCONF_OPEN", "1", 1);
    setenv("TESTMORE_OTHER_MS", "20", 1);
    assert_int_equal(load(NULL, &err), 0);
    char printed[1000] = "";
    FILE *out = fmemopen(printed, sizeof(printed), "w");
    conf_print(tables, ARRAY_LEN(tables), out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(printed, "TESTCONF_PORT=8080\nTESTCONF_OPEN=true\nTESTCONF_NAME=x y\n"
                                 "TESTMORE_OTHER_MS=20\n");
    unsetenv("TESTCONF_NAME");
    unsetenv("TESTCONF_OPEN");
    unsetenv("TESTMORE_OTHER_MS");
    assert_int_equal(load(file_with(printed, strlen(printed)), &err), 0);
    assert_string_equal(target.name, "x y");
    assert_int_equal(target.is_open, 1);
    assert_int_equal(target.other, 20);
}

static void test_help_names_every_option(void **state)
{
    (void)state;
    for (int is_markdown = 0; is_markdown < 2; is_markdown++) {
        char text[4000] = "";
        FILE *out = fmemopen(text, sizeof(text), "w");
        conf_help(tables, ARRAY_LEN(tables), is_markdown, out);
        assert_int_equal(fclose(out), 0);
        for (size_t i = 0; i < ARRAY_LEN(items); i++) {
            assert_non_null(strstr(text, items[i].name));
            assert_non_null(strstr(text, items[i].help));
        }
        assert_non_null(strstr(text, "-1..1000"));
        assert_non_null(strstr(text, "ms"));
    }
}

#define CONF_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest tests[] = {
    CONF_TEST(test_defaults),
    CONF_TEST(test_file_then_environment),
    CONF_TEST(test_bad_values),
    CONF_TEST(test_environment_name_of_any_length),
    CONF_TEST(test_bad_files),
    CONF_TEST(test_print_fits_the_file),
    CONF_TEST(test_help_names_every_option),
};

TEST_MAIN(tests)

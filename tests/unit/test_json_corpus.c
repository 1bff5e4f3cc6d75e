/* The fuzzer's seeds and finds, replayed. */
#include "tests/support/test.h"

#include <glob.h>
#include <stdio.h>

#include "tests/fuzz/fuzz_json.c"

#define FILE_MAX_BYTES (1U << 20)

static void test_corpus(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob("tests/fuzz/corpus/json/*", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 10);
    uint8_t *data = malloc(FILE_MAX_BYTES);
    assert_non_null(data);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        FILE *file = fopen(files.gl_pathv[i], "rb");
        assert_non_null(file);
        size_t len = fread(data, 1, FILE_MAX_BYTES, file);
        assert_in_range(len, 1, FILE_MAX_BYTES - 1);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(LLVMFuzzerTestOneInput(data, len), 0);
    }
    free(data);
    globfree(&files);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_corpus),
};

TEST_MAIN(tests)

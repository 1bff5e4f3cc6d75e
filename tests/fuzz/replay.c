/* The main program of a fuzzer in `make test`: its corpus once. Run in the top of the tree. */
#include "tests/support/test.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define FILE_MAX_BYTES (1U << 20)

static void replay(const char *path, uint8_t *room)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(room, 1, FILE_MAX_BYTES, file);
    assert_in_range(len, 0, FILE_MAX_BYTES - 1);
    assert_int_equal(fclose(file), 0);
    uint8_t *data = malloc(len + (len == 0)); /* of its own size, for the sanitizers */
    assert_non_null(data);
    memcpy(data, room, len);
    (void)fprintf(stderr, "%s\n", path); /* the last one is the one that broke it */
    assert_int_equal(LLVMFuzzerTestOneInput(data, len), 0);
    free(data);
}

static void test_corpus(void **state)
{
    (void)state;
    char pattern[256];
    glob_t files;
    (void)snprintf(pattern, sizeof(pattern), "tests/fuzz/corpus/%s/*",
                   program_invocation_short_name + strlen("fuzz_"));
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    uint8_t *room = malloc(FILE_MAX_BYTES);
    assert_non_null(room);
    for (size_t i = 0; i < files.gl_pathc; i++)
        replay(files.gl_pathv[i], room);
    print_message("%zu inputs\n", files.gl_pathc);
    free(room);
    globfree(&files);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_corpus),
};

TEST_MAIN(tests)

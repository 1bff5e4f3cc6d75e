/* What every fuzzer shares. A fuzzer is a file fuzz_<name>.c with this one function: libFuzzer
 * calls it with whatever it thinks of (make fuzz), replay.c with the files of corpus/<name> (make
 * test). It aborts, by ASSERT or a sanitizer, when what it calls does not keep what its header
 * says. */
#ifndef ANSINH_TESTS_FUZZ_FUZZ_H
#define ANSINH_TESTS_FUZZ_FUZZ_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/macros.h"
#include "common/base/parse.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Path of a file with these bytes; the same file every time. */
const char *fuzz_file(const void *data, size_t len);

/* The first byte of what is left, 0 when nothing is; moves on behind it. */
uint8_t fuzz_byte(const uint8_t **data, size_t *size);

/* What is left as a text in memory of its own size (so that a sanitizer sees one byte too far),
 * freed by the caller. */
char *fuzz_text(const uint8_t *data, size_t size);

/* An error must explain itself in UTF-8. */
void fuzz_check_err(const struct err *err);

#endif

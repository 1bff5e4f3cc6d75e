/* The archive of a test's platform, as it lies on the disk. */
#ifndef ANSINH_TESTS_SUPPORT_ARCHIVED_H
#define ANSINH_TESTS_SUPPORT_ARCHIVED_H

#include "common/archive/archive.h"
#include "tests/support/platform.h"

/* The options of archivers in tests: they write at once. */
#define ARCHIVED_AT_ONCE "ARCHIVER_INTERVAL_S=1", "ARCHIVER_POLL_MS=50"

/* Opens VAR/archive of the platform; what is wrong with it fails the test. */
struct archive *archived_open(struct platform *platform);

/* Waits until everything that is in the ledger now is in the archive; 0 when it is not within
 * timeout_ms. */
int archived_wait(struct platform *platform, int64_t timeout_ms);

/* Checks every segment; what is wrong fails the test. fn gets all records. */
void archived_check(struct platform *platform, segment_record_fn fn, void *arg);

#endif

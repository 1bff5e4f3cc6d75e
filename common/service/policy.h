/* Reads the law's numbers (deploy/policy) into the tables that common/domain computes with. */
#ifndef ANSINH_SERVICE_POLICY_H
#define ANSINH_SERVICE_POLICY_H

#include "common/base/err.h"
#include "common/domain/policy.h"

#define POLICY_FILES_MAX 64
#define POLICY_FILE_MAX_BYTES ((size_t)1024 * 1024)

/* Reads every *.json of the directory (ansinh.v1.PolicyDocument) and checks the whole. Caller
 * destroys *ret. -ENOENT: no such directory, or nothing in it; -EINVAL: a file is not a document,
 * or a row is wrong (date, value, group, citation, overlap, gap); the text begins with the file and
 * the row, rows counted from 1. -EFBIG: a file or a table over its limit. Blocks on the disk. */
int policy_load(const char *directory, struct policy **ret, struct err *err) MUST_CHECK;
void policy_destroy(struct policy **self);

#endif

/* Reads the law's numbers (deploy/policy) into the tables that common/domain computes with. */
#ifndef ANSINH_SERVICE_POLICY_H
#define ANSINH_SERVICE_POLICY_H

#include "ansinh/v1/policy.pb-c.h"
#include "common/base/arena.h"
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

/* The same of single files. A whole policy is checked; tables that no file holds are missing. */
int policy_load_files(const char *const *paths, size_t n, struct policy **ret,
                      struct err *err) MUST_CHECK;

/* One file as it stands, in the arena, its rows unread. Errors as policy_load. */
int policy_file_read(const char *path, struct arena *arena, const Ansinh__V1__PolicyDocument **ret,
                     struct err *err) MUST_CHECK;

/* Caller destroys *ret. -ENOMEM. */
int policy_copy(const struct policy *from, struct policy **ret) MUST_CHECK;

#endif

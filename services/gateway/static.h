/* The dashboard's files, read into memory at the start: a fixed table of exact names, so no path in
 * a request can lead anywhere else. */
#ifndef ANSINH_GATEWAY_STATIC_H
#define ANSINH_GATEWAY_STATIC_H

#include "services/gateway/http.h"

#define STATIC_FILES_MAX 128
#define STATIC_FILE_MAX_BYTES ((size_t)2 * 1024 * 1024)

struct static_files;

/* Reads a directory and its direct subdirectories; skips names that start with '.' and types that
 * have no content type here. -ENOENT, -EACCES, -EFBIG (a file or their number is over its limit);
 * err names the file. */
int static_load(const char *directory, struct static_files **ret, struct err *err) MUST_CHECK;
void static_destroy(struct static_files **self);

/* Adds what the pages use of the distribution's JavaScript packages (docs/adr/0028), as
 * "/lib/<name>.js", from the folder of these packages. -ENOENT: one is not installed; err names its
 * file; those before it are there. */
int static_add_libraries(struct static_files *self, const char *directory,
                         struct err *err) MUST_CHECK;

/* True when path ("/" is "/index.html", "/leaflet" is "/leaflet.html") is one of the files. */
int static_has(const struct static_files *self, const char *path);

/* Answers a GET or HEAD with the file of request->path, which must be there, packed when the caller
 * takes it so; 304 when the caller has it in that form. */
void static_handle(const struct static_files *self, struct http_request *request);

size_t static_count(const struct static_files *self);

#endif

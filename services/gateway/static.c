#include "services/gateway/static.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "services/gateway/gzip.h"

#define PATH_MAX_BYTES 512
#define ETAG_BYTES 16
#define ETAG_TEXT_BYTES (2 * ETAG_BYTES + 5) /* quotes, the mark of a packed form, NUL */

/* The bytes of a file as they are sent. */
struct form {
    uint8_t *data; /* NULL: there is no such form */
    size_t len;
    char etag[ETAG_TEXT_BYTES];
};

struct file {
    const char *type;
    struct form plain, packed;
};

/* names maps "/index.html" to its file. */
struct static_files {
    struct map *names;
    struct file files[STATIC_FILES_MAX];
    size_t n;
};

static const char *type_of(const char *name)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".webmanifest", "application/manifest+json"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < ARRAY_LEN(types); i++) {
        if (strcmp(dot, types[i].suffix) == 0)
            return types[i].type;
    }
    return NULL;
}

static int read_all(int fd, struct form *file, size_t size)
{
    file->data = malloc(size + 1);
    if (file->data == NULL)
        return -ENOMEM;
    while (file->len < size) {
        ssize_t n = read(fd, file->data + file->len, size - file->len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return -EIO; /* it became shorter meanwhile */
        file->len += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static void etag_make(struct file *file)
{
    uint8_t hash[ETAG_BYTES];
    char hex[2 * ETAG_BYTES + 1];
    crypto_generichash(hash, sizeof(hash), file->plain.data, file->plain.len, NULL, 0);
    format_hex(hash, sizeof(hash), hex);
    (void)snprintf(file->plain.etag, ETAG_TEXT_BYTES, "\"%s\"", hex);
    (void)snprintf(file->packed.etag, ETAG_TEXT_BYTES, "\"%s-z\"", hex);
}

static int add_file(struct static_files *self, const char *path, const char *name, size_t size,
                    struct err *err)
{
    size_t name_len = strlen(name);
    if (self->n == STATIC_FILES_MAX || size > STATIC_FILE_MAX_BYTES || name_len > MAP_KEY_MAX_BYTES)
        return err_set(err, -EFBIG, "%.100s: file too large, name too long or too many files",
                       path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_set(err, -errno, "%.100s cannot be opened", path);
    struct file *file = &self->files[self->n++];
    int rc = read_all(fd, &file->plain, size);
    (void)close(fd);
    if (rc == 0 && gzip_pack(file->plain.data, file->plain.len, &file->packed.data,
                             &file->packed.len) == -ENOMEM)
        rc = -ENOMEM;
    if (rc < 0)
        return err_set(err, rc, "%.100s cannot be read", path);
    file->type = type_of(name);
    etag_make(file);
    (void)map_put(self->names, name, name_len, file);
    return 0;
}

/* Reads directory; the files' names start with prefix ("/", "/vendor/"). */
static int add_directory(struct static_files *self, const char *directory, const char *prefix,
                         struct err *err)
{
    DIR *dir = opendir(directory);
    if (dir == NULL)
        return err_set(err, -errno, "the directory %.100s cannot be opened", directory);
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        char path[PATH_MAX_BYTES], name[PATH_MAX_BYTES];
        struct stat info;
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >= (int)sizeof(path) ||
            snprintf(name, sizeof(name), "%s%s", prefix, entry->d_name) >= (int)sizeof(name) ||
            lstat(path, &info) < 0)
            continue;
        if (S_ISREG(info.st_mode) && type_of(name) != NULL) {
            rc = add_file(self, path, name, (size_t)info.st_size, err);
        } else if (S_ISDIR(info.st_mode) && prefix[1] == '\0') {
            char deeper[PATH_MAX_BYTES + 1];
            (void)snprintf(deeper, sizeof(deeper), "%s/", name);
            rc = add_directory(self, path, deeper, err);
        }
    }
    (void)closedir(dir);
    return rc;
}

int static_add_libraries(struct static_files *self, const char *directory, struct err *err)
{
    static const struct {
        const char *path, *name;
    } libraries[] = {
        {"d3-path/dist/d3-path.min.js", "/lib/d3-path.js"},
        {"d3-shape/dist/d3-shape.min.js", "/lib/d3-shape.js"},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(libraries); i++) {
        char path[PATH_MAX_BYTES];
        struct stat info;
        int n = snprintf(path, sizeof(path), "%s/%s", directory, libraries[i].path);
        if (n >= (int)sizeof(path) || lstat(path, &info) < 0 || !S_ISREG(info.st_mode))
            return err_set(err, -ENOENT, "%.200s is missing", path);
        rc = add_file(self, path, libraries[i].name, (size_t)info.st_size, err);
    }
    return rc;
}

int static_load(const char *directory, struct static_files **ret, struct err *err)
{
    struct static_files *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->names = map_create();
    int rc = add_directory(self, directory, "/", err);
    if (rc < 0) {
        static_destroy(&self);
        return rc;
    }
    *ret = self;
    return 0;
}

void static_destroy(struct static_files **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->n; i++) {
        free((*self)->files[i].plain.data);
        free((*self)->files[i].packed.data);
    }
    map_destroy(&(*self)->names);
    free(*self);
    *self = NULL;
}

static const struct file *find_name(const struct static_files *self, const char *name)
{
    size_t len = strnlen(name, MAP_KEY_MAX_BYTES + 1);
    return len == 0 || len > MAP_KEY_MAX_BYTES ? NULL : map_get(self->names, name, len);
}

static const struct file *find(const struct static_files *self, const char *path)
{
    char page[MAP_KEY_MAX_BYTES + 1];
    const struct file *file = find_name(self, strcmp(path, "/") == 0 ? "/index.html" : path);
    if (file != NULL || snprintf(page, sizeof(page), "%s.html", path) >= (int)sizeof(page))
        return file;
    return find_name(self, page);
}

int static_has(const struct static_files *self, const char *path)
{
    return find(self, path) != NULL;
}

/* If-None-Match: a list of entity tags, weak ones too, or "*". */
static int has_it(struct http_request *request, const struct form *form)
{
    const char *tags = http_header(request, "If-None-Match");
    return tags != NULL && (strcmp(tags, "*") == 0 || strstr(tags, form->etag) != NULL);
}

void static_handle(const struct static_files *self, struct http_request *request)
{
    const struct file *file = find(self, request->path);
    int is_packed =
        file->packed.data != NULL && gzip_accepted(http_header_joined(request, "Accept-Encoding"));
    const struct form *form = is_packed ? &file->packed : &file->plain;
    /* Those of a 304 stand last. */
    const struct http_header headers[] = {
        {"Content-Encoding", "gzip"},
        {"Content-Type", file->type},
        {"ETag", form->etag},
        {"Vary", "Accept-Encoding"},
        {"Cache-Control", "no-cache"},
        {"Content-Security-Policy", "default-src 'self'; style-src 'self'; img-src 'self' data:; "
                                    "frame-ancestors 'none'; base-uri 'none'"},
        {"Referrer-Policy", "no-referrer"},
    };
    size_t first = has_it(request, form) ? 2 : is_packed ? 0 : 1;
    if (first == 2)
        http_answer(request, 304, headers + first, ARRAY_LEN(headers) - first, NULL, 0);
    else
        http_answer(request, 200, headers + first, ARRAY_LEN(headers) - first, form->data,
                    form->len);
}

size_t static_count(const struct static_files *self)
{
    return self->n;
}

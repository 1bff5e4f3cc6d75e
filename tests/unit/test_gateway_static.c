#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "services/gateway/gzip.h"
#include "services/gateway/static.h"
#include "tests/support/gateway_client.h"

#define LONG_PAGE_BYTES 8192

struct world {
    char directory[64];
    struct loop *loop;
    struct http *http;
    struct static_files *files;
    struct gateway_client client;
};

static void on_request(void *arg, struct http_request *request)
{
    struct world *world = arg;
    if (static_has(world->files, request->path))
        static_handle(world->files, request);
    else
        http_answer(request, 404, NULL, 0, NULL, 0);
}

static void make_file(const struct world *world, const char *name, const char *text, off_t size)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", world->directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    if (size > 0)
        assert_int_equal(ftruncate(fd, size), 0);
    assert_int_equal(close(fd), 0);
}

static int setup(void **state)
{
    static struct world world;
    char path[256];
    memset(&world, 0, sizeof(world));
    (void)snprintf(world.directory, sizeof(world.directory), "/tmp/ansinh-static-XXXXXX");
    assert_non_null(mkdtemp(world.directory));
    static const char *const directories[] = {"sub", "sub/deep", ".git"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", world.directory, directories[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    make_file(&world, "index.html", "<p>home", 0);
    make_file(&world, "app.js", "run()", 0);
    make_file(&world, "empty.css", "", 0);
    make_file(&world, "secret.key", "no content type", 0);
    make_file(&world, ".hidden.html", "hidden", 0);
    make_file(&world, ".git/config.txt", "hidden", 0);
    make_file(&world, "sub/icon.svg", "<svg/>", 0);
    make_file(&world, "sub/deep/page.html", "too deep", 0);
    (void)snprintf(path, sizeof(path), "%s/link.txt", world.directory);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    world.loop = loop_create();
    *state = &world;
    return 0;
}

static void start(struct world *world)
{
    struct err err;
    struct http_conf conf = {.address = "127.0.0.1",
                             .body_max_bytes = 1000,
                             .head_max_bytes = 8192,
                             .connections_max = 10,
                             .connections_per_ip_max = 10,
                             .idle_timeout_s = 30};
    assert_int_equal(static_load(world->directory, &world->files, &err), 0);
    assert_int_equal(http_create(world->loop, &conf, on_request, world, &world->http, &err), 0);
    gateway_client_open(&world->client, world->loop, http_port(world->http));
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct world *world = *state;
    if (world->http != NULL) {
        gateway_client_close(&world->client);
        http_destroy(&world->http);
    }
    static_destroy(&world->files);
    loop_destroy(&world->loop);
    return nftw(world->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void serves_what_is_in_the_table(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *path, *type, *body;
    } cases[] = {
        {"/", "text/html; charset=utf-8", "<p>home"},
        {"/index.html", "text/html; charset=utf-8", "<p>home"},
        {"/index?unit=15", "text/html; charset=utf-8", "<p>home"},
        {"/app.js?v=1", "text/javascript; charset=utf-8", "run()"},
        {"/empty.css", "text/css; charset=utf-8", ""},
        {"/sub/icon.svg", "image/svg+xml", "<svg/>"},
    };
    start(world);
    assert_int_equal(static_count(world->files), 4);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(gateway_client_get(&world->client, cases[i].path, ""), 200);
        assert_string_equal((char *)world->client.body.data, cases[i].body);
        assert_string_equal(gateway_client_header(&world->client, "Content-Type"), cases[i].type);
        assert_string_equal(gateway_client_header(&world->client, "Cache-Control"), "no-cache");
        assert_string_equal(gateway_client_header(&world->client, "X-Content-Type-Options"),
                            "nosniff");
        assert_non_null(strstr(gateway_client_header(&world->client, "Content-Security-Policy"),
                               "default-src 'self'"));
    }
}

static void serves_nothing_else(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {
        "/secret.key",
        "/.hidden.html",
        "/.git/config.txt",
        "/sub/deep/page.html",
        "/link.txt",
        "/sub",
        "/sub/",
        "/index.html/",
        "/index/",
        "/index.",
        "/app",
        "//index.html",
        "/sub/../index.html",
        "/..%2f..%2fetc/passwd",
        "/../../../etc/passwd",
        "/INDEX.HTML",
        "/a-name-that-is-much-longer-than-any-name-in-the-table.html",
    };
    start(world);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(gateway_client_get(&world->client, paths[i], ""), 404);
}

static void says_not_modified(void **state)
{
    struct world *world = *state;
    char etag[64], headers[128];
    start(world);
    assert_int_equal(gateway_client_get(&world->client, "/app.js", ""), 200);
    (void)snprintf(etag, sizeof(etag), "%s", gateway_client_header(&world->client, "ETag"));
    (void)snprintf(headers, sizeof(headers), "If-None-Match: \"other\", W/%s\r\n", etag);
    assert_int_equal(gateway_client_get(&world->client, "/app.js", headers), 304);
    assert_string_equal(gateway_client_header(&world->client, "ETag"), etag);
    assert_int_equal(gateway_client_get(&world->client, "/", headers), 200);
    assert_int_equal(gateway_client_get(&world->client, "/", "If-None-Match: *\r\n"), 304);
}

/* A page of many lines, as they are. */
static void make_long_page(const struct world *world, char page[LONG_PAGE_BYTES])
{
    size_t len = 0;
    while (len + 64 < LONG_PAGE_BYTES)
        len +=
            (size_t)snprintf(page + len, LONG_PAGE_BYTES - len, "<p>line %zu of a page</p>\n", len);
    make_file(world, "long.html", page, 0);
}

static size_t unpack(const struct buf *body, char *out, size_t size)
{
    z_stream stream = {.next_in = body->data,
                       .avail_in = (uInt)body->len,
                       .next_out = (Bytef *)out,
                       .avail_out = (uInt)size};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(inflateEnd(&stream), Z_OK);
    return stream.total_out;
}

static void packs_for_who_takes_it(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    char page[LONG_PAGE_BYTES], out[LONG_PAGE_BYTES], etag[64], headers[160];
    make_long_page(world, page);
    start(world);
    assert_int_equal(gateway_client_get(client, "/long.html", ""), 200);
    assert_null(gateway_client_header(client, "Content-Encoding"));
    assert_string_equal(gateway_client_header(client, "Vary"), "Accept-Encoding");
    assert_string_equal((char *)client->body.data, page);
    (void)snprintf(etag, sizeof(etag), "%s", gateway_client_header(client, "ETag"));

    assert_int_equal(gateway_client_get(client, "/long.html", "Accept-Encoding: br, gzip\r\n"),
                     200);
    assert_string_equal(gateway_client_header(client, "Content-Encoding"), "gzip");
    assert_true(client->body.len < strlen(page) / 4);
    assert_int_equal(unpack(&client->body, out, sizeof(out)), strlen(page));
    assert_memory_equal(out, page, strlen(page));
    assert_string_not_equal(gateway_client_header(client, "ETag"), etag);

    /* The tag of one form is not that of the other. */
    (void)snprintf(headers, sizeof(headers), "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n",
                   etag);
    assert_int_equal(gateway_client_get(client, "/long.html", headers), 200);
    (void)snprintf(etag, sizeof(etag), "%s", gateway_client_header(client, "ETag"));
    (void)snprintf(headers, sizeof(headers), "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n",
                   etag);
    assert_int_equal(gateway_client_get(client, "/long.html", headers), 304);
    assert_null(gateway_client_header(client, "Content-Encoding"));
}

static void packs_nothing_that_stays_as_large(void **state)
{
    struct world *world = *state;
    start(world);
    assert_int_equal(gateway_client_get(&world->client, "/app.js", "Accept-Encoding: gzip\r\n"),
                     200);
    assert_null(gateway_client_header(&world->client, "Content-Encoding"));
    assert_string_equal((char *)world->client.body.data, "run()");
}

static void reads_what_a_browser_takes(void **state)
{
    (void)state;
    static const char *const taken[] = {"gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.8",
                                        "deflate,\tgzip ;q=0.001", ",,gzip"};
    static const char *const refused[] = {
        "",        "br",     "identity;q=1, *;q=0", "gzip;q=0", "gzip;q=0.000, br",
        "gzipped", "x-gzip", "deflate;q=gzip"};
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        assert_true(gzip_accepted(taken[i]));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(gzip_accepted(refused[i]));
    assert_false(gzip_accepted(NULL));
}

static void names_a_file_over_the_limit(void **state)
{
    struct world *world = *state;
    struct err err;
    make_file(world, "big.png", "x", (off_t)STATIC_FILE_MAX_BYTES);
    assert_int_equal(static_load(world->directory, &world->files, &err), 0);
    static_destroy(&world->files);
    make_file(world, "big.png", "x", (off_t)STATIC_FILE_MAX_BYTES + 1);
    assert_int_equal(static_load(world->directory, &world->files, &err), -EFBIG);
    assert_non_null(strstr(err.text, "big.png"));
    assert_null(world->files);
}

static void make_libraries(const struct world *world)
{
    static const char *const folders[] = {"d3-path", "d3-path/dist", "d3-shape", "d3-shape/dist"};
    for (size_t i = 0; i < 4; i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "%s/%s", world->directory, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    make_file(world, "d3-path/dist/d3-path.min.js", "path()", 0);
}

static void serves_the_libraries_that_it_names(void **state)
{
    struct world *world = *state;
    struct err err;
    make_libraries(world);
    start(world);
    assert_int_equal(static_add_libraries(world->files, world->directory, &err), -ENOENT);
    assert_non_null(strstr(err.text, "d3-shape.min.js"));
    assert_true(static_has(world->files, "/lib/d3-path.js"));
    assert_false(static_has(world->files, "/lib/d3-shape.js"));
    make_file(world, "d3-shape/dist/d3-shape.min.js", "shape()", 0);
    static_destroy(&world->files);
    assert_int_equal(static_load(world->directory, &world->files, &err), 0);
    assert_int_equal(static_add_libraries(world->files, world->directory, &err), 0);
    assert_int_equal(gateway_client_get(&world->client, "/lib/d3-shape.js", ""), 200);
    assert_string_equal((char *)world->client.body.data, "shape()");
    assert_int_equal(gateway_client_get(&world->client, "/lib/d3-color.js", ""), 404);
}

static void refuses_too_many_files(void **state)
{
    struct world *world = *state;
    struct err err;
    for (int i = 0; i < STATIC_FILES_MAX; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%d.txt", i);
        make_file(world, name, "x", 0);
    }
    assert_int_equal(static_load(world->directory, &world->files, &err), -EFBIG);
}

static void names_a_missing_directory(void **state)
{
    (void)state;
    struct static_files *files = NULL;
    struct err err;
    assert_int_equal(static_load("/nowhere", &files, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere"));
    assert_null(files);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    CASE(serves_what_is_in_the_table),
    CASE(serves_nothing_else),
    CASE(says_not_modified),
    CASE(packs_for_who_takes_it),
    CASE(packs_nothing_that_stays_as_large),
    cmocka_unit_test(reads_what_a_browser_takes),
    CASE(names_a_file_over_the_limit),
    CASE(refuses_too_many_files),
    CASE(names_a_missing_directory),
    CASE(serves_the_libraries_that_it_names),
};

TEST_MAIN(tests)

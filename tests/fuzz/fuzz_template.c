/* A text that an agency edited: the first byte chooses which of the four; the rest is the file.
 * What is taken makes messages, and no message has a line in its head that it should not have.
 * Behind a 0x01 in the file stands the recipient's name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/notifications/message.h"
#include "services/notifications/templates.h"
#include "tests/fuzz/fuzz.h"

#define TEXTS "deploy/templates"

/* Two of each kind of task, in its order: byte 0 of an input chooses, so new ones come last. */
static const char *const names[] = {"welcome.vi.txt", "welcome.en.txt",  "receipt.vi.txt",
                                    "receipt.en.txt", "reversal.vi.txt", "reversal.en.txt",
                                    "behind.vi.txt",  "behind.en.txt"};
static char folder[64];

static void clean_up(void)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static void make_folder(void)
{
    if (folder[0] != '\0')
        return;
    (void)snprintf(folder, sizeof(folder), "/tmp/ansinh-fuzz-XXXXXX");
    ASSERT(mkdtemp(folder) != NULL);
    ASSERT(atexit(clean_up) == 0);
}

/* The others are the real ones. */
static void fill_folder(size_t which, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128], real[PATH_MAX], target[128];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)snprintf(target, sizeof(target), TEXTS "/%s", names[i]);
        (void)unlink(path);
        if (i == which) {
            FILE *file = fopen(path, "wb");
            ASSERT(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
        } else {
            ASSERT(realpath(target, real) != NULL && symlink(real, path) == 0);
        }
    }
}

static size_t count_lines(const struct buf *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++)
        n += text->data[i] == '\n' || text->data[i] == '\r';
    return n;
}

/* Lines of the head: the same number whatever stands in names and subject. */
static size_t head_lines(const char *name, const char *subject)
{
    CLEANUP(buf_fini) struct buf text;
    struct message message = {.from_name = name,
                              .from = "a@b.vn",
                              .to_name = name,
                              .to = "c@d.vn",
                              .subject = subject,
                              .body = "",
                              .id = "p0001-1-1",
                              .language = "vi",
                              .at_ms = 1700000000000};
    buf_init(&text, MESSAGE_MAX_BYTES);
    if (message_build(&message, &text) < 0)
        return 0;
    ASSERT(buf_append(&text, "", 1) == 0);
    size_t n = 0;
    for (char *line = (char *)text.data; *line != '\n' && *line != '\0'; n++) {
        char *end = strchr(line, '\n');
        ASSERT(end != NULL);
        n -= line[0] == ' '; /* a folded one */
        line = end + 1;
    }
    return n;
}

static void render(const struct templates *templates, size_t which, const char *name)
{
    struct task task = {.position = {1, 5},
                        .kind = (enum task_kind)(TASK_WELCOME + which / 2),
                        .day = 20414,
                        .receipt = {24300, 12, 1, 2, 3, 4}};
    struct recipient to = {"ABCD", name, (enum template_language)(which % 2), NULL, NULL};
    CLEANUP(buf_fini) struct buf subject, body;
    buf_init(&subject, TEMPLATE_TEXT_MAX_BYTES);
    buf_init(&body, TEMPLATE_TEXT_MAX_BYTES);
    int rc = templates_render(templates, &task, "p0001-1-5", &to, &subject, &body);
    ASSERT(rc == 0 || rc == -EMSGSIZE);
    if (rc < 0)
        return;
    ASSERT(parse_is_utf8((const char *)body.data, body.len));
    ASSERT(count_lines(&subject) == 0 && buf_append(&subject, "", 1) == 0);
    size_t n = head_lines(name, (const char *)subject.data);
    ASSERT(n == 0 || n == head_lines("x", "x"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = fuzz_byte(&data, &size) % ARRAY_LEN(names);
    const uint8_t *mark = size == 0 ? NULL : memchr(data, 1, size);
    size_t len = mark == NULL ? size : (size_t)(mark - data);
    char *name = mark == NULL ? fuzz_text(NULL, 0) : fuzz_text(mark + 1, size - len - 1);
    struct templates *templates = NULL;
    struct err err = {{0}, {0}};
    make_folder();
    fill_folder(which, data, len);
    int rc = templates_load(folder, &templates, &err);
    ASSERT(rc == 0 || rc == -EINVAL || rc == -EFBIG);
    if (rc < 0)
        fuzz_check_err(&err);
    else
        render(templates, which, name);
    templates_destroy(&templates);
    free(name);
    return 0;
}

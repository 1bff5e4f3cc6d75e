#include "services/notifications/smtp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "services/notifications/curl_loop.h"

#define IDLE_MS 20000       /* an unused connection is closed after this long */
#define LINE_MAX_BYTES 1024 /* of the relay's answers; RFC 5321 has 512 */
#define OUT_MAX_BYTES (4 * 1024 * 1024)
#define LOGIN_REQUIRED 530

/* What a connection waits for. curl brings it to IDLE (connect, TLS, EHLO, login); the transaction
 * is ours, because curl's own blocks until the relay has answered the message. */
enum link_state { LINK_CONNECTING, LINK_IDLE, LINK_MAIL, LINK_RCPT, LINK_DATA, LINK_ANSWER };

struct smtp_mail {
    char *to;
    struct buf content; /* as it goes over the wire, with the final dot */
    smtp_fn fn;
    void *arg;
    int64_t deadline_ms;
};

struct smtp_link {
    struct smtp *owner;
    struct smtp_link *next;
    enum link_state state;
    CURL *easy;
    int fd; /* -1 while curl connects */
    struct loop_source *source;
    struct loop_timer *timer; /* of the mail, or of idleness */
    struct smtp_mail *mail;   /* NULL while idle */
    int is_used;              /* has brought a mail to its end */
    struct buf out;
    char line[LINE_MAX_BYTES];
    size_t line_len;
};

struct smtp {
    struct loop *loop;
    struct curl_loop *curl;
    char *url; /* with the EHLO domain as its path */
    char *user, *password, *ca_file;
    char *from;
    int needs_tls;
    unsigned open_max;
    int64_t timeout_ms;
    struct smtp_link *links;
    unsigned n_mails; /* under way */
    struct smtp_stats stats;
};

/* --- a link's life ---------------------------------------------------------------------------- */

static void mail_free(struct smtp_mail *mail)
{
    buf_fini(&mail->content);
    free(mail->to);
    free(mail);
}

static void link_close(struct smtp_link *link)
{
    struct smtp *self = link->owner;
    struct smtp_link **at = &self->links;
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    loop_timer_cancel(self->loop, &link->timer);
    loop_source_remove(&link->source);
    curl_loop_remove(self->curl, link->easy, link->fd);
    buf_fini(&link->out);
    free(link);
}

/* Says goodbye without waiting for an answer. */
static void link_leave(struct smtp_link *link)
{
    size_t n;
    (void)curl_easy_send(link->easy, "QUIT\r\n", 6, &n);
    link_close(link);
}

static void on_idle_end(void *arg)
{
    struct smtp_link *link = arg;
    link->timer = NULL;
    link_leave(link);
}

/* Tells the sender. The link is in order before, because fn may send the next mail on it. */
static void mail_end(struct smtp *self, struct smtp_mail *mail, enum smtp_result result,
                     unsigned code)
{
    self->n_mails--;
    self->stats.sent += result == SMTP_SENT;
    self->stats.unavailable += result == SMTP_UNAVAILABLE;
    self->stats.temporary += result == SMTP_TEMPORARY;
    self->stats.permanent += result == SMTP_PERMANENT;
    smtp_fn fn = mail->fn;
    void *arg = mail->arg;
    mail_free(mail);
    fn(arg, result, code);
}

static void mail_start(struct smtp *self, struct smtp_mail *mail);

/* The link is of no more use. A mail that found a connection which the relay had given up long ago
 * goes out on a fresh one; else it has failed. */
static void link_break(struct smtp_link *link, unsigned code)
{
    struct smtp *self = link->owner;
    struct smtp_mail *mail = link->mail;
    int was_stale = link->is_used && link->state == LINK_MAIL && code == 0 &&
                    (mail == NULL || loop_now_ms(self->loop) < mail->deadline_ms);
    enum smtp_result result = link->state <= LINK_MAIL ? SMTP_UNAVAILABLE : SMTP_TEMPORARY;
    link_close(link);
    if (mail == NULL)
        return;
    if (was_stale)
        mail_start(self, mail);
    else
        mail_end(self, mail, result, code);
}

static void on_deadline(void *arg)
{
    struct smtp_link *link = arg;
    link->timer = NULL;
    link_break(link, 0);
}

/* --- the dialogue ----------------------------------------------------------------------------- */

/* Sends what waits; -EIO: the connection is broken. */
static int link_flush(struct smtp_link *link)
{
    while (link->out.len > 0) {
        size_t n = 0;
        CURLcode rc = curl_easy_send(link->easy, link->out.data, link->out.len, &n);
        if (rc == CURLE_AGAIN)
            break;
        if (rc != CURLE_OK)
            return -EIO;
        buf_consume(&link->out, n);
    }
    loop_source_events(link->source, LOOP_READ | (link->out.len > 0 ? LOOP_WRITE : 0));
    return 0;
}

static int link_say(struct smtp_link *link, enum link_state state)
{
    struct smtp_mail *mail = link->mail;
    link->state = state;
    if (state == LINK_MAIL)
        (void)buf_printf(&link->out, "MAIL FROM:<%s>\r\n", link->owner->from);
    else if (state == LINK_RCPT)
        (void)buf_printf(&link->out, "RCPT TO:<%s>\r\n", mail->to);
    else if (state == LINK_DATA)
        (void)buf_puts(&link->out, "DATA\r\n");
    else if (state == LINK_ANSWER)
        (void)buf_append(&link->out, mail->content.data, mail->content.len);
    return link->out.failed != 0 ? -EIO : link_flush(link);
}

static void link_idle(struct smtp_link *link)
{
    struct smtp *self = link->owner;
    loop_timer_cancel(self->loop, &link->timer);
    link->timer = loop_timer_add(self->loop, IDLE_MS, 0, on_idle_end, link);
    link->state = LINK_IDLE;
    link->mail = NULL;
    link->is_used = 1;
}

/* The relay's no is for ever only when it was said to this message: what it says to our sender
 * address or missing login an operator can set right. */
static void link_refused(struct smtp_link *link, unsigned code)
{
    int is_about_us = link->state == LINK_MAIL || code == LOGIN_REQUIRED;
    enum smtp_result result = is_about_us   ? SMTP_UNAVAILABLE
                              : code >= 500 ? SMTP_PERMANENT
                                            : SMTP_TEMPORARY;
    struct smtp *self = link->owner;
    struct smtp_mail *mail = link->mail;
    link_leave(link);
    mail_end(self, mail, result, code);
}

/* Takes one answer; 0: the link is still there. */
static int link_answered(struct smtp_link *link, unsigned code)
{
    struct smtp *self = link->owner;
    struct smtp_mail *mail = link->mail;
    if (link->state == LINK_IDLE || code < 200 || code > 599) { /* "421 closing", or no SMTP */
        link_break(link, 0);
        return -EPIPE;
    }
    if (code >= 400 || (code >= 300) != (link->state == LINK_DATA)) {
        link_refused(link, code);
        return -EPIPE;
    }
    if (link->state == LINK_ANSWER) {
        link_idle(link);
        mail_end(self, mail, SMTP_SENT, 0);
        return -EPIPE; /* the link may be gone, or busy with the next mail */
    }
    if (link_say(link, link->state + 1) == 0)
        return 0;
    link_break(link, 0);
    return -EPIPE;
}

/* Takes whole lines; the last one of an answer has no '-' after the code. */
static int link_parse(struct smtp_link *link, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n') {
            if (link->line_len == sizeof(link->line) - 1) {
                link_break(link, 0);
                return -EPIPE;
            }
            link->line[link->line_len++] = bytes[i];
            continue;
        }
        link->line[link->line_len] = '\0';
        size_t line_len = link->line_len;
        link->line_len = 0;
        if (line_len >= 4 && link->line[3] == '-')
            continue;
        char digits[4] = {link->line[0], link->line[1], link->line[2], '\0'};
        int64_t code = 0;
        if (line_len < 3 || parse_int64(digits, 0, 999, &code) < 0)
            code = 0;
        int rc = link_answered(link, (unsigned)code);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void on_link(void *arg, int events)
{
    struct smtp_link *link = arg;
    char bytes[4096];
    if (events & LOOP_WRITE && link_flush(link) < 0) {
        link_break(link, 0);
        return;
    }
    for (;;) { /* until TLS holds nothing back: what it has read already, no poll shows */
        size_t n = 0;
        CURLcode rc = curl_easy_recv(link->easy, bytes, sizeof(bytes), &n);
        if (rc == CURLE_AGAIN)
            return;
        if (rc != CURLE_OK || n == 0) {
            link_break(link, 0);
            return;
        }
        if (link_parse(link, bytes, n) < 0)
            return;
    }
}

static void on_connected(void *private, CURLcode rc)
{
    struct smtp_link *link = private;
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (rc == CURLE_OK)
        rc = curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (rc != CURLE_OK || fd == CURL_SOCKET_BAD) {
        long code = 0;
        (void)curl_easy_getinfo(link->easy, CURLINFO_RESPONSE_CODE, &code);
        link_break(link, code >= 400 && code <= 599 ? (unsigned)code : 0);
        return;
    }
    link->owner->stats.connections++;
    link->fd = fd;
    link->source = loop_add_fd(link->owner->loop, fd, LOOP_READ, on_link, link);
    if (link_say(link, LINK_MAIL) < 0)
        link_break(link, 0);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void link_options(struct smtp_link *link)
{
    struct smtp *self = link->owner;
    CURL *easy = link->easy;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, link);
    (void)curl_easy_setopt(easy, CURLOPT_URL, self->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a resolver's thread */
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)self->timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_USE_SSL,
                           self->needs_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
    if (self->ca_file[0] != '\0')
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, self->ca_file);
    if (self->password != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_USERNAME, self->user);
        (void)curl_easy_setopt(easy, CURLOPT_PASSWORD, self->password);
    }
}

static struct smtp_link *link_open(struct smtp *self)
{
    struct smtp_link *link = calloc(1, sizeof(*link));
    ASSERT(link != NULL);
    *link = (struct smtp_link){.owner = self, .next = self->links, .fd = -1};
    self->links = link;
    buf_init(&link->out, OUT_MAX_BYTES);
    link->easy = curl_easy_init();
    ASSERT(link->easy != NULL);
    link_options(link);
    curl_loop_add(self->curl, link->easy, on_connected);
    return link;
}

static struct smtp_link *find_idle(struct smtp *self)
{
    struct smtp_link *link = self->links;
    while (link != NULL && link->state != LINK_IDLE)
        link = link->next;
    return link;
}

static void mail_start(struct smtp *self, struct smtp_mail *mail)
{
    struct smtp_link *link = find_idle(self);
    int is_ready = link != NULL;
    if (!is_ready)
        link = link_open(self);
    link->mail = mail;
    loop_timer_cancel(self->loop, &link->timer);
    int64_t left_ms = MAX(mail->deadline_ms - loop_now_ms(self->loop), 0);
    link->timer = loop_timer_add(self->loop, left_ms, 0, on_deadline, link);
    /* A send that fails shows as a hang-up when the loop turns. */
    if (is_ready)
        (void)link_say(link, LINK_MAIL);
}

/* Lines end with \r\n, one that begins with a dot gets another one, a lone dot ends it all. */
static void fill_content(struct buf *out, const char *text, size_t len)
{
    buf_init(out, OUT_MAX_BYTES);
    int is_start = 1;
    for (size_t i = 0; i < len; i++) {
        if (is_start && text[i] == '.')
            (void)buf_putc(out, '.');
        if (text[i] == '\n')
            (void)buf_putc(out, '\r');
        (void)buf_putc(out, text[i]);
        is_start = text[i] == '\n';
    }
    (void)buf_puts(out, is_start ? ".\r\n" : "\r\n.\r\n");
    ASSERT(out->failed == 0);
}

static char *copy(const char *text)
{
    char *ret = strdup(text);
    ASSERT(ret != NULL);
    return ret;
}

void smtp_send(struct smtp *self, const char *to, const void *text, size_t len, smtp_fn fn,
               void *arg)
{
    ASSERT(self->n_mails < self->open_max);
    ASSERT(len <= SMTP_TEXT_MAX_BYTES);
    struct smtp_mail *mail = calloc(1, sizeof(*mail));
    ASSERT(mail != NULL);
    mail->to = copy(to);
    mail->fn = fn;
    mail->arg = arg;
    mail->deadline_ms = loop_now_ms(self->loop) + self->timeout_ms;
    fill_content(&mail->content, text, len);
    self->n_mails++;
    mail_start(self, mail);
}

unsigned smtp_open(const struct smtp *self)
{
    return self->n_mails;
}

void smtp_stats_get(const struct smtp *self, struct smtp_stats *ret)
{
    *ret = self->stats;
}

/* --- start and end ---------------------------------------------------------------------------- */

static int read_password(const char *path, char **ret, struct err *err)
{
    FILE *file = fopen(path, "re");
    struct stat status;
    if (file == NULL)
        return err_set(err, -ENOENT, "cannot read NOTIFICATIONS_SMTP_PASSWORD_FILE %.80s", path);
    char line[SMTP_PASSWORD_MAX_BYTES + 2] = "";
    int rc = 0;
    if (fstat(fileno(file), &status) < 0 || status.st_mode & (S_IRWXG | S_IRWXO))
        rc = err_set(err, -EACCES, "NOTIFICATIONS_SMTP_PASSWORD_FILE: others may read %.80s", path);
    else if (fgets(line, sizeof(line), file) == NULL || strlen(line) > SMTP_PASSWORD_MAX_BYTES)
        rc = err_set(err, -EINVAL, "NOTIFICATIONS_SMTP_PASSWORD_FILE: no password in %.80s", path);
    (void)fclose(file); /* only read */
    line[strcspn(line, "\r\n")] = '\0';
    if (rc == 0)
        *ret = copy(line);
    explicit_bzero(line, sizeof(line));
    return rc;
}

static int check_url(const struct smtp_conf *conf, struct err *err)
{
    int is_plain = strncmp(conf->url, "smtp://", 7) == 0;
    int is_tls = strncmp(conf->url, "smtps://", 8) == 0;
    const char *host = conf->url + (is_tls ? 8 : 7);
    if ((!is_plain && !is_tls) || *host == '\0' || strpbrk(host, "/@?# \t") != NULL)
        return err_set(err, -EINVAL,
                       "NOTIFICATIONS_SMTP_URL: want smtp://host:port or smtps://host:port");
    if (conf->user[0] != '\0' && is_plain && !conf->needs_tls)
        return err_set(err, -EINVAL,
                       "NOTIFICATIONS_SMTP_USER: needs smtps:// or NOTIFICATIONS_SMTP_TLS=true");
    return 0;
}

int smtp_create(const struct smtp_conf *conf, struct smtp **ret, struct err *err)
{
    int rc = check_url(conf, err);
    if (rc < 0)
        return rc;
    struct smtp *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->loop = conf->loop;
    self->curl = curl_loop_create(conf->loop);
    self->open_max = conf->open_max;
    self->timeout_ms = conf->timeout_ms;
    self->needs_tls = conf->needs_tls;
    self->from = copy(conf->from);
    self->user = copy(conf->user);
    self->ca_file = copy(conf->ca_file);
    size_t size = strlen(conf->url) + strlen(conf->hello) + 2;
    self->url = malloc(size);
    ASSERT(self->url != NULL);
    (void)snprintf(self->url, size, "%s/%s", conf->url, conf->hello);
    if (conf->user[0] != '\0')
        rc = read_password(conf->password_file, &self->password, err);
    if (rc < 0) {
        smtp_destroy(&self);
        return rc;
    }
    *ret = self;
    return 0;
}

void smtp_destroy(struct smtp **self_ret)
{
    struct smtp *self = *self_ret;
    if (self == NULL)
        return;
    for (struct smtp_link *link = self->links, *next; link != NULL; link = next) {
        next = link->next;
        if (link->mail != NULL)
            mail_free(link->mail);
        link_close(link);
    }
    curl_loop_destroy(&self->curl);
    if (self->password != NULL)
        explicit_bzero(self->password, strlen(self->password));
    free(self->password);
    free(self->user);
    free(self->ca_file);
    free(self->from);
    free(self->url);
    free(self);
    *self_ret = NULL;
}

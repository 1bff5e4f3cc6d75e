#include "services/notifications/message.h"

#include <string.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/macros.h"

#define WORD_MAX_BYTES 39   /* of text in one encoded word: with "Subject: " a line of 76 */
#define QP_LINE_MAX 75      /* and the soft break's "=" */
#define OFFSET_S (7 * 3600) /* +07:00, no daylight saving */

static int is_atom(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static int is_label(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Words of fitting characters with single dots between them. */
static int is_dotted(const char *text, size_t len, int (*fits)(char))
{
    char before = '.';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.' ? before == '.' : !fits(text[i]))
            return 0;
        before = text[i];
    }
    return before != '.';
}

int message_is_address(const char *text)
{
    const char *at = strchr(text, '@');
    size_t len = strlen(text);
    if (at == NULL || len > ADDRESS_MAX_BYTES || at - text > 64)
        return 0;
    return is_dotted(text, (size_t)(at - text), is_atom) &&
           is_dotted(at + 1, len - (size_t)(at + 1 - text), is_label);
}

static void append_base64(struct buf *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= i + 2 < len ? bytes[i + 2] : 0;
        (void)buf_putc(out, digits[group >> 18]);
        (void)buf_putc(out, digits[group >> 12 & 63]);
        (void)buf_putc(out, (char)(i + 1 < len ? digits[group >> 6 & 63] : '='));
        (void)buf_putc(out, (char)(i + 2 < len ? digits[group & 63] : '='));
    }
}

/* Length of the longest start of text that fits into one encoded word without cutting a character.
 */
static size_t word_length(const uint8_t *text, size_t len)
{
    if (len <= WORD_MAX_BYTES)
        return len;
    size_t n = WORD_MAX_BYTES;
    while (n > WORD_MAX_BYTES - 3 && (text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static int is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!is_label(*text) && *text != ' ')
            return 0;
    }
    return 1;
}

/* Text of a header: plain words as they are, anything else as encoded words (RFC 2047), which hold
 * no controls whatever the text holds. */
static void append_text(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    if (len <= WORD_MAX_BYTES && is_plain(text)) {
        (void)buf_puts(out, text);
        return;
    }
    const uint8_t *at = (const uint8_t *)text;
    while (len > 0) {
        uint8_t word[WORD_MAX_BYTES];
        size_t n = word_length(at, len);
        for (size_t i = 0; i < n; i++)
            word[i] = at[i] == '\r' || at[i] == '\n' ? ' ' : at[i];
        (void)buf_puts(out, "=?UTF-8?B?");
        append_base64(out, word, n);
        (void)buf_puts(out, n < len ? "?=\n " : "?=");
        at += n;
        len -= n;
    }
}

static void append_mailbox(struct buf *out, const char *header, const char *name,
                           const char *address)
{
    (void)buf_printf(out, "%s: ", header);
    append_text(out, name);
    (void)buf_printf(out, name[0] != '\0' ? "\n <%s>\n" : "%s\n", address);
}

/* In C's own words, whatever locale the process has. */
static void append_date(struct buf *out, int64_t at_ms)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t local = (time_t)(at_ms / 1000) + OFFSET_S;
    struct tm tm;
    if (gmtime_r(&local, &tm) == NULL)
        return;
    (void)buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0700\n", days[tm.tm_wday],
                     tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                     tm.tm_sec);
}

/* Quoted-printable (RFC 2045, 6.7): passes every relay, and plain text stays readable. */
static void append_body(struct buf *out, const char *text)
{
    size_t column = 0;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '\n') {
            (void)buf_putc(out, '\n');
            column = 0;
            continue;
        }
        int is_last = at[1] == '\n' || at[1] == '\0';
        int is_literal = (c > ' ' && c < 127 && c != '=') || (c == ' ' && !is_last);
        size_t width = is_literal ? 1 : 3;
        if (column + width > QP_LINE_MAX) {
            (void)buf_puts(out, "=\n");
            column = 0;
        }
        (void)buf_printf(out, is_literal ? "%c" : "=%02X", c);
        column += width;
    }
    if (column > 0)
        (void)buf_putc(out, '\n');
}

int message_build(const struct message *message, struct buf *ret)
{
    ASSERT(message_is_address(message->from) && message_is_address(message->to));
    append_mailbox(ret, "From", message->from_name, message->from);
    append_mailbox(ret, "To", message->to_name, message->to);
    (void)buf_puts(ret, "Subject: ");
    append_text(ret, message->subject);
    (void)buf_putc(ret, '\n');
    append_date(ret, message->at_ms);
    (void)buf_printf(ret, "Message-ID: <%s%s>\n", message->id, strchr(message->from, '@'));
    (void)buf_printf(ret, "Content-Language: %s\n", message->language);
    (void)buf_puts(ret, "Auto-Submitted: auto-generated\n"
                        "MIME-Version: 1.0\n"
                        "Content-Type: text/plain; charset=UTF-8\n"
                        "Content-Transfer-Encoding: quoted-printable\n\n");
    append_body(ret, message->body);
    return ret->failed;
}

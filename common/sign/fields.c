#include "common/sign/fields.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define INTEGER_MAX_DIGITS 15
#define MEMBERS_MAX 16

int slice_is(const struct slice *self, const char *text)
{
    return self->text != NULL && self->len == strlen(text) &&
           memcmp(self->text, text, self->len) == 0;
}

int field_open(struct field_reader *self, const char *text, struct err *err)
{
    *self = (struct field_reader){.at = text};
    if (strnlen(text, FIELD_MAX_BYTES + 1) > FIELD_MAX_BYTES)
        return err_set(err, -EMSGSIZE, "longer than %d bytes", FIELD_MAX_BYTES);
    self->at += strspn(text, " ");
    return 0;
}

/* --- characters ------------------------------------------------------------------------------- */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static int is_alpha(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static int is_key_char(char c)
{
    return is_lower(c) || is_digit(c) || (c != '\0' && strchr("_-.*", c) != NULL);
}

static int is_token_char(char c)
{
    return is_alpha(c) || is_digit(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~:/", c) != NULL);
}

static int is_base64_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

static struct slice take(struct field_reader *self, size_t len)
{
    struct slice slice = {self->at, len};
    self->at += len;
    return slice;
}

static struct slice take_while(struct field_reader *self, int (*is_one)(char c))
{
    size_t len = 0;
    while (is_one(self->at[len]))
        len++;
    return take(self, len);
}

/* --- values ----------------------------------------------------------------------------------- */

static int read_key(struct field_reader *self, struct slice *ret, struct err *err)
{
    if (!is_lower(*self->at) && *self->at != '*')
        return err_set(err, -EINVAL, "a key begins with a lower-case letter");
    *ret = take_while(self, is_key_char);
    return ret->len <= FIELD_KEY_MAX_CHARS ? 0 : err_set(err, -EINVAL, "a key is too long");
}

static int read_integer(struct field_reader *self, struct field_item *ret, struct err *err)
{
    int is_negative = *self->at == '-';
    self->at += is_negative;
    struct slice digits = take_while(self, is_digit);
    if (digits.len == 0 || digits.len > INTEGER_MAX_DIGITS || *self->at == '.')
        return err_set(err, -EINVAL, "want an integer of 1 to 15 digits");
    ret->type = FIELD_INTEGER;
    ret->integer = 0;
    for (size_t i = 0; i < digits.len; i++)
        ret->integer = ret->integer * 10 + (digits.text[i] - '0');
    if (is_negative)
        ret->integer = -ret->integer;
    return 0;
}

static int read_string(struct field_reader *self, struct field_item *ret, struct err *err)
{
    const char *begin = ++self->at;
    for (; *self->at != '"'; self->at++) {
        int is_escaped = *self->at == '\\';
        self->at += is_escaped;
        if (*self->at < ' ' || *self->at > '~' ||
            (is_escaped && *self->at != '"' && *self->at != '\\'))
            return err_set(err, -EINVAL, "a string does not end, or is not ASCII");
    }
    ret->type = FIELD_STRING;
    ret->text = (struct slice){begin, (size_t)(self->at - begin)};
    self->at++;
    return 0;
}

static int read_bytes(struct field_reader *self, struct field_item *ret, struct err *err)
{
    self->at++;
    ret->type = FIELD_BYTES;
    ret->text = take_while(self, is_base64_char);
    if (*self->at != ':')
        return err_set(err, -EINVAL, "a byte sequence does not end with a colon");
    self->at++;
    return 0;
}

static int read_boolean(struct field_reader *self, struct field_item *ret, struct err *err)
{
    if (self->at[1] != '0' && self->at[1] != '1')
        return err_set(err, -EINVAL, "want ?0 or ?1");
    ret->type = FIELD_BOOLEAN;
    ret->integer = self->at[1] == '1';
    self->at += 2;
    return 0;
}

int field_item(struct field_reader *self, struct field_item *ret, struct err *err)
{
    *ret = (struct field_item){0};
    char c = *self->at;
    if (c == '-' || is_digit(c))
        return read_integer(self, ret, err);
    if (c == '"')
        return read_string(self, ret, err);
    if (c == ':')
        return read_bytes(self, ret, err);
    if (c == '?')
        return read_boolean(self, ret, err);
    if (!is_alpha(c) && c != '*')
        return err_set(err, -EINVAL, "want a value");
    ret->type = FIELD_TOKEN;
    ret->text = take_while(self, is_token_char);
    return 0;
}

int field_parameter(struct field_reader *self, struct slice *ret_key, struct field_item *ret,
                    struct err *err)
{
    if (*self->at != ';')
        return 0;
    self->at++;
    self->at += strspn(self->at, " ");
    int rc = read_key(self, ret_key, err);
    *ret = (struct field_item){.type = FIELD_BOOLEAN, .integer = 1};
    if (rc == 0 && *self->at == '=') {
        self->at++;
        rc = field_item(self, ret, err);
    }
    return rc < 0 ? rc : 1;
}

/* --- dictionaries and inner lists ------------------------------------------------------------- */

/* Behind the comma before every member but the first; 0 at the end. */
static int next_member(struct field_reader *self, struct err *err)
{
    if (self->n_members == 0 && *self->at == '\0')
        return err_set(err, -EINVAL, "empty");
    if (self->n_members == 0)
        return 1;
    self->at += strspn(self->at, " \t");
    if (*self->at == '\0')
        return 0;
    if (*self->at != ',')
        return err_set(err, -EINVAL, "want a comma between members");
    self->at++;
    self->at += strspn(self->at, " \t");
    return 1;
}

int field_member(struct field_reader *self, struct slice *ret_key, struct err *err)
{
    int rc = next_member(self, err);
    if (rc <= 0)
        return rc;
    if (++self->n_members > MEMBERS_MAX)
        return err_set(err, -EINVAL, "more than %d members", MEMBERS_MAX);
    rc = read_key(self, ret_key, err);
    if (rc < 0)
        return rc;
    if (*self->at != '=')
        return err_set(err, -EINVAL, "%.*s has no value", (int)ret_key->len, ret_key->text);
    self->at++;
    return 1;
}

int field_list(struct field_reader *self, struct err *err)
{
    if (*self->at != '(')
        return err_set(err, -EINVAL, "want a list in parentheses");
    self->at++;
    return 0;
}

int field_list_more(struct field_reader *self, int is_first, struct err *err)
{
    size_t n_spaces = strspn(self->at, " ");
    self->at += n_spaces;
    if (*self->at == ')') {
        self->at++;
        return 0;
    }
    if (*self->at == '\0')
        return err_set(err, -EINVAL, "a list does not end");
    if (!is_first && n_spaces == 0)
        return err_set(err, -EINVAL, "want a space between the items of a list");
    return 1;
}

int field_bytes(const struct field_item *item, uint8_t *ret, size_t size)
{
    size_t len;
    const char *end;
    if (item->type != FIELD_BYTES)
        return -EINVAL;
    if (item->text.len / 4 * 3 > size + 2)
        return -EMSGSIZE;
    if (sodium_base642bin(ret, size, item->text.text, item->text.len, NULL, &len, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != item->text.text + item->text.len)
        return -EINVAL;
    return (int)len;
}

/* --- writing ---------------------------------------------------------------------------------- */

void field_write_item(const struct field_item *item, struct buf *out)
{
    static const char *const quotes[] = {
        [FIELD_INTEGER] = "", [FIELD_STRING] = "\"", [FIELD_TOKEN] = "",
        [FIELD_BYTES] = ":",  [FIELD_BOOLEAN] = "",
    };
    (void)buf_puts(out, quotes[item->type]);
    if (item->type == FIELD_INTEGER)
        (void)buf_printf(out, "%lld", (long long)item->integer);
    else if (item->type == FIELD_BOOLEAN)
        (void)buf_puts(out, item->integer ? "?1" : "?0");
    else
        (void)buf_append(out, item->text.text, item->text.len);
    (void)buf_puts(out, quotes[item->type]);
}

void field_write_parameter(const struct slice *key, const struct field_item *value, struct buf *out)
{
    (void)buf_putc(out, ';');
    (void)buf_append(out, key->text, key->len);
    if (value->type == FIELD_BOOLEAN && value->integer)
        return;
    (void)buf_putc(out, '=');
    field_write_item(value, out);
}

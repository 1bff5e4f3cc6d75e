#include "common/sign/signature.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const char *const algorithm_names[] = {
    [SIGNATURE_NONE] = "",
    [SIGNATURE_ED25519] = "ed25519",
    [SIGNATURE_HMAC_SHA256] = "hmac-sha256",
};

const char *signature_algorithm_name(enum signature_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

enum signature_algorithm signature_algorithm_of(const char *name, size_t len)
{
    const struct slice slice = {name, len};
    for (unsigned i = SIGNATURE_ED25519; i < ARRAY_LEN(algorithm_names); i++) {
        if (slice_is(&slice, algorithm_names[i]))
            return (enum signature_algorithm)i;
    }
    return SIGNATURE_NONE;
}

int signature_covers(const struct signature *self, const char *name, int is_of_request)
{
    for (size_t i = 0; i < self->n_components; i++) {
        const struct signature_component *component = &self->components[i];
        if (slice_is(&component->name, name) && component->is_of_request == is_of_request)
            return 1;
    }
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int is_same_text(const struct slice *a, const struct slice *b)
{
    return a->text != NULL && b->text != NULL && a->len == b->len &&
           memcmp(a->text, b->text, a->len) == 0;
}

static int is_same_component(const struct signature_component *a,
                             const struct signature_component *b)
{
    return a->is_of_request == b->is_of_request && is_same_text(&a->name, &b->name);
}

static int read_component(struct field_reader *reader, struct signature *self, struct err *err)
{
    struct field_item item, value;
    struct slice key;
    if (self->n_components == SIGNATURE_COMPONENTS_MAX)
        return err_set(err, -EINVAL, "more than %d components", SIGNATURE_COMPONENTS_MAX);
    struct signature_component *component = &self->components[self->n_components];
    int rc = field_item(reader, &item, err);
    if (rc == 0 && item.type != FIELD_STRING)
        rc = err_set(err, -EINVAL, "a component's name is a string");
    if (rc < 0)
        return rc;
    *component = (struct signature_component){.name = item.text};
    field_write_item(&item, &self->params);
    while ((rc = field_parameter(reader, &key, &value, err)) == 1) {
        if (!slice_is(&key, "req") || value.type != FIELD_BOOLEAN || !value.integer ||
            component->is_of_request)
            return err_set(err, -EINVAL, "a component's parameter is not supported, or repeated");
        component->is_of_request = 1;
        field_write_parameter(&key, &value, &self->params);
    }
    for (size_t i = 0; rc == 0 && i < self->n_components; i++) {
        if (is_same_component(component, &self->components[i]))
            return err_set(err, -EINVAL, "the component \"%.*s\" is there twice",
                           (int)component->name.len, component->name.text);
    }
    self->n_components++;
    return rc;
}

static int read_components(struct field_reader *reader, struct signature *self, struct err *err)
{
    int rc = field_list(reader, err);
    if (rc < 0)
        return rc;
    (void)buf_putc(&self->params, '(');
    while ((rc = field_list_more(reader, self->n_components == 0, err)) == 1) {
        if (self->n_components > 0)
            (void)buf_putc(&self->params, ' ');
        rc = read_component(reader, self, err);
        if (rc < 0)
            return rc;
    }
    (void)buf_putc(&self->params, ')');
    return rc;
}

static int take_time(const struct field_item *value, int *has, int64_t *ret)
{
    if (*has || value->type != FIELD_INTEGER)
        return -EINVAL;
    *has = 1;
    *ret = value->integer;
    return 0;
}

static int take_text(const struct field_item *value, struct slice *ret)
{
    if (ret->text != NULL || value->type != FIELD_STRING)
        return -EINVAL;
    *ret = value->text;
    return 0;
}

/* A parameter that nobody knows changes what the signature means: refused. */
static int take_parameter(struct signature *self, const struct slice *key,
                          const struct field_item *value)
{
    if (slice_is(key, "created"))
        return take_time(value, &self->has_created, &self->created);
    if (slice_is(key, "expires"))
        return take_time(value, &self->has_expires, &self->expires);
    if (slice_is(key, "nonce"))
        return take_text(value, &self->nonce);
    if (slice_is(key, "keyid"))
        return take_text(value, &self->key_id);
    if (slice_is(key, "alg"))
        return take_text(value, &self->algorithm);
    return slice_is(key, "tag") ? take_text(value, &self->tag) : -EINVAL;
}

static int read_parameters(struct field_reader *reader, struct signature *self, struct err *err)
{
    struct slice key;
    struct field_item value;
    int rc;
    while ((rc = field_parameter(reader, &key, &value, err)) == 1) {
        if (take_parameter(self, &key, &value) < 0)
            return err_set(err, -EINVAL,
                           "the parameter %.*s is unknown, repeated or of another type",
                           (int)key.len, key.text);
        field_write_parameter(&key, &value, &self->params);
    }
    return rc;
}

/* Nothing follows the one member. */
static int read_end(struct field_reader *reader, struct err *err)
{
    struct slice other;
    int rc = field_member(reader, &other, err);
    return rc == 1 ? err_set(err, -EINVAL, "want one signature") : rc;
}

static int read_input(const char *text, struct signature *self, struct err *err)
{
    struct field_reader reader;
    int rc = field_open(&reader, text, err);
    if (rc == 0)
        rc = field_member(&reader, &self->label, err);
    if (rc >= 0)
        rc = read_components(&reader, self, err);
    if (rc == 0)
        rc = read_parameters(&reader, self, err);
    return rc < 0 ? rc : read_end(&reader, err);
}

static int read_value(const char *text, struct signature *self, struct err *err)
{
    struct field_reader reader;
    struct slice label = {0}, key;
    struct field_item item, value;
    int rc = field_open(&reader, text, err);
    if (rc == 0)
        rc = field_member(&reader, &label, err);
    if (rc >= 0)
        rc = field_item(&reader, &item, err);
    while (rc == 0 && (rc = field_parameter(&reader, &key, &value, err)) == 1)
        rc = 0;
    if (rc == 0)
        rc = read_end(&reader, err);
    if (rc < 0)
        return rc;
    if (!is_same_text(&label, &self->label))
        return err_set(err, -EINVAL, "has another label than Signature-Input");
    rc = field_bytes(&item, self->value, sizeof(self->value));
    if (rc < 0)
        return err_set(err, -EINVAL, "want base64 of at most %d bytes", SIGNATURE_MAX_BYTES);
    self->value_len = (size_t)rc;
    return 0;
}

int signature_read(const char *input, const char *value, struct signature *ret, struct err *err)
{
    struct err why = {0};
    *ret = (struct signature){0};
    buf_init(&ret->params, FIELD_MAX_BYTES);
    if (read_input(input, ret, &why) < 0)
        return err_set(err, -EINVAL, "Signature-Input: %.120s", why.text);
    if (ret->params.failed)
        return err_set(err, -EINVAL, "Signature-Input: too long");
    if (read_value(value, ret, &why) < 0)
        return err_set(err, -EINVAL, "Signature: %.120s", why.text);
    return 0;
}

void signature_fini(struct signature *self)
{
    buf_fini(&self->params);
}

/* --- components ------------------------------------------------------------------------------- */

/* The parts of "scheme://authority/path?query". */
struct uri {
    struct slice scheme, authority, path, query; /* query with its '?' */
};

static int uri_split(const char *text, struct uri *ret)
{
    const char *end = text == NULL ? NULL : strstr(text, "://");
    if (end == NULL)
        return -EINVAL;
    ret->scheme = (struct slice){text, (size_t)(end - text)};
    text = end + 3;
    ret->authority = (struct slice){text, strcspn(text, "/?")};
    text += ret->authority.len;
    ret->path = (struct slice){text, strcspn(text, "?")};
    text += ret->path.len;
    ret->query = (struct slice){text, strlen(text)};
    if (ret->path.len == 0)
        ret->path = (struct slice){"/", 1};
    return 0;
}

static void append_lower(const struct slice *text, struct buf *out)
{
    for (size_t i = 0; i < text->len; i++) {
        char c = text->text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        (void)buf_putc(out, c);
    }
}

/* In lower case, without the scheme's own port. */
static void append_authority(const struct uri *uri, struct buf *out)
{
    const char *port = slice_is(&uri->scheme, "https") ? ":443" : ":80";
    struct slice host = uri->authority;
    size_t len = strlen(port);
    if (host.len > len && memcmp(host.text + host.len - len, port, len) == 0)
        host.len -= len;
    append_lower(&host, out);
}

static void append_slice(const struct slice *text, struct buf *out)
{
    (void)buf_append(out, text->text, text->len);
}

static int append_derived(const struct slice *name, const struct signature_message *message,
                          struct buf *out)
{
    struct uri uri = {0};
    if (slice_is(name, "@status") && message->status != 0)
        return buf_printf(out, "%u", message->status);
    if (message->method == NULL || uri_split(message->target_uri, &uri) < 0)
        return -EINVAL;
    if (slice_is(name, "@method")) {
        (void)buf_puts(out, message->method);
    } else if (slice_is(name, "@target-uri")) {
        (void)buf_puts(out, message->target_uri);
    } else if (slice_is(name, "@authority")) {
        append_authority(&uri, out);
    } else if (slice_is(name, "@scheme")) {
        append_lower(&uri.scheme, out);
    } else if (slice_is(name, "@path")) {
        append_slice(&uri.path, out);
    } else if (slice_is(name, "@request-target")) {
        append_slice(&uri.path, out);
        append_slice(&uri.query, out);
    } else if (slice_is(name, "@query")) {
        (void)buf_puts(out, uri.query.len == 0 ? "?" : "");
        append_slice(&uri.query, out);
    } else {
        return -EINVAL;
    }
    return 0;
}

static int append_field(const struct slice *name, const struct signature_message *message,
                        struct buf *out)
{
    char text[SIGNATURE_NAME_MAX_CHARS + 1];
    if (name->len == 0 || name->len > SIGNATURE_NAME_MAX_CHARS)
        return -EINVAL;
    for (size_t i = 0; i < name->len; i++) {
        char c = name->text[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return -EINVAL;
        text[i] = c;
    }
    text[name->len] = '\0';
    const char *value = message->field(message->arg, text);
    if (value == NULL || strpbrk(value, "\r\n") != NULL)
        return -EINVAL;
    (void)buf_puts(out, value);
    return 0;
}

static int append_component(const struct signature_component *component,
                            const struct signature_message *message, struct buf *out)
{
    const struct signature_message *of = component->is_of_request ? message->request : message;
    (void)buf_printf(out, "\"%.*s\"%s: ", (int)component->name.len, component->name.text,
                     component->is_of_request ? ";req" : "");
    if (of == NULL)
        return -EINVAL;
    int rc = component->name.len > 0 && component->name.text[0] == '@'
                 ? append_derived(&component->name, of, out)
                 : append_field(&component->name, of, out);
    (void)buf_putc(out, '\n');
    return rc;
}

int signature_base(const struct signature *self, const struct signature_message *message,
                   struct buf *out, struct err *err)
{
    for (size_t i = 0; i < self->n_components; i++) {
        if (append_component(&self->components[i], message, out) < 0)
            return err_set(err, -EINVAL,
                           "the covered component \"%.*s\" is absent or not supported",
                           (int)self->components[i].name.len, self->components[i].name.text);
    }
    (void)buf_puts(out, "\"@signature-params\": ");
    (void)buf_append(out, self->params.data, self->params.len);
    return out->failed == 0 ? 0 : err_set(err, out->failed, "the signature base is too long");
}

/* --- keys ------------------------------------------------------------------------------------- */

static void hmac(const struct signature_key *key, const struct buf *base,
                 uint8_t ret[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, key->bytes, key->len);
    (void)crypto_auth_hmacsha256_update(&state, base->data, base->len);
    (void)crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof(state));
}

int signature_check(const struct signature *self, const struct signature_key *key,
                    const struct buf *base)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    int is_right = 0;
    if (key->algorithm == SIGNATURE_ED25519 && self->value_len == crypto_sign_BYTES &&
        key->len == crypto_sign_PUBLICKEYBYTES) {
        is_right = crypto_sign_verify_detached(self->value, base->data, base->len, key->bytes) == 0;
    } else if (key->algorithm == SIGNATURE_HMAC_SHA256 && self->value_len == sizeof(mac)) {
        hmac(key, base, mac);
        is_right = sodium_memcmp(mac, self->value, sizeof(mac)) == 0;
    }
    return is_right ? 0 : -EBADMSG;
}

/* --- making ----------------------------------------------------------------------------------- */

static void add_text(struct buf *out, const char *name, const char *value)
{
    if (value != NULL)
        (void)buf_printf(out, ";%s=\"%s\"", name, value);
}

static void write_input(const struct signature_spec *spec, enum signature_algorithm algorithm,
                        struct buf *out)
{
    (void)buf_printf(out, "%s=(", spec->label);
    for (size_t i = 0; spec->components[i] != NULL; i++) {
        const char *name = spec->components[i];
        (void)buf_printf(out, "%s\"%.*s\"%s", i == 0 ? "" : " ", (int)strcspn(name, ";"), name,
                         name + strcspn(name, ";"));
    }
    (void)buf_printf(out, ");created=%lld", (long long)spec->created);
    if (spec->expires != 0)
        (void)buf_printf(out, ";expires=%lld", (long long)spec->expires);
    add_text(out, "nonce", spec->nonce);
    add_text(out, "keyid", spec->key_id);
    add_text(out, "alg", spec->has_algorithm ? signature_algorithm_name(algorithm) : NULL);
}

static size_t sign(const struct signature_key *key, const struct buf *base,
                   uint8_t ret[SIGNATURE_MAX_BYTES])
{
    if (key->algorithm == SIGNATURE_ED25519) {
        (void)crypto_sign_detached(ret, NULL, base->data, base->len, key->bytes);
        return crypto_sign_BYTES;
    }
    hmac(key, base, ret);
    return crypto_auth_hmacsha256_BYTES;
}

int signature_make(const struct signature_spec *spec, const struct signature_message *message,
                   const struct signature_key *key, struct buf *ret_input, struct buf *ret_value,
                   struct err *err)
{
    /* What was written is read again: the base is made in one place, and of what can be read. */
    struct signature signature;
    size_t start = ret_input->len;
    CLEANUP(buf_fini) struct buf base;
    buf_init(&base, SIGNATURE_BASE_MAX_BYTES);
    write_input(spec, key->algorithm, ret_input);
    (void)buf_putc(ret_input, '\0');
    if (ret_input->failed)
        return err_set(err, -EMSGSIZE, "the signature is too long");
    ret_input->len--;
    (void)buf_printf(&base, "%s=::", spec->label);
    (void)buf_putc(&base, '\0');
    int rc = signature_read((const char *)ret_input->data + start, (const char *)base.data,
                            &signature, err);
    buf_reset(&base);
    if (rc == 0)
        rc = signature_base(&signature, message, &base, err);
    signature_fini(&signature);
    if (rc < 0)
        return rc;
    uint8_t value[SIGNATURE_MAX_BYTES];
    char text[sodium_base64_ENCODED_LEN(SIGNATURE_MAX_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    (void)sodium_bin2base64(text, sizeof(text), value, sign(key, &base, value),
                            sodium_base64_VARIANT_ORIGINAL);
    (void)buf_printf(ret_value, "%s=:%s:", spec->label, text);
    return ret_value->failed ? err_set(err, -EMSGSIZE, "the signature is too long") : 0;
}

#include "services/cli/sandbox_forward.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/log.h"

/* Fields of one connection (RFC 9110, section 7.6.1), and those that are made anew. */
static const char *const own_fields[] = {
    "Connection",       "Keep-Alive", "Transfer-Encoding", "Content-Length",  "Expect", "TE",
    "Proxy-Connection", "Upgrade",    "Trailer",           "Accept-Encoding", "Date"};

static int is_own(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(own_fields); i++) {
        if (strlen(own_fields[i]) == len && strncasecmp(own_fields[i], name, len) == 0)
            return 1;
    }
    return 0;
}

void forward_fields_add(struct forward_fields *self, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 3;
    if (is_own(name, strlen(name)) || self->n == FORWARD_FIELDS_MAX)
        return;
    char *text = malloc(size);
    ASSERT(text != NULL);
    (void)snprintf(text, size, "%s: %s", name, value);
    self->texts[self->n++] = text;
}

void forward_fields_fini(struct forward_fields *self)
{
    for (size_t i = 0; i < self->n; i++)
        free(self->texts[i]);
    self->n = 0;
}

void forward_answer_init(struct forward_answer *self)
{
    *self = (struct forward_answer){0};
    buf_init(&self->body, FORWARD_BODY_MAX_BYTES);
}

void forward_answer_fini(struct forward_answer *self)
{
    forward_fields_fini(&self->fields);
    buf_fini(&self->body);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct forward_answer *self = arg;
    return buf_append(&self->body, data, size * n) < 0 ? 0 : size * n;
}

static size_t on_field(char *data, size_t size, size_t n, void *arg)
{
    struct forward_answer *self = arg;
    const char *colon = memchr(data, ':', size * n);
    char name[256], value[8192];
    if (colon == NULL)
        return size * n;
    size_t len = (size_t)(colon - data), value_len = size * n - len - 1;
    const char *at = colon + 1;
    while (value_len > 0 && (*at == ' ' || *at == '\t')) {
        at++;
        value_len--;
    }
    while (value_len > 0 && strchr("\r\n \t", at[value_len - 1]) != NULL)
        value_len--;
    (void)snprintf(name, sizeof(name), "%.*s", (int)len, data);
    (void)snprintf(value, sizeof(value), "%.*s", (int)value_len, at);
    forward_fields_add(&self->fields, name, value);
    return size * n;
}

static struct curl_slist *list_of(const struct forward_fields *fields)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < fields->n; i++)
        list = curl_slist_append(list, fields->texts[i]);
    return curl_slist_append(list, "Expect:");
}

int forward(const char *url, const char *method, const struct forward_fields *fields,
            const struct buf *body, long timeout_ms, struct forward_answer *ret)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *list = list_of(fields);
    ASSERT(curl != NULL && list != NULL);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (body->len > 0) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)body->data);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->len);
    }
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_field);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, ret);
    CURLcode rc = curl_easy_perform(curl);
    if (rc == CURLE_OK)
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
    else
        (void)fprintf(stderr, "ansinh: %s: %s\n", url, curl_easy_strerror(rc));
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return rc == CURLE_OK ? 0 : -EIO;
}

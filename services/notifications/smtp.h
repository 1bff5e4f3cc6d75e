/* Sends mail to one relay by SMTP in our reactor: several messages at once, connections kept and
 * used again.
 *
 * libcurl connects (TCP, TLS, EHLO, STARTTLS, login); MAIL, RCPT, DATA are spoken here, because
 * curl's own transaction blocks until the relay has answered the message, and after a time-out
 * takes the late answer for that of the next one. No thread of ours; libcurl starts one only to
 * resolve a relay that is given by name. */
#ifndef ANSINH_NOTIFICATIONS_SMTP_H
#define ANSINH_NOTIFICATIONS_SMTP_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/loop/loop.h"

#define SMTP_PASSWORD_MAX_BYTES 256
#define SMTP_TEXT_MAX_BYTES (1024 * 1024)

struct smtp;

struct smtp_conf {
    struct loop *loop;         /* borrowed, as all texts are during smtp_create */
    const char *url;           /* smtp://host:port or smtps://host:port */
    const char *user;          /* "": no login */
    const char *password_file; /* its first line is the password */
    const char *ca_file;       /* "": the system's certificate authorities */
    int needs_tls;             /* smtp:// must become TLS by STARTTLS before anything is said */
    const char *hello;         /* our domain in EHLO */
    const char *from;          /* envelope sender */
    unsigned open_max;         /* messages under way, and so connections */
    int64_t timeout_ms;        /* of one message, from smtp_send to the relay's answer */
};

/* Does not connect. -EINVAL: not such a url, or a login that would cross the network in the clear;
 * -ENOENT, -EACCES (others may read it): the password file; err names the option. */
int smtp_create(const struct smtp_conf *conf, struct smtp **ret, struct err *err) MUST_CHECK;

/* Messages still under way are dropped, their fn does not run. */
void smtp_destroy(struct smtp **self);

enum smtp_result {
    SMTP_SENT,        /* the relay has taken it with 250: it is responsible now */
    SMTP_UNAVAILABLE, /* no relay to talk to: connection, TLS, greeting, login or sender refused */
    SMTP_TEMPORARY,   /* 4xx to recipient or message, or no answer to them: may work later */
    SMTP_PERMANENT,   /* 5xx to recipient or message */
};

/* code: the relay's refusal, or 0. */
typedef void (*smtp_fn)(void *arg, enum smtp_result result, unsigned code);

/* Sends a message of lines ended by \n to an address that needs no quoting. Copies. fn runs once,
 * never inside this call. Not more than open_max at once. */
void smtp_send(struct smtp *self, const char *to, const void *text, size_t len, smtp_fn fn,
               void *arg);

unsigned smtp_open(const struct smtp *self);

struct smtp_stats {
    int64_t sent, unavailable, temporary, permanent, connections;
};
void smtp_stats_get(const struct smtp *self, struct smtp_stats *ret);

#endif

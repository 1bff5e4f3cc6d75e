/* Where a Redis server listens, as written in configuration. */
#ifndef ANSINH_STORE_URL_H
#define ANSINH_STORE_URL_H

#include "common/base/err.h"

#define URL_HOST_MAX_BYTES 256

struct url {
    char host[URL_HOST_MAX_BYTES]; /* name, IP, or the path of a unix socket */
    int port;                      /* 0: unix socket */
};

/* Reads "unix:/absolute/path" (at most 107 bytes of path), "tcp://host:port" or
 * "tcp://[ipv6]:port". -EINVAL for anything else, the url named in err. */
int url_parse(const char *text, struct url *ret, struct err *err) MUST_CHECK;

#endif

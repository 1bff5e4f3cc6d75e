#include "common/store/url.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include "common/base/parse.h"

#define UNIX_PREFIX "unix:"
#define TCP_PREFIX "tcp://"
#define UNIX_PATH_MAX_BYTES (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

static int host_copy(const char *host, size_t len, struct url *ret)
{
    if (len == 0 || len >= sizeof(ret->host))
        return -EINVAL;
    memcpy(ret->host, host, len);
    ret->host[len] = '\0';
    return 0;
}

static int tcp_parse(const char *text, struct url *ret)
{
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (colon == NULL || parse_int64(colon + 1, 1, UINT16_MAX, &port) < 0)
        return -EINVAL;
    ret->port = (int)port;
    size_t len = (size_t)(colon - text);
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        return host_copy(text + 1, len - 2, ret);
    if (strcspn(text, ":[]/@ ") != len)
        return -EINVAL;
    return host_copy(text, len, ret);
}

int url_parse(const char *text, struct url *ret, struct err *err)
{
    int rc = -EINVAL;
    memset(ret, 0, sizeof(*ret));
    if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
        const char *path = text + strlen(UNIX_PREFIX);
        if (path[0] == '/' && strlen(path) <= UNIX_PATH_MAX_BYTES)
            rc = host_copy(path, strlen(path), ret);
    } else if (strncmp(text, TCP_PREFIX, strlen(TCP_PREFIX)) == 0) {
        rc = tcp_parse(text + strlen(TCP_PREFIX), ret);
    }
    if (rc < 0)
        return err_set(err, rc, "not a Redis address (unix:/path or tcp://host:port): %.80s", text);
    return 0;
}

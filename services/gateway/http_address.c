#include "services/gateway/http_address.h"

#include <arpa/inet.h>
#include <string.h>

socklen_t http_address_parse(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof(*v4);
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ret;
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return 0;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof(*v6);
}

void http_address_customer(const struct sockaddr *address, char ret[HTTP_PEER_BYTES])
{
    ret[0] = '\0';
    if (address == NULL)
        return;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        (void)inet_ntop(AF_INET, &v4.sin_addr, ret, HTTP_PEER_BYTES);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        memset(v6.sin6_addr.s6_addr + 8, 0, 8);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, ret, HTTP_PEER_BYTES);
    }
}

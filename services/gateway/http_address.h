/* Internet addresses as text. */
#ifndef ANSINH_GATEWAY_HTTP_ADDRESS_H
#define ANSINH_GATEWAY_HTTP_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

#include "services/gateway/http.h"

/* Fills a socket address and answers its length; 0 for a text that is no IPv4 or IPv6 address. */
socklen_t http_address_parse(const char *text, uint16_t port, struct sockaddr_storage *ret);

/* An IPv4 address, or the first half of an IPv6 address, which one customer has; "" for any other,
 * and for NULL. */
void http_address_customer(const struct sockaddr *address, char ret[HTTP_PEER_BYTES]);

#endif

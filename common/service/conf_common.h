/* The options that every process has; see struct service_conf. */
#ifndef ANSINH_SERVICE_CONF_COMMON_H
#define ANSINH_SERVICE_CONF_COMMON_H

#include "common/service/service.h"

/* Table rows of struct service_conf. */
extern const struct conf_item service_conf_items[];
extern const size_t service_conf_n_items;

/* Loads the common and the service's own options (conf_load's errors), then fills what was left
 * empty: the instance's name, absolute VAR, the Redis sockets, key folder and endpoints below it.
 */
int service_conf_load(struct service_conf *conf, const struct service_spec *spec, const char *file,
                      struct err *err) MUST_CHECK;

/* The two tables of a process, for --help and --print-config. */
void service_conf_tables(struct service_conf *conf, const struct service_spec *spec,
                         struct conf_table ret[2]);

#endif

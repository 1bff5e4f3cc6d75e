#include "tests/support/test.h"

#include <string.h>

#include "tests/support/store_fixture.h"

void store_fixture_reopen(struct store_fixture *self)
{
    struct err err = {{0}, {0}};
    store_destroy(&self->store);
    if (store_create(self->loop, &self->conf, &self->store, &err) < 0)
        fail_msg("%s", err.text);
}

void store_fixture_open(struct store_fixture *self, const char *role)
{
    struct err err = {{0}, {0}};
    memset(self, 0, sizeof(*self));
    self->server = redis_server_start(NULL, role);
    self->loop = loop_create();
    self->conf = (struct store_conf){.name = role,
                                     .url = redis_server_url(self->server),
                                     .n_links = 4,
                                     .timeout_ms = 5000,
                                     .backlog_max = 100000};
    store_fixture_reopen(self);
    int is_ledger = strcmp(role, "ledger") == 0;
    if (store_load_functions(self->store, is_ledger, FIXTURE_WAIT_MS, &err) < 0)
        fail_msg("%s", err.text);
}

void store_fixture_close(struct store_fixture *self)
{
    store_destroy(&self->store);
    loop_destroy(&self->loop);
    redis_server_stop(&self->server);
}

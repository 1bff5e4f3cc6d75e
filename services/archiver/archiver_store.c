#include "services/archiver/archiver_store.h"

void archiver_ask_identity(struct store *ledger, const uint8_t citizen[ID_BYTES], store_reply_fn fn,
                           void *arg)
{
    unsigned partition = partition_of(citizen);
    char key[KEY_MAX_BYTES];
    size_t key_len = key_identity(partition, partition_bucket(citizen), key);
    const char *const argv[] = {"HGET", key, partition_field(citizen)};
    const size_t lens[] = {4, key_len, CITIZEN_FIELD_BYTES};
    store_send(ledger, partition, ARRAY_LEN(argv), argv, lens, fn, arg);
}

#include "services/cli/verify_transactions.h"

#include <string.h>

#include "common/base/log.h"

#define PLACE_BYTES (2 + CITIZEN_FIELD_BYTES)
#define FIRST_VERSION 1
enum { PAID = 1, CANCELLED = 2, REFUSED = 3 };

/* A record under construction. */
struct writer {
    uint8_t *at;
};

static void put(struct writer *self, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *self->at++ = (uint8_t)(value >> (8 * i));
}

static void place_of(char kind, unsigned bucket, const char *field, uint8_t ret[PLACE_BYTES])
{
    ret[0] = (uint8_t)kind;
    ret[1] = (uint8_t)bucket;
    memcpy(ret + 2, field, CITIZEN_FIELD_BYTES);
}

struct fold_transaction *transactions_find(const struct map *self, char kind, unsigned bucket,
                                           const char *field)
{
    uint8_t place[PLACE_BYTES];
    place_of(kind, bucket, field, place);
    return map_get(self, place, sizeof(place));
}

/* A new record with its head; NULL when there is one already. */
static struct fold_transaction *transaction_add(struct map *self, struct arena *arena, char kind,
                                                const uint8_t *hash,
                                                struct journal_position position,
                                                struct writer *ret)
{
    uint8_t place[PLACE_BYTES];
    place_of(kind, partition_bucket(hash), partition_field(hash), place);
    if (map_get(self, place, sizeof(place)) != NULL)
        return NULL;
    struct fold_transaction *transaction = arena_zalloc(arena, sizeof(*transaction));
    ASSERT(transaction != NULL);
    (void)map_put(self, place, sizeof(place), transaction);
    transaction->kind = kind;
    memcpy(transaction->hash, hash, ID_BYTES);
    ret->at = transaction->value;
    put(ret, FIRST_VERSION, 4);
    put(ret, position.epoch, 4);
    put(ret, position.seq, 8);
    return transaction;
}

static const char *apply_claim(struct map *self, struct arena *arena, unsigned partition,
                               struct journal_position position, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__TransactionClaimed *in = event->transaction_claimed;
    int is_pay = in->kind == ANSINH__V1__TRANSACTION_KIND__TRANSACTION_KIND_PAY;
    struct writer writer;
    if (in->transaction.len != ID_BYTES || partition_of(in->transaction.data) != partition)
        return "claims a transaction of another partition";
    if (event->citizen.len != (is_pay ? (size_t)ID_BYTES : 0U))
        return "claims a transaction for nobody";
    struct fold_transaction *claim =
        transaction_add(self, arena, CLAIM_KIND, in->transaction.data, position, &writer);
    if (claim == NULL)
        return "claims a transaction a second time";
    put(&writer, (uint64_t)in->kind, 1);
    if (is_pay)
        memcpy(writer.at, event->citizen.data, ID_BYTES);
    writer.at += ID_BYTES;
    put(&writer, in->bill_number, 4);
    put(&writer, in->fingerprint, 8);
    claim->len = (size_t)(writer.at - claim->value);
    return NULL;
}

static const char *apply_outcome(struct map *self, struct arena *arena,
                                 struct journal_position position, const Ansinh__V1__Event *event,
                                 const ProtobufCBinaryData *hash, unsigned state)
{
    struct writer writer;
    if (hash->len != ID_BYTES || event->citizen.len != ID_BYTES)
        return "is of a transaction without a hash";
    struct fold_transaction *outcome =
        transaction_add(self, arena, OUTCOME_KIND, hash->data, position, &writer);
    if (outcome == NULL)
        return "gives a transaction a second outcome";
    put(&writer, state, 1);
    outcome->len = (size_t)(writer.at - outcome->value);
    return NULL;
}

const char *transactions_apply(struct map *self, struct arena *arena, unsigned partition,
                               struct journal_position position, const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED)
        return apply_claim(self, arena, partition, position, event);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED &&
        event->payment_recorded->transaction.len > 0)
        return apply_outcome(self, arena, position, event, &event->payment_recorded->transaction,
                             PAID);
    if (event->kind_case != ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED)
        return NULL;
    if (event->citizen.len == ID_BYTES && partition_of(event->citizen.data) != partition)
        return "closes a transaction of another partition";
    return apply_outcome(self, arena, position, event, &event->transaction_closed->transaction,
                         event->transaction_closed->is_cancelled ? CANCELLED : REFUSED);
}

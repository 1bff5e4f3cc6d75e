/* Payments wait here for their receipts, exactly once, also after kill -9: the queue is written in
 * the flush that moves the checkpoint. The issuer (issuer.h) empties it. */
#ifndef ANSINH_SETTLEMENT_RECEIPT_QUEUE_H
#define ANSINH_SETTLEMENT_RECEIPT_QUEUE_H

#include "services/settlement/books.h"

extern const struct books_fold receipt_queue_fold;

#endif

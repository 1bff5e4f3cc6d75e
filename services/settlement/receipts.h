/* Handlers of ansinh.v1.Receipts; arg is the struct settlement. */
#ifndef ANSINH_SETTLEMENT_RECEIPTS_H
#define ANSINH_SETTLEMENT_RECEIPTS_H

#include "ansinh/v1/payments.pb-c.h"
#include "common/service/service.h"
#include "common/service/records.h"

/* receipts_read.c */
void on_get_receipt(void *arg, struct bus_request *request);
void on_verify_code(void *arg, struct bus_request *request);
void on_list_blocks(void *arg, struct bus_request *request);

/* receipts_change.c */
void on_void_receipt(void *arg, struct bus_request *request);
void on_replace_receipt(void *arg, struct bus_request *request);

/* receipt_blocks.c */
void on_allocate_block(void *arg, struct bus_request *request);
void on_close_block(void *arg, struct bus_request *request);

/* Checks what names a series: -EINVAL, or -EACCES of another organisation's, was answered, else its
 * subject. */
int receipts_subject_of(struct service *svc, struct bus_request *request, const char *series,
                        uint8_t ret[ID_BYTES]) MUST_CHECK;

#define REMARK_MAX_BYTES 200

#endif

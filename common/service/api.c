#include "common/service/api.h"

#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "ansinh/v1/analytics.pb-c.h"
#include "ansinh/v1/archive.pb-c.h"
#include "ansinh/v1/books.pb-c.h"
#include "ansinh/v1/campaigns.pb-c.h"
#include "ansinh/v1/collections.pb-c.h"
#include "ansinh/v1/contacts.pb-c.h"
#include "ansinh/v1/custody.pb-c.h"
#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/health.pb-c.h"
#include "ansinh/v1/ledger.pb-c.h"
#include "ansinh/v1/notifications.pb-c.h"
#include "ansinh/v1/partners.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "ansinh/v1/plans.pb-c.h"
#include "ansinh/v1/receipts.pb-c.h"

#define PACKAGE "ansinh.v1."

/* Protobuf services that are answered by a process of another name. */
static const char *process_of(const char *service)
{
    if (strcmp(service, "directory") == 0 || strcmp(service, "contacts") == 0 ||
        strcmp(service, "partners") == 0 || strcmp(service, "campaigns") == 0 ||
        strcmp(service, "plans") == 0)
        return "enrolment";
    if (strcmp(service, "archive") == 0)
        return "archiver";
    if (strcmp(service, "collections") == 0)
        return "payments";
    if (strcmp(service, "ledger") == 0 || strcmp(service, "books") == 0 ||
        strcmp(service, "custody") == 0 || strcmp(service, "receipts") == 0)
        return "settlement";
    return strcmp(service, "health") == 0 ? "" : service;
}

static int is_internal(const char *service)
{
    return strcmp(service, "contacts") == 0 || strcmp(service, "archive") == 0 ||
           strcmp(service, "partners") == 0 || strcmp(service, "books") == 0;
}

static const char *const processes[] = {"enrolment",  "payments", "notifications", "analytics",
                                        "settlement", "archiver", "gateway",       NULL};

#define API_METHOD(service, lower, i, method, is_read_)                                            \
    {PACKAGE #service "/" method, #lower, &ansinh__v1__##lower##__descriptor, i, is_read_},
static const struct {
    const char *name;
    const char *service;
    const ProtobufCServiceDescriptor *descriptor;
    unsigned method_i;
    int is_read;
} rows[] = {
#include "api_methods.inc"
};

static struct api_method methods[ARRAY_LEN(rows)];

/* The table is a computed constant: filled from the descriptors before main(). */
__attribute__((constructor)) static void api_fill(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const ProtobufCMethodDescriptor *method = &rows[i].descriptor->methods[rows[i].method_i];
        methods[i] = (struct api_method){
            .name = rows[i].name,
            .process = process_of(rows[i].service),
            .input = method->input,
            .output = method->output,
            .is_read = rows[i].is_read,
            .is_internal = is_internal(rows[i].service),
        };
    }
}

const struct api_method *api_find(const char *name)
{
    const char *prefix = strncmp(name, PACKAGE, strlen(PACKAGE)) == 0 ? "" : PACKAGE;
    char full[96];
    int len = snprintf(full, sizeof(full), "%s%s", prefix, name);
    if (len < 0 || (size_t)len >= sizeof(full))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (strcmp(methods[i].name, full) == 0)
            return &methods[i];
    }
    return NULL;
}

const struct api_method *api_at(size_t i)
{
    return i < ARRAY_LEN(methods) ? &methods[i] : NULL;
}

const char *const *api_processes(void)
{
    return processes;
}

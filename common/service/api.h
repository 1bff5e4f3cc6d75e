/* Every method of the platform, from the protobuf descriptors: what the gateway routes and the
 * command line calls. */
#ifndef ANSINH_SERVICE_API_H
#define ANSINH_SERVICE_API_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct api_method {
    const char *name;    /* "ansinh.v1.Payments/Pay" */
    const char *process; /* service that answers it: "payments"; "" for Health, which every process
                            answers */
    const ProtobufCMessageDescriptor *input;
    const ProtobufCMessageDescriptor *output;
    int is_read;     /* idempotency_level NO_SIDE_EFFECTS: no request id, GET allowed */
    int is_internal; /* never routed from outside */
};

/* By full name, or by "Service/Method" without the package; NULL when unknown. */
const struct api_method *api_find(const char *name);

/* All methods, by index from 0; NULL at the end. */
const struct api_method *api_at(size_t i);

/* Names of all service processes in start order, ended by NULL: "enrolment", "payments", ... */
const char *const *api_processes(void);

#endif

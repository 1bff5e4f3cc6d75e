/* Little-endian numbers inside packed values. Private to common/store and common/archive. */
#ifndef ANSINH_STORE_PACKED_H
#define ANSINH_STORE_PACKED_H

#include <stdint.h>

static inline void put_le(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t get_le(const uint8_t *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

#endif

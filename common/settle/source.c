#include "common/settle/source.h"

#include <errno.h>
#include <stdio.h>

long settle_read_file(void *file, void *bytes, size_t len)
{
    size_t n = fread(bytes, 1, len, file);
    return n == 0 && ferror(file) ? -EIO : (long)n;
}

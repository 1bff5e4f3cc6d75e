#include "services/gateway/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ZLIB_CONST /* what is packed stays as it is */
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window, with the header of gzip */
#define GZIP_MEMORY 9
#define SAVED_LEAST 8 /* a part of so many */

/* deflate() into as much room as the packed form may take; what does not fit is not worth it. */
static int pack_into(z_stream *stream, const uint8_t *data, size_t len, uint8_t *out, size_t room)
{
    stream->next_in = data;
    stream->avail_in = (uInt)len;
    stream->next_out = out;
    stream->avail_out = (uInt)room;
    return deflate(stream, Z_FINISH) == Z_STREAM_END ? 0 : -EMSGSIZE;
}

int gzip_pack(const uint8_t *data, size_t len, uint8_t **ret, size_t *ret_len)
{
    size_t room = len - len / SAVED_LEAST;
    z_stream stream = {0};
    *ret = NULL;
    if (len == 0 || len > UINT32_MAX)
        return -EMSGSIZE;
    uint8_t *out = malloc(room);
    if (out == NULL || deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                                    GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(out);
        return -ENOMEM;
    }
    int rc = pack_into(&stream, data, len, out, room);
    *ret_len = stream.total_out;
    (void)deflateEnd(&stream);
    if (rc < 0)
        free(out);
    else
        *ret = out;
    return rc;
}

/* One element of the list: "gzip", "gzip;q=0.5", and not "gzip;q=0" or "br". */
static int takes_gzip(const char *element, size_t len)
{
    const char *weight = memchr(element, '=', len);
    if (strcspn(element, " \t;,") != 4 || strncasecmp(element, "gzip", 4) != 0)
        return 0;
    return weight == NULL || strspn(weight + 1, "0.") < strcspn(weight + 1, " \t;,");
}

int gzip_accepted(const char *encodings)
{
    while (encodings != NULL && *encodings != '\0') {
        encodings += strspn(encodings, " \t,");
        size_t len = strcspn(encodings, ",");
        if (takes_gzip(encodings, len))
            return 1;
        encodings += len;
    }
    return 0;
}

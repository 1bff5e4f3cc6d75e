/* Which field a position in a JSON text belongs to. */
#ifndef ANSINH_JSON_JSON_WHERE_H
#define ANSINH_JSON_JSON_WHERE_H

#include <stddef.h>

/* Writes the path ("units[3].code") of what stands right before len, where the parser gave up; keys
 * stay as written in the text. The text up to there must have passed a parser. The path is cut
 * where it does not fit in size bytes (more than 0) or goes deeper than JSON_DEPTH_MAX. */
void json_where(const char *text, size_t len, char *ret_path, size_t size);

#endif

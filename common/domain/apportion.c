#include "common/domain/apportion.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/log.h"

__extension__ typedef __int128 wide; /* a product of two numbers below 2^53 */

struct part {
    int64_t remainder;
    size_t index;
};

static int compare(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    if (x->remainder != y->remainder)
        return x->remainder > y->remainder ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int sum_of(const int64_t *weights, size_t n, int64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < n; i++) {
        if (weights[i] < 0 || weights[i] > APPORTION_MAX - *ret)
            return -EINVAL;
        *ret += weights[i];
    }
    return 0;
}

int apportion(int64_t total, const int64_t *weights, size_t n, int64_t *ret)
{
    int64_t sum, left = total;
    if (total < 0 || total > APPORTION_MAX || sum_of(weights, n, &sum) < 0 ||
        (sum == 0 && total > 0))
        return -EINVAL;
    struct part *parts = calloc(n + 1, sizeof(*parts));
    ASSERT(parts != NULL);
    for (size_t i = 0; i < n; i++) {
        wide share = (wide)total * weights[i];
        ret[i] = sum == 0 ? 0 : (int64_t)(share / sum);
        parts[i] = (struct part){sum == 0 ? 0 : (int64_t)(share % sum), i};
        left -= ret[i];
    }
    qsort(parts, n, sizeof(*parts), compare);
    for (size_t i = 0; left > 0; i++, left--) /* fewer than n: each fraction is below 1 */
        ret[parts[i].index]++;
    free(parts);
    return 0;
}

#include "common/base/crash.h"

#ifdef ANSINH_CHAOS

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTION "ANSINH_CRASH"

static const char *const names[] = {
#define CRASH_POINT_NAME(point, text) text,
    CRASH_POINTS(CRASH_POINT_NAME)
#undef CRASH_POINT_NAME
};

static struct {
    enum crash_point point;
    long visits_left; /* 0: no crash */
} plan;

/* Before main, which would not know the option. */
static void __attribute__((constructor)) read_plan(void)
{
    const char *text = getenv(OPTION);
    if (text == NULL)
        return;
    size_t len = strcspn(text, ":");
    for (int i = 0; i < CRASH_POINTS_N; i++) {
        if (strlen(names[i]) == len && strncmp(names[i], text, len) == 0)
            plan.point = (enum crash_point)i;
    }
    plan.visits_left = text[len] == ':' ? strtol(text + len + 1, NULL, 10) : 0;
    if (plan.visits_left <= 0 || strncmp(names[plan.point], text, len) != 0) {
        (void)fprintf(stderr, OPTION "=%s: want a crash point and a number from 1\n", text);
        exit(2);
    }
    (void)unsetenv(OPTION);
}

void crash_visit(enum crash_point point)
{
    if (plan.visits_left > 0 && plan.point == point && --plan.visits_left == 0)
        (void)raise(SIGKILL);
}

#endif

#include "services/analytics/analytics.h"

int main(int argc, char **argv)
{
    return service_main(&analytics_spec, argc, argv);
}

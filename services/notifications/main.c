#include "services/notifications/notifications.h"

int main(int argc, char **argv)
{
    return service_main(&notifications_spec, argc, argv);
}

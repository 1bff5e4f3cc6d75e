#include "services/payments/payments.h"

int main(int argc, char **argv)
{
    return service_main(&payments_spec, argc, argv);
}

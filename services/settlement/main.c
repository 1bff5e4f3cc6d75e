#include "services/settlement/settlement.h"

int main(int argc, char **argv)
{
    return service_main(&settlement_spec, argc, argv);
}

#include "services/archiver/archiver.h"

int main(int argc, char **argv)
{
    return service_main(&archiver_spec, argc, argv);
}

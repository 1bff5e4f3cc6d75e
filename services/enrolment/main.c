#include "services/enrolment/enrolment.h"

int main(int argc, char **argv)
{
    return service_main(&enrolment_spec, argc, argv);
}

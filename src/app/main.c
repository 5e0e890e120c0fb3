/* app/main.c -- the only entry point; argv[0] says which command it is. */
#include <stdio.h>

#include "weir_config.h"

int main(void)
{
    printf("weir %s\n", WEIR_VERSION);
    return 0;
}

/* line_buffered.c -- cmocka writes to stdout and stderr: when both are one file, their lines keep their order. */
#include <stdio.h>

__attribute__((constructor)) static void write_lines_as_they_come(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* base/banned.h -- calls that have no safe use here; included last by the compiler's command line (-include). */
#ifndef WEIR_BASE_BANNED_H
#define WEIR_BASE_BANNED_H
#include <stdio.h>
#include <string.h>
#pragma GCC poison gets strcpy strcat sprintf vsprintf strtok setjmp longjmp alloca
#endif

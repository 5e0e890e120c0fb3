/* ir/function.c -- functions.def as a table ordered by name (rows of one name keep their order), looked up by bisection. */
#include "ir/function.h"

#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

static const FunctionRow rows[] = {
#define FUNCTION(name, signature, result, kind, nulls, engine, flags) \
    { name, signature, result, FN_##kind, NULLS_##nulls, engine, flags },
#include "ir/functions.def"
#undef FUNCTION
};
enum { ROWS = sizeof rows / sizeof *rows };

/* functions.def is ordered by topic for its readers; the table by name is made once, under the once-control. */
static FunctionRow sorted[ROWS];
static size_t starts[UCHAR_MAX + 2]; /* where the names of each first byte, in lower case, begin */
static pthread_once_t sorted_once = PTHREAD_ONCE_INIT;

static int by_name(const void *x, const void *y)
{
    const FunctionRow *const *r = x, *const *s = y;
    int order = strcasecmp((*r)->name, (*s)->name);
    return order ? order : (*r > *s) - (*r < *s);
}

static void sort_rows(void)
{
    static const FunctionRow *order[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        order[i] = &rows[i];
    qsort(order, ROWS, sizeof *order, by_name);
    for (size_t i = 0; i < ROWS; i++)
        sorted[i] = *order[i];
    for (size_t i = 0, byte = 0; byte < sizeof starts / sizeof *starts; byte++) {
        while (i < ROWS && (size_t)tolower((unsigned char)sorted[i].name[0]) < byte)
            i++;
        starts[byte] = i;
    }
}

const FunctionRow *function_find(const char *name, size_t *ret_count)
{
    pthread_once(&sorted_once, sort_rows);
    size_t first = (size_t)tolower((unsigned char)*name), low = starts[first], high = starts[first + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcasecmp(sorted[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t n = 0;
    while (low + n < ROWS && !strcasecmp(sorted[low + n].name, name))
        n++;
    if (!n)
        return NULL;
    *ret_count = n;
    return &sorted[low];
}

size_t function_count(void)
{
    return ROWS;
}

const FunctionRow *function_at(size_t index)
{
    pthread_once(&sorted_once, sort_rows);
    return index < ROWS ? &sorted[index] : NULL;
}

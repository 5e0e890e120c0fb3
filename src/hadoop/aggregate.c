/* hadoop/aggregate.c -- see aggregate.h. */
#include "hadoop/aggregate.h"

#include "base/java_text.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum Type {
    LONG_SUM, LONG_MAX_, LONG_MIN_, DOUBLE_SUM, STRING_MAX, STRING_MIN, UNIQUE, HISTOGRAM, TYPES
} Type;
static const char *const type_names[TYPES] = { "LongValueSum",   "LongValueMax",   "LongValueMin",   "DoubleValueSum",
                                               "StringValueMax", "StringValueMin", "UniqValueCount", "ValueHistogram" };

typedef struct Fold {
    Arena *arena;
    Type type;
    bool known, any;
    const char *unknown; /* the type's name that is none */
    int64_t number;
    double real;
    char *text;
    Map items;           /* text -> int64_t * how often */
} Fold;

char *aggregate_double_text(Arena *a, double value)
{
    char text[JAVA_TEXT_BYTES];
    return arena_strn(a, text, java_text_double(value, text));
}

static Status fold_begin(void *data, Arena *a, void **ret_group)
{
    (void)data;
    Fold *f = ARENA_NEW(a, Fold);
    f->arena = a;
    *ret_group = f;
    return ST_OK;
}

static Status fold_type(Fold *f, const Record *r, Error *err)
{
    const uint8_t *colon = memchr(r->key, ':', r->key_len);
    if (!colon)
        return FAIL(err, ST_RUNTIME, "java.lang.StringIndexOutOfBoundsException: the key '%.*s' has no TYPE: in front",
                    (int)(r->key_len < 200 ? r->key_len : 200), (const char *)r->key);
    const char *name = arena_strn(f->arena, (const char *)r->key, (size_t)(colon - r->key));
    for (int type = 0; type < TYPES; type++)
        if (str_eq(name, type_names[type])) {
            f->type = (Type)type;
            f->known = true;
            return ST_OK;
        }
    return FAIL(err, ST_UNSUPPORTED, "java.lang.IllegalArgumentException: there is no aggregator '%s'", name);
}

static Status number_of(const char *text, int64_t *ret_number, Error *err)
{
    return str_to_i64(text + (*text == '+'), ret_number)
               ? ST_OK : FAIL(err, ST_RUNTIME, "java.lang.NumberFormatException: For input string: \"%.200s\"", text);
}

static void count_item(Fold *f, const char *item, int64_t times)
{
    int64_t *count = map_get(&f->items, item);
    if (!count) {
        count = ARENA_NEW(f->arena, int64_t);
        map_set(f->arena, &f->items, item, count);
    }
    *count += times;
}

static Status add_histogram(Fold *f, const char *text, Error *err)
{
    const char *tab = strrchr(text, '\t');
    int64_t times = 1;
    if (tab)
        TRY(number_of(tab + 1, &times, err));
    count_item(f, tab ? arena_strn(f->arena, text, (size_t)(tab - text)) : text, times);
    return ST_OK;
}

static Status add_double(Fold *f, const char *text, Error *err)
{
    double value;
    if (!str_to_f64(text, &value))
        return FAIL(err, ST_RUNTIME, "java.lang.NumberFormatException: For input string: \"%.200s\"", text);
    f->real += value;
    return ST_OK;
}

static Status add_long(Fold *f, const char *text, Error *err)
{
    int64_t value = 0;
    TRY(number_of(text, &value, err));
    if (f->type == LONG_SUM)
        f->number = (int64_t)((uint64_t)f->number + (uint64_t)value);
    else if (!f->any || (f->type == LONG_MAX_ ? value > f->number : value < f->number))
        f->number = value;
    return ST_OK;
}

static Status fold_add(void *data, void *group, const Record *r, const Collector *to, Error *err)
{
    (void)data, (void)to;
    Fold *f = group;
    if (!f->known)
        TRY(fold_type(f, r, err));
    arena_auto *scratch = arena_new();
    const char *text = arena_strn(scratch, (const char *)r->value, r->value_len);
    if (f->type <= LONG_MIN_) {
        TRY(add_long(f, text, err));
    } else if (f->type == DOUBLE_SUM) {
        TRY(add_double(f, text, err));
    } else if (f->type == UNIQUE) {
        count_item(f, text, 1);
    } else if (f->type == HISTOGRAM) {
        TRY(add_histogram(f, text, err));
    } else if (!f->any || (f->type == STRING_MAX ? strcmp(text, f->text) > 0 : strcmp(text, f->text) < 0)) {
        f->text = arena_str(f->arena, text);
    }
    f->any = true;
    return ST_OK;
}

static int by_count(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

/* How many, least, median, greatest, average, standard deviation of how often each value was there. */
static char *histogram_text(Fold *f)
{
    size_t n = f->items.len;
    int64_t *counts = ARENA_ARRAY(f->arena, int64_t, n + 1), total = 0;
    for (size_t i = 0; i < n; i++)
        total += counts[i] = *(int64_t *)f->items.at[i].value;
    qsort(counts, n, sizeof *counts, by_count);
    double average = (double)total / (double)n, spread = 0;
    for (size_t i = 0; i < n; i++)
        spread += ((double)counts[i] - average) * ((double)counts[i] - average);
    return arena_printf(f->arena, "%zu\t%lld\t%lld\t%lld\t%s\t%s", n, (long long)counts[0], (long long)counts[n / 2],
                        (long long)counts[n - 1], aggregate_double_text(f->arena, average),
                        aggregate_double_text(f->arena, sqrt(spread / (double)n)));
}

static char *result_text(Fold *f)
{
    switch (f->type) {
    case LONG_SUM: case LONG_MAX_: case LONG_MIN_: return arena_printf(f->arena, "%lld", (long long)f->number);
    case DOUBLE_SUM: return aggregate_double_text(f->arena, f->real);
    case UNIQUE: return arena_printf(f->arena, "%zu", f->items.len);
    case HISTOGRAM: return histogram_text(f);
    default: return f->text;
    }
}

static Status give(const Collector *to, const uint8_t *key, size_t key_len, const char *value, Error *err)
{
    return to->collect(to->self, &(Record){ key, (const uint8_t *)value, key_len, strlen(value), 0 }, err);
}

static Status reduce_end(void *data, void *group, const uint8_t *key, size_t key_len, const Collector *to, Error *err)
{
    (void)data;
    const uint8_t *colon = memchr(key, ':', key_len);
    size_t type = colon ? (size_t)(colon - key) + 1 : 0;
    return give(to, key + type, key_len - type, result_text(group), err);
}

static Status combine_end(void *data, void *group, const uint8_t *key, size_t key_len, const Collector *to, Error *err)
{
    (void)data;
    Fold *f = group;
    if (f->type != UNIQUE && f->type != HISTOGRAM)
        return give(to, key, key_len, result_text(f), err);
    for (size_t i = 0; i < f->items.len; i++) {
        const char *item = f->items.at[i].key;
        TRY(give(to, key, key_len,
                 f->type == UNIQUE ? item : arena_printf(f->arena, "%s\t%lld", item, (long long)*(int64_t *)f->items.at[i].value), err));
    }
    return ST_OK;
}

Processor aggregate_processor(bool combines)
{
    return (Processor){ .kind = PROCESSOR_NATIVE, .set = true, .begin = fold_begin, .add = fold_add,
                        .end = combines ? combine_end : reduce_end };
}

/* --- sums --- */

typedef struct Sum {
    int64_t value;
    size_t bytes; /* of a number: 4 or 8 */
} Sum;

static Status sum_begin(void *data, Arena *a, void **ret_group)
{
    (void)data;
    *ret_group = ARENA_NEW(a, Sum);
    return ST_OK;
}

static Status sum_add(void *data, void *group, const Record *r, const Collector *to, Error *err)
{
    (void)data, (void)to, (void)err;
    Sum *sum = group;
    sum->value = (int64_t)((uint64_t)sum->value + (uint64_t)number_get(r->value, r->value_len));
    sum->bytes = r->value_len;
    return ST_OK;
}

static Status sum_end(void *data, void *group, const uint8_t *key, size_t key_len, const Collector *to, Error *err)
{
    (void)data;
    const Sum *sum = group;
    uint8_t value[8];
    number_put(value, sum->bytes, sum->value);
    return to->collect(to->self, &(Record){ key, value, key_len, sum->bytes, 0 }, err);
}

Processor sum_processor(void)
{
    return (Processor){ .kind = PROCESSOR_NATIVE, .set = true, .begin = sum_begin, .add = sum_add, .end = sum_end };
}

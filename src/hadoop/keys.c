/* hadoop/keys.c -- see keys.h. The comparisons keep Hadoop's corner cases: that is what they are for. */
#include "hadoop/keys.h"

#include "base/str.h"

#include <ctype.h>
#include <limits.h>

/* --- options --- */

static Status fail_spec(Error *err)
{
    return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: Invalid -k argument. Must be of the form -k pos1,[pos2], where pos is of "
                "the form f[.c]nr");
}

static Status number(const char **at, int32_t *ret_number, Error *err)
{
    int64_t value = 0;
    const char *start = *at;
    while (isdigit((unsigned char)**at) && value < INT_MAX)
        value = value * 10 + (*(*at)++ - '0');
    if (*at == start || value > INT_MAX)
        return FAIL(err, ST_INVALID, "java.lang.NumberFormatException: For input string: \"%s\"", start);
    *ret_number = (int32_t)value;
    return ST_OK;
}

static const char *flags(const char *at, KeySpec *spec)
{
    for (;; at++) {
        if (*at == 'n')
            spec->numeric = true;
        else if (*at == 'r')
            spec->reverse = true;
        else
            return at;
    }
}

static Status spec_parse(const char *text, KeySpec *spec, Error *err)
{
    const char *at = text;
    TRY(number(&at, &spec->begin_field, err));
    if (*at == '.') {
        at++;
        TRY(number(&at, &spec->begin_char, err));
    }
    at = flags(at, spec);
    if (!*at)
        return ST_OK;
    if (*at++ != ',')
        return fail_spec(err);
    TRY(number(&at, &spec->end_field, err));
    if (*at == '.') {
        at++;
        TRY(number(&at, &spec->end_char, err));
    }
    at = flags(at, spec);
    return *at ? fail_spec(err) : ST_OK;
}

Status key_fields_parse(Arena *a, const char *options, const char *separator, KeyFields *ret_fields, Error *err)
{
    KeyFields f = { .separator = separator, .separator_len = strlen(separator) };
    KeySpec all = { .begin_field = 1, .begin_char = 1 };
    const char *at = options ? options : "";
    bool any = false;
    while (*(at += strspn(at, " \t\n\r\f"))) {
        size_t n = strcspn(at, " \t\n\r\f");
        const char *word = arena_strn(a, at, n);
        at += n;
        any = true;
        all.numeric |= str_eq(word, "-n") || str_eq(word, "-nr");
        all.reverse |= str_eq(word, "-r") || str_eq(word, "-nr");
        if (!str_starts(word, "-k"))
            continue;
        if (!word[2]) { /* -k ARG */
            at += strspn(at, " \t\n\r\f");
            n = strcspn(at, " \t\n\r\f");
            word = arena_printf(a, "-k%.*s", (int)n, at);
            at += n;
        }
        if (!word[2])
            continue;
        KeySpec spec = { .begin_field = 1, .begin_char = 1 };
        TRY(spec_parse(word + 2, &spec, err));
        vec_push(a, &f.specs, spec);
        f.spec_seen = true;
    }
    for (size_t i = 0; i < f.specs.len; i++) {
        KeySpec *s = &f.specs.at[i];
        if (!s->reverse && !s->numeric) {
            s->reverse = all.reverse;
            s->numeric = all.numeric;
        }
    }
    if (any && !f.specs.len)
        vec_push(a, &f.specs, all);
    *ret_fields = f;
    return ST_OK;
}

void key_fields_first(Arena *a, int32_t fields, const char *separator, KeyFields *ret_fields)
{
    KeyFields f = { .separator = separator, .separator_len = strlen(separator), .spec_seen = true };
    vec_push(a, &f.specs, (KeySpec){ .begin_field = 1, .begin_char = 1, .end_field = fields });
    *ret_fields = f;
}

/* --- where a spec's bytes are --- */

/* The offset behind `fields` fields and their separators, and the length of the next; false when there are not so many. */
static bool field_at(const KeyFields *f, const uint8_t *key, size_t length, int32_t fields, size_t *ret_offset, size_t *ret_length)
{
    size_t position = 0, start = 0;
    for (int32_t i = 0;; i++) {
        const uint8_t *found = f->spec_seen && start <= length && f->separator_len
                                   ? memmem(key + start, length - start, f->separator, f->separator_len) : NULL;
        size_t n = found ? (size_t)(found - key) - start : length - start;
        if (i == fields) {
            *ret_offset = position;
            *ret_length = n;
            return true;
        }
        if (!found)
            return false;
        position += n + f->separator_len;
        start += n + 1; /* as KeyFieldHelper: a separator is passed over by one byte */
    }
}

/* First and last byte (inclusive) of a spec in a key; false: the key has no such field. */
static bool spec_range(const KeyFields *f, const KeySpec *s, const uint8_t *key, size_t length, size_t *ret_first, int64_t *ret_last)
{
    size_t offset, n;
    if (!field_at(f, key, length, s->begin_field - 1, &offset, &n) || offset + (size_t)s->begin_char > length)
        return false;
    *ret_first = offset + (size_t)s->begin_char - 1;
    *ret_last = (int64_t)length - 1;
    if (s->end_field && field_at(f, key, length, s->end_field - 1, &offset, &n)) {
        size_t end = offset + (s->end_char ? (size_t)s->end_char : n);
        if (end <= length)
            *ret_last = (int64_t)end - 1;
    }
    return true;
}

/* --- numbers --- */

typedef struct Digits {
    const uint8_t *at;
    int64_t i, end; /* inclusive */
} Digits;

static bool is_zero(Digits d)
{
    while (d.i <= d.end && d.at[d.i] == '0')
        d.i++;
    if (d.i <= d.end && isdigit(d.at[d.i]))
        return false;
    if (d.i > d.end || d.at[d.i++] != '.')
        return true;
    while (d.i <= d.end && d.at[d.i] == '0')
        d.i++;
    return d.i > d.end || !isdigit(d.at[d.i]);
}

/* Has it a digit other than 0 before something else? */
static int rest_positive(Digits d)
{
    while (d.i <= d.end && d.at[d.i] == '0')
        d.i++;
    return d.i <= d.end && isdigit(d.at[d.i]);
}

static Digits next(Digits d)
{
    d.i++;
    return d;
}

static int compare_decimals(Digits a, Digits b)
{
    if (a.i > a.end)
        return -rest_positive(next(b));
    if (b.i > b.end)
        return rest_positive(next(a));
    if (a.at[a.i] != '.' || b.at[b.i] != '.')
        return a.at[a.i] == '.' ? rest_positive(next(a)) : b.at[b.i] == '.' ? -rest_positive(next(b)) : 0;
    for (; a.i <= a.end && b.i <= b.end; a.i++, b.i++) {
        int x = a.at[a.i], y = b.at[b.i];
        if (x != y)
            return isdigit(x) && isdigit(y) ? x - y : isdigit(x) ? 1 : isdigit(y) ? -1 : 0;
    }
    return a.i > a.end && b.i > b.end ? 0 : a.i > a.end ? -rest_positive(b) : rest_positive(a);
}

static int64_t count_digits(Digits d)
{
    int64_t n = 0;
    while (d.i <= d.end && isdigit(d.at[d.i])) {
        d.i++;
        n++;
    }
    return n;
}

static int compare_numbers(Digits a, Digits b)
{
    int first_a = (int8_t)a.at[a.i], first_b = (int8_t)b.at[b.i];
    bool minus_a = first_a == '-', minus_b = first_b == '-';
    if (minus_a != minus_b) {
        Digits negative = next(minus_a ? a : b), positive = minus_a ? b : a;
        int order = is_zero(negative) && is_zero(positive) ? 0 : -1;
        return minus_a ? order : -order;
    }
    int sign = minus_a ? -1 : 1;
    a.i += minus_a;
    b.i += minus_b;
    while (a.i <= a.end && a.at[a.i] == '0')
        a.i++;
    while (b.i <= b.end && b.at[b.i] == '0')
        b.i++;
    while (a.i <= a.end && b.i <= b.end && isdigit(a.at[a.i]) && a.at[a.i] == b.at[b.i]) {
        a.i++;
        b.i++;
    }
    first_a = a.i <= a.end ? (int8_t)a.at[a.i] : first_a;
    first_b = b.i <= b.end ? (int8_t)b.at[b.i] : first_b;
    bool digit_a = first_a >= '0' && first_a <= '9', digit_b = first_b >= '0' && first_b <= '9';
    if ((first_a == '.' && (!digit_b || b.i > b.end)) || (first_b == '.' && (!digit_a || a.i > a.end)))
        return sign * compare_decimals(a, b);
    int64_t longer = count_digits(a) - count_digits(b);
    return sign * (longer ? (longer > 0) - (longer < 0) : first_a - first_b);
}

int key_compare_fields(const KeyFields *f, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    if (!f->specs.len)
        return key_compare_bytes(a, a_len, b, b_len);
    for (size_t i = 0; i < f->specs.len; i++) {
        const KeySpec *s = &f->specs.at[i];
        size_t first_a = 0, first_b = 0;
        int64_t last_a = 0, last_b = 0;
        if (!spec_range(f, s, a, a_len, &first_a, &last_a))
            return s->reverse ? 1 : -1;
        if (!spec_range(f, s, b, b_len, &first_b, &last_b))
            return s->reverse ? -1 : 1;
        int64_t n = last_a - (int64_t)first_a + 1, m = last_b - (int64_t)first_b + 1;
        int order = s->numeric ? compare_numbers((Digits){ a, (int64_t)first_a, last_a }, (Digits){ b, (int64_t)first_b, last_b })
                               : key_compare_bytes(a + first_a, n > 0 ? (size_t)n : 0, b + first_b, m > 0 ? (size_t)m : 0);
        if (order)
            return s->reverse ? -order : order;
    }
    return 0;
}

/* --- partitions --- */

static uint32_t hash_bytes(uint32_t hash, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = 31 * hash + ((bytes[i] ^ 0x80U) - 0x80U); /* the byte with its sign */
    return hash;
}

/* java.lang.String.hashCode of UTF-8: over UTF-16 units; what is no UTF-8 counts as U+FFFD, byte by byte. */
static uint32_t hash_string(const uint8_t *s, size_t length)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < length;) {
        size_t n = s[i] < 0x80 ? 1 : s[i] >= 0xf0 ? 4 : s[i] >= 0xe0 ? 3 : s[i] >= 0xc0 ? 2 : 1;
        uint32_t c = 0xfffd;
        if (i + n <= length && utf8_valid((const char *)s + i, n)) {
            c = n == 1 ? s[i] : (uint32_t)s[i] & (0xffU >> (n + 1));
            for (size_t k = 1; k < n; k++)
                c = c << 6 | (s[i + k] & 0x3fU);
        } else {
            n = 1;
        }
        i += n;
        if (c >= 0x10000) {
            hash = 31 * hash + (0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        hash = 31 * hash + c;
    }
    return hash;
}

static uint32_t hash_fields(const KeyFields *f, const uint8_t *key, size_t length)
{
    if (!f->specs.len)
        return hash_string(key, length);
    uint32_t hash = 0;
    for (size_t i = 0; length && i < f->specs.len; i++) {
        size_t first;
        int64_t last;
        if (spec_range(f, &f->specs.at[i], key, length, &first, &last) && last >= (int64_t)first)
            hash = hash_bytes(hash, key + first, (size_t)last + 1 - first);
    }
    return hash;
}

static unsigned range_of(const Partitioner *p, const uint8_t *key, size_t length, unsigned reducers)
{
    unsigned low = 0, high = reducers - 1; /* the first cut that is greater than the key */
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (key_compare_bytes(p->cuts[middle], p->cut_len, key, length) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

unsigned partition_of(const Partitioner *p, const uint8_t *key, size_t length, unsigned reducers)
{
    if (reducers <= 1)
        return 0;
    uint32_t hash = 0;
    switch (p->kind) {
    case PARTITION_HASH: hash = hash_bytes(1, key, length); break;
    case PARTITION_HASH_LONG: hash = (uint32_t)key_to_long(key); break;
    case PARTITION_FIELDS: hash = hash_fields(&p->fields, key, length); break;
    case PARTITION_RANGE: return range_of(p, key, length, reducers);
    }
    return (hash & 0x7fffffffU) % reducers;
}

void key_of_long(int64_t value, uint8_t ret_key[8])
{
    uint64_t bits = __builtin_bswap64((uint64_t)value ^ (1ULL << 63));
    memcpy(ret_key, &bits, 8);
}

int64_t key_to_long(const uint8_t key[8])
{
    uint64_t bits;
    memcpy(&bits, key, 8);
    return (int64_t)(__builtin_bswap64(bits) ^ (1ULL << 63));
}

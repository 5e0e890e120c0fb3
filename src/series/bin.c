/* series/bin.c -- see bin.h. */
#include "series/bin.h"

#include <math.h>
#include <stdlib.h>
#include <zstd.h>

const Resolution resolutions[RESOLUTIONS] = {
    { 1, 3 * 3600, 300 },
    { 60, 15 * 86400, 4 * 3600 },
    { 300, 63 * 86400, 86400 },
    { 3600, 455 * 86400, 7 * 86400 },
};

enum { BLOCK_BYTES_MAX = 64 * 1024 * 1024, ZSTD_LEVEL = 1 };

/* --- bins --- */

bool bin_uniform(const Bin *bin)
{
    return bin->min == bin->max;
}

/* The distribution as it is so far, written out: before something else is added to equal values. */
static void spread(Bin *bin)
{
    if (bin->count > 0 && !bin->dist && !bin->opaque)
        dist_add(&bin->dist, bin->min, bin->count);
}

static void make_opaque(Bin *bin)
{
    dist_free(bin->dist);
    bin->dist = NULL;
    bin->opaque = true;
}

static void add_set(Bin *bin, double sum, double min, double max, double count)
{
    bool empty = bin->count == 0;
    bin->min = empty || min < bin->min ? min : bin->min;
    bin->max = empty || max > bin->max ? max : bin->max;
    bin->sum += sum;
    bin->count += count;
}

void bin_add_value(Bin *bin, double value, double count)
{
    if (count <= 0)
        return;
    bool same = bin->count == 0 || (bin_uniform(bin) && bin->min == value);
    if (!same && !bin->opaque && (value < 0 || bin->min < 0))
        make_opaque(bin);
    if (!same && !bin->opaque) {
        spread(bin);
        dist_add(&bin->dist, value, count);
    }
    add_set(bin, value * count, value, value, count);
}

void bin_add_set(Bin *bin, double sum, double min, double max, double count)
{
    if (min == max) {
        bin_add_value(bin, min, count);
        return;
    }
    make_opaque(bin);
    add_set(bin, sum, min, max, count);
}

void bin_merge(Bin *bin, const Bin *other)
{
    if (other->count == 0)
        return;
    if (bin_uniform(other) && !other->opaque) {
        bin_add_value(bin, other->min, other->count);
        return;
    }
    if (other->opaque || bin->opaque || bin->min < 0) {
        make_opaque(bin);
    } else {
        spread(bin);
        dist_merge(&bin->dist, other->dist);
    }
    add_set(bin, other->sum, other->min, other->max, other->count);
}

void bin_merge_set(Bin *bin, const Bin *other)
{
    if (other->count == 0)
        return;
    make_opaque(bin);
    add_set(bin, other->sum, other->min, other->max, other->count);
}

Bin *bins_at(Bins *bins, int64_t time_s)
{
    size_t low = bins->len;
    if (low && bins->at[low - 1].time_s >= time_s) { /* mostly the newest is meant */
        size_t high = low - 1;
        low = bins->at[high].time_s == time_s ? high : 0;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (bins->at[middle].time_s < time_s)
                low = middle + 1;
            else
                high = middle;
        }
        if (bins->at[low].time_s == time_s)
            return &bins->at[low];
    }
    if (bins->len == bins->cap) {
        bins->cap = bins->cap ? bins->cap * 2 : 2;
        bins->at = realloc(bins->at, bins->cap * sizeof(Bin));
        if (!bins->at)
            abort();
    }
    memmove(&bins->at[low + 1], &bins->at[low], (bins->len - low) * sizeof(Bin));
    bins->at[low] = (Bin){ .time_s = time_s };
    bins->len++;
    return &bins->at[low];
}

void bins_merge(Bins *bins, const Bins *other)
{
    for (size_t i = 0; i < other->len; i++)
        bin_merge(bins_at(bins, other->at[i].time_s), &other->at[i]);
}

void bins_done(Bins *bins)
{
    for (size_t i = 0; i < bins->len; i++)
        dist_free(bins->at[i].dist);
    free(bins->at);
    *bins = (Bins){ 0 };
}

/* --- bytes --- */

void bytes_put_varint(Str *out, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        str_addc(out, (char)(0x80 | (n & 0x7f)));
    str_addc(out, (char)n);
}

void bytes_put_double(Str *out, double d)
{
    str_addn(out, &d, sizeof d);
}

void bytes_put_number(Str *out, double d)
{
    if (d >= 0 && d < 9007199254740992.0 && d == floor(d)) {
        bytes_put_varint(out, (uint64_t)d << 1);
        return;
    }
    bytes_put_varint(out, 1);
    bytes_put_double(out, d);
}

const void *bytes_take(Bytes *b, uint64_t length)
{
    if ((uint64_t)(b->end - b->at) < length) {
        b->bad = true;
        return NULL;
    }
    const void *start = b->at;
    b->at += length;
    return start;
}

uint64_t bytes_varint(Bytes *b)
{
    uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (b->at == b->end)
            break;
        unsigned char byte = *b->at++;
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return n;
    }
    b->bad = true;
    return 0;
}

double bytes_double(Bytes *b)
{
    double d = 0;
    const void *bytes = bytes_take(b, sizeof d);
    if (bytes)
        memcpy(&d, bytes, sizeof d);
    return d;
}

double bytes_number(Bytes *b)
{
    uint64_t n = bytes_varint(b);
    return n & 1 ? bytes_double(b) : (double)(n >> 1);
}

/* --- blocks ---
 * bin:  varint steps since the bin before · flags · UNIFORM: value, count · else: sum, min, max, count, and with DIST: level,
 * number of pairs, pairs (level 0: value, count; else: zigzag difference of cells, count) */

enum { BIN_UNIFORM = 1, BIN_OPAQUE = 2, BIN_DIST = 4 };

static void put_dist(const Dist *d, Str *out)
{
    int32_t before = 0;
    str_addc(out, (char)d->level);
    bytes_put_varint(out, d->len);
    for (uint16_t i = 0; i < d->len; i++) {
        if (d->level == 0) {
            bytes_put_number(out, d->at[i].value);
        } else {
            int32_t cell = dist_cell(d->level, d->at[i].value);
            int64_t step = (int64_t)cell - before;
            bytes_put_varint(out, ((uint64_t)step << 1) ^ (uint64_t)(step >> 63));
            before = cell;
        }
        bytes_put_number(out, d->at[i].count);
    }
}

static void put_bin(const Bin *bin, Str *out)
{
    int flags = (bin_uniform(bin) ? BIN_UNIFORM : 0) | (bin->opaque ? BIN_OPAQUE : 0) | (bin->dist ? BIN_DIST : 0);
    str_addc(out, (char)flags);
    if (flags == BIN_UNIFORM) {
        bytes_put_number(out, bin->min);
        bytes_put_number(out, bin->count);
        return;
    }
    bytes_put_number(out, bin->sum);
    bytes_put_number(out, bin->min);
    bytes_put_number(out, bin->max);
    bytes_put_number(out, bin->count);
    if (bin->dist)
        put_dist(bin->dist, out);
}

void block_encode(const Bin *bins, size_t n, int64_t block_start_s, int64_t resolution_s, Str *out)
{
    str_auto plain = STR_INIT(BLOCK_BYTES_MAX);
    int64_t before = block_start_s - resolution_s;
    for (size_t i = 0; i < n; i++) {
        bytes_put_varint(&plain, (uint64_t)((bins[i].time_s - before) / resolution_s));
        put_bin(&bins[i], &plain);
        before = bins[i].time_s;
    }
    size_t bound = ZSTD_compressBound(plain.len);
    char *packed = malloc(bound);
    if (!packed || plain.overflow)
        abort();
    size_t length = ZSTD_compress(packed, bound, str_text(&plain), plain.len, ZSTD_LEVEL);
    if (ZSTD_isError(length))
        abort(); /* the bound is enough: only for want of memory */
    bytes_put_varint(out, plain.len);
    str_addn(out, packed, length);
    free(packed);
}

static void get_dist(Bytes *b, Bin *bin)
{
    const unsigned char *level = bytes_take(b, 1);
    uint64_t n = bytes_varint(b);
    if (b->bad || *level > DIST_LEVELS || n > DIST_PAIRS) {
        b->bad = true;
        return;
    }
    int64_t cell = 0;
    for (uint64_t i = 0; i < n && !b->bad; i++) {
        double value;
        if (*level == 0) {
            value = bytes_number(b);
        } else {
            uint64_t zigzag = bytes_varint(b);
            cell += (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
            value = dist_cell_value(*level, (int32_t)cell);
        }
        dist_add(&bin->dist, value, bytes_number(b));
        if (bin->dist->level < *level)
            bin->dist->level = *level;
    }
}

static void get_bin(Bytes *b, Bin *bin)
{
    const unsigned char *flags = bytes_take(b, 1);
    if (!flags)
        return;
    if (*flags == BIN_UNIFORM) {
        bin->min = bin->max = bytes_number(b);
        bin->count = bytes_number(b);
        bin->sum = bin->min * bin->count;
        return;
    }
    bin->opaque = (*flags & BIN_OPAQUE) != 0;
    bin->sum = bytes_number(b);
    bin->min = bytes_number(b);
    bin->max = bytes_number(b);
    bin->count = bytes_number(b);
    if (*flags & BIN_DIST)
        get_dist(b, bin);
}

static Status broken(Error *err)
{
    return FAIL(err, ST_IO, "a block of the time series store is broken");
}

Status block_decode(const void *bytes, size_t length, int64_t block_start_s, int64_t resolution_s, Bins *bins, Error *err)
{
    Bytes packed = { bytes, (const unsigned char *)bytes + length, false };
    uint64_t size = bytes_varint(&packed);
    if (packed.bad || size > BLOCK_BYTES_MAX)
        return broken(err);
    unsigned char *plain = malloc(size ? size : 1);
    if (!plain)
        abort();
    size_t got = ZSTD_decompress(plain, size, packed.at, (size_t)(packed.end - packed.at));
    Bytes b = { plain, plain + size, ZSTD_isError(got) || got != size };
    int64_t time_s = block_start_s - resolution_s;
    while (!b.bad && b.at < b.end) {
        Bin bin = { 0 };
        time_s += (int64_t)bytes_varint(&b) * resolution_s;
        get_bin(&b, &bin);
        if (!b.bad) {
            Bin *at = bins_at(bins, time_s);
            if (at->count == 0) {
                bin.time_s = time_s;
                *at = bin;
                bin.dist = NULL;
            } else {
                bin_merge(at, &bin);
            }
        }
        dist_free(bin.dist);
    }
    free(plain);
    return b.bad ? broken(err) : ST_OK;
}

/* back/duckdb/orc_runs.c -- ORC's run-length encodings, both ways. */
#include "back/duckdb/orc.h"

enum { RUN_MAX = 512 };

/* ---------------------------------------------------------------- bytes and bits */
bool orc_varint(OrcBytes *in, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        unsigned char byte = *in->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool orc_byte(OrcByteRuns *r, unsigned char *ret_value)
{
    if (!r->repeat && !r->literals) {
        if (r->in.end - r->in.at < 2)
            return false;
        int control = *r->in.at++;
        if (control < 128) {
            r->repeat = control + 3;
            r->value = *r->in.at++;
        } else {
            r->literals = 256 - control;
        }
    }
    if (r->repeat) {
        r->repeat--;
        *ret_value = r->value;
        return true;
    }
    if (r->in.at == r->in.end)
        return false;
    r->literals--;
    *ret_value = *r->in.at++;
    return true;
}

bool orc_bit(OrcByteRuns *r, bool *ret_value)
{
    if (!r->bits_left) {
        if (!orc_byte(r, &r->bits))
            return false;
        r->bits_left = 8;
    }
    *ret_value = (r->bits >> --r->bits_left) & 1;
    return true;
}

/* ---------------------------------------------------------------- integers */
static int width_of_code(int code)
{
    static const int wide[] = { 26, 28, 30, 32, 40, 48, 56, 64 };
    return code < 24 ? code + 1 : wide[code - 24];
}

static int closest_width(int bits)
{
    int code = 0;
    while (width_of_code(code) < bits)
        code++;
    return width_of_code(code);
}

static bool big_endian(OrcBytes *in, int bytes, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (in->end - in->at < bytes)
        return false;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | *in->at++;
    *ret_value = value;
    return true;
}

/* `n` values of `width` bits; the last byte is filled up. */
static bool unpack_bits(OrcBytes *in, int width, size_t n, uint64_t *values)
{
    size_t bytes = ((size_t)width * n + 7) / 8, bit = 0;
    if ((size_t)(in->end - in->at) < bytes)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 0;
        for (int left = width; left > 0;) {
            int there = 8 - (int)(bit % 8), take = left < there ? left : there;
            unsigned chunk = ((unsigned)in->at[bit / 8] >> (there - take)) & ((1u << take) - 1);
            value = value << take | chunk;
            bit += (size_t)take;
            left -= take;
        }
        values[i] = value;
    }
    in->at += bytes;
    return true;
}

static int64_t plain(const OrcInts *r, uint64_t value)
{
    return r->is_signed ? orc_unzigzag(value) : (int64_t)value;
}

static bool run_v1(OrcInts *r)
{
    uint64_t value;
    if (r->in.at == r->in.end)
        return false;
    int control = *r->in.at++;
    if (control >= 128) {
        r->n = (size_t)(256 - control);
        for (size_t i = 0; i < r->n; i++) {
            if (!orc_varint(&r->in, &value))
                return false;
            r->run[i] = plain(r, value);
        }
        return true;
    }
    if (r->in.at == r->in.end)
        return false;
    int64_t delta = (int8_t)*r->in.at++;
    if (!orc_varint(&r->in, &value))
        return false;
    r->n = (size_t)control + 3;
    for (size_t i = 0; i < r->n; i++)
        r->run[i] = (int64_t)((uint64_t)plain(r, value) + (uint64_t)delta * i);
    return true;
}

static bool short_repeat(OrcInts *r, int head)
{
    uint64_t value;
    if (!big_endian(&r->in, ((head >> 3) & 7) + 1, &value))
        return false;
    r->n = (size_t)(head & 7) + 3;
    for (size_t i = 0; i < r->n; i++)
        r->run[i] = plain(r, value);
    return true;
}

static bool direct(OrcInts *r, int width)
{
    uint64_t values[RUN_MAX];
    if (!unpack_bits(&r->in, width, r->n, values))
        return false;
    for (size_t i = 0; i < r->n; i++)
        r->run[i] = plain(r, values[i]);
    return true;
}

static bool delta(OrcInts *r, int code)
{
    uint64_t first, step, deltas[RUN_MAX];
    if (!orc_varint(&r->in, &first) || !orc_varint(&r->in, &step))
        return false;
    int64_t base = orc_unzigzag(step);
    bool down = base < 0;
    r->run[0] = plain(r, first);
    if (r->n > 1)
        r->run[1] = (int64_t)((uint64_t)r->run[0] + (uint64_t)base);
    if (r->n > 2 && code && !unpack_bits(&r->in, width_of_code(code), r->n - 2, deltas))
        return false;
    for (size_t i = 2; i < r->n; i++) {
        uint64_t by = code ? (down ? -deltas[i - 2] : deltas[i - 2]) : (uint64_t)base;
        r->run[i] = (int64_t)((uint64_t)r->run[i - 1] + by);
    }
    return true;
}

static bool patched_base(OrcInts *r, int width)
{
    uint64_t base, values[RUN_MAX], patches[32];
    if (r->in.end - r->in.at < 2)
        return false;
    int third = *r->in.at++, fourth = *r->in.at++;
    int base_bytes = ((third >> 5) & 7) + 1, patch_width = width_of_code(third & 31), gap_width = ((fourth >> 5) & 7) + 1;
    size_t npatches = fourth & 31, at = 0;
    if (patch_width + gap_width > 64 || !big_endian(&r->in, base_bytes, &base) || !unpack_bits(&r->in, width, r->n, values) ||
        !unpack_bits(&r->in, closest_width(patch_width + gap_width), npatches, patches))
        return false;
    uint64_t sign = UINT64_C(1) << (base_bytes * 8 - 1);
    base = base & sign ? -(base & (sign - 1)) : base;
    for (size_t i = 0; i < npatches; i++) {
        uint64_t mask = patch_width == 64 ? UINT64_MAX : (UINT64_C(1) << patch_width) - 1, patch = patches[i] & mask;
        at += (size_t)(patches[i] >> patch_width);
        if (at >= r->n || width >= 64)
            return false;
        values[at] |= patch << width; /* a gap of 255 without a patch goes further */
    }
    for (size_t i = 0; i < r->n; i++)
        r->run[i] = (int64_t)(base + values[i]);
    return true;
}

static bool run_v2(OrcInts *r)
{
    if (r->in.at == r->in.end)
        return false;
    int head = *r->in.at++, code = (head >> 1) & 31;
    if (head >> 6 == 0)
        return short_repeat(r, head);
    if (r->in.at == r->in.end)
        return false;
    r->n = ((size_t)(head & 1) << 8 | *r->in.at++) + 1;
    switch (head >> 6) {
    case 1: return direct(r, width_of_code(code));
    case 2: return patched_base(r, width_of_code(code));
    default: return delta(r, code);
    }
}

bool orc_int(OrcInts *r, int64_t *ret_value)
{
    if (r->next == r->n) {
        r->next = r->n = 0;
        if (!(r->version_2 ? run_v2(r) : run_v1(r))) {
            r->n = 0;
            return false;
        }
    }
    *ret_value = r->run[r->next++];
    return true;
}

/* ---------------------------------------------------------------- writing */
void orc_put_varint(Str *out, uint64_t value)
{
    while (value > 0x7F) {
        str_addc(out, (char)(value | 0x80));
        value >>= 7;
    }
    str_addc(out, (char)value);
}

static void put_direct(Str *out, const int64_t *values, size_t n, bool is_signed)
{
    uint64_t all = 0;
    int code = 0;
    unsigned pending = 0, bits = 0;
    for (size_t i = 0; i < n; i++)
        all |= is_signed ? orc_zigzag(values[i]) : (uint64_t)values[i];
    while (width_of_code(code) < 64 && all >> width_of_code(code))
        code++;
    str_addc(out, (char)(0x40 | code << 1 | (int)((n - 1) >> 8)));
    str_addc(out, (char)(n - 1));
    for (size_t i = 0; i < n; i++) {
        uint64_t value = is_signed ? orc_zigzag(values[i]) : (uint64_t)values[i];
        for (int left = width_of_code(code); left > 0;) {
            int room = 8 - (int)bits, take = left < room ? left : room;
            pending = pending << take | (unsigned)((value >> (left - take)) & ((1u << take) - 1));
            bits += (unsigned)take;
            left -= take;
            if (bits == 8) {
                str_addc(out, (char)pending);
                pending = bits = 0;
            }
        }
    }
    if (bits)
        str_addc(out, (char)(pending << (8 - bits)));
}

/* A step that stays the same: 0 for equal values. */
static void put_steps(Str *out, const int64_t *values, size_t n, bool is_signed)
{
    str_addc(out, (char)(0xC0 | (int)((n - 1) >> 8)));
    str_addc(out, (char)(n - 1));
    orc_put_varint(out, is_signed ? orc_zigzag(values[0]) : (uint64_t)values[0]);
    orc_put_varint(out, orc_zigzag(values[1] - values[0]));
}

void orc_put_ints(Str *out, const int64_t *values, size_t n, bool is_signed)
{
    while (n) {
        size_t take = n < RUN_MAX ? n : RUN_MAX, same = 1;
        int64_t step = 0, next;
        if (n > 1 && !__builtin_sub_overflow(values[1], values[0], &step))
            for (same = 2; same < take && !__builtin_add_overflow(values[same - 1], step, &next) && next == values[same];)
                same++;
        if (same > 3) {
            put_steps(out, values, same, is_signed);
            take = same;
        } else {
            put_direct(out, values, take, is_signed);
        }
        values += take;
        n -= take;
    }
}

void orc_put_bytes(Str *out, const unsigned char *values, size_t n)
{
    while (n) {
        size_t same = 1;
        while (same < n && same < 130 && values[same] == values[0])
            same++;
        if (same >= 3) {
            str_addc(out, (char)(same - 3));
            str_addc(out, (char)values[0]);
        } else {
            for (same = 1; same < n && same < 128 && !(same + 2 < n && values[same] == values[same + 1] && values[same] == values[same + 2]);)
                same++;
            str_addc(out, (char)(256 - same));
            str_addn(out, values, same);
        }
        values += same;
        n -= same;
    }
}

void orc_put_bits(Str *out, const bool *values, size_t n)
{
    str_auto bytes = STR_INIT(SIZE_MAX);
    for (size_t i = 0; i < n; i += 8) {
        unsigned byte = 0;
        for (size_t k = 0; k < 8; k++)
            byte = byte << 1 | (i + k < n && values[i + k]);
        str_addc(&bytes, (char)byte);
    }
    orc_put_bytes(out, (const unsigned char *)str_text(&bytes), bytes.len);
}

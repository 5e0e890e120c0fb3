/* hadoop/terarow.c -- the rows of the sort benchmark: 100 bytes made from a row's number and a random number of 128 bits.
 * Source: org.apache.hadoop.examples.terasort.{GenSort,Random16}; Chris Nyberg's gensort. */
#include "hadoop/examples.h"

#include <zlib.h>

/* x * A + C modulo 2^128 */
static const TeraNumber A = (TeraNumber)0x2360ed051fc65da4U << 64 | 0x4385df649fccf645U;
static const TeraNumber C = (TeraNumber)0x4a696d4772617952U << 64 | 0x4950202020202001U;

TeraNumber tera_random_next(TeraNumber random)
{
    return random * A + C;
}

TeraNumber tera_random(TeraNumber row)
{
    TeraNumber random = 0, a = A, c = C; /* of 1, 2, 4, 8 … steps at once */
    for (; row; row >>= 1) {
        if (row & 1)
            random = random * a + c;
        c = c * a + c;
        a = a * a;
    }
    return random;
}

static uint8_t hex_digit(TeraNumber number, int place)
{
    return (uint8_t)"0123456789ABCDEF"[(unsigned)(number >> (4 * (31 - place))) & 15];
}

void tera_row(TeraNumber random, TeraNumber row, uint8_t ret_row[TERA_ROW_BYTES])
{
    uint8_t *at = ret_row;
    for (int i = 0; i < TERA_KEY_BYTES; i++)
        *at++ = (uint8_t)(random >> (8 * (15 - i)));
    *at++ = 0x00;
    *at++ = 0x11;
    for (int i = 0; i < 32; i++)
        *at++ = hex_digit(row, i);
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(0x88 + 0x11 * i);
    for (int i = 0; i < 12; i++, at += 4)
        memset(at, hex_digit(random, 20 + i), 4);
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(0xcc + 0x11 * i);
}

uint32_t tera_checksum(const uint8_t *key, const uint8_t *value)
{
    return (uint32_t)crc32(crc32(0, key, TERA_KEY_BYTES), value, TERA_VALUE_BYTES);
}

/* series/bin.h -- what came within one second, minute, five minutes or hour: a statistics set and, where it can be known, how the
 * values were distributed. A block is the bins of one track and one resolution over a fixed span, as bytes. */
#ifndef WEIR_SERIES_BIN_H
#define WEIR_SERIES_BIN_H
#include "base/status.h"
#include "base/str.h"
#include "series/dist.h"

typedef struct Bin {
    int64_t time_s;               /* its begin, a multiple of its resolution */
    double sum, min, max, count;
    Dist *dist;                   /* of the values. NULL: they are all equal (min == max), or `opaque` */
    bool opaque;                  /* statistics sets or negative values are in it: no percentiles */
} Bin;

/* Ascending in time; heap. */
typedef struct Bins {
    Bin *at;
    size_t len, cap;
} Bins;

bool bin_uniform(const Bin *bin); /* all values are bin->min */
void bin_add_value(Bin *bin, double value, double count);
void bin_add_set(Bin *bin, double sum, double min, double max, double count);
void bin_merge(Bin *bin, const Bin *other); /* time_s stays */
void bin_merge_set(Bin *bin, const Bin *other); /* its statistics set only: bin gets opaque */

/* The bin of that time, made empty when it is not there. */
Bin *bins_at(Bins *bins, int64_t time_s);
void bins_merge(Bins *bins, const Bins *other);
void bins_done(Bins *bins); /* frees all, leaves it empty */

/* The resolutions: 1 s kept for 3 hours, 60 s for 15 days, 300 s for 63 days, 3600 s for 455 days, as CloudWatch does. */
typedef struct Resolution {
    int64_t seconds, keep_s, block_s;
} Resolution;
enum { RESOLUTIONS = 4 };
extern const Resolution resolutions[RESOLUTIONS];

/* bins[0..n) of one block, compressed. */
void block_encode(const Bin *bins, size_t n, int64_t block_start_s, int64_t resolution_s, Str *out);
/* Adds what a block has to `bins`. ST_IO when the bytes are broken. */
Status block_decode(const void *bytes, size_t length, int64_t block_start_s, int64_t resolution_s, Bins *bins, Error *err);

/* Bytes of integers and doubles, for the log as well. A reader that ran over the end has `bad` set and gives zeros. */
void bytes_put_varint(Str *out, uint64_t n);
void bytes_put_double(Str *out, double d);
void bytes_put_number(Str *out, double d); /* short when it is a small integer */
typedef struct Bytes {
    const unsigned char *at, *end;
    bool bad;
} Bytes;
uint64_t bytes_varint(Bytes *b);
double bytes_double(Bytes *b);
double bytes_number(Bytes *b);
/* The next `length` bytes, NULL when there are not as many. */
const void *bytes_take(Bytes *b, uint64_t length);

#endif

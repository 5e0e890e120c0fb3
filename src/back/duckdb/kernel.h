/* back/duckdb/kernel.h -- functions of Spark's meaning inside the engine: one row at a time, in C.
 *
 * A kernel is a row of a table: name, types, and a function that reads the arguments of one row from `k` and sets its
 * result (or k_null, or k_fail). Rows with a NULL argument give NULL without a call, unless KERNEL_NULLS. Each thread has
 * a KernelState whose slots keep what is costly to make: compiled patterns, time zones.
 *
 * Types in a signature "Si:S", arguments then result: b BOOLEAN, t TINYINT, s SMALLINT, i INTEGER, l BIGINT, h HUGEINT, f FLOAT,
 * d DOUBLE, S VARCHAR, B BLOB, D DATE, T TIMESTAMP, I INTERVAL, * any, "[S" a list of VARCHAR, digits DECIMAL(38, s) as a result. "S*" at the end with
 * KERNEL_VARARGS: any number of the last type.
 *
 * To add a kernel: a static function and a row in a kernel_*.c; emit_functions.def names it; a golden test. */
#ifndef WEIR_BACK_DUCKDB_KERNEL_H
#define WEIR_BACK_DUCKDB_KERNEL_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#include <duckdb.h>
#include <string.h>

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

/* A function for each scale of a decimal: the engine wants a result's type when it is registered. */
#define EACH_SCALE(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) \
    X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38)

enum { KERNEL_NULLS = 1, KERNEL_VOLATILE = 2, KERNEL_VARARGS = 4 };
enum { KERNEL_ARGS = 12, KERNEL_SLOTS = 4 }; /* KERNEL_ARGS: as many have their place on the stack */
/* The `mode` argument of casts and the like: what an impossible value gives. */
enum { MODE_NULL = 0, MODE_ERROR = 1 };

typedef struct KernelSlot {
    char *key;
    void *value;
    void (*free)(void *value);
} KernelSlot;
typedef struct KernelState {
    Arena *arena;              /* by k_arena; NULL: not used yet */
    KernelSlot slots[KERNEL_SLOTS];
    uint64_t random[2];        /* generators: 0 is "not seeded" */
    int64_t counter;
} KernelState;

typedef struct KernelArg {
    duckdb_vector vector;
    const void *data;
    const uint64_t *validity;
    bool typed;          /* what follows is known: found once for each chunk, by kernel_decimal.c */
    duckdb_type number;  /* of a number; of a decimal the type that holds it */
    int scale;           /* of a decimal, 0 for other numbers */
} KernelArg;
typedef struct K {
    duckdb_function_info info;
    KernelState *state;
    size_t nargs;
    KernelArg *args;
    idx_t row, rows;
    duckdb_vector out;
    void *out_data;
    bool failed;
    idx_t list_len;            /* elements written to the result's child so far */
} K;

/* The chunk's columns as k's arguments: in `own`, or where there are more in memory that k_args_close frees. */
void k_args_open(K *k, duckdb_data_chunk input, KernelArg own[static KERNEL_ARGS]);
void k_args_close(K *k);

typedef struct Kernel {
    const char *name, *signature;
    void (*run)(K *k);
    unsigned flags;
} Kernel;

/* ---------------------------------------------------------------- arguments */
static inline bool k_is_null(const K *k, size_t arg)
{
    const uint64_t *v = k->args[arg].validity;
    return v && !(v[k->row / 64] >> (k->row % 64) & 1);
}
#define K_GETTER(name, type) \
    static inline type name(const K *k, size_t arg) { return ((const type *)k->args[arg].data)[k->row]; }
K_GETTER(k_bool, bool)
K_GETTER(k_i8, int8_t)
K_GETTER(k_i16, int16_t)
K_GETTER(k_i32, int32_t)
K_GETTER(k_i64, int64_t)
K_GETTER(k_f32, float)
K_GETTER(k_f64, double)
K_GETTER(k_interval, duckdb_interval)
#undef K_GETTER
static inline i128 k_i128(const K *k, size_t arg) /* the engine keeps them at multiples of 8 bytes */
{
    i128 value;
    memcpy(&value, (const char *)k->args[arg].data + k->row * sizeof value, sizeof value);
    return value;
}
static inline View k_str(const K *k, size_t arg)
{
    duckdb_string_t *s = (duckdb_string_t *)k->args[arg].data + k->row;
    return (View){ duckdb_string_t_data(s), duckdb_string_t_length(*s) };
}

/* ---------------------------------------------------------------- results */
#define K_SETTER(name, type) \
    static inline void name(K *k, type value) { ((type *)k->out_data)[k->row] = value; }
K_SETTER(k_set_bool, bool)
K_SETTER(k_set_i8, int8_t)
K_SETTER(k_set_i16, int16_t)
K_SETTER(k_set_i32, int32_t)
K_SETTER(k_set_i64, int64_t)
K_SETTER(k_set_f32, float)
K_SETTER(k_set_f64, double)
K_SETTER(k_set_interval, duckdb_interval)
#undef K_SETTER
static inline void k_set_i128(K *k, i128 value)
{
    memcpy((char *)k->out_data + k->row * sizeof value, &value, sizeof value);
}
void k_set_str(K *k, const char *text, size_t length);
static inline void k_set_view(K *k, View v) { k_set_str(k, v.data, v.len); }
/* What was built; fails when it passed its limit. */
void k_set_out(K *k, const Str *out);
/* Memory for a value, the caller frees it. NULL, and the query fails, when a value cannot be so large or there is not so much. */
char *k_alloc(K *k, size_t bytes);
void k_null(K *k);
/* Ends the query with a Spark error: key, value, … NULL. */
void k_fail(K *k, const char *code, ...) __attribute__((sentinel));
/* Fails as Spark does where a Java exception without an error class comes through (ArithmeticException: long overflow). */
void k_throw(K *k, const char *message);
/* A list of VARCHAR (or BLOB): k_list_add for each element, then k_list_end. */
void k_list_add(K *k, const char *text, size_t length);
void k_list_end(K *k, idx_t count);
/* A list of BIGINT: n positions from 0, given as positions from 1. */
void k_set_order(K *k, const int64_t *order, size_t n);

/* What `make` made for `key` in this thread; made anew when the key changes. NULL from make is kept too. */
void *k_cached(K *k, size_t slot, View key, void *(*make)(K *k, View key), void (*release)(void *value));
Arena *k_arena(K *k);       /* emptied after each vector */
char *k_text(K *k, View v); /* NUL-terminated, until the end of the vector */

/* ---------------------------------------------------------------- the tables */
extern const Kernel kernels_cast[], kernels_number[], kernels_string[], kernels_regex[], kernels_date[], kernels_date_legacy[], kernels_hash[],
    kernels_json[], kernels_misc[], kernels_decimal[], kernels_interval[], kernels_number_format[], kernels_random[], kernels_twister[], kernels_url[],
    kernels_printf[], kernels_charset[], kernels_aes[], kernels_time[],
    kernels_sort[], kernels_decimal_format[], kernels_sentences[], kernels_sketch[], kernels_theta[], kernels_hll[], kernels_kll[], kernels_top_k[], kernels_top_k_item[], kernels_collation[], kernels_variant[], kernels_xpath[], kernels_spatial[], kernels_reflect[];
/* Spark's Murmur3 of bytes (kernel_hash.c). */
int32_t kernel_murmur3(View bytes, int32_t seed);
/* Murmur3 x64 128 with the seed of Apache DataSketches. */
void kernel_murmur3_128(View bytes, uint64_t ret[2]);

/* The type of the next letter of a signature; the caller destroys it. */
duckdb_logical_type kernel_next_type(const char **at);
/* Registers the rows of a table, up to one without a name, with the database of a connection. */
Status kernel_register(duckdb_connection connection, const Kernel *table, Error *err);

#endif

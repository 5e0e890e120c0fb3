/* back/duckdb/kernel.c -- registering kernels, and the loop around them. */
#include "back/duckdb/kernel.h"

#include "back/duckdb/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void state_free(void *p)
{
    KernelState *state = p;
    for (size_t i = 0; i < KERNEL_SLOTS; i++) {
        free(state->slots[i].key);
        if (state->slots[i].value && state->slots[i].free)
            state->slots[i].free(state->slots[i].value);
    }
    arena_free(state->arena);
    free(state);
}

static void state_init(duckdb_init_info info)
{
    KernelState *state = calloc(1, sizeof *state);
    if (!state)
        abort();
    duckdb_scalar_function_init_set_state(info, state, state_free);
}

static bool any_null(const K *k)
{
    for (size_t i = 0; i < k->nargs; i++) {
        if (k_is_null(k, i))
            return true;
    }
    return false;
}

void k_args_open(K *k, duckdb_data_chunk input, KernelArg own[static KERNEL_ARGS])
{
    k->nargs = duckdb_data_chunk_get_column_count(input);
    k->rows = duckdb_data_chunk_get_size(input);
    k->args = k->nargs > KERNEL_ARGS ? calloc(k->nargs, sizeof *own) : memset(own, 0, k->nargs * sizeof *own);
    if (!k->args)
        abort();
    for (size_t i = 0; i < k->nargs; i++) {
        k->args[i].vector = duckdb_data_chunk_get_vector(input, i);
        k->args[i].data = duckdb_vector_get_data(k->args[i].vector);
        k->args[i].validity = duckdb_vector_get_validity(k->args[i].vector);
    }
}

void k_args_close(K *k)
{
    if (k->nargs > KERNEL_ARGS)
        free(k->args);
}

static void run_rows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const Kernel *kernel = duckdb_scalar_function_get_extra_info(info);
    K k = { .info = info, .out = output, .out_data = duckdb_vector_get_data(output) };
    k.state = duckdb_scalar_function_get_state(info);
    KernelArg own[KERNEL_ARGS];
    k_args_open(&k, input, own);
    for (k.row = 0; k.row < k.rows && !k.failed; k.row++) {
        if (!(kernel->flags & KERNEL_NULLS) && any_null(&k))
            k_null(&k);
        else
            kernel->run(&k);
    }
    k_args_close(&k);
    if (k.state->arena) {
        arena_free(k.state->arena);
        k.state->arena = NULL;
    }
}

void k_set_str(K *k, const char *text, size_t length)
{
    duckdb_vector_assign_string_element_len(k->out, k->row, text, length);
}

enum { VALUE_MAX_BYTES = INT32_MAX - 15 }; /* ByteArrayMethods.MAX_ROUNDED_ARRAY_LENGTH */

static void no_memory(K *k, size_t bytes)
{
    char asked[24];
    snprintf(asked, sizeof asked, "%zu", bytes);
    k_fail(k, "UNABLE_TO_ACQUIRE_MEMORY", "requestedBytes", asked, "receivedBytes", "0", NULL);
}

void k_set_out(K *k, const Str *out)
{
    if (out->overflow)
        no_memory(k, out->max_bytes);
    else
        k_set_str(k, str_text(out), out->len);
}

char *k_alloc(K *k, size_t bytes)
{
    char *memory = bytes <= VALUE_MAX_BYTES ? malloc(bytes + 1) : NULL;
    if (!memory)
        no_memory(k, bytes);
    return memory;
}

void k_null(K *k)
{
    duckdb_vector_ensure_validity_writable(k->out);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(k->out), k->row);
}

Arena *k_arena(K *k)
{
    if (!k->state->arena)
        k->state->arena = arena_new();
    return k->state->arena;
}

void k_fail(K *k, const char *code, ...)
{
    const char *params[16] = { NULL };
    size_t n = 0;
    va_list args;
    va_start(args, code);
    for (const char *p; n < 15 && (p = va_arg(args, const char *)); n++)
        params[n] = p;
    va_end(args);
    duckdb_scalar_function_set_error(k->info, engine_error_encode(k_arena(k), code, params));
    k->failed = true;
}

void k_throw(K *k, const char *message)
{
    k_fail(k, ENGINE_NO_CLASS, ENGINE_WHOLE_MESSAGE, message, NULL);
}

void k_list_add(K *k, const char *text, size_t length)
{
    duckdb_list_vector_reserve(k->out, k->list_len + 1);
    duckdb_list_vector_set_size(k->out, k->list_len + 1);
    duckdb_vector_assign_string_element_len(duckdb_list_vector_get_child(k->out), k->list_len, text, length);
    k->list_len++;
}

void k_list_end(K *k, idx_t count)
{
    ((duckdb_list_entry *)k->out_data)[k->row] = (duckdb_list_entry){ .offset = k->list_len - count, .length = count };
}

void k_set_order(K *k, const int64_t *order, size_t n)
{
    duckdb_list_vector_reserve(k->out, k->list_len + n);
    duckdb_list_vector_set_size(k->out, k->list_len + n);
    int64_t *all = duckdb_vector_get_data(duckdb_list_vector_get_child(k->out));
    for (size_t i = 0; i < n; i++)
        all[k->list_len + i] = order[i] + 1;
    k->list_len += n;
    k_list_end(k, n);
}

void *k_cached(K *k, size_t slot, View key, void *(*make)(K *k, View key), void (*release)(void *value))
{
    KernelSlot *s = &k->state->slots[slot];
    if (s->key && strlen(s->key) == key.len && !memcmp(s->key, key.data, key.len))
        return s->value;
    if (s->value && s->free)
        s->free(s->value);
    free(s->key);
    s->key = strndup(key.data, key.len);
    s->value = make(k, key);
    s->free = release;
    return s->value;
}

char *k_text(K *k, View v)
{
    return arena_strn(k_arena(k), v.data, v.len);
}

/* ---------------------------------------------------------------- registering */
static duckdb_type type_of(char c)
{
    static const char letters[] = "btsilhfdSBDTI*";
    static const duckdb_type types[] = { DUCKDB_TYPE_BOOLEAN, DUCKDB_TYPE_TINYINT,  DUCKDB_TYPE_SMALLINT, DUCKDB_TYPE_INTEGER,
                                         DUCKDB_TYPE_BIGINT,  DUCKDB_TYPE_HUGEINT,  DUCKDB_TYPE_FLOAT,    DUCKDB_TYPE_DOUBLE,
                                         DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_BLOB,     DUCKDB_TYPE_DATE,     DUCKDB_TYPE_TIMESTAMP,
                                         DUCKDB_TYPE_INTERVAL, DUCKDB_TYPE_ANY };
    const char *at = strchr(letters, c);
    return at && c ? types[at - letters] : DUCKDB_TYPE_INVALID;
}

duckdb_logical_type kernel_next_type(const char **at)
{
    if (isdigit((unsigned char)**at)) { /* a number stands for DECIMAL(38, number) */
        char *end;
        unsigned long scale = strtoul(*at, &end, 10);
        *at = end;
        return duckdb_create_decimal_type(38, (uint8_t)scale);
    }
    if (**at != '[')
        return duckdb_create_logical_type(type_of(*(*at)++));
    (*at)++;
    duckdb_logical_type element = kernel_next_type(at), list = duckdb_create_list_type(element);
    duckdb_destroy_logical_type(&element);
    return list;
}

static duckdb_scalar_function make(const Kernel *kernel)
{
    duckdb_scalar_function f = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(f, kernel->name);
    const char *at = kernel->signature;
    while (*at && *at != ':') {
        duckdb_logical_type type = kernel_next_type(&at);
        if ((kernel->flags & KERNEL_VARARGS) && *at == ':')
            duckdb_scalar_function_set_varargs(f, type);
        else
            duckdb_scalar_function_add_parameter(f, type);
        duckdb_destroy_logical_type(&type);
    }
    at++;
    duckdb_logical_type result = kernel_next_type(&at);
    duckdb_scalar_function_set_return_type(f, result);
    duckdb_destroy_logical_type(&result);
    /* The loop above gives NULL for NULL itself: without this the engine would fold a constant NULL away, and its type. */
    duckdb_scalar_function_set_special_handling(f);
    if (kernel->flags & KERNEL_VOLATILE)
        duckdb_scalar_function_set_volatile(f);
    duckdb_scalar_function_set_extra_info(f, (void *)(uintptr_t)kernel, NULL);
    duckdb_scalar_function_set_init(f, state_init);
    duckdb_scalar_function_set_function(f, run_rows);
    return f;
}

/* Rows of one name that follow each other are overloads. */
Status kernel_register(duckdb_connection connection, const Kernel *table, Error *err)
{
    while (table->name) {
        const char *name = table->name;
        duckdb_scalar_function_set set = duckdb_create_scalar_function_set(name);
        for (; table->name && !strcmp(table->name, name); table++) {
            duckdb_scalar_function f = make(table);
            duckdb_add_scalar_function_to_set(set, f);
            duckdb_destroy_scalar_function(&f);
        }
        duckdb_state state = duckdb_register_scalar_function_set(connection, set);
        duckdb_destroy_scalar_function_set(&set);
        if (state != DuckDBSuccess)
            return FAIL(err, ST_INTERNAL, "register the kernel %s", name);
    }
    return ST_OK;
}

Status kernels_register(duckdb_connection connection, Error *err)
{
    static const Kernel *const tables[] = { kernels_cast, kernels_number, kernels_string, kernels_regex,
                                            kernels_date, kernels_date_legacy, kernels_hash,   kernels_json,   kernels_misc,   kernels_decimal,
                                            kernels_interval, kernels_number_format, kernels_random, kernels_twister, kernels_url, kernels_printf,
                                            kernels_charset, kernels_aes,  kernels_time, kernels_sort, kernels_decimal_format, kernels_sentences,
                                            kernels_sketch, kernels_theta, kernels_hll, kernels_kll, kernels_top_k, kernels_top_k_item, kernels_collation, kernels_variant, kernels_xpath, kernels_spatial, kernels_reflect };
    TRY(engine_run(connection, "BEGIN TRANSACTION", NULL, err));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        TRY(kernel_register(connection, tables[i], err));
    TRY(aggregates_register(connection, err));
    return engine_run(connection, "COMMIT", NULL, err);
}

/* svc/glue/common.c -- errors, values and pages of the Glue handlers. */
#include "base/str.h"
#include "svc/glue/internal.h"
#include "svc/schedule.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { TEXT_MAX = 1024 };

Status glue_check_schedule(const char *schedule, Error *err)
{
    if (schedule_is_cron(schedule) && schedule_check(schedule, NULL) == ST_OK)
        return ST_OK;
    return glue_invalid(err, "Invalid schedule expression '%s': it is cron(minutes hours day-of-month month day-of-week year), one of whose days is ?.", schedule);
}

void glue_batch_error(Arena *a, Val *list, Val *entry, const char *member, const Error *err)
{
    Val *detail = val_map(a);
    val_set_str(a, detail, "ErrorCode", err->code[0] ? err->code : "InternalServiceException");
    val_set_str(a, detail, "ErrorMessage", err->message);
    val_set(a, entry, member, detail);
    val_push(a, list, entry);
}

/* --- values --- */

Val *glue_val(const Val *v)
{
    return (Val *)(uintptr_t)v;
}

Val *glue_copy(Arena *a, const Val *map)
{
    Val *copy = val_map(a);
    for (size_t i = 0; i < val_len(map); i++)
        val_append(a, copy, map->names[i], map->items[i]);
    return copy;
}

void glue_answer(Call *call, const Val *map)
{
    for (size_t i = 0; i < val_len(map); i++)
        val_set(call->arena, call->output, map->names[i], map->items[i]);
}

Val *glue_json(Arena *a, const char *text)
{
    Val *value = NULL;
    return text && val_from_json(a, text, strlen(text), &value) ? value : NULL;
}

const char *glue_lower(Arena *a, const char *text)
{
    char *lower = arena_str(a, text);
    for (char *c = lower; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return lower;
}

StrList glue_texts(Arena *a, const Val *list)
{
    StrList texts = { 0 };
    for (size_t i = 0; i < val_len(list); i++)
        vec_push(a, &texts, val_at(list, i)->kind == VAL_STR ? val_at(list, i)->s : "");
    return texts;
}

Val *glue_text_list(Arena *a, const StrList *texts)
{
    Val *list = val_list(a);
    for (size_t i = 0; i < texts->len; i++)
        val_push(a, list, val_strv(a, texts->at[i]));
    return list;
}

char *glue_uuid(Arena *a)
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        abort(); /* only before the kernel's pool is ready */
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    char hex[33];
    hex_encode(b, sizeof b, hex);
    return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

char *glue_arn(Call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *rest = arena_vprintf(call->arena, format, args);
    va_end(args);
    return arena_printf(call->arena, "arn:aws:glue:%s:%s:%s", call->region, call->server->account, rest);
}

Status glue_catalog(Call *call, Metastore **ret_metastore, Error *err)
{
    const char *id = val_str(call->input, "CatalogId");
    if (id && !str_eq(id, call->server->account))
        return glue_missing(err, "Catalog %s not found.", id);
    return metastore_open_store(call->server->store, ret_metastore, err);
}

/* --- pages --- */

const char *glue_token(Arena *a, const char *text)
{
    char *marked = arena_printf(a, "glue1:%s", text);
    return base64_encode(a, marked, strlen(marked));
}

Status glue_token_read(Call *call, const char **ret_text, Error *err)
{
    const char *token = val_str(call->input, "NextToken");
    void *bytes = NULL;
    size_t length = 0;
    *ret_text = NULL;
    if (!token || !*token)
        return ST_OK;
    if (!base64_decode(call->arena, token, &bytes, &length) || length < 6 || memcmp(bytes, "glue1:", 6) != 0)
        return glue_invalid(err, "The token is not valid.");
    *ret_text = arena_strn(call->arena, (char *)bytes + 6, length - 6);
    return ST_OK;
}

Status pager_begin(Call *call, size_t most, Pager *ret_pager, Error *err)
{
    Pager p = { .max = most };
    int64_t wanted = val_int(call->input, "MaxResults", 0);
    if (wanted > 0 && (size_t)wanted < most)
        p.max = (size_t)wanted;
    TRY(glue_token_read(call, &p.after, err));
    *ret_pager = p;
    return ST_OK;
}

bool pager_take(Pager *p, const char *key)
{
    if (p->more || (p->after && strcmp(key, p->after) <= 0))
        return false;
    if (p->taken == p->max) {
        p->more = true;
        return false;
    }
    p->taken++;
    p->last = key;
    return true;
}

void pager_end(Call *call, const Pager *p)
{
    if (p->more)
        val_set_str(call->arena, call->output, "NextToken", glue_token(call->arena, p->last));
}

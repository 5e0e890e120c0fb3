/* svc/redshift/resource.c -- what the handlers share: checks, pages, tags; starting and stopping. */
#include "base/str.h"
#include "svc/redshift/internal.h"
#include "warehouse/pool.h"

#include <ctype.h>
#include <stdio.h>

Status redshift_start(Server *server, Error *err)
{
    return warehouses_open(server->home, &server->warehouses, err);
}

void redshift_stop(Server *server)
{
    warehouses_close(server->warehouses);
    server->warehouses = NULL;
}

Status redshift_reset(Server *server, Error *err)
{
    return warehouses_remove_all(server->warehouses, err);
}

Val *redshift_without(Arena *a, const Val *map, const char *name)
{
    Val *copy = val_map(a);
    for (size_t i = 0; i < val_len(map); i++) {
        if (!str_eq(map->names[i], name))
            val_append(a, copy, map->names[i], map->items[i]);
    }
    return copy;
}

void redshift_copy(Arena *a, Val *to, const Val *from, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        val_set(a, to, names[i], (Val *)val_get(from, names[i]));
}

Status redshift_identifier(Arena *a, const char *what, const char *text, size_t max, const char **ret_id, Error *err)
{
    char *id = arena_str(a, text);
    size_t length = strlen(id);
    bool good = length >= 1 && length <= max && isalpha((unsigned char)id[0]) && id[length - 1] != '-' && !strstr(id, "--");
    for (size_t i = 0; i < length; i++) {
        good = good && (isalnum((unsigned char)id[i]) || id[i] == '-' || id[i] == '_' || id[i] == '.');
        id[i] = (char)tolower((unsigned char)id[i]);
    }
    if (!good)
        return redshift_invalid(err, "The parameter %s is not a valid identifier. Identifiers must begin with a letter; must contain only "
                                     "ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.", what);
    *ret_id = id;
    return ST_OK;
}

/* --- pages --- */

static bool tag_among(const Val *tags, const char *member, const Val *wanted)
{
    for (size_t i = 0; i < val_len(tags); i++) {
        const char *text = val_str(val_at(tags, i), member);
        for (size_t j = 0; j < val_len(wanted); j++) {
            if (str_eq(text, val_at(wanted, j)->s))
                return true;
        }
    }
    return val_len(wanted) == 0;
}

/* What is asked for by both, a key and a value, has a key and a value of the lists. */
static bool tagged_as_asked(const Val *input, const Val *body)
{
    const Val *tags = val_get(body, "Tags");
    return tag_among(tags, "Key", val_get(input, "TagKeys")) && tag_among(tags, "Value", val_get(input, "TagValues"));
}

Status redshift_page(Call *call, const Val *all, const char *name, Error *err)
{
    Arena *a = call->arena;
    const char *marker = val_str(call->input, "Marker");
    int64_t max = val_int(call->input, "MaxRecords", PAGE_DEFAULT), from = 0;
    if (max < PAGE_MIN || max > PAGE_DEFAULT)
        return redshift_invalid(err, "Invalid value %lld for MaxRecords. Must be between %d and %d", (long long)max, PAGE_MIN, PAGE_DEFAULT);
    if (marker && *marker && (!str_to_i64(marker, &from) || from < 0))
        return redshift_invalid(err, "The marker '%s' is not valid.", marker);
    Val *page = val_list(a);
    int64_t at = 0;
    for (size_t i = 0; i < val_len(all); i++) {
        Val *body = (Val *)val_at(all, i);
        if (!tagged_as_asked(call->input, body))
            continue;
        if (at >= from + max) {
            val_set_str(a, call->output, "Marker", arena_printf(a, "%lld", (long long)at));
            break;
        }
        if (at++ >= from)
            val_push(a, page, body);
    }
    val_set(a, call->output, name, page);
    return ST_OK;
}

Status redshift_tags(Call *call, Val **ret_tags, Error *err)
{
    const Val *tags = val_get(call->input, "Tags");
    if (val_len(tags) > TAGS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "TagLimitExceededFault", "A resource may have %d tags at most.", TAGS_MAX);
    *ret_tags = tags ? (Val *)tags : val_list(call->arena);
    return ST_OK;
}

void redshift_answer(Call *call, const char *name, const Val *body)
{
    Val *shown = val_map(call->arena);
    for (size_t i = 0; i < val_len(body); i++)
        val_append(call->arena, shown, body->names[i], body->items[i]);
    val_set(call->arena, call->output, name, shown);
}

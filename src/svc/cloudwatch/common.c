/* svc/cloudwatch/common.c -- errors as CloudWatch words them, dimensions, page tokens. */
#include "base/str.h"
#include "svc/bus.h"
#include "svc/cloudwatch/internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ASCII without control characters, and something to see. */
static bool readable(const char *text)
{
    bool seen = false;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            return false;
        seen = seen || *c != ' ';
    }
    return seen;
}

Status cw_dimensions(Arena *a, const Val *list, const char *where, const SeriesDimension **ret_dimensions, size_t *ret_len, Error *err)
{
    size_t n = val_len(list);
    SeriesDimension *dimensions = ARENA_ARRAY(a, SeriesDimension, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        const char *name = val_str(val_at(list, i), "Name"), *value = val_str(val_at(list, i), "Value");
        if (!name)
            return cw_missing(err, "The parameter %s.member.%zu.Name is required.", where, i + 1);
        if (!value)
            return cw_missing(err, "The parameter %s.member.%zu.Value is required.", where, i + 1);
        if (!readable(name) || name[0] == ':')
            return cw_invalid_value(err, "The value %s for parameter %s.member.%zu.Name is invalid.", name, where, i + 1);
        if (!readable(value))
            return cw_invalid_value(err, "The value %s for parameter %s.member.%zu.Value is invalid.", value, where, i + 1);
        dimensions[i] = (SeriesDimension){ name, value };
    }
    *ret_dimensions = dimensions;
    *ret_len = n;
    return ST_OK;
}

Val *cw_dimensions_value(Arena *a, const SeriesDimension *dimensions, size_t n)
{
    Val *list = val_list(a);
    for (size_t i = 0; i < n; i++) {
        Val *one = val_map(a);
        val_set_str(a, one, "Name", dimensions[i].name);
        val_set_str(a, one, "Value", dimensions[i].value);
        val_push(a, list, one);
    }
    return list;
}

char *cw_token(Arena *a, const char *kind, int64_t at)
{
    char *text = arena_printf(a, "weir1:%s:%lld", kind, (long long)at);
    return base64_encode(a, text, strlen(text));
}

Status cw_token_read(Arena *a, const char *kind, const char *token, const char *message, int64_t *ret_at, Error *err)
{
    void *bytes;
    size_t length;
    *ret_at = 0;
    if (!token)
        return ST_OK;
    const char *prefix = arena_printf(a, "weir1:%s:", kind);
    if (base64_decode(a, token, &bytes, &length)) {
        const char *text = arena_strn(a, bytes, length);
        if (str_starts(text, prefix) && str_to_i64(text + strlen(prefix), ret_at) && *ret_at >= 0)
            return ST_OK;
    }
    return FAIL_CODE(err, ST_INVALID, str_eq(kind, "metrics") ? "InvalidParameterValue" : "InvalidNextToken", "%s", message);
}

Val *cw_json(Arena *a, const char *text)
{
    Val *value = NULL;
    return text && val_from_json(a, text, strlen(text), &value) ? value : NULL;
}

char *cw_alarm_arn(Arena *a, const Server *server, const char *region, const char *name)
{
    return bus_arn(a, server, "cloudwatch", region, region, arena_printf(a, "alarm:%s", name));
}

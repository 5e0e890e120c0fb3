/* svc/events/common.c -- errors, names and pages of EventBridge's handlers. */
#include "base/str.h"
#include "svc/events/internal.h"

#include <ctype.h>
#include <stdio.h>

enum { TEXT_MAX = 2048 };

char *events_arn(const Call *call, const char *kind, const char *name)
{
    return bus_arn(call->arena, call->server, "events", call->region, call->region, arena_printf(call->arena, "%s/%s", kind, name));
}

Val *events_json(Arena *a, const char *text)
{
    Val *value = NULL;
    return text && val_from_json(a, text, strlen(text), &value) ? value : NULL;
}

Status events_page(Call *call, const Val *all, const char *name, Error *err)
{
    Arena *a = call->arena;
    const char *token = val_str(call->input, "NextToken");
    int64_t from = 0, limit = val_int(call->input, "Limit", EVENTS_PAGE);
    if (token && (!str_to_i64(token, &from) || from < 0))
        return events_invalid(err, "Invalid nextToken.");
    Val *page = val_list(a);
    for (size_t i = (size_t)from; i < val_len(all) && (int64_t)val_len(page) < limit; i++)
        val_push(a, page, (Val *)(uintptr_t)val_at(all, i));
    if ((size_t)from + val_len(page) < val_len(all))
        val_set_str(a, call->output, "NextToken", arena_printf(a, "%zu", (size_t)from + val_len(page)));
    val_set(a, call->output, name, page);
    return ST_OK;
}

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, where the region and the account may be empty. */
bool events_is_arn(const char *text)
{
    int colons = 0;
    if (!str_starts(text, "arn:"))
        return false;
    for (const char *c = text; *c; c++) {
        if (isspace((unsigned char)*c))
            return false;
        colons += *c == ':';
    }
    const char *service = strchr(text + 4, ':');
    return colons >= 5 && text[4] != ':' && service[1] != ':' && text[strlen(text) - 1] != ':';
}

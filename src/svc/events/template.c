/* svc/events/template.c -- see template.h. */
#include "svc/events/template.h"

#include <ctype.h>

enum { PAYLOAD_MAX = 1024 * 1024 };

/* ---------------------------------------------------------------- JSON paths */
static const Doc *path_rest(Arena *a, const Doc *doc, const char *at);

/* Of [*] and .*: a list of what the rest finds in each. */
static const Doc *path_each(Arena *a, const Doc *doc, const char *rest)
{
    Doc *all = doc_list(a);
    if (doc->kind != DOC_LIST && doc->kind != DOC_OBJECT)
        return NULL;
    for (size_t i = 0; i < doc->len; i++) {
        const Doc *found = path_rest(a, doc->items[i], rest);
        if (found)
            doc_push(a, all, (Doc *)(uintptr_t)found);
    }
    return all->len ? all : NULL;
}

static const Doc *path_name(Arena *a, const Doc *doc, const char *at)
{
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || (at[n] && strchr("-_/", at[n])) || (unsigned char)at[n] >= 0x80)
        n++;
    const Doc *found = n ? doc_find(doc, (View){ at, n }) : NULL;
    return found ? path_rest(a, found, at + n) : NULL;
}

static const Doc *path_bracket(Arena *a, const Doc *doc, const char *at)
{
    char quote = *at;
    if (quote == '\'' || quote == '"') {
        const char *close = strchr(at + 1, quote);
        const Doc *found = close && close[1] == ']' ? doc_find(doc, (View){ at + 1, (size_t)(close - at - 1) }) : NULL;
        return found ? path_rest(a, found, close + 2) : NULL;
    }
    const char *close = strchr(at, ']');
    int64_t index;
    if (!close || doc->kind != DOC_LIST || !str_to_i64(arena_strn(a, at, (size_t)(close - at)), &index))
        return NULL;
    if (index < 0)
        index += (int64_t)doc->len;
    return index >= 0 && index < (int64_t)doc->len ? path_rest(a, doc->items[index], close + 1) : NULL;
}

static const Doc *path_rest(Arena *a, const Doc *doc, const char *at)
{
    if (!*at)
        return doc;
    if (str_starts(at, ".*"))
        return path_each(a, doc, at + 2);
    if (str_starts(at, "[*]"))
        return path_each(a, doc, at + 3);
    if (*at == '.')
        return path_name(a, doc, at + 1);
    return *at == '[' ? path_bracket(a, doc, at + 1) : NULL;
}

const Doc *template_path(Arena *a, const Doc *doc, const char *path)
{
    return *path == '$' ? path_rest(a, doc, path + 1) : NULL;
}

/* ---------------------------------------------------------------- variables */
/* The event without its detail. */
static const Doc *envelope(Arena *a, const Doc *event)
{
    Doc *copy = doc_object(a);
    for (size_t i = 0; i < event->len; i++) {
        if (!view_eq(event->names[i], VIEW("detail")))
            doc_set(a, copy, event->names[i].data, event->items[i]);
    }
    return copy;
}

static const Doc *variable(Arena *a, const Val *paths, const char *name, const TemplateContext *c)
{
    const char *path = val_str(paths, name);
    if (path)
        return template_path(a, c->event, path);
    if (str_eq(name, "aws.events.rule-arn"))
        return doc_string(a, c->rule_arn);
    if (str_eq(name, "aws.events.rule-name"))
        return doc_string(a, c->rule_name);
    if (str_eq(name, "aws.events.event.ingestion-time"))
        return doc_string(a, c->ingestion_time);
    if (str_eq(name, "aws.events.event"))
        return envelope(a, c->event);
    return str_eq(name, "aws.events.event.json") ? c->event : NULL;
}

static void put_quoted(Arena *a, Str *out, const Doc *value)
{
    if (value->kind == DOC_STRING) {
        doc_print_escaped(out, value->text);
        return;
    }
    for (const char *c = doc_json(a, value); *c; c++) {
        if (*c != '"')
            str_addc(out, *c);
    }
}

/* The length of "<name>" at `at`, 0 when there is none. */
static size_t placeholder(const char *at)
{
    size_t n = 1;
    while (isalnum((unsigned char)at[n]) || at[n] == '-' || at[n] == '_' || at[n] == '.')
        n++;
    return at[0] == '<' && n > 1 && at[n] == '>' ? n + 1 : 0;
}

static void fill(Arena *a, const char *template, const Val *paths, const TemplateContext *c, Str *out)
{
    bool quoted = false;
    for (const char *at = template; *at;) {
        size_t n = placeholder(at);
        if (n) {
            const Doc *value = variable(a, paths, arena_strn(a, at + 1, n - 2), c);
            if (value && quoted)
                put_quoted(a, out, value);
            else if (value)
                doc_print(out, value);
            at += n;
            continue;
        }
        if (*at == '\\' && at[1])
            str_addc(out, *at++);
        else if (*at == '"')
            quoted = !quoted;
        str_addc(out, *at++);
    }
}

static Status transformed(Arena *a, const Val *transformer, const TemplateContext *c, char **ret_payload, Error *err)
{
    const char *template = val_str(transformer, "InputTemplate"), *first = template + strspn(template, " \t\r\n");
    str_auto out = STR_INIT(PAYLOAD_MAX);
    Doc *made;
    fill(a, first, val_get(transformer, "InputPathsMap"), c, &out);
    if (out.overflow)
        return FAIL(err, ST_INVALID, "the input transformer's text is larger than %d bytes", PAYLOAD_MAX);
    *ret_payload = str_arena(&out, a);
    if (*first != '{' && *first != '[')
        return ST_OK;
    if (doc_parse(a, *ret_payload, strlen(*ret_payload), &made, NULL) != ST_OK)
        return FAIL(err, ST_INVALID, "the input transformer made no JSON of this event");
    *ret_payload = doc_json(a, made);
    return ST_OK;
}

Status template_payload(Arena *a, const Val *target, const TemplateContext *c, char **ret_payload, Error *err)
{
    const char *input = val_str(target, "Input"), *path = val_str(target, "InputPath");
    if (input) {
        *ret_payload = arena_str(a, input);
        return ST_OK;
    }
    if (val_get(target, "InputTransformer"))
        return transformed(a, val_get(target, "InputTransformer"), c, ret_payload, err);
    const Doc *part = path ? template_path(a, c->event, path) : c->event;
    if (!part)
        return FAIL(err, ST_INVALID, "InputPath %s finds nothing in this event", path);
    *ret_payload = doc_json(a, part);
    return ST_OK;
}

/* ---------------------------------------------------------------- checks */
static bool is_reserved(const char *name)
{
    static const char *const names[] = { "aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event",
                                         "aws.events.event.json" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq(name, names[i]))
            return true;
    }
    return false;
}

static Status check_transformer(const char *id, const Val *transformer, Error *err)
{
    const Val *paths = val_get(transformer, "InputPathsMap");
    const char *template = val_str(transformer, "InputTemplate");
    arena_auto *a = arena_new();
    for (size_t i = 0; i < val_len(paths); i++) {
        if (str_istarts(paths->names[i], "aws."))
            return FAIL_CODE(err, ST_INVALID, "ValidationException", "InputPathsMap for target %s contains key %s that is reserved.", id, paths->names[i]);
        if (paths->items[i]->kind != VAL_STR || paths->items[i]->s[0] != '$')
            return FAIL_CODE(err, ST_INVALID, "ValidationException", "InputPath for target %s is invalid: a JSON path begins with $.", id);
    }
    for (const char *at = template; *at; at++) {
        size_t n = placeholder(at);
        const char *name = n ? arena_strn(a, at + 1, n - 2) : NULL;
        if (name && !val_str(paths, name) && !is_reserved(name))
            return FAIL_CODE(err, ST_INVALID, "ValidationException", "InputTemplate for target %s contains invalid placeholder %s.", id, name);
    }
    char first = template[strspn(template, " \t\r\n")];
    if (first != '{' && first != '[' && first != '"' && first != '<')
        return FAIL_CODE(err, ST_INVALID, "ValidationException", "Parameter InputTemplate of target %s is not valid. Reason: Strings need quotes around them.", id);
    return ST_OK;
}

Status template_check(const Val *target, Error *err)
{
    const char *id = val_str(target, "Id"), *input = val_str(target, "Input"), *path = val_str(target, "InputPath");
    const Val *transformer = val_get(target, "InputTransformer");
    arena_auto *a = arena_new();
    Doc *doc;
    if ((input != NULL) + (path != NULL) + (transformer != NULL) > 1)
        return FAIL_CODE(err, ST_INVALID, "ValidationException", "Only one of Input, InputPath, or InputTransformer must be provided for target %s.", id);
    if (input && doc_parse(a, input, strlen(input), &doc, NULL) != ST_OK)
        return FAIL_CODE(err, ST_INVALID, "ValidationException", "JSON syntax error in input for target %s.", id);
    if (path && *path != '$')
        return FAIL_CODE(err, ST_INVALID, "ValidationException", "Invalid JSONPath: %s in target %s.", path, id);
    return transformer ? check_transformer(id, transformer, err) : ST_OK;
}

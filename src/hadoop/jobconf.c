/* hadoop/jobconf.c -- see jobconf.h. */
#include "hadoop/jobconf.h"

#include "base/str.h"

#include <ctype.h>
#include <expat.h>

enum { EXPAND_DEPTH_MAX = 20 };

static const char *const deprecated[][2] = {
#define DEPRECATED(old, new) { old, new },
#include "hadoop/deprecated.def"
#undef DEPRECATED
};
enum { DEPRECATED_NAMES = sizeof deprecated / sizeof *deprecated };

static const char *current_name(const char *name)
{
    for (size_t i = 0; i < DEPRECATED_NAMES; i++)
        if (str_eq(deprecated[i][0], name))
            return deprecated[i][1];
    return name;
}

void jobconf_set(JobConf *conf, const char *name, const char *value)
{
    map_set(conf->arena, &conf->values, current_name(name), arena_str(conf->arena, value));
}

void jobconf_setf(JobConf *conf, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    map_set(conf->arena, &conf->values, current_name(name), arena_vprintf(conf->arena, format, args));
    va_end(args);
}

/* ${name} becomes that property, a name that is not set stays as it is. */
static const char *expand(const JobConf *conf, Arena *a, const char *text, int depth)
{
    const char *start = strstr(text, "${"), *end = start ? strchr(start, '}') : NULL;
    if (!end || depth >= EXPAND_DEPTH_MAX)
        return text;
    const char *value = map_get(&conf->values, current_name(arena_strn(a, start + 2, (size_t)(end - start) - 2)));
    const char *rest = expand(conf, a, end + 1, depth);
    return value ? expand(conf, a, arena_printf(a, "%.*s%s%s", (int)(start - text), text, value, rest), depth + 1)
                 : arena_printf(a, "%.*s%s", (int)(end + 1 - text), text, rest);
}

const char *jobconf_get(const JobConf *conf, Arena *a, const char *name)
{
    const char *value = map_get(&conf->values, current_name(name));
    return value ? expand(conf, a, value, 0) : NULL;
}

const char *jobconf_text(const JobConf *conf, Arena *a, const char *name, const char *otherwise)
{
    const char *value = jobconf_get(conf, a, name);
    return value ? value : otherwise;
}

static const char *trimmed(Arena *a, const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    return arena_strn(a, text, n);
}

bool jobconf_bool(const JobConf *conf, const char *name, bool otherwise)
{
    arena_auto *a = arena_new();
    const char *value = jobconf_get(conf, a, name);
    value = value ? trimmed(a, value) : "";
    return str_ieq(value, "true") ? true : str_ieq(value, "false") ? false : otherwise;
}

Status jobconf_int(const JobConf *conf, const char *name, int64_t otherwise, int64_t *ret_value, Error *err)
{
    arena_auto *a = arena_new();
    const char *value = jobconf_get(conf, a, name);
    int64_t number = otherwise;
    if (value && !str_to_i64(trimmed(a, value), &number))
        return FAIL(err, ST_INVALID, "java.lang.NumberFormatException: For input string: \"%s\" (%s)", value, name);
    *ret_value = number;
    return ST_OK;
}

Status jobconf_set_pair(JobConf *conf, const char *pair, Error *err)
{
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair)
        return FAIL(err, ST_INVALID, "-D %s is not property=value", pair);
    arena_auto *a = arena_new();
    jobconf_set(conf, trimmed(a, arena_strn(a, pair, (size_t)(equals - pair))), equals + 1);
    return ST_OK;
}

/* --- -conf FILE --- */

typedef struct XmlConf {
    JobConf *conf;
    Str text, name, value;
} XmlConf;

static void on_start(void *self, const XML_Char *element, const XML_Char **attributes)
{
    XmlConf *x = self;
    (void)attributes;
    str_clear(&x->text);
    if (str_eq(element, "property")) {
        str_clear(&x->name);
        str_clear(&x->value);
    }
}

static void on_text(void *self, const XML_Char *text, int length)
{
    str_addn(&((XmlConf *)self)->text, text, (size_t)length);
}

static void on_end(void *self, const XML_Char *element)
{
    XmlConf *x = self;
    if (str_eq(element, "name"))
        str_add(&x->name, str_text(&x->text));
    else if (str_eq(element, "value"))
        str_add(&x->value, str_text(&x->text));
    else if (str_eq(element, "property") && x->name.len)
        jobconf_set(x->conf, trimmed(x->conf->arena, str_text(&x->name)), str_text(&x->value));
    str_clear(&x->text);
}

Status jobconf_add_xml(JobConf *conf, const char *text, size_t length, Error *err)
{
    XmlConf x = { .conf = conf, .text = STR_INIT(1 << 20), .name = STR_INIT(1 << 20), .value = STR_INIT(1 << 20) };
    XML_Parser parser = XML_ParserCreate(NULL);
    XML_SetUserData(parser, &x);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    Status status = ST_OK;
    if (XML_Parse(parser, text, (int)length, 1) != XML_STATUS_OK)
        status = FAIL(err, ST_INVALID, "line %lu of the configuration: %s", XML_GetCurrentLineNumber(parser),
                      XML_ErrorString(XML_GetErrorCode(parser)));
    XML_ParserFree(parser);
    str_done(&x.text);
    str_done(&x.name);
    str_done(&x.value);
    return status;
}

/* --- a task's environment --- */

static void environment_add(Arena *a, const char *name, const char *value, int64_t limit, StrList *env)
{
    char *entry = arena_printf(a, "%s=%s", name, limit >= 0 && (int64_t)strlen(value) > limit ? arena_strn(a, value, (size_t)limit) : value);
    for (char *c = entry; *c != '='; c++)
        *c = isalnum((unsigned char)*c) ? *c : '_';
    vec_push(a, env, entry);
}

void jobconf_environment(const JobConf *conf, Arena *a, int64_t limit, StrList *env)
{
    for (size_t i = 0; i < conf->values.len; i++) {
        const char *name = conf->values.at[i].key, *value = jobconf_get(conf, a, name);
        if (!value || strchr(name, '='))
            continue;
        environment_add(a, name, value, limit, env);
        for (size_t j = 0; j < DEPRECATED_NAMES; j++)
            if (str_eq(deprecated[j][1], name))
                environment_add(a, deprecated[j][0], value, limit, env);
    }
}

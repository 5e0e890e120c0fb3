/* svc/glue/cron.c -- see cron.h. Each field becomes a set of numbers. */
#include "svc/glue/cron.h"

#include "base/str.h"
#include "svc/glue/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

enum { FIELDS = 6, FIELD_MAX = 230, YEAR_FIRST = 1970 };

typedef struct Field {
    bool on[FIELD_MAX];
} Field;

static const struct {
    int first, last;
    const char *names; /* three letters each, from `first` */
} bounds[FIELDS] = { { 0, 59, "" }, { 0, 23, "" }, { 1, 31, "" }, { 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC" },
                     { 1, 7, "SUNMONTUEWEDTHUFRISAT" }, { 1970, 2199, "" } };

static bool read_number(const char **at, int field, int *ret)
{
    const char *names = bounds[field].names;
    if (isdigit((unsigned char)**at)) {
        char *end = NULL;
        long n = strtol(*at, &end, 10);
        *at = end;
        *ret = (int)n;
        return n >= bounds[field].first && n <= bounds[field].last;
    }
    for (int i = 0; names[3 * i]; i++) {
        if (strncasecmp(*at, names + 3 * i, 3) == 0) {
            *at += 3;
            *ret = bounds[field].first + i;
            return true;
        }
    }
    return false;
}

/* One item of a list: "*", "?", "3", "1-5", "0/15", "MON-FRI". */
static bool read_item(const char **at, int field, Field *f)
{
    int from = bounds[field].first, to = bounds[field].last, step = 1;
    if (**at == '*' || (**at == '?' && (field == 2 || field == 4))) {
        ++*at;
    } else {
        if (!read_number(at, field, &from))
            return false;
        to = from;
        if (**at == '-') {
            ++*at;
            if (!read_number(at, field, &to) || to < from)
                return false;
        } else if (**at == '/') {
            to = bounds[field].last;
        }
    }
    if (**at == '/') {
        char *end = NULL;
        ++*at;
        long n = isdigit((unsigned char)**at) ? strtol(*at, &end, 10) : 0;
        if (n < 1 || n > FIELD_MAX)
            return false;
        *at = end;
        step = (int)n;
    }
    for (int i = from; i <= to; i += step)
        f->on[i - bounds[field].first] = true;
    return true;
}

static bool read_fields(const char *text, Field fields[FIELDS])
{
    if (!text || !str_starts(text, "cron("))
        return false;
    const char *at = text + 5;
    for (int i = 0; i < FIELDS; i++) {
        at += strspn(at, " ");
        do {
            at += *at == ',';
            if (!read_item(&at, i, &fields[i]))
                return false;
        } while (*at == ',');
        if (*at != ' ' && *at != (i == FIELDS - 1 ? ')' : ' '))
            return false;
    }
    at += strspn(at, " ");
    return str_eq(at, ")");
}

Status cron_check(const char *text, Error *err)
{
    Field fields[FIELDS] = { 0 };
    if (!read_fields(text, fields))
        return glue_invalid(err, "Invalid schedule expression '%s': weir reads cron(minutes hours day-of-month month day-of-week year) without L, W and #.",
                            text);
    return ST_OK;
}

bool cron_is_due(const char *text, int64_t ms)
{
    Field fields[FIELDS] = { 0 };
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (!read_fields(text, fields) || !gmtime_r(&seconds, &tm))
        return false;
    int year = tm.tm_year + 1900 - YEAR_FIRST;
    return fields[0].on[tm.tm_min] && fields[1].on[tm.tm_hour] && fields[2].on[tm.tm_mday - 1] && fields[3].on[tm.tm_mon] &&
           fields[4].on[tm.tm_wday] && year >= 0 && year < FIELD_MAX && fields[5].on[year];
}

/* series/stat.c -- see stat.h. */
#include "series/stat.h"

#include <math.h>
#include <stdlib.h>

/* --- names --- */

static bool read_number(const char **at, double *ret_value)
{
    char *end;
    if (!((**at >= '0' && **at <= '9') || **at == '.' || **at == '-'))
        return false;
    *ret_value = strtod(*at, &end);
    bool any = end != *at;
    *at = end;
    return any && isfinite(*ret_value);
}

/* (lower:upper), each with or without %, each may be missing. */
static bool read_range(const char *text, Stat *stat)
{
    bool lower_percent = false, upper_percent = false;
    const char *at = text + 1;
    stat->lower = -INFINITY;
    stat->upper = INFINITY;
    bool lower = read_number(&at, &stat->lower);
    if (lower && *at == '%') {
        lower_percent = true;
        at++;
    }
    if (*at++ != ':')
        return false;
    bool upper = read_number(&at, &stat->upper);
    if (upper && *at == '%') {
        upper_percent = true;
        at++;
    }
    if (!str_eq(at, ")") || (!lower && !upper) || (lower && upper && lower_percent != upper_percent) || stat->lower > stat->upper)
        return false;
    stat->percent = lower_percent || upper_percent;
    return !stat->percent || ((!lower || stat->lower >= 0) && (!upper || stat->upper <= 100));
}

bool stat_parse(const char *text, Stat *ret_stat)
{
    static const struct {
        const char *name;
        StatKind kind;
    } names[] = { { "SampleCount", STAT_SAMPLE_COUNT }, { "Sum", STAT_SUM }, { "Average", STAT_AVERAGE },
                  { "Minimum", STAT_MINIMUM }, { "Maximum", STAT_MAXIMUM } },
      extended[] = { { "tm", STAT_TRIMMED_MEAN }, { "wm", STAT_WINSORIZED_MEAN }, { "tc", STAT_TRIMMED_COUNT },
                     { "ts", STAT_TRIMMED_SUM }, { "pr", STAT_PERCENTILE_RANK } };
    Stat stat = { .lower = -INFINITY, .upper = INFINITY };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(text, names[i].name)) {
            stat.kind = names[i].kind;
            *ret_stat = stat;
            return true;
        }
    if (str_ieq(text, "IQM")) {
        *ret_stat = (Stat){ STAT_TRIMMED_MEAN, true, 25, 75 };
        return true;
    }
    for (size_t i = 0; i < sizeof extended / sizeof *extended; i++) {
        if (!str_istarts(text, extended[i].name))
            continue;
        const char *rest = text + 2;
        stat.kind = extended[i].kind;
        bool whole = *rest == '(';
        bool good = whole ? read_range(rest, &stat) && (stat.kind != STAT_PERCENTILE_RANK || !stat.percent)
                          : stat.kind != STAT_PERCENTILE_RANK && *rest != '-' && read_number(&rest, &stat.upper) && !*rest && stat.upper <= 100;
        stat.percent = whole ? stat.percent : true;
        *ret_stat = stat;
        return good;
    }
    const char *rest = text + 1;
    stat.kind = STAT_PERCENTILE;
    stat.percent = true;
    bool good = (text[0] == 'p' || text[0] == 'P') && *rest != '-' && read_number(&rest, &stat.lower) && !*rest && stat.lower <= 100;
    if (good)
        *ret_stat = stat;
    return good;
}

bool stat_extended(const Stat *stat)
{
    return stat->kind >= STAT_PERCENTILE;
}

/* --- values --- */

/* The smallest value that at least `percent` of all values do not exceed. */
static double percentile(const DistPair *at, size_t n, double total, double percent)
{
    double wanted = total * percent / 100, seen = 0;
    for (size_t i = 0; i < n; i++) {
        seen += at[i].count;
        if (seen >= wanted - total * 1e-12 && (wanted > 0 || seen > 0))
            return at[i].value;
    }
    return at[n - 1].value;
}

/* How much of each pair lies within the bounds: of its share of the ranks, or its value. */
static double share(const Stat *stat, const DistPair *pair, double before, double total)
{
    if (!stat->percent)
        return pair->value > stat->lower && pair->value <= stat->upper ? pair->count : 0;
    double from = stat->lower > 0 ? total * stat->lower / 100 : 0, to = stat->upper < 100 ? total * stat->upper / 100 : total;
    double begin = before > from ? before : from, end = before + pair->count < to ? before + pair->count : to;
    return end > begin ? end - begin : 0;
}

static bool trimmed(const Stat *stat, const DistPair *at, size_t n, double total, double *ret_value)
{
    double count = 0, sum = 0, before = 0;
    for (size_t i = 0; i < n; i++) {
        double inside = share(stat, &at[i], before, total);
        count += inside;
        sum += inside * at[i].value;
        before += at[i].count;
    }
    if (stat->kind == STAT_TRIMMED_COUNT)
        *ret_value = count;
    else if (stat->kind == STAT_TRIMMED_SUM)
        *ret_value = sum;
    else if (stat->kind == STAT_PERCENTILE_RANK)
        *ret_value = 100 * count / total;
    else if (count > 0)
        *ret_value = sum / count;
    return stat->kind != STAT_TRIMMED_MEAN || count > 0;
}

/* What lies outside counts as the bound itself. */
static double winsorized(const Stat *stat, const DistPair *at, size_t n, double total)
{
    double lower = stat->lower, upper = stat->upper, sum = 0;
    if (stat->percent) {
        lower = isfinite(lower) ? percentile(at, n, total, lower) : at[0].value;
        upper = isfinite(upper) ? percentile(at, n, total, upper) : at[n - 1].value;
    }
    for (size_t i = 0; i < n; i++)
        sum += at[i].count * fmin(fmax(at[i].value, lower), upper);
    return sum / total;
}

static bool extended_value(const Stat *stat, const Bin *bin, double *ret_value)
{
    DistPair one = { bin->min, bin->count };
    const DistPair *at = bin->dist ? bin->dist->at : &one;
    size_t n = bin->dist ? bin->dist->len : 1;
    if (!bin->dist && !bin_uniform(bin))
        return false;
    if (stat->kind == STAT_PERCENTILE) {
        double value = percentile(at, n, bin->count, stat->lower);
        *ret_value = stat->lower >= 100 || value > bin->max ? bin->max : value < bin->min ? bin->min : value;
        return true;
    }
    if (stat->kind == STAT_WINSORIZED_MEAN) {
        *ret_value = winsorized(stat, at, n, bin->count);
        return true;
    }
    return trimmed(stat, at, n, bin->count, ret_value);
}

bool stat_value(const Stat *stat, const Bin *bin, double *ret_value)
{
    if (bin->count <= 0)
        return false;
    switch (stat->kind) {
    case STAT_SAMPLE_COUNT: *ret_value = bin->count; return true;
    case STAT_SUM: *ret_value = bin->sum; return true;
    case STAT_AVERAGE: *ret_value = bin->sum / bin->count; return true;
    case STAT_MINIMUM: *ret_value = bin->min; return true;
    case STAT_MAXIMUM: *ret_value = bin->max; return true;
    default: return extended_value(stat, bin, ret_value);
    }
}

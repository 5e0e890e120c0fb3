/* back/duckdb/pattern_check.c -- which patterns Spark refuses, and how: DateTimeFormatterHelper.convertIncompatiblePattern, then what
 * java.time.format.DateTimeFormatterBuilder.appendPattern takes; a pattern that only SimpleDateFormat takes is named so. */
#include "back/duckdb/pattern.h"
#include "back/duckdb/pattern_legacy.h"

#include <ctype.h>

static void fault(PatternFault *f, const char *class, char c, int count)
{
    f->class = class;
    for (int i = 0; i < count; i++)
        f->text[i] = c;
    f->text[count] = 0;
}

/* The letters before the next change of quotes: in each such part the weeks are looked for first, then letters, then lengths. */
static bool spark_part(View part, PatternUse use, PatternFault *f)
{
    static const struct {
        char letter;
        int count;
    } styles[] = { { 'G', 5 }, { 'M', 5 }, { 'L', 5 }, { 'E', 5 }, { 'Q', 5 }, { 'q', 5 }, { 'y', 7 } };
    for (size_t i = 0; i < part.len; i++)
        if (part.data[i] && strchr("YWwuec", part.data[i])) {
            fault(f, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", part.data[i], 1);
            return false;
        }
    for (size_t i = 0; i < part.len; i++)
        if (part.data[i] && (strchr("ABnNp", part.data[i]) || (use != PATTERN_FORMAT && strchr("EFqQ", part.data[i])))) {
            fault(f, "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", part.data[i], 1);
            return false;
        }
    for (size_t s = 0; s < sizeof styles / sizeof *styles; s++) {
        int count = 0;
        for (size_t i = 0; i < part.len; i++) {
            count = part.data[i] == styles[s].letter ? count + 1 : 0;
            if (count == styles[s].count) {
                fault(f, "INVALID_DATETIME_PATTERN.LENGTH", styles[s].letter, count);
                return false;
            }
        }
    }
    return true;
}

static bool java_letter(char c, size_t count, PatternUse use)
{
    switch (c) {
    case 'g': return count <= 19 && use == PATTERN_FORMAT; /* days of the modified Julian calendar; they are not read */
    case 'G': case 'E': case 'M': case 'L': case 'Q': case 'q': case 'Z': case 'X': case 'x': return count <= 5;
    case 'y': return count <= 19;
    case 'D': return count <= 3;
    case 'd': case 'h': case 'H': case 'k': case 'K': case 'm': case 's': return count <= 2;
    case 'S': return count <= 9;
    case 'a': case 'F': return count == 1;
    case 'V': return count == 2;
    case 'z': return count <= 4;
    case 'O': return count == 1 || count == 4;
    default: return false;
    }
}

static bool java_part(View part, PatternUse use, int *depth)
{
    for (size_t i = 0, end; i < part.len; i = end) {
        char c = part.data[i];
        for (end = i + 1; isalpha((unsigned char)c) && end < part.len && part.data[end] == c;)
            end++;
        if (isalpha((unsigned char)c) ? !java_letter(c, end - i, use) : c && strchr("{}#", c))
            return false;
        *depth += (c == '[') - (c == ']');
        if (*depth < 0)
            return false;
    }
    return true;
}

static bool legacy_takes(View text)
{
    char bad = 0;
    LegacyPattern *p = legacy_pattern_new(text, &bad);
    if (p)
        legacy_pattern_free(p);
    return p != NULL;
}

bool pattern_check(View text, PatternUse use, PatternFault *ret_fault)
{
    *ret_fault = (PatternFault){ 0 };
    bool good = true, quoted = false;
    int depth = 0;
    for (int java = 0; java < 2 && good; java++) {
        quoted = false;
        for (size_t from = 0, end; good && from <= text.len; from = end + 1, quoted = !quoted) {
            const char *quote = from < text.len ? memchr(text.data + from, '\'', text.len - from) : NULL;
            end = quote ? (size_t)(quote - text.data) : text.len;
            View part = { text.data + from, end - from };
            if (!quoted)
                good = java ? java_part(part, use, &depth) : spark_part(part, use, ret_fault);
        }
    }
    bool balanced = quoted; /* each part changed it, and there is one part more than quotes */
    if (good && balanced)
        return true;
    if (use == PATTERN_PARSE_NTZ || !ret_fault->class)
        *ret_fault = (PatternFault){ .class = "INVALID_DATETIME_PATTERN.WITH_SUGGESTION" };
    if (use != PATTERN_PARSE_NTZ && legacy_takes(text))
        *ret_fault = (PatternFault){ .class = "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION" };
    return false;
}

const char *pattern_fault_text(const PatternFault *fault, const char *pattern)
{
    return str_ends(fault->class, ".LENGTH") ? fault->text : pattern;
}

/* base/format.c -- see format.h. */
#include "base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct Out {
    char *text;
    size_t room, len; /* len goes on counting when there is no room */
} Out;

static void put(Out *o, const char *bytes, size_t length)
{
    if (o->len < o->room) {
        size_t fits = o->room - o->len;
        memcpy(o->text + o->len, bytes, length < fits ? length : fits);
    }
    o->len += length;
}

static void put_number(Out *o, uint64_t n, bool negative)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    if (negative)
        *--at = '-';
    put(o, at, (size_t)(digits + sizeof digits - at));
}

static void put_signed(Out *o, int64_t n)
{
    put_number(o, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, n < 0);
}

static void put_string(Out *o, const char *text, int most)
{
    if (!text)
        put(o, "(null)", 6);
    else
        put(o, text, most < 0 ? strlen(text) : strnlen(text, (size_t)most));
}

/* How long the conversion at a '%' is; 0: one that is not ours. */
static size_t conversion_length(const char *at)
{
    switch (at[1]) {
    case 's':
    case 'c':
    case 'd':
    case '%': return 2;
    case 'l': return at[2] == 'd' ? 3 : 0;
    case 'z': return at[2] == 'u' ? 3 : 0;
    case '.': return at[2] == '*' && at[3] == 's' ? 4 : 0;
    default: return 0;
    }
}

static bool is_ours(const char *format)
{
    for (const char *at = strchr(format, '%'); at; at = strchr(at, '%')) {
        size_t length = conversion_length(at);
        if (!length)
            return false;
        at += length;
    }
    return true;
}

int format_text(char *out, size_t room, const char *format, va_list args)
{
    if (!is_ours(format))
        return vsnprintf(out, room, format, args);
    Out o = { .text = out, .room = room };
    for (const char *at; (at = strchr(format, '%')); format = at + conversion_length(at)) {
        put(&o, format, (size_t)(at - format));
        switch (at[1]) {
        case 's': put_string(&o, va_arg(args, const char *), -1); break;
        case '.': {
            int most = va_arg(args, int);
            put_string(&o, va_arg(args, const char *), most);
            break;
        }
        case 'c': put(&o, &(char){ (char)va_arg(args, int) }, 1); break;
        case 'd': put_signed(&o, va_arg(args, int)); break;
        case 'l': put_signed(&o, va_arg(args, long)); break;
        case 'z': put_number(&o, va_arg(args, size_t), false); break;
        default: put(&o, "%", 1); break;
        }
    }
    put(&o, format, strlen(format));
    if (room)
        out[o.len < room ? o.len : room - 1] = 0;
    return o.len > INT_MAX ? -1 : (int)o.len;
}

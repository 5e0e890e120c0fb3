/* front/sql/split.c -- a script into its statements, as `spark-sql -f` does: at each ';' that no quote, comment or
 * BEGIN … END hides. Text that does not lex is split all the same, and the parser tells what is wrong with the piece. */
#include "front/sql/sql.h"

#include <ctype.h>
#include <strings.h>

typedef struct Splitter {
    const char *at, *end;
    int blocks;        /* open BEGIN and CASE of a script */
    bool script;       /* the piece began with BEGIN */
    bool seen;         /* the piece holds more than blanks and comments */
    bool after_end;    /* the word before was END */
} Splitter;

static const char *past_quote(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && *at != quote)
        at += *at == '\\' && quote != '`' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

static const char *past_comment(const char *at, const char *end)
{
    int depth = 0;
    while (at + 1 < end) {
        bool open = at[0] == '/' && at[1] == '*', close = at[0] == '*' && at[1] == '/';
        depth += open - close;
        at += open || close ? 2 : 1;
        if (depth == 0)
            return at;
    }
    return end;
}

static const char *past_line(const char *at, const char *end)
{
    while (at < end && *at != '\n')
        at += at[0] == '\\' && at + 1 < end && at[1] == '\n' ? 2 : 1;
    return at;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* BEGIN and CASE open a block, END closes one: END CASE too, but END IF, END WHILE … close what was never counted. */
static void read_word(Splitter *s)
{
    const char *from = s->at;
    while (s->at < s->end && (isalnum((unsigned char)*s->at) || *s->at == '_' || (unsigned char)*s->at >= 0x80))
        s->at++;
    size_t n = (size_t)(s->at - from);
    if (!s->seen && is_word(from, n, "begin"))
        s->script = true;
    s->seen = true;
    static const char *const loops[] = { "if", "while", "loop", "repeat", "for" };
    for (size_t i = 0; s->after_end && i < sizeof loops / sizeof loops[0]; i++)
        s->blocks += is_word(from, n, loops[i]);
    if (s->script && !s->after_end)
        s->blocks += is_word(from, n, "begin") || is_word(from, n, "case");
    s->after_end = s->script && is_word(from, n, "end");
    s->blocks -= s->after_end;
}

void sql_split(Arena *a, const char *text, size_t length, SqlPieceList *ret_pieces)
{
    SqlPieceList pieces = { 0 };
    Splitter s = { .at = text, .end = text + length };
    const char *start = text;
    while (s.at <= s.end) {
        char c = s.at < s.end ? *s.at : ';';
        bool last = s.at == s.end;
        if (c == ';' && (last || s.blocks <= 0)) {
            if (s.seen)
                vec_push(a, &pieces, ((SqlPiece){ (size_t)(start - text), (size_t)(s.at - start) }));
            start = s.at + 1;
            s = (Splitter){ .at = s.at + 1, .end = s.end };
        } else if (c == '\'' || c == '"' || c == '`') {
            s.seen = true;
            s.at = past_quote(s.at, s.end);
        } else if (c == '-' && s.at + 1 < s.end && s.at[1] == '-') {
            s.at = past_line(s.at, s.end);
        } else if (c == '/' && s.at + 1 < s.end && s.at[1] == '*') {
            bool hint = s.at + 2 < s.end && s.at[2] == '+';
            s.at = hint ? s.at + 3 : past_comment(s.at, s.end);
        } else if (isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80) {
            read_word(&s);
        } else {
            s.seen = s.seen || !isspace((unsigned char)c);
            s.at++;
        }
    }
    *ret_pieces = pieces;
}

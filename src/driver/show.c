/* driver/show.c -- df.show() and its HTML form, character for character as Dataset.showString and htmlString. */
#include "driver/pretty.h"
#include "driver/run.h"

enum { ROWS_MAX = 2147483631, TEXT_MAX_BYTES = 1 << 30, MIN_WIDTH = 3 };

/* Escaped and cut texts: the header, then the rows. */
typedef struct Grid {
    Arena *a;
    size_t columns;
    VEC(const char **) rows;
    bool more; /* there are rows beyond those asked for */
} Grid;

/* One character of UTF-8 from *p, which moves on. */
static uint32_t next_char(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;
    int extra = *s >= 0xF0 ? 3 : *s >= 0xE0 ? 2 : *s >= 0xC0 ? 1 : 0;
    uint32_t c = extra ? *s & (0x3Fu >> extra) : *s;
    (*p)++;
    for (; extra && ((unsigned char)**p & 0xC0) == 0x80; extra--)
        c = c << 6 | ((unsigned char)*(*p)++ & 0x3Fu);
    return c;
}

/* Utils.stringHalfWidth: East Asian characters count twice. */
static size_t half_width(const char *text)
{
    static const uint32_t wide[][2] = { { 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
                                        { 0xFE10, 0xFE19 }, { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 } };
    size_t width = 0;
    while (*text) {
        uint32_t c = next_char(&text);
        width += c > 0xFFFF ? 2 : 1; /* two UTF-16 units */
        for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
            width += c >= wide[i][0] && c <= wide[i][1];
    }
    return width;
}

/* At most n UTF-16 units. */
static const char *cut(Arena *a, const char *text, size_t n)
{
    const char *p = text;
    while (*p && n) {
        const char *before = p;
        uint32_t c = next_char(&p);
        size_t units = c > 0xFFFF ? 2 : 1;
        if (units > n) {
            p = before;
            break;
        }
        n -= units;
    }
    return arena_strn(a, text, (size_t)(p - text));
}

static size_t units_of(const char *text)
{
    size_t n = 0;
    while (*text)
        n += next_char(&text) > 0xFFFF ? 2 : 1;
    return n;
}

static const char *escaped(Arena *a, const char *text)
{
    static const char from[] = "\n\r\t\f\b\v\a", to[] = "nrtfbva";
    if (!strpbrk(text, from))
        return text;
    str_auto out = STR_INIT(TEXT_MAX_BYTES);
    for (; *text; text++) {
        const char *hit = strchr(from, *text);
        if (hit)
            str_addc(&out, '\\');
        str_addc(&out, hit ? to[hit - from] : *text);
    }
    return str_arena(&out, a);
}

static const char *truncated(Arena *a, const char *text, int truncate)
{
    size_t limit = truncate > 0 ? (size_t)truncate : 0;
    if (!limit || units_of(text) <= limit)
        return text;
    return limit < 4 ? cut(a, text, limit) : arena_printf(a, "%s...", cut(a, text, limit - 3));
}

static Status grid_of(Run *r, const Spark__Connect__Relation *input, int64_t num_rows, int truncate, Grid *ret_grid, Error *err)
{
    Node *bound;
    Rows *rows;
    TRY(run_bind(r, input, &bound, err));
    TRY(run_collect_shown(r, bound, num_rows + 1, CAST_SHOWN, &rows, err));
    Grid grid = { .a = r->arena, .columns = rows->schema->nfields };
    const char **header = ARENA_ARRAY(grid.a, const char *, grid.columns + 1);
    for (size_t i = 0; i < grid.columns; i++)
        header[i] = escaped(grid.a, rows->schema->fields[i].name);
    vec_push(grid.a, &grid.rows, header);
    for (size_t k = 0; k < rows->at.len && (int64_t)k < num_rows; k++) {
        const char **row = ARENA_ARRAY(grid.a, const char *, grid.columns + 1);
        for (size_t i = 0; i < grid.columns; i++) {
            const char *cell = pretty_cell(grid.a, rows->schema->fields[i].type, &rows->at.at[k][i], "NULL");
            row[i] = truncated(grid.a, escaped(grid.a, cell), truncate);
        }
        vec_push(grid.a, &grid.rows, row);
    }
    grid.more = (int64_t)rows->at.len > num_rows;
    *ret_grid = grid;
    return ST_OK;
}

static void repeat(Str *out, char c, size_t n)
{
    while (n--)
        str_addc(out, c);
}

static void separator(Str *out, const size_t *widths, size_t n)
{
    str_addc(out, '+');
    for (size_t i = 0; i < n; i++) {
        repeat(out, '-', widths[i]);
        str_addc(out, '+');
    }
    if (n == 0)
        str_addc(out, '+');
    str_addc(out, '\n');
}

static void horizontal(const Grid *g, bool right_aligned, Str *out)
{
    size_t *widths = ARENA_ARRAY(g->a, size_t, g->columns + 1);
    for (size_t i = 0; i < g->columns; i++) {
        widths[i] = MIN_WIDTH;
        for (size_t k = 0; k < g->rows.len; k++) {
            size_t w = half_width(g->rows.at[k][i]);
            widths[i] = w > widths[i] ? w : widths[i];
        }
    }
    separator(out, widths, g->columns);
    for (size_t k = 0; k < g->rows.len; k++) {
        str_addc(out, '|');
        for (size_t i = 0; i < g->columns; i++) {
            const char *cell = g->rows.at[k][i];
            size_t pad = widths[i] - half_width(cell);
            repeat(out, ' ', right_aligned ? pad : 0);
            str_add(out, cell);
            repeat(out, ' ', right_aligned ? 0 : pad);
            str_addc(out, '|');
        }
        str_add(out, g->columns ? "\n" : "|\n");
        if (k == 0)
            separator(out, widths, g->columns);
    }
    separator(out, widths, g->columns);
}

static void vertical(const Grid *g, Str *out)
{
    size_t name_width = MIN_WIDTH, data_width = MIN_WIDTH;
    for (size_t k = 0; k < g->rows.len; k++)
        for (size_t i = 0; i < g->columns; i++) {
            size_t w = half_width(g->rows.at[k][i]), *width = k ? &data_width : &name_width;
            *width = w > *width ? w : *width;
        }
    for (size_t k = 1; k < g->rows.len; k++) {
        char *title = arena_printf(g->a, "-RECORD %zu", k - 1);
        size_t total = name_width + data_width + 5;
        str_add(out, title);
        repeat(out, '-', strlen(title) < total ? total - strlen(title) : 0);
        str_addc(out, '\n');
        for (size_t i = 0; i < g->columns; i++) {
            const char *name = g->rows.at[0][i], *cell = g->rows.at[k][i];
            str_addf(out, " %s", name);
            repeat(out, ' ', name_width - half_width(name));
            str_addf(out, " | %s", cell);
            repeat(out, ' ', data_width - half_width(cell));
            str_add(out, " \n");
        }
    }
}

static void footer(const Grid *g, int64_t num_rows, Str *out)
{
    if (g->more)
        str_addf(out, "only showing top %lld row%s\n", (long long)num_rows, num_rows == 1 ? "" : "s");
}

static Rows *one_text(Run *r, const char *column, Str *text)
{
    Field *field = ARENA_NEW(r->arena, Field);
    *field = (Field){ .name = column, .type = &type_string, .nullable = false };
    Rows *rows = rows_new(r->arena, type_struct(r->arena, field, 1));
    *rows_add(rows) = rows_text(str_arena(text, r->arena));
    return rows;
}

static int64_t clamp_rows(int32_t n)
{
    return n < 0 ? 0 : n > ROWS_MAX ? ROWS_MAX : n;
}

Status show_string(Run *r, const Spark__Connect__ShowString *s, Rows **ret_rows, Error *err)
{
    Grid grid;
    int64_t num_rows = clamp_rows(s->num_rows);
    TRY(grid_of(r, s->input, num_rows, s->truncate, &grid, err));
    str_auto out = STR_INIT(TEXT_MAX_BYTES);
    if (!s->vertical)
        horizontal(&grid, s->truncate > 0, &out);
    else
        vertical(&grid, &out);
    if (s->vertical && grid.rows.len == 1)
        str_add(&out, "(0 rows)\n");
    else
        footer(&grid, num_rows, &out);
    *ret_rows = one_text(r, "show_string", &out);
    return ST_OK;
}

static void add_html(Str *out, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '"' ? "&quot;" : NULL;
        if (entity)
            str_add(out, entity);
        else
            str_addc(out, *text);
    }
}

Status show_html(Run *r, const Spark__Connect__HtmlString *s, Rows **ret_rows, Error *err)
{
    Grid grid;
    int64_t num_rows = clamp_rows(s->num_rows);
    TRY(grid_of(r, s->input, num_rows, s->truncate, &grid, err));
    str_auto out = STR_INIT(TEXT_MAX_BYTES);
    str_add(&out, "<table border='1'>\n");
    for (size_t k = 0; k < grid.rows.len; k++) {
        const char *cell = k ? "td" : "th";
        str_add(&out, "<tr>");
        for (size_t i = 0; i < grid.columns; i++) {
            str_addf(&out, "<%s>", cell);
            add_html(&out, grid.rows.at[k][i]);
            str_addf(&out, "</%s>", cell);
        }
        str_add(&out, "</tr>\n");
    }
    str_add(&out, "</table>\n");
    footer(&grid, num_rows, &out);
    *ret_rows = one_text(r, "html_string", &out);
    return ST_OK;
}

/* warehouse/copy_text.c -- COPY and UNLOAD: their words to options; copy.c and unload.c do them. */
#include "warehouse/dialect_internal.h"

#include <ctype.h>

typedef enum OptionValue { VALUE_NONE, VALUE_TEXT, VALUE_MAYBE_TEXT, VALUE_NUMBER, VALUE_SWITCH, VALUE_WORD } OptionValue;

/* What follows each word. VALUE_SWITCH: ON, OFF, TRUE, FALSE or nothing. */
typedef struct OptionWord {
    const char *word;
    OptionValue value;
} OptionWord;

static const OptionWord copy_words[] = {
    { "iam_role", VALUE_MAYBE_TEXT }, { "credentials", VALUE_TEXT }, { "access_key_id", VALUE_TEXT }, { "secret_access_key", VALUE_TEXT },
    { "session_token", VALUE_TEXT }, { "region", VALUE_TEXT }, { "manifest", VALUE_NONE }, { "csv", VALUE_NONE }, { "parquet", VALUE_NONE },
    { "json", VALUE_MAYBE_TEXT }, { "delimiter", VALUE_TEXT }, { "quote", VALUE_TEXT }, { "escape", VALUE_NONE }, { "removequotes", VALUE_NONE },
    { "addquotes", VALUE_NONE }, { "null", VALUE_TEXT }, { "dateformat", VALUE_MAYBE_TEXT }, { "timeformat", VALUE_MAYBE_TEXT }, { "ignoreheader", VALUE_NUMBER },
    { "header", VALUE_NONE }, { "blanksasnull", VALUE_NONE }, { "emptyasnull", VALUE_NONE }, { "acceptinvchars", VALUE_MAYBE_TEXT },
    { "acceptanydate", VALUE_NONE }, { "truncatecolumns", VALUE_NONE }, { "trimblanks", VALUE_NONE }, { "fillrecord", VALUE_NONE },
    { "ignoreblanklines", VALUE_NONE }, { "ignoreallerrors", VALUE_NONE }, { "gzip", VALUE_NONE }, { "bzip2", VALUE_NONE }, { "zstd", VALUE_NONE },
    { "lzop", VALUE_NONE }, { "maxerror", VALUE_NUMBER }, { "noload", VALUE_NONE }, { "compupdate", VALUE_SWITCH }, { "statupdate", VALUE_SWITCH },
    { "comprows", VALUE_NUMBER }, { "explicit_ids", VALUE_NONE }, { "encoding", VALUE_WORD }, { "roundec", VALUE_NONE }, { "encrypted", VALUE_NONE },
    { "master_symmetric_key", VALUE_TEXT }, { "avro", VALUE_MAYBE_TEXT }, { "orc", VALUE_NONE }, { "fixedwidth", VALUE_TEXT }, { "shapefile", VALUE_NONE },
    { "ssh", VALUE_NONE }, { "readratio", VALUE_NUMBER }, { "filllastcolumn", VALUE_NONE }, { "allowoverwrite", VALUE_NONE }, { "cleanpath", VALUE_NONE },
    { "parallel", VALUE_SWITCH }, { "maxfilesize", VALUE_NUMBER }, { "rowgroupsize", VALUE_NUMBER }, { "extension", VALUE_TEXT },
    { "kms_key_id", VALUE_TEXT }, { "auto", VALUE_NONE },
};

static const OptionWord *option_word(const char *word)
{
    for (size_t i = 0; i < sizeof copy_words / sizeof *copy_words; i++) {
        if (str_eq(copy_words[i].word, word))
            return &copy_words[i];
    }
    return NULL;
}

static const char *upper(Arena *a, const char *text)
{
    char *copy = arena_str(a, text);
    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

/* MAXFILESIZE 5 MB: the number in MB. */
static Status number_value(Parser *p, const char **ret_text, Error *err)
{
    const RsToken *t = peek(p, 0);
    if (t->kind != TOKEN_NUMBER)
        return syntax_error(p, err);
    *ret_text = t->text;
    p->at++;
    if (take_word(p, "gb"))
        *ret_text = arena_printf(p->a, "%sGB", *ret_text);
    else if (take_word(p, "kb"))
        *ret_text = arena_printf(p->a, "%sKB", *ret_text);
    else
        take_word(p, "mb");
    return ST_OK;
}

static Status option_value(Parser *p, const OptionWord *word, const char **ret_text, Error *err)
{
    const RsToken *t = peek(p, 0);
    bool text = t->kind == TOKEN_STRING || t->kind == TOKEN_PARAMETER;
    switch (word->value) {
    case VALUE_NONE:
        return ST_OK;
    case VALUE_TEXT:
        return need_string(p, ret_text, err);
    case VALUE_MAYBE_TEXT:
        if (take_word(p, "default"))
            *ret_text = "default";
        return text ? need_string(p, ret_text, err) : ST_OK;
    case VALUE_NUMBER:
        return number_value(p, ret_text, err);
    case VALUE_SWITCH:
        *ret_text = "on";
        if (take_word(p, "off") || take_word(p, "false"))
            *ret_text = "off";
        else if (take_word(p, "preset"))
            *ret_text = "preset";
        else if (!take_word(p, "on"))
            take_word(p, "true");
        return ST_OK;
    case VALUE_WORD:
        p->at++;
        *ret_text = t->text;
        return ST_OK;
    }
    return ST_OK;
}

static Status parse_options(Parser *p, DialectCopy *copy, Error *err)
{
    while (peek(p, 0)->kind != TOKEN_END && !at_sign(p, ";")) {
        if (at_word(p, "partition") && at_word2(p, 1, "by")) {
            const char *name = NULL;
            p->at += 2;
            TRY(need_sign(p, "(", err));
            do {
                TRY(need_name(p, &name, err));
                vec_push(p->a, &copy->columns, name);
            } while (take_sign(p, ","));
            TRY(need_sign(p, ")", err));
            copy->partition_include = take_word(p, "include");
            continue;
        }
        if (take_word(p, "format")) {
            take_word(p, "as");
            if (!at_word(p, "csv") && !at_word(p, "json") && !at_word(p, "parquet") && !at_word(p, "avro") && !at_word(p, "orc"))
                return syntax_error(p, err);
        }
        const OptionWord *word = peek(p, 0)->kind == TOKEN_WORD ? option_word(peek(p, 0)->text) : NULL;
        if (!word)
            return syntax_error(p, err);
        DialectOption option = { .name = upper(p->a, word->word) };
        p->at++;
        take_word(p, "as");
        TRY(option_value(p, word, &option.value, err));
        for (size_t i = 0; i < copy->options.len; i++) {
            if (str_eq(copy->options.at[i].name, option.name))
                return FAIL(err, ST_INVALID, "conflicting or redundant options: %s", option.name);
        }
        vec_push(p->a, &copy->options, option);
    }
    return ST_OK;
}

Status parse_copy(Parser *p, Error *err)
{
    DialectCopy *copy = &p->t->copy;
    const char *name = NULL;
    p->at++;
    p->t->kind = STATEMENT_COPY;
    p->t->tag = "COPY";
    TRY(need_table(p, &copy->schema, &copy->table, err));
    if (take_sign(p, "(")) {
        do {
            TRY(need_name(p, &name, err));
            vec_push(p->a, &copy->columns, name);
        } while (take_sign(p, ","));
        TRY(need_sign(p, ")", err));
    }
    TRY(need_word(p, "from", err));
    TRY(need_string(p, &copy->uri, err));
    if (take_word(p, "with"))
        take_word(p, "as");
    return parse_options(p, copy, err);
}

Status parse_unload(Parser *p, Error *err)
{
    DialectCopy *copy = &p->t->copy;
    p->at++;
    p->t->kind = STATEMENT_UNLOAD;
    p->t->tag = "UNLOAD";
    TRY(need_sign(p, "(", err));
    TRY(need_string(p, &copy->query, err));
    TRY(need_sign(p, ")", err));
    TRY(need_word(p, "to", err));
    TRY(need_string(p, &copy->uri, err));
    if (take_word(p, "with"))
        take_word(p, "as");
    return parse_options(p, copy, err);
}

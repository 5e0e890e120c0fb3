/* svc/logs/condition.h -- one comparison of a filter pattern: = "x*", >= 3, = %regex%, IS NULL. What JSON and delimited patterns share. */
#ifndef WEIR_SVC_LOGS_CONDITION_H
#define WEIR_SVC_LOGS_CONDITION_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "wire/val.h"

/* A pattern's text, read from left to right. */
typedef struct Scanner {
    Arena *arena;
    const char *text, *at;
    int depth, regexes;
} Scanner;

Status scan_fail(const Scanner *s, Error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
void scan_space(Scanner *s);
/* The word comes next: takes it. Words of letters must end there. */
bool scan_take(Scanner *s, const char *word);

typedef struct Regex Regex;
/* text: up to its closing %. Compiled with the constructs that AWS documents; ST_INVALID else. */
Status regex_make(Scanner *s, const char *text, size_t length, Regex **ret_regex, Error *err);
/* With all that PCRE has, for Insights. False: *why says what is wrong. */
bool regex_compile(Arena *a, const char *text, size_t length, Regex **ret_regex, char *why, size_t why_bytes);
bool regex_matches(const Regex *r, const char *text, size_t length);
/* From the opening % on. */
Status scan_regex(Scanner *s, Regex **ret_regex, Error *err);
/* From the opening quote on: without quotes and escapes. */
Status scan_quoted(Scanner *s, const char **ret_text, size_t *ret_length, Error *err);

typedef enum Comparison { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_NULL, CMP_TRUE, CMP_FALSE, CMP_MISSING } Comparison;

typedef struct Condition {
    Comparison comparison;
    Regex *regex;          /* NULL: text */
    const char *text;      /* may have * for anything */
    size_t length;
    bool is_number;        /* unquoted, and a number */
    double number;
} Condition;

/* An operator and its value; `ends` are the signs at which an unquoted value ends. */
Status scan_condition(Scanner *s, const char *ends, bool json, Condition *ret_condition, Error *err);
/* Of a text that may be a number. */
bool condition_text(const Condition *c, const char *text, size_t length);
/* Of a JSON value; NULL: it is not there. */
bool condition_json(const Condition *c, const Val *v);
/* * is anything. */
bool wildcard_matches(const char *pattern, size_t pattern_len, const char *text, size_t length);

#endif

/* fuzz_bind.c -- SQL text through parser, binder and emitter. "!hh " before the statement sets the session (planning.h). sql_mutator.c
 * changes inputs token by token. */
#include "planning.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SETTINGS_BYTES = 4 };
    arena_auto *a = arena_new();
    Planning p = { .a = a };
    const char *text = arena_strn(a, (const char *)data, size);
    if (size >= SETTINGS_BYTES && text[0] == '!' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
        p.settings = (unsigned)strtoul(arena_strn(a, text + 1, 2), NULL, 16);
        text += SETTINGS_BYTES;
        size -= SETTINGS_BYTES;
    }
    SqlOptions options = planning_sql_options(&p);
    Error err = ERROR_INIT;
    Node *plan = NULL;
    if (sql_parse_statement(a, text, size, &options, &plan, &err) == ST_OK)
        planning_run(&p, plan);
    return 0;
}

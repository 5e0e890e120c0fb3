/* driver/script_internal.h -- what script.c and script_scope.c share: the scopes and frames of a script that runs. */
#ifndef WEIR_DRIVER_SCRIPT_INTERNAL_H
#define WEIR_DRIVER_SCRIPT_INTERNAL_H
#include "driver/script.h"

typedef struct ScriptScope {
    int64_t id;                 /* of this entering; never 0 */
    const char *label;          /* NULL: none */
    const NodeList *statements; /* of the block, where its handlers are declared; NULL: none */
    Entries variables;
} ScriptScope;

/* The script's own, and one of each handler that runs. */
typedef struct ScriptFrame {
    int64_t defined_in; /* the scope whose handler it is; 0: the script */
    size_t first;       /* its first scope */
} ScriptFrame;

struct ScriptRun {
    Run *run;
    ScriptTake take;
    void *take_arg;
    const char *query;    /* the script's text */
    ScriptScope *scopes;  /* of all frames, one after the other */
    size_t nscopes, scopes_cap;
    ScriptFrame *frames;
    size_t nframes, frames_cap;
    int64_t last_id;
    int64_t active;       /* the scope whose handler was found last from the script's own frame; 0: none runs */
};

void script_enter_frame(ScriptRun *s, int64_t defined_in);
void script_leave_frame(ScriptRun *s);
/* Returns the scope's id. */
int64_t script_enter_scope(ScriptRun *s, const char *label, const NodeList *statements);
/* Leaves it, and what was entered after it. */
void script_leave_scope(ScriptRun *s, int64_t id);
/* The handler for an error, NULL: none; *ret_scope: where it is declared. */
const DeclareHandler *script_find_handler(ScriptRun *s, const Error *e, int64_t *ret_scope);
void script_done(ScriptRun *s);

#endif

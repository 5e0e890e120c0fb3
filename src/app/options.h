/* app/options.h -- the command line of weir's own commands, as options.def declares it: --name VALUE or --name=VALUE, then
 * plain arguments; `--` ends the options. --help prints what options.def says. A home that is not given is $WEIR_HOME, or
 * else ~/.weir. */
#ifndef WEIR_APP_OPTIONS_H
#define WEIR_APP_OPTIONS_H
#include "base/arena.h"
#include "base/map.h"
#include "base/status.h"
#include "base/vec.h"

typedef struct Options {
    const char *command;
    Map given;      /* name -> text; a switch is "" */
    StrList args;   /* what is no option */
    bool help;
} Options;

/* ST_INVALID names the option that is unknown or lacks its value. */
Status options_parse(Arena *a, const char *command, int argc, char **argv, Options *ret_options, Error *err);
/* The value given, or the default, or NULL. */
const char *option_text(Arena *a, const Options *options, const char *name);
bool option_given(const Options *options, const char *name);
/* For a command's first line: parses, and answers --help and mistakes itself. False: return *ret_exit. */
bool options_begin(Arena *a, const char *command, int argc, char **argv, Options *ret_options, int *ret_exit);

#endif

/* driver/command_resource.c -- ADD and LIST: a session's files, which stand in the folder where its scripts (TRANSFORM) run, and its JARs,
 * whose names are kept only. Source: AddFilesCommand, AddJarsCommand, ListFilesCommand, ListJarsCommand. */
#include "driver/command.h"

#include "base/file.h"
#include "ir/error.h"

#include <errno.h>
#include <stdio.h>

enum { LIST_MAX_BYTES = 16 << 20 };

/* One line a resource: kind, blank, URI. */
static char *list_path(Run *r)
{
    return path_join(r->arena, r->session->artifact_dir, "resources");
}

static Status read_list(Run *r, const char *kind, StrList *ret_uris, Error *err)
{
    char *text;
    size_t length;
    Status status = file_read(r->arena, list_path(r), LIST_MAX_BYTES, &text, &length, err);
    if (status == ST_NOT_FOUND)
        return ST_OK;
    TRY(status);
    size_t n = strlen(kind);
    for (const char *line = text; *line;) {
        size_t end = strcspn(line, "\n");
        if (!strncmp(line, kind, n) && line[n] == ' ')
            vec_push(r->arena, ret_uris, arena_strn(r->arena, line + n + 1, end - n - 1));
        line += end + (line[end] == '\n');
    }
    return ST_OK;
}

static Status note(Run *r, const char *kind, const char *uri, Error *err)
{
    StrList known = { 0 };
    TRY(read_list(r, kind, &known, err));
    for (size_t i = 0; i < known.len; i++)
        if (str_eq(known.at[i], uri))
            return ST_OK;
    file_auto *f = fopen(list_path(r), "abe");
    if (!f || fprintf(f, "%s %s\n", kind, uri) < 0 || fflush(f) != 0)
        return FAIL(err, ST_IO, "write the session's list of resources: %s", strerror(errno));
    return ST_OK;
}

static Status add(Run *r, const char *kind, const char *path, Error *err)
{
    char *folder = path_join(r->arena, r->session->artifact_dir, "files");
    const char *uri = command_location(r, path, "file:"), *slash = strrchr(uri, '/');
    if (strchr(uri, '\n') || !slash || !slash[1])
        return FAIL(err, ST_INVALID, "'%s' names no file", path);
    TRY(dir_make(folder, 0700, err));
    if (str_eq(kind, "file"))
        TRY(lake_fetch(driver_lake(r->driver), uri, path_join(r->arena, folder, slash + 1), err));
    return note(r, kind, uri, err);
}

Status command_resource(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "Results", NULL };
    const ManageResource *m = node_as(ManageResource, command);
    if (str_eq(m->what, "archive"))
        return command_unsupported(m->add ? "ADD ARCHIVE" : "LIST ARCHIVE", err);
    if (m->add) {
        *ret_rows = command_nothing(r);
        for (size_t i = 0; i < m->paths.len; i++)
            TRY(add(r, m->what, m->paths.at[i], err));
        return ST_OK;
    }
    StrList uris = { 0 };
    TRY(read_list(r, m->what, &uris, err));
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < uris.len; i++) {
        bool asked = m->paths.len == 0;
        for (size_t k = 0; k < m->paths.len; k++)
            asked = asked || str_eq(uris.at[i], command_location(r, m->paths.at[k], "file:"));
        if (asked)
            *rows_add(*ret_rows) = rows_text(uris.at[i]);
    }
    return ST_OK;
}

/* svc/glue/internal.h -- what the Glue handlers share. */
#ifndef WEIR_SVC_GLUE_INTERNAL_H
#define WEIR_SVC_GLUE_INTERNAL_H
#include "base/vec.h"
#include "lake/metastore.h"
#include "svc/glue/values.h"
#include "svc/svc.h"

/* --- events.c --- */
void glue_tell(Server *server); /* registers with the bus */

/* --- errors (common.c) --- */
#define glue_missing(err, ...) FAIL_CODE((err), ST_NOT_FOUND, "EntityNotFoundException", __VA_ARGS__)
#define glue_invalid(err, ...) FAIL_CODE((err), ST_INVALID, "InvalidInputException", __VA_ARGS__)
Status glue_check_schedule(const char *schedule, Error *err); /* InvalidInputException: no cron() */
/* An item of a batch that failed: adds {…entry, `member`: {ErrorCode, ErrorMessage}} to `list`. */
void glue_batch_error(Arena *a, Val *list, Val *entry, const char *member, const Error *err);

/* --- values: see values.h --- */
void glue_answer(Call *call, const Val *map);        /* its members become the output's */
/* arn:aws:glue:REGION:ACCOUNT: and what follows. */
char *glue_arn(Call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The data catalog; fails when CatalogId names another than the account's. */
Status glue_catalog(Call *call, Metastore **ret_metastore, Error *err);

/* --- pages of lists in ascending order of a key; reads MaxResults and NextToken, sets NextToken --- */
typedef struct Pager {
    const char *after; /* the last key of the page before, NULL: none */
    size_t max, taken;
    const char *last;
    bool more;
} Pager;
Status pager_begin(Call *call, size_t most, Pager *ret_pager, Error *err);
bool pager_take(Pager *p, const char *key); /* does it belong on this page? */
void pager_end(Call *call, const Pager *p);
const char *glue_token(Arena *a, const char *text);
Status glue_token_read(Call *call, const char **ret_text, Error *err); /* NULL when there is none */

/* --- records (records.c) --- */
typedef struct RecordKind {
    const char *kind;    /* column of the store */
    const char *noun;    /* "Crawler", in messages */
    const char *arn;     /* "crawler/%s": with tags; NULL: without */
    const char *missing; /* EntityNotFoundException's message with %s for the name; NULL: "NOUN NAME not found." */
} RecordKind;
typedef struct Record {
    const char *name;
    Val *body;
    int64_t created_ms, updated_ms;
} Record;
typedef VEC(Record) RecordList;

/* Inserts it, with the request's Tags. AlreadyExistsException. */
Status record_add(Call *call, const RecordKind *kind, const char *name, const Val *body, Error *err);
Status record_load(Call *call, const RecordKind *kind, const char *name, Record *ret_record, Error *err);
Status record_save(Call *call, const RecordKind *kind, const char *name, const Val *body, Error *err);
Status record_drop(Call *call, const RecordKind *kind, const char *name, Error *err); /* and its tags */
Status record_all(Store *store, Arena *a, const char *kind, RecordList *ret_records, Error *err); /* in order of name */
/* The records of this page of the request, those with the request's Tags only; sets NextToken. `wanted` (may be NULL) filters. */
typedef bool (*RecordTest)(Call *call, const Record *record);
Status record_page(Call *call, const RecordKind *kind, RecordTest wanted, RecordList *ret_records, Error *err);
/* Both halves of a BatchGet…: the records of `names`, and the names that there are none of. */
Status record_batch(Call *call, const RecordKind *kind, const Val *names, RecordList *ret_records, Val **ret_missing, Error *err);
Val *record_names(Arena *a, const RecordList *records);

/* --- runs (records.c) --- */
typedef struct Run {
    int64_t seq;
    const char *owner, *id, *state;
    Val *body;
    int64_t started_ms, ended_ms; /* ended_ms 0: not yet */
} Run;
typedef VEC(Run) RunList;
Status run_add(Store *store, const char *kind, const char *owner, const char *id, const char *state, const Val *body, Error *err);
Status run_load(Store *store, Arena *a, const char *kind, const char *owner, const char *id, Run *ret_run, Error *err); /* ST_NOT_FOUND */
/* ended_ms 0: it goes on. */
Status run_save(Store *store, const char *id, const char *state, const Val *body, int64_t ended_ms, Error *err);
Status run_list(Store *store, Arena *a, const char *kind, const char *owner, RunList *ret_runs, Error *err); /* newest first */
Status run_drop(Store *store, const char *kind, const char *owner, Error *err);

/* --- tags (tags.c) --- */
Status tags_set(Db *db, const char *arn, const Val *tags, Error *err);
Status tags_drop(Db *db, const char *arn, Error *err);
Status tags_get(Db *db, Arena *a, const char *arn, Val **ret_tags, Error *err);

#endif

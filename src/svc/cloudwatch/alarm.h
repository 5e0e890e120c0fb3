/* svc/cloudwatch/alarm.h -- an alarm's row, its change of state, its rule; what the handlers and the evaluating thread share. */
#ifndef WEIR_SVC_CLOUDWATCH_ALARM_H
#define WEIR_SVC_CLOUDWATCH_ALARM_H
#include "svc/bus.h"
#include "svc/cloudwatch/internal.h"

typedef struct Alarm {
    int64_t seq, config_ms, state_ms, transition_ms;
    const char *region, *name, *state, *reason, *reason_data;
    bool composite, actions_enabled;
    const Val *config;
} Alarm;
#define ALARM_COLUMNS "seq, region, name, kind, config, actions_enabled, state, reason, reason_data, config_ms, state_ms, transition_ms"
Alarm alarm_row(Arena *a, Row *row);
/* ST_NOT_FOUND when there is none. */
Status alarm_load(Db *db, Arena *a, const char *region, const char *name, Alarm *ret_alarm, Error *err);

/* --- transition.c: inside a transaction. bus_wake after the commit. --- */
/* The new state, its row in the history, and its actions and event on the bus. *ret_done false: the alarm was changed or deleted
 * since it was loaded, and nothing was done. */
Status alarm_transition(Server *server, Db *db, Arena *a, const Alarm *alarm, const char *state, const char *reason, const char *reason_data,
                        bool *ret_done, Error *err);
Status alarm_history_add(Db *db, const Alarm *alarm, const char *type, const char *summary, const Val *data, Arena *a, Error *err);
/* BusSettled: an action was delivered, or failed for good. */
Status alarm_action_settled(void *self, Db *db, const BusMessage *message, const char *why, Error *err);

/* --- rule.c: ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA(c)) --- */
typedef struct RuleNode RuleNode;
Status rule_parse(Arena *a, const char *text, RuleNode **ret_node, StrList *ret_names, Error *err);
/* state_of: NULL when there is no such alarm. */
bool rule_holds(const RuleNode *node, const char *(*state_of)(void *self, const char *name), void *self);

/* --- evaluate.c --- */
Status alarm_put(Server *server, Db *db, Arena *a, const char *region, bool composite, const Val *in, Error *err);
struct Evaluator;
/* Alarms were put, deleted or set: the thread looks at the table again. */
void evaluator_changed(Server *server);
Status evaluator_start(Server *server, Error *err);
void evaluator_stop(Server *server);

/* --- window.c: one metric alarm's data points to its state. Pure. --- */
typedef struct WindowPoint {
    bool present, breaching;
    double value, count;
    int64_t time_s;
} WindowPoint;
typedef enum TreatMissing { TREAT_MISSING, TREAT_IGNORE, TREAT_BREACHING, TREAT_NOT_BREACHING } TreatMissing;
enum { WINDOW_EXTRA = 2 }; /* periods looked at beyond EvaluationPeriods */
/* points: oldest first, n = periods + WINDOW_EXTRA. NULL: the state stays as it is. */
const char *window_state(const WindowPoint *points, size_t n, size_t periods, size_t to_alarm, TreatMissing treat);

#endif

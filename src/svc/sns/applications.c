/* svc/sns/applications.c -- mobile applications, their devices, and telephone numbers: kept as records. No push service and no carrier
 * is behind them: a message to one is recorded as failed. */
#include "base/str.h"
#include "os/crypto.h"
#include "svc/sns/internal.h"

#include <ctype.h>

/* ---------------------------------------------------------------- telephones */
/* E.164, with '-', '.', '/' and blanks between digits, as the console takes it. */
bool sns_phone_good(const char *number)
{
    size_t digits = 0;
    char last = 0;
    if (*number == '+')
        number++;
    for (; *number; number++) {
        bool digit = isdigit((unsigned char)*number) != 0;
        if (!digit && (!strchr("-./ ", *number) || !digits || !isdigit((unsigned char)last)))
            return false;
        digits += digit;
        last = *number;
    }
    return digits >= 2 && digits <= 15 && isdigit((unsigned char)last);
}

Status sns_check_if_phone_number_is_opted_out(Call *call, Error *err)
{
    if (!sns_phone_good(val_str(call->input, "phoneNumber")))
        return sns_invalid(err, "Invalid parameter: PhoneNumber Reason: input incorrectly formatted");
    val_set_bool(call->arena, call->output, "isOptedOut", false); /* nothing is ever sent that could be answered */
    return ST_OK;
}

Status sns_list_phone_numbers_opted_out(Call *call, Error *err)
{
    (void)err;
    val_set(call->arena, call->output, "phoneNumbers", val_list(call->arena));
    return ST_OK;
}

Status sns_opt_in_phone_number(Call *call, Error *err)
{
    return sns_phone_good(val_str(call->input, "phoneNumber")) ? ST_OK : sns_invalid(err, "Invalid parameter: PhoneNumber Reason: input incorrectly formatted");
}

Status sns_set_sms_attributes(Call *call, Error *err)
{
    const Val *attributes = val_get(call->input, "attributes");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(attributes); i++)
        TRY(db_exec(db, err, "INSERT OR REPLACE INTO sns_sms_attribute(region, name, value) VALUES(?,?,?)", "sss", call->region,
                    attributes->names[i], attributes->items[i]->s));
    return db_commit(db, err);
}

Status sns_get_sms_attributes(Call *call, Error *err)
{
    const Val *wanted = val_get(call->input, "attributes");
    Val *shown = val_map(call->arena);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT name, value FROM sns_sms_attribute WHERE region=? ORDER BY name", "s", call->region));
    while (row_next(row)) {
        bool asked = !val_len(wanted);
        for (size_t i = 0; i < val_len(wanted); i++)
            asked = asked || str_eq(val_at(wanted, i)->s, row_str(row, 0));
        if (asked)
            val_set_str(call->arena, shown, arena_str(call->arena, row_str(row, 0)), row_str(row, 1));
    }
    val_set(call->arena, call->output, "attributes", shown);
    return row_status(row, err);
}

/* ---------------------------------------------------------------- applications */
static Status attributes_of(Db *db, Arena *a, const char *table, const char *arn, const char *missing, Val **ret, Error *err)
{
    char *text = NULL;
    Status status = db_get_str(db, a, &text, err, arena_printf(a, "SELECT attributes FROM %s WHERE arn=?", table), "s", arn);
    if (status == ST_NOT_FOUND)
        return sns_not_found(err, missing);
    TRY(status);
    return sns_document(a, text, ret, err);
}

static Status application(Db *db, Arena *a, const char *arn, Val **ret, Error *err)
{
    return attributes_of(db, a, "sns_application", arn, "PlatformApplication does not exist", ret, err);
}

static Status endpoint(Db *db, Arena *a, const char *arn, Val **ret, Error *err)
{
    return attributes_of(db, a, "sns_endpoint", arn, "Endpoint does not exist", ret, err);
}

Status sns_endpoint_usable(Db *db, Arena *a, const char *arn, Error *err)
{
    Val *attributes;
    TRY(endpoint(db, a, arn, &attributes, err));
    return str_ieq(val_str(attributes, "Enabled"), "true") ? ST_OK : FAIL_CODE(err, ST_INVALID, "EndpointDisabled", "Endpoint is disabled");
}

Status sns_create_platform_application(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *asked = val_get(call->input, "Attributes");
    char *arn = arena_printf(a, "arn:aws:sns:%s:%s:app/%s/%s", call->region, call->server->account, val_str(call->input, "Platform"), val_str(call->input, "Name"));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "INSERT OR IGNORE INTO sns_application(arn, region, attributes) VALUES(?,?,?)", "sss", arn, call->region,
                val_to_json(a, asked ? asked : val_map(a))));
    val_set_str(a, call->output, "PlatformApplicationArn", arn);
    return ST_OK;
}

/* Sets members of a document in a table. */
static Status set_members(Call *call, const char *table, const char *arn, Status (*find)(Db *, Arena *, const char *, Val **, Error *), Error *err)
{
    Arena *a = call->arena;
    const Val *asked = val_get(call->input, "Attributes");
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(db, a, arn, &attributes, err));
    for (size_t i = 0; i < val_len(asked); i++)
        val_set(a, attributes, asked->names[i], asked->items[i]);
    TRY(db_exec(db, err, arena_printf(a, "UPDATE %s SET attributes=? WHERE arn=?", table), "ss", val_to_json(a, attributes), arn));
    return db_commit(db, err);
}

static Status get_members(Call *call, const char *arn, Status (*find)(Db *, Arena *, const char *, Val **, Error *), Error *err)
{
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(find(db, call->arena, arn, &attributes, err));
    val_set(call->arena, call->output, "Attributes", attributes);
    return ST_OK;
}

Status sns_get_platform_application_attributes(Call *call, Error *err)
{
    return get_members(call, val_str(call->input, "PlatformApplicationArn"), application, err);
}

Status sns_set_platform_application_attributes(Call *call, Error *err)
{
    return set_members(call, "sns_application", val_str(call->input, "PlatformApplicationArn"), application, err);
}

Status sns_get_endpoint_attributes(Call *call, Error *err)
{
    return get_members(call, val_str(call->input, "EndpointArn"), endpoint, err);
}

Status sns_set_endpoint_attributes(Call *call, Error *err)
{
    return set_members(call, "sns_endpoint", val_str(call->input, "EndpointArn"), endpoint, err);
}

/* Rows of (arn, attributes) as a page. */
static Status list_rows(Call *call, Db *db, const char *sql, const char *key, const char *member, const char *name, Error *err)
{
    Arena *a = call->arena;
    Val *all = val_list(a);
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, sql, "s", key));
    while (row_next(row)) {
        Val *one = val_map(a), *attributes;
        TRY(sns_document(a, row_str(row, 1), &attributes, err));
        val_set_str(a, one, member, row_str(row, 0));
        val_set(a, one, "Attributes", attributes);
        val_push(a, all, one);
    }
    TRY(row_status(row, err));
    return sns_page(call, all, name, err);
}

Status sns_list_platform_applications(Call *call, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    return list_rows(call, db, "SELECT arn, attributes FROM sns_application WHERE region=? ORDER BY seq", call->region, "PlatformApplicationArn",
                     "PlatformApplications", err);
}

Status sns_list_endpoints_by_platform_application(Call *call, Error *err)
{
    const char *arn = val_str(call->input, "PlatformApplicationArn");
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(application(db, call->arena, arn, &attributes, err));
    return list_rows(call, db, "SELECT arn, attributes FROM sns_endpoint WHERE application=? ORDER BY seq", arn, "EndpointArn", "Endpoints", err);
}

Status sns_delete_platform_application(Call *call, Error *err)
{
    const char *arn = val_str(call->input, "PlatformApplicationArn");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "DELETE FROM sns_endpoint WHERE application=?", "s", arn));
    TRY(db_exec(db, err, "DELETE FROM sns_application WHERE arn=?", "s", arn));
    return db_commit(db, err);
}

Status sns_delete_endpoint(Call *call, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    return db_exec(db, err, "DELETE FROM sns_endpoint WHERE arn=?", "s", val_str(call->input, "EndpointArn"));
}

static Status same_attributes(const char *arn, const Val *there, const Val *asked, Error *err)
{
    for (size_t i = 0; i < val_len(asked); i++) {
        if (!str_ieq(val_str(there, asked->names[i]), asked->items[i]->s))
            return sns_invalid(err, "Invalid parameter: Token Reason: Endpoint %s already exists with the same Token, but different attributes.", arn);
    }
    return ST_OK;
}

Status sns_create_platform_endpoint(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *app = val_str(call->input, "PlatformApplicationArn"), *token = val_str(call->input, "Token");
    const Val *asked = val_get(call->input, "Attributes");
    Val *there, *attributes = val_map(a);
    char *arn = NULL;
    val_set_str(a, attributes, "Enabled", "true");
    val_set_str(a, attributes, "Token", token);
    val_set_str(a, attributes, "CustomUserData", val_str(call->input, "CustomUserData"));
    for (size_t i = 0; i < val_len(asked); i++)
        val_set(a, attributes, asked->names[i], asked->items[i]);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(application(db, a, app, &there, err));
    Status status = db_get_str(db, a, &arn, NULL, "SELECT arn FROM sns_endpoint WHERE application=? AND token=?", "ss", app, token);
    if (status == ST_OK) {
        TRY(endpoint(db, a, arn, &there, err));
        TRY(same_attributes(arn, there, attributes, err));
    } else {
        const char *slash = strstr(app, ":app/");
        arn = arena_printf(a, "%.*s:endpoint/%s/%s", (int)(slash - app), app, slash + 5, random_uuid(a));
        TRY(db_exec(db, err, "INSERT INTO sns_endpoint(arn, application, token, attributes) VALUES(?,?,?,?)", "ssss", arn, app, token,
                    val_to_json(a, attributes)));
    }
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "EndpointArn", arn);
    return ST_OK;
}

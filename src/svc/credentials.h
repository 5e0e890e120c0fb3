/* svc/credentials.h -- access keys: the account's root key, made at the first start and kept in HOME/keys/root.json (0600), and
 * temporary ones in the store. Thread-safe; look-ups are cached. */
#ifndef WEIR_SVC_CREDENTIALS_H
#define WEIR_SVC_CREDENTIALS_H
#include "svc/svc.h"

typedef struct Credentials Credentials;

typedef struct Credential {
    const char *secret_key, *token; /* token: NULL for long-lived keys */
    int64_t expires_ms;             /* 0: never */
    Principal principal;
} Credential;

Status credentials_open(const char *home, const char *account, Store *store, Credentials **ret_credentials, Error *err);
void credentials_close(Credentials *credentials);
/* The root key of a home, for `weir env` and clients on this host. ST_NOT_FOUND when no server was ever started there. */
Status credentials_root(Arena *a, const char *home, const char *account, Credential *ret_credential, Error *err);

/* ST_NOT_FOUND when there is no such key. An expired one is found: the caller compares expires_ms. */
Status credentials_find(Credentials *credentials, Arena *a, const char *access_key, Credential *ret_credential, Error *err);

typedef struct CredentialsRequest {
    const char *role_arn;     /* arn:aws:iam::ACCOUNT:role/PATH/NAME; NULL: a session of `as` itself */
    const char *session_name; /* with role_arn */
    const Principal *as;      /* without role_arn */
    const char *run;          /* the step or application that they are for; NULL: none */
    int64_t duration_s;
} CredentialsRequest;
/* New temporary credentials (access key ASIA…). ST_INVALID with ValidationError when role_arn is none. */
Status credentials_issue(Credentials *credentials, Arena *a, const CredentialsRequest *request, Credential *ret_credential,
                         Error *err);
/* Ends all credentials of a run: when its step is over. */
Status credentials_revoke_run(Credentials *credentials, const char *run, Error *err);
/* Deletes what expired a day ago; called now and then. */
Status credentials_sweep(Credentials *credentials, Error *err);

/* The name in arn:aws:iam::ACCOUNT:role/PATH/NAME and its account; false when it is none. */
bool role_arn_parse(Arena *a, const char *role_arn, const char **ret_account, const char **ret_name);
/* AROA…: an id that follows from the ARN, so that it is the same in every answer. */
char *role_unique_id(Arena *a, const char *role_arn);

#endif

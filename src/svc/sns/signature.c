/* svc/sns/signature.c -- messages are signed, so that an endpoint can tell whose they are.
 * Source: "Verifying the signatures of Amazon SNS messages": the string to sign, versions 1 (SHA-1) and 2 (SHA-256). */
#include "base/str.h"
#include "os/signing.h"
#include "svc/sns/internal.h"

static const char CERTIFICATE_PATH[] = "/_weir/sns/SimpleNotificationService.pem";

/* Name and value of what is there, each on a line of its own, in the order of the names. */
static char *string_to_sign(Arena *a, const Val *message)
{
    static const char *const signed_members[] = { "Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type" };
    str_auto out = STR_INIT(SIZE_MAX / 2);
    for (size_t i = 0; i < sizeof signed_members / sizeof *signed_members; i++) {
        const char *value = val_str(message, signed_members[i]);
        bool unsigned_subject = str_eq(signed_members[i], "Subject") && val_str(message, "SubscribeURL");
        if (value && !unsigned_subject)
            str_addf(&out, "%s\n%s\n", signed_members[i], value);
    }
    return str_arena(&out, a);
}

Status sns_sign(Server *server, Arena *a, Val *message, const char *version, Error *err)
{
    const SigningKey *key;
    bool second = str_eq(version, "2");
    char *signature;
    TRY(sns_signing_key(server, &key, err));
    TRY(signing_key_sign(key, second ? SIGNING_SHA256 : SIGNING_SHA1, a, string_to_sign(a, message), &signature, err));
    val_set_str(a, message, "SignatureVersion", second ? "2" : "1");
    val_set_str(a, message, "Signature", signature);
    val_set_str(a, message, "SigningCertURL", arena_printf(a, "%s%s", server->endpoint, CERTIFICATE_PATH));
    return ST_OK;
}

Status sns_certificate_route(Call *call, Error *err)
{
    const SigningKey *key;
    TRY(sns_signing_key(call->server, &key, err));
    call->response->body = arena_str(call->arena, signing_key_certificate(key));
    call->response->body_len = strlen(call->response->body);
    http_add_header(call->request, call->response, "Content-Type", "application/x-pem-file");
    return ST_OK;
}

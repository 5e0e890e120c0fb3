/* os/mail.h -- one e-mail handed to an SMTP server, on libcurl. Source: RFC 5321, RFC 5322. */
#ifndef WEIR_OS_MAIL_H
#define WEIR_OS_MAIL_H
#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

typedef struct Mail {
    const char *server;        /* smtp://HOST:PORT, smtps://… */
    const char *from, *to;     /* addresses */
    const char *subject, *body; /* UTF-8; a subject's line breaks become blanks */
    int64_t timeout_ms;        /* 0: 30 s */
} Mail;

/* ST_IO when the server did not take it. Thread-safe. */
Status mail_send(Arena *a, const Mail *mail, Error *err);

#endif

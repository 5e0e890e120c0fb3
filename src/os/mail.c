/* os/mail.c -- see mail.h. */
#include "os/mail.h"

#include "base/limits.h"
#include "base/str.h"

#include <curl/curl.h>
#include <time.h>

typedef struct Reading {
    const char *at;
    size_t left;
} Reading;

static size_t on_read(char *buffer, size_t size, size_t count, void *arg)
{
    Reading *r = arg;
    size_t n = size * count < r->left ? size * count : r->left;
    memcpy(buffer, r->at, n);
    r->at += n;
    r->left -= n;
    return n;
}

static char *one_line(Arena *a, const char *text)
{
    char *line = arena_str(a, text ? text : "");
    for (char *c = line; *c; c++)
        *c = *c == '\r' || *c == '\n' ? ' ' : *c;
    return line;
}

static char *message_of(Arena *a, const Mail *m)
{
    char date[64];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    str_auto s = STR_INIT(LIMIT_API_BODY);
    str_addf(&s, "Date: %s\r\nFrom: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                 "Content-Transfer-Encoding: 8bit\r\n\r\n", date, one_line(a, m->from), one_line(a, m->to), one_line(a, m->subject));
    for (const char *c = m->body; *c; c++) {
        if (*c == '\n' && (c == m->body || c[-1] != '\r'))
            str_addc(&s, '\r');
        str_addc(&s, *c);
    }
    str_add(&s, "\r\n");
    return str_arena(&s, a);
}

Status mail_send(Arena *a, const Mail *m, Error *err)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return FAIL(err, ST_INTERNAL, "libcurl gives no handle");
    char *text = message_of(a, m);
    Reading reading = { text, strlen(text) };
    struct curl_slist *to = curl_slist_append(NULL, one_line(a, m->to));
    curl_easy_setopt(curl, CURLOPT_URL, m->server);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(m->timeout_ms ? m->timeout_ms : 30000));
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, one_line(a, m->from));
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return code == CURLE_OK ? ST_OK : FAIL(err, ST_IO, "%s: %s", m->server, curl_easy_strerror(code));
}

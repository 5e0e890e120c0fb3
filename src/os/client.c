/* os/client.c -- HTTP requests on libcurl. */
#include "os/client.h"

#include "base/limits.h"

#include <curl/curl.h>

typedef struct Receiver {
    Arena *arena;
    Str body;
    HttpPairs headers;
} Receiver;

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    Receiver *r = arg;
    str_addn(&r->body, bytes, size * count);
    return r->body.overflow ? 0 : size * count;
}

/* One line; an interim answer's status line begins anew. */
static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
    Receiver *r = arg;
    size_t length = size * count, n = length;
    while (n && (bytes[n - 1] == '\r' || bytes[n - 1] == '\n'))
        n--;
    char *line = arena_strn(r->arena, bytes, n), *colon = strchr(line, ':');
    if (str_starts(line, "HTTP/")) {
        r->headers.len = 0;
    } else if (colon) {
        *colon = 0;
        vec_push(r->arena, &r->headers, (HttpPair){ line, colon + 1 + strspn(colon + 1, " \t") });
    }
    return length;
}

static void curl_donep(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

static void slist_donep(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static void set_body(CURL *curl, const ClientRequest *request)
{
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (!request->body && strcmp(request->method, "POST") != 0 && strcmp(request->method, "PUT") != 0)
        return;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
}

static struct curl_slist *header_list(const ClientRequest *request, Arena *a)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* curl's own additions are not signed: none */
    list = curl_slist_append(list, "Content-Type:");
    for (size_t i = 0; i < request->headers.len; i++)
        list = curl_slist_append(list, arena_printf(a, "%s: %s", request->headers.at[i].name, request->headers.at[i].value));
    return list;
}

static bool was_sent(CURLcode code)
{
    return code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_URL_MALFORMAT &&
           code != CURLE_SSL_CONNECT_ERROR && code != CURLE_PEER_FAILED_VERIFICATION;
}

Status client_send(Arena *a, const ClientRequest *request, ClientAnswer *ret_answer, bool *ret_sent, Error *err)
{
    Receiver receiver = { .arena = a, .body = STR_INIT(request->max_body_bytes ? request->max_body_bytes : LIMIT_API_BODY) };
    CURL *curl __attribute__((cleanup(curl_donep))) = curl_easy_init();
    struct curl_slist *headers __attribute__((cleanup(slist_donep))) = header_list(request, a);
    if (!curl)
        return FAIL(err, ST_INTERNAL, "libcurl does not start");
    char why[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(request->connect_timeout_ms ? request->connect_timeout_ms : 10000));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(request->timeout_ms ? request->timeout_ms : 300000));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &receiver);
    set_body(curl, request);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    bool overflow = receiver.body.overflow;
    ClientAnswer answer = { (int)status, receiver.headers, str_arena(&receiver.body, a), receiver.body.len };
    str_done(&receiver.body);
    if (ret_sent)
        *ret_sent = was_sent(code);
    if (overflow)
        return FAIL(err, ST_LIMIT, "the answer of %s is too large", request->url);
    if (code != CURLE_OK)
        return FAIL(err, ST_IO, "%s %s: %s", request->method, request->url, *why ? why : curl_easy_strerror(code));
    *ret_answer = answer;
    return ST_OK;
}

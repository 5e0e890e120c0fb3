/* driver/conf.h -- configuration: Spark's known keys with their defaults (conf.def), what the application was started with,
 * and what a session set (RuntimeConfig). A Conf is not thread-safe: the session's lock guards its own; the application's
 * is read-only once sessions exist. Keys are exact. */
#ifndef WEIR_DRIVER_CONF_H
#define WEIR_DRIVER_CONF_H
#include "base/arena.h"
#include "base/status.h"
#include "ir/node.h"

#include <stdbool.h>

typedef struct Conf Conf;

/* `parent` is looked into after this one's own settings (NULL: none) and must outlive it. */
Conf *conf_new(const Conf *parent);
void conf_free(Conf *c);
Conf *conf_copy(const Conf *c); /* same parent, same settings */

/* The value set here or in a parent, else the key's default; NULL when there is none. The text lives until the key is set
 * again: callers on other threads take conf_get_copy under the owner's lock. */
const char *conf_get(const Conf *c, const char *key);
const char *conf_system_zone(void);                            /* TZ, else UTC */
const char *conf_get_explicit(const Conf *c, const char *key); /* without defaults */
bool conf_is_true(const Conf *c, const char *key);
int64_t conf_int(const Conf *c, const char *key, int64_t otherwise);
/* What a key may be set to: INVALID_CONF_VALUE.*; UNSUPPORTED_FEATURE.CONFIG_VALUE for a meaning that is not done. */
Status conf_check(const char *key, const char *value, Error *err);
/* Any key, unchecked. */
void conf_put(Conf *c, const char *key, const char *value);
/* RuntimeConfig.set: CANNOT_MODIFY_STATIC_CONFIG, CANNOT_MODIFY_CONFIG, and conf_check's. */
Status conf_set(Conf *c, const char *key, const char *value, Error *err);
Status conf_unset(Conf *c, const char *key, Error *err);
bool conf_is_modifiable(const char *key);
/* Is it one of those that views and SQL functions keep (ViewHelper.shouldCaptureConfig)? */
bool conf_is_captured(const char *key);
/* The error of a key that has no value: SQL_CONF_NOT_FOUND. */
Status conf_not_found(const char *key, Error *err);
/* All settings whose key begins with `prefix` (NULL: all), own ones over the parent's, in order of key. */
void conf_list(const Conf *c, Arena *a, const char *prefix, KeyValueList *ret_list);
/* All public defaults with the settings over them (SET -v), in order of key. */
void conf_list_all(const Conf *c, Arena *a, KeyValueList *ret_list);

/* "5m", "30s", "120000ms", "1h" in milliseconds; a bare number counts as milliseconds. False when it is none. */
bool conf_duration_ms(const char *text, int64_t *ret_ms);
/* "10m", "1g", "134217728b", "4GB" in bytes; a bare number counts as bytes. False when it is none. */
bool conf_bytes(const char *text, int64_t *ret_bytes);

#endif

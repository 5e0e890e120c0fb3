/* hadoop/manifest.c -- see manifest.h. */
#include "hadoop/manifest.h"

#include "hadoop/codec.h"

#include <jansson.h>
#include <stdlib.h>

static Status keep(void *text, const void *bytes, size_t length, Error *err)
{
    str_addn(text, bytes, length);
    return ((Str *)text)->overflow ? FAIL(err, ST_LIMIT, "a manifest is larger than %d bytes", MANIFEST_MAX_BYTES) : ST_OK;
}

static void json_freep(json_t **value)
{
    json_decref(*value);
}

static Status parse_line(Arena *a, const char *line, size_t length, const char *uri, ManifestEntry *ret_entry, Error *err)
{
    json_t *entry __attribute__((cleanup(json_freep))) = json_loadb(line, length, 0, NULL);
    const char *path = json_string_value(json_object_get(entry, "path")), *base = json_string_value(json_object_get(entry, "baseName"));
    const char *source = json_string_value(json_object_get(entry, "srcDir"));
    if (!path || !base)
        return FAIL(err, ST_INVALID, "'%s' is no manifest: a line has no path and baseName: %.*s", uri, (int)(length < 200 ? length : 200), line);
    while (*base == '/')
        base++;
    if (!*base || strstr(base, "../") || str_ends(base, "..")) /* it names a file below the target */
        return FAIL(err, ST_INVALID, "'%s': no file can have the baseName '%s'", uri, base);
    ret_entry->path = arena_str(a, path);
    ret_entry->base_name = arena_str(a, base);
    ret_entry->source = arena_str(a, source ? source : "");
    ret_entry->size_bytes = (int64_t)json_integer_value(json_object_get(entry, "size"));
    return ST_OK;
}

Status manifest_read(Lake *lake, Arena *a, const char *uri, ManifestList *ret_entries, Error *err)
{
    arena_auto *scratch = arena_new();
    char *bytes;
    size_t length;
    str_auto text = STR_INIT(MANIFEST_MAX_BYTES);
    transcoder_auto *unpack = NULL;
    ManifestList entries = { 0 };
    TRY(lake_read(lake, scratch, uri, MANIFEST_MAX_BYTES, &bytes, &length, err));
    bool packed = length > 2 && (uint8_t)bytes[0] == 0x1f && (uint8_t)bytes[1] == 0x8b;
    TRY(unpack_new(packed ? CODEC_GZIP : CODEC_NONE, (Bytes){ keep, &text }, &unpack, err));
    TRY(transcoder_add(unpack, bytes, length, err));
    TRY(transcoder_end(unpack, err));
    for (const char *line = str_text(&text), *end; *line; line = end + (*end == '\n')) {
        end = strchrnul(line, '\n');
        if (line + strspn(line, " \r\t") >= end)
            continue;
        ManifestEntry entry = { 0 };
        TRY(parse_line(a, line, (size_t)(end - line), uri, &entry, err));
        vec_push(a, &entries, entry);
    }
    *ret_entries = entries;
    return ST_OK;
}

void manifest_add(const ManifestEntry *entry, Str *lines)
{
    json_t *object __attribute__((cleanup(json_freep))) =
        json_pack("{s:s, s:s, s:s, s:I}", "path", entry->path, "baseName", entry->base_name, "srcDir", entry->source, "size",
                  (json_int_t)entry->size_bytes);
    char *line = object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    if (line)
        str_addf(lines, "%s\n", line);
    free(line);
}

/* hadoop/merge.c -- the merge of sorted runs. See runfile.h. */
#include "hadoop/runfile.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER_MIN_BYTES = 64 * 1024, BUFFER_MAX_BYTES = 1024 * 1024, FAN_IN_MAX = 400 };

typedef struct Input {
    const char *path;
    int fd;
    int64_t next, end; /* of the file: not read yet */
    uint8_t *buffer;
    size_t capacity, at, filled;
    Record record;
    uint64_t prefix;
} Input;

struct Merge {
    Arena *arena;
    const KeyOrder *order;
    Input **heap; /* from 1, the least first */
    size_t size;
    Input *inputs;
    size_t count;
    bool begun;
    uint8_t *group; /* a copy of the key that began the group: its record may leave the buffer */
    size_t group_len, group_capacity;
};

static void *grown(void *memory, size_t size)
{
    void *bigger = realloc(memory, size);
    if (!bigger)
        abort();
    return bigger;
}

/* --- one input --- */

/* Moves what is left to the front and reads on, until `need` bytes are there. */
static Status input_fill(Input *in, size_t need, Error *err)
{
    memmove(in->buffer, in->buffer + in->at, in->filled - in->at);
    in->filled -= in->at;
    in->at = 0;
    if (need > in->capacity) {
        in->capacity = need + need / 2;
        in->buffer = grown(in->buffer, in->capacity);
    }
    while (in->filled < need) {
        size_t room = in->capacity - in->filled, left = (size_t)(in->end - in->next);
        ssize_t n = pread(in->fd, in->buffer + in->filled, room < left ? room : left, in->next);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL(err, ST_IO, "java.io.IOException: read '%s': %s", in->path, n < 0 ? strerror(errno) : "it is too short");
        in->filled += (size_t)n;
        in->next += n;
    }
    return ST_OK;
}

/* False: more bytes are needed to know. */
static bool get_length(const Input *in, size_t *at, size_t *ret_value)
{
    size_t value = 0;
    for (unsigned shift = 0; *at < in->filled && shift < 64; shift += 7) {
        uint8_t byte = in->buffer[(*at)++];
        value |= (size_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* The next record; *ret_same: its key is the one before, byte for byte. */
static Status input_next(const KeyOrder *order, Input *in, bool *ret_more, bool *ret_same, Error *err)
{
    if (in->at == in->filled && in->next == in->end) {
        *ret_more = false;
        return ST_OK;
    }
    const uint8_t *old_key = in->record.key;
    size_t old_len = in->record.key_len;
    for (;;) {
        size_t at = in->at, key_len = 0, value_len = 0, repeats = 0;
        bool lengths = get_length(in, &at, &key_len) && get_length(in, &at, &value_len) &&
                       (!(key_len & 1) || get_length(in, &at, &repeats));
        key_len >>= 1;
        if (lengths && in->filled - at >= key_len && in->filled - at - key_len >= value_len) {
            in->record = (Record){ in->buffer + at, in->buffer + at + key_len, key_len, value_len, repeats };
            in->at = at + key_len + value_len;
            break;
        }
        size_t have = in->filled - in->at, need = lengths ? at - in->at + key_len + value_len : have + 1;
        TRY(input_fill(in, need, err));
        old_key = NULL;
    }
    *ret_more = true;
    *ret_same = old_key && old_len == in->record.key_len && memcmp(old_key, in->record.key, old_len) == 0;
    if (!*ret_same)
        in->prefix = key_prefix(order, in->record.key, in->record.key_len);
    return ST_OK;
}

/* --- the heap, as org.apache.hadoop.util.PriorityQueue has it --- */

static inline bool less(const Merge *m, const Input *a, const Input *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    return key_compare(m->order, a->record.key, a->record.key_len, b->record.key, b->record.key_len) < 0;
}

static void heap_put(Merge *m, Input *node)
{
    size_t i = ++m->size;
    for (size_t j = i >> 1; j > 0 && less(m, node, m->heap[j]); j >>= 1) {
        m->heap[i] = m->heap[j];
        i = j;
    }
    m->heap[i] = node;
}

static void heap_down(Merge *m)
{
    size_t i = 1, j = 2;
    Input *node = m->heap[1];
    if (j + 1 <= m->size && less(m, m->heap[j + 1], m->heap[j]))
        j++;
    while (j <= m->size && less(m, m->heap[j], node)) {
        m->heap[i] = m->heap[j];
        i = j;
        j = i << 1;
        if (j + 1 <= m->size && less(m, m->heap[j + 1], m->heap[j]))
            j++;
    }
    m->heap[i] = node;
}

static void keep_group(Merge *m, const Record *r)
{
    if (r->key_len >= m->group_capacity) {
        m->group_capacity = r->key_len * 2 + 16;
        m->group = grown(m->group, m->group_capacity);
    }
    memcpy(m->group, r->key, r->key_len);
    m->group_len = r->key_len;
}

static Status merge_next(void *self, Record *ret_record, bool *ret_new_group, bool *ret_more, Error *err)
{
    Merge *m = self;
    bool same = false;
    if (m->begun && m->size) {
        bool more = false;
        TRY(input_next(m->order, m->heap[1], &more, &same, err));
        if (!more) {
            m->heap[1] = m->heap[m->size--];
            same = false;
        }
        if (!same && m->size)
            heap_down(m);
    }
    *ret_more = m->size > 0;
    if (!m->size)
        return ST_OK;
    const Record *r = &m->heap[1]->record;
    *ret_new_group = !m->begun || (!same && key_compare_bytes(m->group, m->group_len, r->key, r->key_len) != 0);
    if (*ret_new_group)
        keep_group(m, r);
    m->begun = true;
    *ret_record = *r;
    return ST_OK;
}

RecordSource merge_source(Merge *m)
{
    return (RecordSource){ merge_next, m };
}

/* --- opening --- */

static Status input_open(Merge *m, const Segment *s, size_t buffer_bytes, Error *err)
{
    Input *in = &m->inputs[m->count++];
    in->path = arena_str(m->arena, s->path);
    in->fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0)
        return FAIL(err, ST_IO, "java.io.IOException: open '%s': %s", s->path, strerror(errno));
    (void)posix_fadvise(in->fd, s->offset, s->length_bytes, POSIX_FADV_SEQUENTIAL);
    in->next = s->offset;
    in->end = s->offset + s->length_bytes;
    in->capacity = s->length_bytes < (int64_t)buffer_bytes ? (size_t)s->length_bytes : buffer_bytes;
    in->buffer = grown(NULL, in->capacity + 1);
    bool more = false, same = false;
    TRY(input_next(m->order, in, &more, &same, err));
    if (more)
        heap_put(m, in);
    return ST_OK;
}

static Status open_all(const Segment *segments, size_t count, const KeyOrder *order, size_t memory_bytes, Merge **ret_merge, Error *err)
{
    Arena *a = arena_new();
    merge_auto *m = ARENA_NEW(a, Merge);
    *m = (Merge){ .arena = a, .order = order, .heap = ARENA_ARRAY(a, Input *, count + 2), .inputs = ARENA_ARRAY(a, Input, count + 1) };
    size_t buffer = memory_bytes / (count ? count : 1);
    buffer = buffer < BUFFER_MIN_BYTES ? BUFFER_MIN_BYTES : buffer > BUFFER_MAX_BYTES ? BUFFER_MAX_BYTES : buffer;
    for (size_t i = 0; i < count; i++)
        TRY(input_open(m, &segments[i], buffer, err));
    *ret_merge = m;
    m = NULL;
    return ST_OK;
}

/* Some segments become one. */
static Status merge_some(Arena *a, const Segment *segments, size_t count, const KeyOrder *order, size_t memory_bytes, const char *path,
                         Segment *ret_segment, Error *err)
{
    merge_auto *m = NULL;
    runfile_auto *w = NULL;
    TRY(open_all(segments, count, order, memory_bytes, &m, err));
    TRY(runfile_create(path, (RunFormat){ 0 }, &w, err));
    for (;;) {
        Record record;
        bool fresh = false, more = false;
        TRY(merge_next(m, &record, &fresh, &more, err));
        if (!more)
            break;
        TRY(runfile_add(w, &record, err));
    }
    runfile_segment(w, a, segments[0].map, ret_segment);
    return runfile_finish(w, err);
}

Status merge_open(const SegmentList *segments, const KeyOrder *order, size_t memory_bytes, const char *folder, const char *name,
                  Merge **ret_merge, Error *err)
{
    arena_auto *a = arena_new();
    SegmentList list = { 0 };
    for (size_t i = 0; i < segments->len; i++)
        if (segments->at[i].records)
            vec_push(a, &list, segments->at[i]);
    size_t fan_in = memory_bytes / BUFFER_MIN_BYTES;
    fan_in = fan_in < 2 ? 2 : fan_in > FAN_IN_MAX ? FAN_IN_MAX : fan_in;
    size_t first = 0;
    for (unsigned pass = 0; list.len - first > fan_in; pass++) {
        size_t left = list.len - first, count = left - fan_in + 1 < fan_in ? left - fan_in + 1 : fan_in;
        Segment merged;
        TRY(merge_some(a, list.at + first, count, order, memory_bytes, arena_printf(a, "%s/%s.merge%u", folder, name, pass), &merged, err));
        first += count;
        vec_push(a, &list, merged);
    }
    return open_all(list.at + first, list.len - first, order, memory_bytes, ret_merge, err);
}

void merge_closep(Merge **merge)
{
    Merge *m = *merge;
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++) {
        if (m->inputs[i].fd >= 0)
            close(m->inputs[i].fd);
        free(m->inputs[i].buffer);
    }
    free(m->group);
    arena_free(m->arena);
}

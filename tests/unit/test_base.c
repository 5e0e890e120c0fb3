/* base: format_text says what vsnprintf says; code points become UTF-8; vectors keep their items as they grow. */
#include "base/format.h"
#include "base/str.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { ROOM_BYTES = 64 };

/* At every room from none to more than enough. */
static void __attribute__((format(printf, 1, 2))) same(const char *format, ...)
{
    for (size_t room = 0; room <= ROOM_BYTES; room++) {
        char ours[ROOM_BYTES + 1], theirs[ROOM_BYTES + 1];
        memset(ours, '#', sizeof ours);
        memset(theirs, '#', sizeof theirs);
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int length = format_text(ours, room, format, args), expected = vsnprintf(theirs, room, format, again);
        va_end(again);
        va_end(args);
        assert_int_equal(length, expected);
        assert_memory_equal(ours, theirs, room < (size_t)expected + 1 ? room : (size_t)expected + 1);
        assert_int_equal(ours[room], '#');
    }
}

static void texts_are_as_printf_writes_them(void **state)
{
    (void)state;
    same("%s", "");
    same("nothing to fill in");
    same("%s = %d%%, %s", "x", -7, "a longer text, of forty bytes or thereabout");
    same("%d %d %d", 0, INT32_MAX, INT32_MIN);
    same("%ld|%ld|%ld", 0L, INT64_MAX, INT64_MIN);
    same("%zu.%zu", (size_t)0, SIZE_MAX);
    same("%.*s|%.*s|%.*s", 3, "abcdef", 0, "x", 9, "short");
    same("%.*s", -1, "whole");
    same("%c%c", 'a', 'b');
    same("c%ld: %04x, %s", 5L, 255u, "one of these is the library's");
}

static void code_points_become_utf8(void **state)
{
    (void)state;
    static const struct { uint32_t c; const char *text; } cases[] = {
        { 'A', "A" }, { 0x7F, "\x7f" }, { 0x80, "\xc2\x80" }, { 0x7FF, "\u07ff" }, { 0x800, "\u0800" }, { 0xFFFD, "\ufffd" },
        { 0x10000, "\U00010000" }, { 0x1F600, "\U0001f600" }, { 0x10FFFF, "\U0010ffff" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str_auto s = STR_INIT(8);
        str_add_code_point(&s, cases[i].c);
        assert_string_equal(str_text(&s), cases[i].text);
        assert_true(utf8_valid(str_text(&s), s.len));
    }
}

static void vectors_keep_their_items(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    VEC(int) one = { 0 }, other = { 0 };
    for (int i = 0; i < 5000; i++) {
        vec_push(a, &one, i);
        if (i % 97 == 0) /* else it grows where it is */
            vec_push(a, &other, -i);
    }
    VEC(int) alias;
    memcpy(&alias, &one, sizeof alias); /* what was copied before it grew keeps its items too */
    for (int i = 5000; i < 20000; i++)
        vec_push(a, &one, i);
    assert_int_equal(one.len, 20000);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(one.at[i], i);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(alias.at[i], i);
    for (size_t i = 0; i < other.len; i++)
        assert_int_equal(other.at[i], -97 * (int)i);
}

static void strings_stop_at_their_cap(void **state)
{
    (void)state;
    str_auto s = STR_INIT(10);
    str_addf(&s, "%s", "eight of");
    str_addc(&s, '9');
    str_addf(&s, "%s %d", "not", 1);
    str_addc(&s, 'x');
    assert_true(s.overflow);
    assert_string_equal(str_text(&s), "eight of9");
    assert_true(str_ieq("Abc", "aBC") && !str_ieq("abc", "abd") && !str_ieq("@", "`") && !str_ieq("", "a") && str_ieq(NULL, NULL) && !str_ieq("a", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_as_printf_writes_them),
        cmocka_unit_test(code_points_become_utf8),
        cmocka_unit_test(vectors_keep_their_items),
        cmocka_unit_test(strings_stop_at_their_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

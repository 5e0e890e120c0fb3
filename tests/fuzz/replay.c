/* tests/fuzz/replay.c -- main() of a fuzzer built without libFuzzer: runs it over kept inputs. Arguments: files, or folders of them. A file
 * named *.b64 holds an input a line in base64, one named *.lines an input a line as it is ("--" lines are comments). Each input
 * has ten seconds. */
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

enum { INPUT_MAX = 64 * 1024 * 1024, SECONDS = 10 };

/* libFuzzer's own mutation: nothing is mutated here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    (void)data, (void)max_size;
    return size;
}

static void run(const char *name, const void *bytes, size_t size, size_t *inputs)
{
    uint8_t *exact = malloc(size ? size : 1); /* so that a byte too far is seen */
    if (!exact)
        abort();
    memcpy(exact, bytes, size);
    fprintf(stderr, "%s\n", name); /* the last one is it, when something breaks */
    alarm(SECONDS);
    LLVMFuzzerTestOneInput(exact, size);
    alarm(0);
    free(exact);
    ++*inputs;
}

static void run_lines(const char *path, char *text, size_t *inputs)
{
    arena_auto *a = arena_new();
    size_t number = 1;
    for (char *line = text, *end; *line; line = end, number++) {
        end = line + strcspn(line, "\n");
        end += *end ? 1 : 0;
        size_t len = (size_t)(end - line) - (end > line && end[-1] == '\n' ? 1 : 0);
        const char *name = arena_printf(a, "%s:%zu", path, number);
        void *bytes = line;
        if (str_starts(line, "--"))
            continue;
        if (str_ends(path, ".b64") && !base64_decode(a, arena_strn(a, line, len), &bytes, &len)) {
            fprintf(stderr, "%s: no base64\n", name);
            exit(2);
        }
        if (len)
            run(name, bytes, len, inputs);
    }
}

static void run_path(const char *path, size_t *inputs)
{
    arena_auto *a = arena_new();
    struct stat st;
    DIR *dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    if (dir) {
        for (struct dirent *e; (e = readdir(dir)) != NULL;)
            if (e->d_name[0] != '.')
                run_path(path_join(a, path, e->d_name), inputs);
        closedir(dir);
        return;
    }
    char *bytes;
    size_t size;
    Error err = ERROR_INIT;
    if (file_read(a, path, INPUT_MAX, &bytes, &size, &err) != ST_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        exit(2);
    }
    if (str_ends(path, ".b64") || str_ends(path, ".lines"))
        run_lines(path, bytes, inputs);
    else
        run(path, bytes, size, inputs);
}

int main(int argc, char **argv)
{
    size_t inputs = 0;
    for (int i = 1; i < argc; i++)
        run_path(argv[i], &inputs);
    printf("%zu inputs\n", inputs);
    return inputs ? 0 : 1;
}

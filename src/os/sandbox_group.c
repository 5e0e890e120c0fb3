/* os/sandbox_group.c -- cgroups, v2 or v1, wherever a group of ours can be made with the controller in it. */
#include "base/file.h"
#include "base/str.h"
#include "os/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool file_put(const char *folder, const char *name, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

/* Our own group's path in a hierarchy, from /proc/self/cgroup: "4:memory:/a/b", "0::/a/b" (v2: controller ""). */
static char *own_group(Arena *a, const char *controller)
{
    char *text;
    if (file_read(a, "/proc/self/cgroup", 1 << 16, &text, NULL, NULL) != ST_OK)
        return NULL;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            continue;
        *names++ = 0;
        *path++ = 0;
        for (char *save = NULL, *name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save))
            if (!strcmp(name, controller))
                return path;
        if (!*controller && !strcmp(line, "0"))
            return path;
    }
    return NULL;
}

/* Where the hierarchy is mounted: type "cgroup" with the controller among its options, or "cgroup2". */
static char *mount_point(Arena *a, const char *controller)
{
    char *text;
    if (file_read(a, "/proc/self/mounts", 1 << 20, &text, NULL, NULL) != ST_OK)
        return NULL;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        char place[1024], type[64], options[1024];
        if (sscanf(line, "%*s %1023s %63s %1023s", place, type, options) != 3)
            continue;
        if (!*controller && !strcmp(type, "cgroup2"))
            return arena_str(a, place);
        if (!*controller || strcmp(type, "cgroup") != 0)
            continue;
        for (char *save = NULL, *name = strtok_r(options, ",", &save); name; name = strtok_r(NULL, ",", &save))
            if (!strcmp(name, controller))
                return arena_str(a, place);
    }
    return NULL;
}

/* The folder of our own group; the mount's root when a container shows us a path that is not below it. */
static char *own_folder(Arena *a, const char *controller)
{
    char *place = mount_point(a, controller), *group = own_group(a, controller);
    if (!place)
        return NULL;
    char *folder = group ? arena_printf(a, "%s%s", place, group) : place;
    return path_exists(folder) ? folder : place;
}

/* A new group with the controller, or NULL. */
static char *group_v1(Arena *a, const char *controller, const char *name)
{
    char *parent = own_folder(a, controller);
    if (!parent)
        return NULL;
    char *folder = path_join(a, parent, name);
    return mkdir(folder, 0755) == 0 || errno == EEXIST ? folder : NULL;
}

static char *group_v2(Arena *a, const char *name)
{
    char *parent = own_folder(a, "");
    if (!parent)
        return NULL;
    file_put(parent, "cgroup.subtree_control", "+memory +cpu"); /* refused where processes live in the parent itself */
    char *folder = path_join(a, parent, name);
    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return NULL;
    if (path_exists(path_join(a, folder, "memory.max")) && path_exists(path_join(a, folder, "cpu.max")))
        return folder;
    rmdir(folder);
    return NULL;
}

static bool memory_limit(const SandboxGroup *group, int64_t bytes)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)bytes);
    return file_put(group->memory_dir, group->v2 ? "memory.max" : "memory.limit_in_bytes", text);
}

enum { CPU_PERIOD_US = 100000 };

static bool cpu_limit(const SandboxGroup *group, int64_t milli)
{
    char text[64];
    long long quota = milli * (CPU_PERIOD_US / 1000);
    if (group->v2) {
        snprintf(text, sizeof text, "%lld %d", quota, CPU_PERIOD_US);
        return file_put(group->cpu_dir, "cpu.max", text);
    }
    snprintf(text, sizeof text, "%lld", quota);
    return file_put(group->cpu_dir, "cpu.cfs_quota_us", text);
}

Status sandbox_group_make(Arena *a, const char *name, unsigned parts, int64_t memory_bytes, int64_t cpu_milli,
                          SandboxGroup *ret_group, Error *err)
{
    SandboxGroup group = { 0 };
    if (parts & (SANDBOX_CGROUP_MEMORY | SANDBOX_CGROUP_CPU)) {
        char *v2 = group_v2(a, name);
        group.v2 = v2 != NULL;
        group.memory_dir = v2 ? v2 : parts & SANDBOX_CGROUP_MEMORY ? group_v1(a, "memory", name) : NULL;
        group.cpu_dir = v2 ? v2 : parts & SANDBOX_CGROUP_CPU ? group_v1(a, "cpu", name) : NULL;
    }
    bool made = (!(parts & SANDBOX_CGROUP_MEMORY) || (group.memory_dir && (!memory_bytes || memory_limit(&group, memory_bytes)))) &&
                (!(parts & SANDBOX_CGROUP_CPU) || (group.cpu_dir && (!cpu_milli || cpu_limit(&group, cpu_milli))));
    if (!made) {
        sandbox_group_remove(&group);
        return FAIL(err, ST_IO, "cgroup '%s': %s", name, strerror(errno));
    }
    *ret_group = group;
    return ST_OK;
}

Status sandbox_group_join(const SandboxGroup *group, Error *err)
{
    char *folders[] = { group->memory_dir, group->v2 ? NULL : group->cpu_dir };
    for (size_t i = 0; i < 2; i++)
        if (folders[i] && !file_put(folders[i], "cgroup.procs", "0"))
            return FAIL(err, ST_IO, "join cgroup '%s': %s", folders[i], strerror(errno));
    return ST_OK;
}

int64_t sandbox_group_oom_kills(const SandboxGroup *group)
{
    if (!group->memory_dir)
        return 0;
    arena_auto *a = arena_new();
    char *text;
    const char *file = group->v2 ? "memory.events" : "memory.oom_control";
    if (file_read(a, path_join(a, group->memory_dir, file), 1 << 16, &text, NULL, NULL) != ST_OK)
        return 0;
    const char *at = strstr(text, "oom_kill ");
    return at ? strtoll(at + strlen("oom_kill "), NULL, 10) : 0;
}

void sandbox_group_remove(const SandboxGroup *group)
{
    if (group->memory_dir)
        rmdir(group->memory_dir);
    if (group->cpu_dir && !group->v2)
        rmdir(group->cpu_dir);
}

unsigned sandbox_group_probe(void)
{
    static const unsigned wanted[] = { SANDBOX_CGROUP_MEMORY, SANDBOX_CGROUP_CPU };
    arena_auto *a = arena_new();
    unsigned found = 0;
    for (size_t i = 0; i < 2; i++) {
        SandboxGroup group;
        char *name = arena_printf(a, "weir-probe-%d-%zu", (int)getpid(), i);
        if (sandbox_group_make(a, name, wanted[i], 64 << 20, 1000, &group, NULL) != ST_OK)
            continue;
        pid_t pid = fork(); /* a group may be writable and yet not take a process */
        if (pid == 0)
            _exit(sandbox_group_join(&group, NULL) == ST_OK ? 0 : 1);
        int status = 1;
        if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
            found |= wanted[i];
        sandbox_group_remove(&group);
    }
    return found;
}

/* os/sandbox.c -- the floor of the sandbox: privileges, rlimits, seccomp, Landlock; and the order of all parts. */
#include "os/sandbox.h"

#include "base/file.h"
#include "base/str.h"
#include "os/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- Landlock, by raw syscalls: Debian 12's header is older than the kernels it meets --- */

enum { LANDLOCK_CREATE_RULESET = 444, LANDLOCK_ADD_RULE = 445, LANDLOCK_RESTRICT_SELF = 446 };
enum { LANDLOCK_VERSION_FLAG = 1, LANDLOCK_PATH_BENEATH = 1 };

typedef struct LandlockRuleset {
    uint64_t handled_access_fs, handled_access_net, scoped;
} LandlockRuleset;

typedef struct __attribute__((packed)) LandlockPath {
    uint64_t allowed_access;
    int32_t parent_fd;
} LandlockPath;

enum {
    FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3, FS_ALL_V1 = (1 << 13) - 1,
    FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14,
    SCOPE_ABSTRACT_UNIX = 1 << 0, SCOPE_SIGNAL = 1 << 1
};

static long landlock_version(void)
{
    return syscall(LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION_FLAG);
}

static uint64_t landlock_rights(long version)
{
    return (uint64_t)(FS_ALL_V1 | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0));
}

/* Allows `rights` below one path. Absent paths are skipped; a plain file takes only a file's rights. */
static Status landlock_allow(int ruleset, const char *path, uint64_t rights, Error *err)
{
    fd_auto fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return ST_OK;
    if (!S_ISDIR(st.st_mode))
        rights &= FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE;
    LandlockPath rule = { .allowed_access = rights, .parent_fd = fd };
    if (syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0) < 0)
        return FAIL(err, ST_IO, "Landlock rule for '%s': %s", path, strerror(errno));
    return ST_OK;
}

static Status landlock_enter(const SandboxOptions *options, Error *err)
{
    long version = landlock_version();
    uint64_t rights = landlock_rights(version);
    LandlockRuleset all = { .handled_access_fs = rights,
                            .scoped = version >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0 };
    size_t size = version >= 6 ? sizeof all : version >= 4 ? 16 : 8;
    fd_auto ruleset = (int)syscall(LANDLOCK_CREATE_RULESET, &all, size, 0);
    if (ruleset < 0)
        return FAIL(err, ST_IO, "Landlock ruleset: %s", strerror(errno));
    for (size_t i = 0; i < options->read_paths.len; i++)
        TRY(landlock_allow(ruleset, options->read_paths.at[i], FS_EXECUTE | FS_READ_FILE | FS_READ_DIR, err));
    for (size_t i = 0; i < options->write_paths.len; i++)
        TRY(landlock_allow(ruleset, options->write_paths.at[i], rights, err));
    if (options->parts & SANDBOX_NAMESPACES)
        TRY(landlock_allow(ruleset, "/dev/shm", rights, err)); /* a file system of the step's own */
    if (options->private_tmp && (options->parts & SANDBOX_NAMESPACES)) {
        TRY(landlock_allow(ruleset, "/tmp", rights, err));
        TRY(landlock_allow(ruleset, "/var/tmp", rights, err));
    }
    if (syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) < 0)
        return FAIL(err, ST_IO, "Landlock: %s", strerror(errno));
    return ST_OK;
}

/* --- seccomp: calls that no job needs and that kernel exploits and escapes like --- */

static const char *const denied_calls[] = {
    "acct", "add_key", "adjtimex", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module",
    "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_kernel_syms", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl",
    "lookup_dcookie", "mount", "mount_setattr", "move_mount", "name_to_handle_at", "nfsservctl", "open_by_handle_at",
    "open_tree", "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise", "process_vm_readv",
    "process_vm_writev", "ptrace", "query_module", "quotactl", "quotactl_fd", "reboot", "request_key", "setdomainname",
    "sethostname", "setns", "settimeofday", "stime", "swapoff", "swapon", "_sysctl", "sysfs", "syslog", "umount", "umount2",
    "unshare", "uselib", "userfaultfd", "ustat", "vhangup", "vm86", "vm86old", "chroot",
};

enum { NAMESPACE_FLAGS = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP };
enum { TIOCSTI_REQUEST = 0x5412, TIOCLINUX_REQUEST = 0x541C };

/* Calls that are denied only with some arguments. */
static int seccomp_add_conditional(scmp_filter_ctx filter)
{
    static const int families[] = { AF_PACKET, AF_VSOCK, AF_ALG, AF_KEY, AF_XDP };
    int rc = 0;
    for (unsigned bit = 0; bit < 31; bit++) /* a masked compare matches one value, so each flag has its rule */
        if (NAMESPACE_FLAGS & (1U << bit))
            rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                   SCMP_A0(SCMP_CMP_MASKED_EQ, 1U << bit, 1U << bit));
    /* clone3's flags are behind a pointer: "not known" makes the C library use clone. */
    rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                           SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, TIOCSTI_REQUEST));
    rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                           SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, TIOCLINUX_REQUEST));
    return rc;
}

static Status seccomp_enter(Error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        return FAIL(err, ST_IO, "seccomp filter");
    int rc = seccomp_add_conditional(filter);
    for (size_t i = 0; i < sizeof denied_calls / sizeof *denied_calls; i++) {
        int number = seccomp_syscall_resolve_name(denied_calls[i]);
        if (number >= 0) /* negative: this machine does not have the call */
            rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
    }
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc == 0 ? ST_OK : FAIL(err, ST_IO, "seccomp: the filter was refused");
}

/* --- privileges and limits --- */

static Status privileges_drop(Error *err)
{
    if (geteuid() == 0) {
        for (unsigned cap = 0; cap <= 63; cap++)
            if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
                return FAIL(err, ST_IO, "drop capability %u: %s", cap, strerror(errno));
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    if (syscall(SYS_capset, &header, none) < 0)
        return FAIL(err, ST_IO, "drop capabilities: %s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return FAIL(err, ST_IO, "no_new_privs: %s", strerror(errno));
    return ST_OK;
}

static Status limit_set(int resource, rlim_t most, Error *err)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return FAIL(err, ST_IO, "getrlimit: %s", strerror(errno));
    if (limit.rlim_max > most)
        limit.rlim_max = most;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return FAIL(err, ST_IO, "setrlimit: %s", strerror(errno));
    return ST_OK;
}

enum { LIMIT_OPEN_FILES = 65536, LIMIT_MSGQUEUE_BYTES = 0 };

static Status limits_enter(const SandboxOptions *options, Error *err)
{
    TRY(limit_set(RLIMIT_CORE, 0, err));
    TRY(limit_set(RLIMIT_NOFILE, LIMIT_OPEN_FILES, err));
    TRY(limit_set(RLIMIT_MSGQUEUE, LIMIT_MSGQUEUE_BYTES, err));
    TRY(limit_set(RLIMIT_MEMLOCK, 64 * 1024, err));
    if (options->memory_bytes > 0 && !(options->parts & SANDBOX_CGROUP_MEMORY)) /* the group's limit counts real memory */
        TRY(limit_set(RLIMIT_DATA, (rlim_t)options->memory_bytes, err));
    else
        TRY(limit_set(RLIMIT_DATA, RLIM_INFINITY, err)); /* not the limit of who starts it (os/memory.h) */
    return ST_OK;
}

Status sandbox_enter(const SandboxOptions *options, Error *err)
{
    if (options->group)
        TRY(sandbox_group_join(options->group, err));
    if (options->parts & SANDBOX_NAMESPACES)
        TRY(sandbox_namespaces_enter(options, err));
    TRY(limits_enter(options, err));
    if (options->parts & SANDBOX_NO_NEW_PRIVS)
        TRY(privileges_drop(err));
    if (options->parts & SANDBOX_LANDLOCK)
        TRY(landlock_enter(options, err));
    if (options->parts & SANDBOX_SECCOMP)
        TRY(seccomp_enter(err));
    return ST_OK;
}

/* --- what is there --- */

unsigned sandbox_probe(void)
{
    unsigned parts = SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS; /* every kernel since 3.5 */
    if (landlock_version() >= 1)
        parts |= SANDBOX_LANDLOCK;
    uint32_t action = 0x00050000U; /* SECCOMP_RET_ERRNO */
    if (syscall(SYS_seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, &action) == 0)
        parts |= SANDBOX_SECCOMP;
    parts |= sandbox_namespaces_probe();
    parts |= sandbox_group_probe();
    return parts;
}

char *sandbox_level(Arena *a, unsigned parts)
{
    static const char *const names[] = { "no_new_privs", "rlimits", "seccomp",       "landlock",
                                         "namespaces",   "user-ns", "cgroup-memory", "cgroup-cpu" };
    str_auto text = STR_INIT(1024);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (parts & (1U << i))
            str_addf(&text, "%s%s", text.len ? "+" : "", names[i]);
    return str_arena(&text, a);
}

void sandbox_system_paths(Arena *a, StrList *read_paths, StrList *write_paths)
{
    static const char *const readable[] = {
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/proc", "/sys/devices/system", "/sys/fs/cgroup",
        "/var/lib/dpkg", "/etc/alternatives", "/etc/bash.bashrc", "/etc/ca-certificates", "/etc/ca-certificates.conf",
        "/etc/debian_version", "/etc/environment", "/etc/fonts", "/etc/gai.conf", "/etc/group", "/etc/host.conf",
        "/etc/hostname", "/etc/hosts", "/etc/inputrc", "/etc/java-17-openjdk", "/etc/ld.so.cache", "/etc/ld.so.conf",
        "/etc/ld.so.conf.d", "/etc/locale.alias", "/etc/localtime", "/etc/magic", "/etc/mime.types", "/etc/networks",
        "/etc/nsswitch.conf", "/etc/os-release", "/etc/passwd", "/etc/profile", "/etc/profile.d", "/etc/protocols",
        "/etc/python3", "/etc/python3.11", "/etc/resolv.conf", "/run/systemd/resolve", "/etc/rpc", "/etc/services",
        "/etc/shells", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/terminfo", "/etc/timezone", "/dev/random", "/dev/urandom",
    };
    static const char *const writable[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts" };
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
        vec_push(a, read_paths, readable[i]);
    for (size_t i = 0; i < sizeof writable / sizeof *writable; i++)
        vec_push(a, write_paths, writable[i]);
}

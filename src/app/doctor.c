/* app/doctor.c -- `weir doctor`: versions, paths, what this host offers. Exit 1 when something needed is missing. */
#include "app/options.h"
#include "base/file.h"
#include "base/str.h"
#include "os/sandbox.h"

#include <curl/curl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "weir_config.h"

int app_doctor(int argc, char **argv);

static void versions(void)
{
    struct utsname host;
    if (uname(&host) == 0)
        printf("host            %s %s %s, %ld cores\n", host.sysname, host.release, host.machine,
               sysconf(_SC_NPROCESSORS_ONLN));
    printf("weir            %s\n", WEIR_VERSION);
    printf("sqlite          %s\n", sqlite3_libversion());
    printf("libmicrohttpd   %s\n", MHD_get_version());
    printf("libcurl         %s\n", curl_version_info(CURLVERSION_NOW)->version);
    printf("openssl         %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
    printf("jansson         %s\n", jansson_version_str());
}

/* Prints one path; 1 when it is needed and not there. */
static int path(const char *what, const char *where, bool needed)
{
    bool there = path_exists(where);
    printf("%-15s %s%s\n", what, where, there ? "" : needed ? "  MISSING: run make" : "  (not made yet)");
    return needed && !there;
}

int app_doctor(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Options options;
    int exit_code;
    if (!options_begin(a, "doctor", argc, argv, &options, &exit_code))
        return exit_code;
    versions();
    int missing = path("engine", path_join(a, WEIR_DEPS_DIR, "lib/libduckdb.so"), true);
    missing += path("extensions", path_join(a, WEIR_DEPS_DIR, "extensions"), true);
    missing += path("python", path_join(a, WEIR_VENV_DIR, "bin/python"), true);
    printf("%-15s %s\n", "sandbox", sandbox_level(a, sandbox_probe()));
    path("home", option_text(a, &options, "home"), false);
    return missing ? 1 : 0;
}

/* hadoop/hadoop.c -- `hadoop`, `hadoop-streaming`: which tool a command line means. */
#include "hadoop/hadoop.h"

#include "base/str.h"
#include "hadoop/distcp.h"
#include "hadoop/examples.h"
#include "hadoop/shell.h"
#include "hadoop/streaming.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

typedef int (*Tool)(int argc, char **argv);

int hadoop_hdfs_main(int argc, char **argv)
{
    if (argc > 1 && str_eq(argv[1], "dfs"))
        return shell_main(argc - 2, argv + 2);
    fprintf(stderr, "weir has 'hdfs dfs' only: there is no name node here%s%s\n", argc > 1 ? ": hdfs " : "", argc > 1 ? argv[1] : "");
    return 1;
}

int hadoop_s3distcp_main(int argc, char **argv)
{
    return s3distcp_main(argc - 1, argv + 1);
}

int hadoop_streaming_main(int argc, char **argv)
{
    return streaming_main(argc - 1, argv + 1);
}

int hadoop_examples_main(int argc, char **argv)
{
    return examples_main(argc - 1, argv + 1);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int fail_jar(const char *jar, const char *class_name)
{
    fprintf(stderr,
            "Exception in thread \"main\" java.lang.UnsupportedOperationException: weir does not run JVM applications: %s%s%s needs a JVM "
            "engine. hadoop-streaming.jar and hadoop-mapreduce-examples.jar run here; for this one use Amazon EMR or Apache Hadoop itself.\n",
            jar, class_name ? " with the class " : "", class_name ? class_name : "");
    return 1;
}

/* hadoop jar JAR [CLASS] ARGUMENT… */
static int run_jar(int argc, char **argv)
{
    if (argc < 1) {
        fputs("RunJar jarFile [mainClass] args...\n", stderr);
        return 255;
    }
    const char *jar = name_of(argv[0]), *class_name = argc > 1 && strchr(argv[1], '.') && argv[1][0] != '-' ? argv[1] : NULL;
    bool streaming = strstr(jar, "streaming") != NULL;
    if (str_eq(class_name, "org.apache.hadoop.streaming.HadoopStreaming"))
        return streaming_main(argc - 2, argv + 2);
    if (strstr(jar, "mapreduce-examples") || strstr(jar, "hadoop-examples"))
        return examples_main(argc - 1, argv + 1);
    if (strstr(jar, "s3-dist-cp") || strstr(jar, "s3distcp"))
        return s3distcp_main(argc - 1, argv + 1);
    if (streaming && !class_name)
        return streaming_main(argc - 1, argv + 1);
    return fail_jar(argv[0], class_name);
}

static const struct {
    const char *name;
    Tool run;
    const char *help;
} tools[] = {
    { "jar", run_jar, "run a jar file: hadoop-streaming.jar, hadoop-mapreduce-examples.jar" },
    { "fs", shell_main, "run a generic filesystem user client" },
    { "dfs", shell_main, "the same" },
    { "distcp", distcp_main, "copy file or directories recursively" },
};

int hadoop_main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        if (str_eq(tools[i].name, name))
            return tools[i].run(argc - 2, argv + 2);
    if (str_eq(name, "version"))
        return puts("Hadoop 3.3.6 semantics, by weir") < 0;
    FILE *out = argc > 1 && (str_eq(name, "--help") || str_eq(name, "-help")) ? stdout : stderr;
    if (*name && out == stderr)
        fprintf(out, "weir has no 'hadoop %s'.\n", name);
    fputs("Usage: hadoop SUBCOMMAND [SUBCOMMAND OPTIONS]\n\n", out);
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        fprintf(out, "%-12s  %s\n", tools[i].name, tools[i].help);
    return out == stderr;
}

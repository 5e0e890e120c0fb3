"""The jobs of Hadoop's examples JAR that real Hadoop ran (tools/golden examples) and weir must equal.

Each is a list of commands in one folder with the inputs of ../streaming/streaming_jobs.py; one that begins with SHELL is the shell's."""
import gzip
import hashlib
import pathlib
import re
import subprocess

SHELL = "$"
SMALL_SPLITS = "mapreduce.input.fileinputformat.split.maxsize=20000"

# name -> commands
JOBS = {
    "no_program": [[]],
    "unknown_program": [["nosuch", "a", "b"]],
    "usages": [["wordcount"], ["wordcount", "text.txt"], ["grep", "text.txt"], ["teragen"], ["terasort", "in"], ["teravalidate"], ["pi", "3"]],
    "wordcount": [["wordcount", "text.txt", "dir", "out"]],
    "wordcount_reducers": [["wordcount", "-Dmapreduce.job.reduces=3", "-D", SMALL_SPLITS.replace("20000", "3000"), "text.txt", "out"]],
    "wordcount_packed": [["wordcount", "-D", "mapreduce.output.fileoutputformat.compress=true", "-D",
                          "mapreduce.output.fileoutputformat.compress.codec=org.apache.hadoop.io.compress.GzipCodec", "packed.gz", "out"]],
    "wordcount_missing": [["wordcount", "absent", "out"]],
    "output_exists": [["wordcount", "text.txt", "dir"]],
    "grep": [["grep", "text.txt", "out", "[a-z]+er"]],
    "grep_group": [["grep", "text.txt", "out", "(w)([a-z]+)", "2"]],
    "grep_nothing": [["grep", "text.txt", "out", "zzz"]],
    "teragen": [["teragen", "1000", "out"]],
    "teragen_suffix": [["teragen", "2k", "out"]],
    "terasort": [["teragen", "2000", "in"], ["terasort", "in", "out"], ["teravalidate", "out", "report"]],
    "terasort_reducers": [["teragen", "3000", "in"],
                          ["terasort", "-D", "mapreduce.job.reduces=4", "-D", SMALL_SPLITS, "in", "out"], ["teravalidate", "out", "report"]],
    "terasort_few_rows": [["teragen", "3", "in"], ["terasort", "-D", "mapreduce.job.reduces=4", "in", "out"],
                          [SHELL, "rm -rf out"]], # where Hadoop leaves an empty _partition.lst
    "terasort_simple": [["teragen", "500", "in"],
                        ["terasort", "-D", "mapreduce.job.reduces=3", "-D", "mapreduce.terasort.simplepartitioner=true", "in", "out"]],
    "teravalidate_disorder": [["teragen", "40", "in"], ["teravalidate", "in", "report"]],
    "teravalidate_partitions": [["teragen", "300", "in"], ["terasort", "-D", "mapreduce.job.reduces=3", "in", "out"],
                                [SHELL, "rm -f out/.*.crc; mv out/part-r-00000 out/x; mv out/part-r-00002 out/part-r-00000; mv out/x out/part-r-00002"],
                                ["teravalidate", "out", "report"]],
    "wordcount_no_utf8": [[SHELL, "printf 'caf\\351 na\\303\\257ve \\303 \\342\\202 x\\200y\\n' > latin.txt"], ["wordcount", "latin.txt", "out"]],
    "pi": [["pi", "3", "100"]],
    "pi_many": [["pi", "16", "1000"]],
    "pi_one": [["pi", "1", "1"]],
}

# What weir counts as Hadoop does, whatever the run.
COUNTERS = ("Map input records", "Map output records", "Map output bytes", "Map output materialized bytes", "Combine input records",
            "Combine output records", "Reduce input groups", "Reduce shuffle bytes", "Reduce input records", "Reduce output records",
            "Shuffled Maps ", "Merged Map outputs", "CHECKSUM")


def run(command, folder, program, **options):
    """One command of a job; `program`: what runs an example."""
    if command[:1] == [SHELL]:
        return subprocess.run(command[1], shell=True, cwd=folder, check=True, capture_output=True, text=True)
    return subprocess.run([*program, *command], cwd=folder, capture_output=True, text=True, **options)


def plain(text, folder):
    """Without what differs from run to run: times, the folder, random names."""
    text = text.replace(f"file:{folder}/", "file:FOLDER/").replace(f"{folder}/", "FOLDER/")
    text = re.sub(r"Job Finished in [\d.]+ seconds", "Job Finished in N seconds", text)
    text = re.sub(r"\b\d+ ?ms\b", "Nms", text)
    return re.sub(r"^[-\d]+ [\d:,]+ ", "", text, flags=re.M)


def errors(log):
    """The lines of a log that a user looks for."""
    keep = re.compile(r"^Usage|^(org|java)\.[\w.$]+(Exception|Error)|^teragen|^teravalidate|^TeraSort|^<mapred|^If you|(INFO|ERROR) terasort")
    return [line for line in log.splitlines() if keep.search(line)]


def counters(log):
    """The counters of each job that a command ran."""
    found = []
    for final in log.split("mapreduce.Job: Counters:")[1:]:
        one = {}
        for line in final.splitlines()[1:]:
            name, equals, value = line.strip("\t").rpartition("=")
            if not line.startswith("\t"):
                break
            if equals and name in COUNTERS:
                one[name] = int(value)
        found.append(one)
    return found


def outputs(folder):
    """{name: text}, packed files unpacked; what is no short text as its length and digest."""
    found = {}
    for top in ("in", "out", "report"):
        for path in sorted((pathlib.Path(folder) / top).rglob("*")):
            if path.name.startswith(".") or path.is_dir():
                continue
            body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            try:
                shown = body.decode() if len(body) < 3000 and b"\0" not in body else None
            except UnicodeDecodeError:
                shown = None
            found[str(path.relative_to(folder))] = f"{len(body)} bytes {hashlib.sha256(body).hexdigest()}" if shown is None else shown
    return found

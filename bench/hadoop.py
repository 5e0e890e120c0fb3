"""Hadoop streaming: word count beside Hadoop's local mode, a sort beside GNU sort. WEIR_BENCH_SCALE=0.05 makes it small."""
import os
import pathlib
import random
import resource
import shutil
import subprocess
import time

from common import TOP, WEIR, figure

SCALE = float(os.environ.get("WEIR_BENCH_SCALE", "1"))
JARS = pathlib.Path(os.environ.get("WEIR_HADOOP") or TOP / "build/hadoop").resolve()
WORDS_BYTES, SORT_BYTES = int(2e9 * SCALE), int(5e9 * SCALE)
MEMORY_MB = 256
MAPPER = "{for (i = 1; i <= NF; i++) print $i \"\\t1\"}"
REDUCER = "{if ($1 != k) {if (NR > 1) print k \"\\t\" n; k = $1; n = 0} n += $2} END {if (NR) print k \"\\t\" n}"


def timed(command, folder, **environment):
    """Seconds, and what to say beside: processor seconds, the most memory of the command's largest process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=os.environ | {"WEIR_HOME": str(folder / "home"), "TMPDIR": str(folder)} | environment)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, f"CPU {used:.1f} s" + (f", largest process {after.ru_maxrss // 1024} MB" if after.ru_maxrss > before.ru_maxrss else "")


def write_words(path):
    draw = random.Random(7)
    letters = "etaoinshrdlu"
    words = ["".join(draw.choices(letters, k=draw.randrange(2, 11))) for _ in range(50000)]
    weights = [1 / (i + 10) for i in range(len(words))]
    block = "\n".join(" ".join(draw.choices(words, weights, k=12)) for _ in range(40000)).encode() + b"\n"
    with open(path, "wb") as out:
        while out.tell() < WORDS_BYTES:
            out.write(block)


def write_rows(path):
    """Lines of 100 bytes: 10 of key, 89 of the rest."""
    draw = random.Random(8)
    rest = b" " + b"0123456789abcdef" * 5 + b"_______"
    with open(path, "wb") as out:
        while out.tell() < SORT_BYTES:
            keys = draw.randbytes(10 * 100000).translate(bytes(33 + i % 90 for i in range(256)))
            out.write(b"".join(keys[i:i + 10] + rest + b"\n" for i in range(0, len(keys), 10)))


def streaming(mapper, reducer, source, target):
    return ["-input", source, "-output", target, "-mapper", mapper, "-reducer", reducer]


def word_count(work):
    write_words(work / "words")
    (work / "map.awk").write_text(MAPPER)
    (work / "reduce.awk").write_text(REDUCER)
    job = ["-D", "mapreduce.task.io.sort.mb=100"], ("awk -f map.awk", "awk -f reduce.awk", "words")
    ours, note = timed([WEIR, "hadoop", "jar", "hadoop-streaming.jar", *job[0], *streaming(*job[1], "ours")], work)
    figure(f"word count of {WORDS_BYTES / 1e9:.2f} GB, {MEMORY_MB} MB", [ours], "s", note)
    if not JARS.is_dir():
        print("  real Hadoop is not there: tools/golden streaming fetches it")
        return
    theirs, note = timed(["java", f"-Xmx{MEMORY_MB}m", "-cp", f"{JARS}/*", "org.apache.hadoop.streaming.HadoopStreaming",
                          "-D", "mapreduce.framework.name=local", "-D", "fs.defaultFS=file:///", f"-Dhadoop.tmp.dir={work}/tmp", *job[0],
                          *streaming(*job[1], "theirs")], work)
    figure("  the same on Hadoop, local mode", [theirs], "s", note)
    assert (work / "ours/part-00000").read_bytes() == (work / "theirs/part-00000").read_bytes()
    print(f"  -> {theirs / ours:.1f} times faster (at least 5)")


def sort(work):
    write_rows(work / "rows")
    ours, note = timed([WEIR, "hadoop", "jar", "hadoop-streaming.jar", "-D", "mapreduce.task.io.sort.mb=100",
                        *streaming("cat", "cat", "rows", "sorted")], work)
    figure(f"sort of {SORT_BYTES / 1e9:.2f} GB, {MEMORY_MB} MB", [ours], "s", note)
    theirs, note = timed(["sort", "--parallel=2", f"--buffer-size={MEMORY_MB}M", f"--temporary-directory={work}", "-o", "gnu", "rows"], work,
                         LC_ALL="C")
    figure("  GNU sort --parallel=2, the same memory", [theirs], "s", note)
    lines = subprocess.run("cut -f1 sorted/part-00000 | cmp - gnu", shell=True, cwd=work)
    assert lines.returncode == 0
    print(f"  -> {ours / theirs:.2f} of its time (at most 1.3)")


def run(work):
    for part in (word_count, sort):
        folder = work / part.__name__
        folder.mkdir()
        part(folder)
        shutil.rmtree(folder)

"""The streaming jobs that real Hadoop ran (tools/golden streaming) and weir must equal: inputs, programs, command lines.

Each job runs in a folder with the inputs and programs in it and writes to `out`. `{n}` in a name is nothing: names are plain."""
import bz2
import gzip
import pathlib
import random

WORDS = ("the quick brown fox jumps over a lazy dog while naïve Ωmega readers count every word they meet and "
         "wonder which of these comes first").split()

PROGRAMS = {
    "words.py": "import sys\nfor line in sys.stdin:\n    for word in line.split():\n        print(word + '\\t1')\n",
    "sum.py": ("import sys\nlast, total = None, 0\nfor line in sys.stdin:\n    key, _, n = line.rstrip('\\n').partition('\\t')\n"
               "    if key != last and last is not None:\n        print(f'{last}\\t{total}')\n        total = 0\n"
               "    last, total = key, total + int(n)\nif last is not None:\n    print(f'{last}\\t{total}')\n"),
    "fail.py": "import sys\nfor i, line in enumerate(sys.stdin):\n    if i == 5:\n        sys.exit(7)\n    print(line, end='')\n",
    "env.py": ("import os, sys\nfor line in sys.stdin:\n    pass\n"
               "print(os.path.basename(os.environ['map_input_file']), os.environ['mapreduce_map_input_start'],"
               " os.environ['mapreduce_map_input_length'], os.environ['mapreduce_task_partition'],"
               " os.environ['mapred_task_is_map'], os.environ['GREETING'], os.environ['my_own_property'])\n"),
    "counters.py": ("import sys\nfor line in sys.stdin:\n    sys.stderr.write('reporter:counter:Own,Lines,1\\n')\n"
                    "    sys.stderr.write('reporter:counter:Own,Bytes,%d\\nreporter:status:busy\\n' % len(line))\n    print(line, end='')\n"),
    "aggregate.py": ("import sys\nfor line in sys.stdin:\n    word, n = line.rstrip('\\n').split('\\t')\n"
                     "    for kind in ('LongValueSum', 'LongValueMax', 'LongValueMin', 'StringValueMax', 'StringValueMin',\n"
                     "                 'UniqValueCount', 'ValueHistogram', 'DoubleValueSum'):\n"
                     "        print(f'{kind}:{kind[:5]}-{word}\\t{n}')\n"),
    "odd.py": ("import sys\nfor line in sys.stdin:\n    if int(line.split('\\t')[1]) % 2 and line < 'c':\n        print(line, end='')\n"),
}


def make_inputs(folder):
    """Writes the inputs and programs; the same on every machine."""
    folder = pathlib.Path(folder)
    draw = random.Random(20131)
    text = ["%s" % " ".join(draw.choices(WORDS, k=draw.randrange(0, 12))) for _ in range(400)]
    pairs = [f"{draw.choice(WORDS[:9])}\t{draw.randrange(-50, 100)}" for _ in range(500)]
    fields = [f"{draw.choice('abcde')}.{draw.randrange(0, 30)}.{draw.choice(['-', ''])}{draw.randrange(0, 99) / 4}" for _ in range(300)]
    files = {
        "text.txt": "\n".join(text) + "\n",
        "pairs.txt": "\n".join(pairs) + "\n",
        "fields.txt": "\n".join(fields) + "\n",
        "ends.txt": "\ufeffone\r\ntwo\rthree\n\n\r\nfour\tx\ty\n\tkeyless\nlast",
        "comma.csv": "a,1,x\nb\n,empty\nc,3\n" * 3,
        "dir/one.txt": "".join(f"one {i}\n" for i in range(40)),
        "dir/two.txt": "".join(f"two {i}\n" for i in range(7)),
        "dir/empty.txt": "",
        "dir/_hidden": "hidden\n",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode())
    (folder / "packed.gz").write_bytes(gzip.compress("\n".join(text[:200]).encode(), mtime=0) + gzip.compress(b"\nlast member\n", mtime=0))
    (folder / "packed.bz2").write_bytes(bz2.compress("\n".join(text[200:]).encode()))
    for name, content in PROGRAMS.items():
        (folder / name).write_text(content)


FIELDS = ["-D", "stream.num.map.output.key.fields=3", "-D", "stream.map.output.field.separator=.",
          "-D", "mapreduce.map.output.key.field.separator=."]
COMPARATOR = "mapreduce.job.output.key.comparator.class=org.apache.hadoop.mapred.lib.KeyFieldBasedComparator"
PARTITIONER = ["-partitioner", "org.apache.hadoop.mapred.lib.KeyFieldBasedPartitioner"]

# name -> arguments; generic options first. `-output out` is added.
JOBS = {
    "wordcount": ["-files", "words.py,sum.py", "-input", "text.txt", "-mapper", "python3 words.py", "-reducer", "python3 sum.py"],
    "several_reducers": ["-D", "mapreduce.job.reduces=4", "-files", "words.py,sum.py", "-input", "text.txt", "-mapper", "python3 words.py",
                         "-reducer", "python3 sum.py"],
    "combiner": ["-files", "words.py,sum.py", "-input", "text.txt", "-input", "dir", "-mapper", "python3 words.py",
                 "-combiner", "python3 sum.py", "-reducer", "python3 sum.py", "-numReduceTasks", "2"],
    "secondary_sort": ["-D", COMPARATOR, "-D", "mapreduce.partition.keycomparator.options=-k1,1 -k2,2nr",
                       "-D", "mapreduce.partition.keypartitioner.options=-k1,1", *FIELDS, "-input", "fields.txt", "-mapper", "cat",
                       "-reducer", "cat", "-numReduceTasks", "3", *PARTITIONER],
    "grouping": ["-D", COMPARATOR, "-D", "mapreduce.partition.keycomparator.options=-k1,1", *FIELDS,
                 "-D", "mapreduce.job.output.group.comparator.class=org.apache.hadoop.mapred.lib.KeyFieldBasedComparator",
                 "-input", "fields.txt", "-mapper", "cat", "-reducer", "cat"],
    "sort_numbers": ["-D", COMPARATOR, "-D", "mapreduce.partition.keycomparator.options=-k3n -k1,1r",
                     "-D", "num.key.fields.for.partition=2", *FIELDS, "-input", "fields.txt", "-mapper", "cat", "-reducer", "cat",
                     "-numReduceTasks", "2", *PARTITIONER],
    "field_characters": ["-D", COMPARATOR, "-D", "mapreduce.partition.keycomparator.options=-k2.2,2nr -k1.1,1.1",
                         *FIELDS, "-input", "fields.txt", "-mapper", "cat", "-reducer", "cat"],
    "gzip_and_bzip2": ["-files", "words.py,sum.py", "-input", "packed.*", "-mapper", "python3 words.py", "-reducer", "python3 sum.py"],
    "failing": ["-files", "fail.py", "-input", "text.txt", "-mapper", "python3 fail.py", "-reducer", "cat"],
    "failing_reducer": ["-files", "fail.py", "-input", "text.txt", "-mapper", "cat", "-reducer", "python3 fail.py"],
    "exit_ignored": ["-D", "stream.non.zero.exit.is.failure=false", "-files", "fail.py", "-input", "pairs.txt",
                     "-mapper", "python3 fail.py", "-reducer", "cat"],
    "nline": ["-D", "mapreduce.input.lineinputformat.linespermap=40", "-input", "text.txt",
              "-inputformat", "org.apache.hadoop.mapred.lib.NLineInputFormat", "-mapper", "cat", "-reducer", "NONE"],
    "key_value": ["-D", "mapreduce.input.keyvaluelinerecordreader.key.value.separator=,", "-input", "comma.csv",
                  "-inputformat", "org.apache.hadoop.mapred.KeyValueTextInputFormat", "-mapper", "cat", "-reducer", "cat"],
    "key_value_identity": ["-input", "pairs.txt", "-inputformat", "KeyValueTextInputFormat",
                           "-mapper", "org.apache.hadoop.mapred.lib.IdentityMapper",
                           "-reducer", "org.apache.hadoop.mapred.lib.IdentityReducer", "-numReduceTasks", "2"],
    "no_reducer": ["-D", "fs.local.block.size=2000", "-input", "text.txt,pairs.txt", "-input", "dir", "-mapper", "cat",
                   "-numReduceTasks", "0"],
    "identity": ["-D", "fs.local.block.size=2000", "-input", "text.txt", "-mapper", "org.apache.hadoop.mapred.lib.IdentityMapper",
                 "-reducer", "org.apache.hadoop.mapred.lib.IdentityReducer", "-numReduceTasks", "2"],
    "aggregate": ["-files", "aggregate.py", "-input", "pairs.txt", "-mapper", "python3 aggregate.py", "-reducer", "aggregate"],
    "compressed_output": ["-D", "mapreduce.output.fileoutputformat.compress=true",
                          "-D", "mapreduce.output.fileoutputformat.compress.codec=org.apache.hadoop.io.compress.GzipCodec",
                          "-input", "text.txt", "-mapper", "cat", "-reducer", "cat", "-numReduceTasks", "2"],
    "counters": ["-files", "counters.py", "-input", "text.txt", "-mapper", "python3 counters.py", "-reducer", "cat"],
    "environment": ["-D", "my.own-property=7", "-D", "fs.local.block.size=2000", "-files", "env.py", "-input", "text.txt", "-input", "dir",
                    "-mapper", "python3 env.py", "-reducer", "cat", "-cmdenv", "GREETING=hello"],
    "line_ends": ["-input", "ends.txt", "-mapper", "cat", "-reducer", "cat"],
    "line_ends_split": ["-D", "fs.local.block.size=9", "-input", "ends.txt", "-mapper", "cat", "-reducer", "NONE"],
    "equal_keys": ["-D", "fs.local.block.size=2000", "-input", "pairs.txt", "-mapper", "cat", "-reducer", "cat", "-numReduceTasks", "2"],
    "separators": ["-D", "mapreduce.output.textoutputformat.separator=|", "-D", "stream.map.output.field.separator=.",
                   "-D", "stream.num.map.output.key.fields=2", "-D", "stream.reduce.input.field.separator=;",
                   "-D", "stream.reduce.output.field.separator=.", "-input", "fields.txt", "-mapper", "cat", "-reducer", "cat"],
    "lazy_output": ["-files", "odd.py", "-input", "pairs.txt", "-mapper", "python3 odd.py", "-reducer", "cat", "-numReduceTasks", "7",
                    "-lazyOutput"],
    "quoted_command": ["-input", "pairs.txt", "-mapper", "sh -c \"grep -v '^a'\"", "-reducer", "cut -f1"],
    "no_such_program": ["-input", "pairs.txt", "-mapper", "no-such-program-at-all", "-reducer", "cat"],
    "missing_input": ["-input", "absent/*.txt", "-mapper", "cat", "-reducer", "cat"],
    "empty_reducers": ["-input", "dir/empty.txt", "-mapper", "cat", "-reducer", "wc -l", "-numReduceTasks", "2"],
}

# What weir counts as Hadoop does, whatever the run.
COUNTERS = ("Map input records", "Map output records", "Map output bytes", "Map output materialized bytes", "Combine input records",
            "Combine output records", "Reduce input groups", "Reduce shuffle bytes", "Reduce input records", "Reduce output records",
            "Spilled Records", "Shuffled Maps ", "Merged Map outputs", "Lines", "Bytes")


def counters(log):
    """The job's final counters from what a client printed."""
    final = log.rpartition("mapreduce.Job: Counters:")[2]
    found = {}
    for line in final.splitlines()[1:]:
        name, equals, value = line.strip("\t").rpartition("=")
        if not line.startswith("\t"):
            break
        if equals and name in COUNTERS:
            found[name] = int(value)
    return found


def outputs(folder):
    """{name: text} of an output folder; packed files unpacked."""
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        return {}
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        body = path.read_bytes()
        found[path.name] = (gzip.decompress(body) if path.suffix == ".gz" else body).decode()
    return found

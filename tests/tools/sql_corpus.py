#!/usr/bin/env python3
"""How many queries of Spark's own golden files the parser takes, and refuses, as Spark does.

    tests/tools/sql_corpus.py CORPUS/sql-tests/results build/release/tests/unit/test_sql_parse [KIND [COUNT [FILE]]]

KIND shows examples: refused (good queries that do not parse), accepted (wrong ones that do), class (refused with another
error class), token (a syntax error at another token). The corpus is org.apache.spark:spark-sql_2.13:4.1.1:tests; it is not
part of this repository. Files whose settings change the syntax are counted like all others.
"""
import collections
import pathlib
import re
import subprocess
import sys


def queries(root):
    """(file, query, Spark's error class or '', its output, whether Spark's parser refused it) of each golden query"""
    for path in sorted(root.rglob('*.out')):
        for block in re.split(r'^-- !query(?: \d+)?\n', path.read_text(), flags=re.M)[1:]:
            m = re.match(r'(.*?)\n-- !query schema\n(.*?)\n-- !query output\n?(.*)', block, flags=re.S)
            if m:
                query, _, output = m.groups()
                error = re.search(r'"errorClass" : "([^"]+)"', output)
                yield (str(path.relative_to(root)), query, error.group(1) if error else '', output,
                       'ParseException' in output)


def token(text):
    m = re.search(r"at or near ((end of input|'.*?')(:.*)?)\.$", text)
    return m.group(1) if m else None


def main(root, parser, kind=None, count='20', only=''):
    cases = list(queries(pathlib.Path(root)))
    done = subprocess.run([parser, '--stdin'], input='\0'.join(c[1] for c in cases).encode() + b'\0',
                          capture_output=True, check=True)
    answers = done.stdout.decode().splitlines()
    assert len(answers) == len(cases), (len(answers), len(cases))
    tally, shown = collections.Counter(), collections.defaultdict(list)
    for (file, query, wanted, output, refused), answer in zip(cases, answers):
        got = answer.split('\t')
        what = None
        if not refused:
            tally['good queries'] += 1
            what = None if answer == 'OK' else 'refused'
        elif answer == 'OK':
            what = 'accepted'
        else:
            tally['wrong queries, refused'] += 1
            near = re.search(r'"error" : "((?:[^"\\\\]|\\\\.)*)"', output)
            hint = re.search(r'"hint" : "([^"]*)"', output)
            if got[0] != wanted:
                what = 'class'
            elif near and token(got[1]) != near.group(1).replace('\\"', '"') + (hint.group(1) if hint else ''):
                what = 'token'
        if what:
            tally[what] += 1
            shown[what].append((file, query, wanted, answer))
    for name, n in tally.items():
        print(f'{n:6} {name}')
    print(f'{100 - 100 * tally["refused"] / tally["good queries"]:.2f} % of the good queries parse')
    for file, query, wanted, answer in [c for c in shown[kind] if only in c[0]][:int(count)]:
        print(f'---- {file}: {wanted} / {answer}\n{query[:400]}')


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

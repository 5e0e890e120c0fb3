"""Scheduled Flights, the reducer: the mapper's lines, sorted by month, to `month TAB carrier TAB flights`."""
import collections
import itertools
import sys

lines = (line.rstrip("\n").split("\t") for line in sys.stdin)
for month, group in itertools.groupby(lines, key=lambda fields: fields[0]):
    flights = collections.Counter()
    for _, carrier, number in group:
        flights[carrier] += int(number)
    for carrier in sorted(flights):
        print(month, carrier, flights[carrier], sep="\t")

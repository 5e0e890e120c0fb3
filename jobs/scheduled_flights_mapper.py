"""Scheduled Flights, the mapper of a streaming job: lines of the raw flights to `month TAB carrier TAB 1`, cancelled ones too.

    hadoop-streaming -files scheduled_flights_mapper.py,scheduled_flights_reducer.py -input … -output …
        -mapper 'python3 scheduled_flights_mapper.py' -reducer 'python3 scheduled_flights_reducer.py'

The key is what stands before the first tab, the month; so a reducer gets all carriers of a month, in any order.
"""
import csv
import sys

MONTH, CARRIER = 1, 9

for row in csv.reader(sys.stdin):
    if row and row[0] != "year":  # each file has a header
        print(row[MONTH], row[CARRIER], 1, sep="\t")

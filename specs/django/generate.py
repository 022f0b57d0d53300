#!/usr/bin/env python3
"""Asks the real Django what it answers, and records it for the Rust tests.

    ./record.sh --seed 1 --random 4000                      # makes the schema and the environment, then runs this
    python3 generate.py schema.json --state state.json --data /tmp/data.json --vectors /tmp/vectors.jsonl

Builds Django models from the mock's own schema, fills an SQLite database with random rows or a mock's state, runs hand-written
calls, every lookup on every type of field, random chains of QuerySet calls, projections and writes, and writes down the rows, values
or errors. `data.json` is a state file of the mock.
"""

import argparse
import json
import random
import sys

import django

from answers import agrees_with_itself, run
from orm import build, store
from chains import Caller
from grid import grid
from rows import make_data
from writes import Writer


# A longer answer tells no more.
MOST = 500


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schema")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=4000)
    parser.add_argument("--state", help="rows as `carbon-mock state` prints them, instead of random ones")
    parser.add_argument("--data", default="data.json")
    parser.add_argument("--vectors", default="vectors.jsonl")
    args = parser.parse_args()
    with open(args.schema, encoding="utf-8") as file:
        schema = json.load(file)["models"]
    rng = random.Random(args.seed)
    wanted = list(schema)
    built = build(schema, wanted)
    if args.state:
        with open(args.state, encoding="utf-8") as file:
            state = json.load(file)
    else:
        state = make_data(rng, schema, wanted)
    store(state, schema, built)
    with open(args.data, "w", encoding="utf-8") as file:
        json.dump(state, file, ensure_ascii=False, indent=0)
        file.write("\n")
    with open("handwritten.json", encoding="utf-8") as file:
        calls = json.load(file)
    calls += grid(schema)
    caller = Caller(rng, schema, state, wanted)
    calls += [caller.call() for _ in range(args.random)]
    calls += [caller.projected() for _ in range(args.random // 10)]
    writer = Writer(rng, schema, state)
    calls += [writer.call() for _ in range(args.random // 10)]
    answered = [(call, run(call, built)) for call in calls]
    sound = [(call, result) for call, result in answered if result is not None]
    kept = [
        (call, result)
        for call, result in sound
        if size(result) <= MOST and not chosen_by_the_database(call, result) and agrees_with_itself(call, built, result)
    ]
    errors = 0
    with open(args.vectors, "w", encoding="utf-8") as file:
        file.write(json.dumps({"django": django.__version__, "seed": args.seed, "calls": len(kept)}) + "\n")
        for call, result in kept:
            errors += "error" in result
            file.write(json.dumps({**call, **result}, ensure_ascii=False) + "\n")
    left = len(calls) - len(kept)
    print(f"{len(kept)} calls, {errors} of them errors, Django {django.__version__}", file=sys.stderr)
    if left:
        print(f"{left} left out: too long, the database's choice, dependent on the order of exclude()'s conditions, or no SQL that runs", file=sys.stderr)


def chosen_by_the_database(call, result):
    """Of texts that differ in trailing blanks alone, and so are equal, distinct() shows one or the other."""
    distinct = any(method == "distinct" for method, _ in call["steps"])
    return distinct and any(
        isinstance(value, str) and value.endswith(" ")
        for row in result.get("rows", [])
        for value in (row.values() if isinstance(row, dict) else row)
    )


def size(result):
    return max((len(part) for part in result.values() if isinstance(part, list)), default=0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Counts the functions of programs to which a chain of references leads, and to which one leads that has certain steps only.

usage: call-shares.py CALL_GRAPH PROGRAM...

CALL_GRAPH is the example program (`cargo build --release --example call_graph`). Prints rows of the table in docs/why.md. The linker keeps only
functions to which something leads, so what is not reached are references that gospect does not see. Exit code 1 when less than 99.5 % of the
functions of a program are reached.
"""
import os
import subprocess
import sys

if len(sys.argv) < 3:
    sys.exit(__doc__)
print("| program | functions | reached | | with certain steps only | |\n|---|---|---|---|---|---|")
low = []
for program in sys.argv[2:]:
    run = subprocess.run([sys.argv[1], program, "shares"], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit(f"{program}: no call graph")
    functions, reached, certain = map(int, run.stdout.split())
    print(f"| {os.path.basename(program)} | {functions:,} | {reached:,} | {100 * reached / functions:.2f} % | {certain:,} | {100 * certain / functions:.1f} % |", flush=True)
    if reached < 0.995 * functions:
        low.append(program)
if low:
    sys.exit(f"below 99.5 %: {' '.join(low)}")

#!/usr/bin/env python3
"""Times short commands in turns: medians of wall and processor time, and the number of pages touched.

usage: scripts/time-commands.py ROUNDS 'COMMAND ARG...' ...

Every command is started once in each round, without a shell, and its output is discarded. The order changes from round to round, so that no
command always follows the same one. Ratios are to the first command. For the table "One small file" in docs/performance.md.
"""

import os
import random
import shlex
import shutil
import statistics
import sys
import time


def once(argv):
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{shlex.join(argv)}: ended with {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_minflt


def main():
    if len(sys.argv) < 3 or not sys.argv[1].isdigit():
        sys.exit(__doc__.split("\n\n")[1])
    commands = [shlex.split(c) for c in sys.argv[2:]]
    for argv in commands:
        argv[0] = shutil.which(argv[0]) or sys.exit(f"{argv[0]}: not found")
        once(argv)
    runs = [[] for _ in commands]
    order = list(range(len(commands)))
    for _ in range(int(sys.argv[1])):
        random.shuffle(order)
        for i in order:
            runs[i].append(once(commands[i]))
    first = None
    for argv, run in zip(commands, runs):
        wall, cpu, faults = (statistics.median(column) for column in zip(*run))
        first = first or wall
        print(f"{wall * 1e3:8.2f} ms  {cpu * 1e3:8.2f} ms CPU  {faults:6.0f} page faults  {first / wall:5.2f}x  {shlex.join(argv)}")


if __name__ == "__main__":
    main()

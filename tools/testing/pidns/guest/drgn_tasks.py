#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0
"""usage: drgn [-c CORE] -s VMLINUX drgn_tasks.py TABLE

Reads the pids of a kernel, live or from a dump, by drgn's own helpers. TABLE has what
the guest's /proc said: "NUMBER INNERMOST COMM" a line, for processes that stay.
"""

import sys
from pathlib import Path

from drgn import Object, get_default_prog
from drgn.helpers.linux.pid import find_pid, find_task, for_each_pid, for_each_task


def pid_of(task: Object) -> tuple[Object, int]:
    """The innermost namespace of a task, and its number there."""
    pid = task.thread_pid
    upid = pid.numbers[pid.level]
    return upid.ns, upid.nr.value_()


def check(good: object, text: str) -> None:
    """Ends the program unless it is so."""
    if not good:
        sys.exit(text)


def main() -> None:
    """Compares them."""
    prog = get_default_prog()
    initial = prog["init_pid_ns"].address_of_()
    table = [line.split() for line in Path(sys.argv[1]).read_text().splitlines()]
    check(len(table) > 3, "the table is empty")
    pids = {pid.numbers[0].nr.value_() for pid in for_each_pid(prog)}
    tasks = {task.pid.value_(): task for task in for_each_task(prog)}
    check(
        len(pids) > 10 and set(tasks) <= pids, "tasks have pids that for_each_pid() does not find"
    )
    nested = set()
    for number, innermost, comm in table:
        check(int(number) in tasks, f"for_each_task() does not find {number}")
        task = tasks[int(number)]
        check(task.comm.string_().decode() == comm, f"{number} is not {comm}")
        check(find_task(prog, int(number)) == task, f"find_task() does not find {number}")
        ns, inner = pid_of(task)
        check(inner == int(innermost), f"{number} is {inner} in its namespace, not {innermost}")
        check(find_task(ns, inner) == task, f"find_task() does not find {inner} in its namespace")
        if ns != initial:
            nested.add(ns.value_())
            there = {pid.numbers[ns.level.value_()].nr.value_() for pid in for_each_pid(ns)}
            check(inner in there, f"for_each_pid() does not find {inner} in its namespace")
            check(len(there) < len(pids), "a namespace has all pids")
            check(not find_pid(ns, 4000000), "find_pid() finds a number that nobody has")
    check(len(nested) >= 2, f"{len(nested)} nested namespaces")
    print(f"{len(pids)} pids, {len(tasks)} tasks, {len(table)} of them as in /proc")


main()

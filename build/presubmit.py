#!/usr/bin/env python3
"""Runs the checkers of build/check/, in seconds; out/release must have been generated (./dev build).

usage: build/presubmit.py [--list | CHECKER...]
"""
import importlib
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "check"))

# The cheap ones first. Each is a module with a docstring and problems() -> lines.
CHECKERS = ("names", "links", "sizes", "rooms", "libraries", "targets", "unlisted", "corpora", "gn_check", "format", "options", "configs")


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CHECKERS))
        return 0
    names = sys.argv[1:] or CHECKERS
    unknown = [name for name in names if name not in CHECKERS]
    if unknown:
        print(f"no checker {unknown[0]}; there are: " + " ".join(CHECKERS))
        return 2
    failed = False
    for name in names:
        started = time.monotonic()
        checker = importlib.import_module(name)
        problems = checker.problems()
        failed |= bool(problems)
        verdict = f"{len(problems)} problems" if problems else "ok"
        print(f"{name:<10} {verdict:<12} {time.monotonic() - started:5.1f} s  {checker.__doc__.splitlines()[0]}")
        for problem in problems:
            print(f"    {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

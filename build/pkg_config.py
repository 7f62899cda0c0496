#!/usr/bin/env python3
"""Prints the flags of pkg-config packages as JSON for GN.

usage: pkg_config.py PACKAGE...
"""
import json
import subprocess
import sys


def ask(option, packages):
    done = subprocess.run(["pkg-config", option, *packages], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pkg-config {option} {' '.join(packages)}: {done.stderr.strip()}\nRun ./dev build: it installs what is missing.")
    return done.stdout.split()


def main():
    packages = sys.argv[1:]
    cflags = ask("--cflags-only-other", packages)
    for flag in ask("--cflags-only-I", packages):
        cflags += ["-isystem", flag[2:]]
    libs = [flag[2:] for flag in ask("--libs-only-l", packages)]
    json.dump({"cflags": [f for f in cflags if f != "-pthread"], "libs": libs}, sys.stdout)


main()

"""The tree as the checkers see it: source files, includes, and what GN knows about targets."""
import functools
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "out/release")
PROGRAMS = ("edge", "origin-shield", "purge-api", "pipeline")
_LEFT_OUT = ("out", "node_modules", ".git", ".cache", "__pycache__")


@functools.cache
def files(*endings):
    """Paths from the root, sorted; without build results and downloads."""
    found = []
    for top, folders, names in os.walk(ROOT):
        folders[:] = [folder for folder in folders if folder not in _LEFT_OUT]
        found += [os.path.relpath(os.path.join(top, name), ROOT) for name in names if name.endswith(endings)]
    return sorted(found)


@functools.cache
def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as source:
        return source.read()


def includes(path):
    """(line number, header, is it in quotes) of each #include."""
    for number, line in enumerate(read(path).splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(2), found.group(1) == '"'


def room(path):
    """The room of a file or label's folder: core/http for core/http/h2/session.cc, edge for edge/request/key.cc."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "core" else parts[0]


@functools.cache
def targets():
    """label -> description, of every target of the tree."""
    done = subprocess.run(["gn", "desc", OUT, "//*", "--format=json"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit("gn desc failed; ./dev build generates out/release\n" + done.stdout + done.stderr)
    return json.loads(done.stdout)

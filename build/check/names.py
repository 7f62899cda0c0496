"""Names say what a thing does: no drawers, no notes left behind."""
import os
import re

import tree

_DRAWERS = ("util", "utils", "common", "helper", "helpers", "manager", "misc")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_TYPE = re.compile(r"^\s*(?:class|struct|enum class|enum)\s+(\w+)[^;]*\{")
_NOTE = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def _drawer(name):
    return next((word for word in _WORD.findall(name) if word.lower() in _DRAWERS), None)


def problems():
    found = []
    for path in tree.files(".h", ".cc", ".py", ".gn", ".js", ".mjs", ".sh"):
        for part in path.split("/"):
            if word := _drawer(os.path.splitext(part)[0]):
                found.append(f"{path}: \"{word}\" is a drawer, not a name")
        if not path.endswith((".h", ".cc", ".py")):
            continue
        if path == "build/check/names.py":
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            named = _TYPE.match(line)
            if named and (word := _drawer(named.group(1))):
                found.append(f"{path}:{number}: {named.group(1)}: \"{word}\" is a drawer, not a name")
            if _NOTE.search(line):
                found.append(f"{path}:{number}: do it, or write it down in docs/")
    return found

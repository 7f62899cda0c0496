"""Arrows between rooms point down, and no program knows another.

An arrow is a dependency of a target or an #include. The picture:

    edge   origin-shield   purge-api   pipeline
       core/gateway
    core/cache   core/asset   core/config   core/daemon
       core/http
       core/net
       core/base
"""
import tree

_LEVELS = [
    ("core/base",),
    ("core/net",),
    ("core/http",),
    ("core/cache", "core/asset", "core/config", "core/daemon"),
    ("core/gateway",),
    tree.PROGRAMS,
]
_LEVEL = {room: level for level, rooms in enumerate(_LEVELS) for room in rooms}
# These may look at everything, or are seen by everything, and are no rooms of the picture.
_BESIDE = ("tests", "build", "third_party", "")


def _wrong(source, target):
    """Why an arrow is not allowed; None when it is."""
    for room in (source, target):
        if room not in _LEVEL:
            return f"{room} is not in the picture: add it to build/check/rooms.py, README.md and the design, or choose a room that is"
    if source != target and _LEVEL[target] >= _LEVEL[source]:
        return "arrows point down only"
    return None


def problems():
    found = []
    for label, target in tree.targets().items():
        source = tree.room(label[2:].split(":")[0])
        if source in _BESIDE:
            continue
        for dependency in target.get("deps", []):
            other = tree.room(dependency[2:].split(":")[0])
            if other == "tests" and not target["testonly"]:
                found.append(f"{label} -> {dependency}: only tests use tests/")
            elif other not in _BESIDE and (why := _wrong(source, other)):
                found.append(f"{label} -> {dependency}: {why}")
    for path in tree.files(".h", ".cc"):
        source = tree.room(path)
        if source in _BESIDE:
            continue
        for line, header, quoted in tree.includes(path):
            if not quoted:
                continue
            other = tree.room(header)
            if "/" not in header:
                found.append(f"{path}:{line}: include from the root: \"{tree.room(path)}/…/{header}\"")
            elif other not in _BESIDE and (why := _wrong(source, other)):
                found.append(f"{path}:{line}: includes {header}: {why}")
    return found


def arrows():
    """(room, room) pairs of the tree, for the picture in docs."""
    pairs = set()
    for label, target in tree.targets().items():
        source = tree.room(label[2:].split(":")[0])
        for dependency in target.get("deps", []):
            other = tree.room(dependency[2:].split(":")[0])
            if source in _LEVEL and other in _LEVEL and source != other:
                pairs.add((source, other))
    return sorted(pairs)

"""Sources look as clang-format and `gn format` leave them; `./dev fmt` brings that about."""
import concurrent.futures
import shutil
import subprocess

import tree


def _clang(paths):
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=tree.ROOT, capture_output=True, text=True)
    named = {line.split(":")[0] for line in done.stderr.splitlines() if ": error:" in line}
    if done.returncode and not named:
        return [done.stderr.strip()]
    return [f"{path} is not formatted: ./dev fmt" for path in sorted(named)]


def _gn(path):
    done = subprocess.run(["gn", "format", "--dry-run", path], cwd=tree.ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{path} is not formatted: ./dev fmt"]


def problems():
    if shutil.which("clang-format") is None:
        return ["clang-format is missing: ./dev test installs it"]
    sources = tree.files(".h", ".cc")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        batches = pool.map(_clang, [sources[start::8] for start in range(8) if sources[start::8]])
        descriptions = pool.map(_gn, tree.files("BUILD.gn", ".gni", ".gn"))
        return sorted(sum([*batches, *descriptions], []))

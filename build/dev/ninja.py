"""Builds variants of the tree with GN and ninja, and asks GN what there is."""
import os
import shutil
import subprocess
import time

from paths import ROOT, out
from terminal import ON_TERMINAL, Failure, heading, say

# The arguments of each folder below out/.
VARIANTS = {
    "release": {},
    "asan": {"sanitizer": "address"},
    "tsan": {"sanitizer": "thread"},
    "fuzz": {"sanitizer": "fuzzer", "is_clang": True},
    # clang checks the annotations of mutexes; gcc ignores them.
    "clang": {"is_clang": True},
}


def _environment():
    environment = dict(os.environ)
    # Two checkouts of this tree share what ccache keeps.
    environment.setdefault("CCACHE_NOHASHDIR", "1")
    environment.setdefault("CCACHE_BASEDIR", ROOT)
    return environment


def generate(variant, more=None):
    """`more`: GN arguments beside the variant's own. Without them the next build is an ordinary one again."""
    arguments = dict(VARIANTS[variant], **(more or {}))
    if shutil.which("ccache"):
        arguments["compiler_wrapper"] = "ccache"
    words = [f"{name}={str(value).lower()}" if isinstance(value, bool) else f'{name}="{value}"' for name, value in arguments.items()]
    command = ["gn", "gen", out(variant), "--check", "--fail-on-unused-args", "-q", "--args=" + " ".join(words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Failure("gn gen failed:\n" + done.stdout + done.stderr)


def build(variant, targets, jobs=None, arguments=None):
    """Brings `targets` of a variant up to date. Raises Failure with the compiler's words."""
    generate(variant, arguments)
    heading(f"Building out/{variant}: {' '.join(targets)}")
    started = time.monotonic()
    command = ["ninja", "-C", out(variant)]
    if jobs:
        command.append(f"-j{jobs}")
    if not ON_TERMINAL:
        command.append("--quiet")
    done = subprocess.run([*command, *targets], cwd=ROOT, env=_environment())
    if done.returncode:
        raise Failure("the build failed; see above")
    say(f"  built in {time.monotonic() - started:.1f} s")


def executables(variant):
    """Names of all testonly executables: unit tests, fuzzers, benchmarks."""
    command = ["gn", "ls", out(variant), "--type=executable", "--testonly=true", "--as=output"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Failure("gn ls failed:\n" + done.stdout + done.stderr)
    return sorted(line.strip() for line in done.stdout.splitlines() if line.strip())


def unit_tests(variant):
    return [name for name in executables(variant) if name.endswith("_test")]


def fuzzers(variant):
    return [name for name in executables(variant) if name.endswith("_fuzzer")]


def benchmarks(variant):
    return [name for name in executables(variant) if name.endswith("_bench")]

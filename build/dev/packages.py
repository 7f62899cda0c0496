"""Installs what a command needs and the machine lacks: Debian packages, and npm packages of committed lock files."""
import glob
import hashlib
import os
import re
import shutil
import subprocess

from paths import ROOT
from terminal import Failure, heading, say

LOWEST_NODE = 18


def _listed(groups):
    packages = []
    with open(os.path.join(ROOT, "build/packages.txt"), encoding="utf-8") as lines:
        for line in lines:
            words = line.split("#")[0].split()
            if len(words) == 2 and words[0] in groups and words[1] not in packages:
                packages.append(words[1])
    return packages


def _missing(packages):
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\\n", *packages], capture_output=True, text=True)
    installed = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def _apt(*arguments):
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "Dpkg::Use-Pty=0", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def install(groups):
    """Installs the packages of build/packages.txt in these groups that are missing, and says which."""
    wanted = _listed(groups)
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        say("This is not Debian: expecting these to be installed already: " + " ".join(wanted))
        return
    missing = _missing(wanted)
    if not missing:
        return
    heading(f"Installing {len(missing)} missing Debian packages")
    say("  " + " ".join(missing))
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        raise Failure("not root and no sudo here; as root run:\n  apt-get install -y --no-install-recommends " + " ".join(missing), 2)
    install_them = ("install", "-y", "--no-install-recommends", *missing)
    if glob.glob("/var/lib/apt/lists/*_Packages*"):
        done, _ = _apt(*install_them)
        if done:
            return
    # No package lists, or lists that name files which are gone from the mirror.
    say("  updating the package lists first")
    updated, output = _apt("update")
    if updated:
        installed, output = _apt(*install_them)
        if installed:
            return
    raise Failure("apt-get failed:\n" + "\n".join(output.splitlines()[-25:]), 2)


def _node_is_usable():
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    number = re.match(r"v(\d+)", version)
    return number is not None and int(number.group(1)) >= LOWEST_NODE


def install_node():
    """Any node >= 18 with npm on PATH will do; otherwise Debian's."""
    if not _node_is_usable():
        install(["node"])
        if not _node_is_usable():
            raise Failure(f"node >= {LOWEST_NODE} and npm are needed on PATH", 2)


def npm_folders():
    """Folders with a committed lock file, whose packages the demo and the browser tests use."""
    return sorted(os.path.dirname(lock) for lock in glob.glob(os.path.join(ROOT, "tests/*/**/package-lock.json"), recursive=True) + glob.glob(os.path.join(ROOT, "tests/*/package-lock.json")) if "node_modules" not in lock)


def install_npm():
    """`npm ci` in every folder with a lock file, once per content of that file."""
    folders = sorted(set(npm_folders()))
    if not folders:
        return
    install_node()
    for folder in folders:
        with open(os.path.join(folder, "package-lock.json"), "rb") as lock:
            wanted = hashlib.sha256(lock.read()).hexdigest()
        stamp = os.path.join(folder, "node_modules/.skerry-lock-sha256")
        if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == wanted:
            continue
        heading(f"npm ci in {os.path.relpath(folder, ROOT)}")
        # Its own patience with a connection that stands still is five minutes.
        patience = ["--fetch-timeout=30000", "--fetch-retries=5"]
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", *patience], cwd=folder)
        if done.returncode:
            raise Failure(f"npm ci failed in {os.path.relpath(folder, ROOT)}", 2)
        os.makedirs(os.path.dirname(stamp), exist_ok=True)
        with open(stamp, "w", encoding="utf-8") as out:
            out.write(wanted)


def install_for(command):
    """Everything that a command of ./dev needs."""
    groups = {
        "build": ["build"],
        "run": ["build", "test"],
        "test": ["build", "test"],
        "bench": ["build", "test"],
        "asan": ["build", "test"],
        "tsan": ["build", "test"],
        "fmt": ["build", "test"],
        "lint": ["build", "test", "lint"],
        "fuzz": ["build", "fuzz"],
    }[command]
    if command == "test" and os.path.isdir(os.path.join(ROOT, "tests/browser")) and shutil.which("chromium") is None:
        groups = [*groups, "browser"]
    install(groups)
    if command in ("run", "test", "bench"):
        install_npm()

"""Builds libnghttp2 as a static library for `./dev build --static-nghttp2`: the very version that Debian has
installed, from Debian's source package, compiled as a whole with a profile. docs/static-nghttp2.md says why."""
import glob
import os
import shutil
import subprocess

import packages
from paths import ROOT, in_tree
from terminal import Failure, heading, say

FOLDER = os.path.join(ROOT, "out", "nghttp2")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# What its configure script would find out and its sources ask for.
DEFINES = ["-DHAVE_ARPA_INET_H", "-DHAVE_NETINET_IN_H", "-DHAVE_CLOCK_GETTIME", "-DHAVE_TIME_H", "-DNGHTTP2_STATICLIB"]
# One file name for all, so that the profile and the bytes do not depend on where the tree is.
FLAGS = ["-O3", "-g1", "-fPIC", "-pthread", "-fno-omit-frame-pointer", "-fno-semantic-interposition"]


def _version():
    asked = subprocess.run(["dpkg-query", "-W", "-f=${source:Version}", "libnghttp2-dev"], capture_output=True, text=True)
    if asked.returncode or not asked.stdout:
        raise Failure("--static-nghttp2 builds Debian's source package of libnghttp2-dev, which is not installed here", 2)
    return asked.stdout.strip()


def _source_lists():
    """deb-src lines for the mirrors that this machine installs from."""
    wanted = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    asked = subprocess.run(["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"], capture_output=True, text=True)
    mirrors = sorted({line for line in asked.stdout.splitlines() if line.count("|") == 2})
    if not mirrors:
        mirrors = ["http://deb.debian.org/debian|bookworm|main", "http://deb.debian.org/debian-security|bookworm-security|main"]
    signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
    return "".join(f"deb-src {signed}{' '.join(mirror.split('|'))}\n" for mirror in mirrors)


def _fetch(version, to):
    """The source package, checked by apt against Debian's signatures. The machine's own apt configuration stays as it is."""
    apt = os.path.join(FOLDER, "apt")
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(apt, folder), exist_ok=True)
    with open(os.path.join(apt, "sources.list"), "w", encoding="utf-8") as lists:
        lists.write(_source_lists())
    settings = {
        "Dir::Etc::SourceList": f"{apt}/sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": f"{apt}/lists",
        "Dir::Cache": f"{apt}/cache",
        "APT::Sandbox::User": "",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "20",
        "APT::Update::Error-Mode": "any",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    for what in (["update"], ["source", "--download-only", f"nghttp2={version}"]):
        done = subprocess.run(["apt-get", "-q", *options, *what], cwd=to, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Failure(f"--static-nghttp2 needs Debian's source package nghttp2 {version}, and it cannot be fetched from here:\n" + "\n".join("  " + line for line in done.stdout.splitlines()[-6:]) + "\nWithout network, build with the system's library: ./dev build", 2)


def _run(command, cwd):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Failure("building libnghttp2 failed: " + " ".join(command[:6]) + " …\n" + done.stdout[-3000:])


def _compile(cc, source, build):
    sources = sorted(os.path.relpath(name, build) for name in glob.glob(os.path.join(source, "lib/*.c")))
    includes = ["-I" + os.path.relpath(os.path.join(source, "lib/includes"), build)]
    shutil.copy(in_tree("build/nghttp2/train.c"), build)
    common = [cc, *FLAGS, *DEFINES, *includes, f"-ffile-prefix-map={build}=."]
    profiled = ["-fprofile-update=single", "-fprofile-partial-training"]
    objects = [os.path.basename(name)[:-2] + ".o" for name in sources]
    heading("  training its profile")
    for name, built in zip(sources, objects):
        _run([*common, *profiled, "-fprofile-generate", "-c", name, "-o", built], build)
    _run([*common, "-O1", "-fprofile-generate", "train.c", *objects, "-o", "train"], build)
    _run(["./train"], build)
    heading("  compiling it with that profile")
    for name, built in zip(sources, objects):
        _run([*common, *profiled, "-fprofile-use", "-Wno-missing-profile", "-flto", "-c", name, "-o", built], build)
    # One relocatable file, optimised as a whole: our linker then needs to know nothing of gcc's LTO.
    _run([*common, "-flto", "-r", "-nostdlib", "-flinker-output=nolto-rel", "-fuse-ld=bfd", *objects, "-o", "nghttp2.o"], build)
    _run(["ar", "rcsD", "libnghttp2.a", "nghttp2.o"], build)


def make():
    """The path of libnghttp2.a, built unless it is there for the installed version."""
    version = _version()
    cc = "gcc"
    compiler = subprocess.run([cc, "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    library = os.path.join(FOLDER, "libnghttp2.a")
    stamp = os.path.join(FOLDER, "built-from")
    inputs = f"nghttp2 {version}, gcc {compiler}\n"
    for part in (__file__, in_tree("build/nghttp2/train.c")):
        inputs += open(part, encoding="utf-8").read()
    if os.path.exists(library) and os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == inputs:
        return library
    packages.install(["static"])
    heading(f"Building libnghttp2.a from Debian's source package nghttp2 {version}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    build = os.path.join(FOLDER, "build")
    os.makedirs(build)
    _fetch(version, FOLDER)
    descriptions = glob.glob(os.path.join(FOLDER, "*.dsc"))
    # apt has compared it with the signed index already.
    _run(["dpkg-source", "--no-check", "-x", descriptions[0], "source"], FOLDER)
    _compile(cc, os.path.join(FOLDER, "source"), build)
    shutil.copy(os.path.join(build, "libnghttp2.a"), library)
    with open(stamp, "w", encoding="utf-8") as out:
        out.write(inputs)
    say(f"  {os.path.relpath(library, ROOT)}: {os.path.getsize(library) // 1024} KiB")
    return library

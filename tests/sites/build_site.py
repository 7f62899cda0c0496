"""Builds one of the three sites of this folder: build(name, work) -> the folder with its files.

Sources are copied first, so that nothing is written into the tree; photographs are made here.
"""
import os
import shutil
import struct
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
NODE_MODULES = os.path.join(HERE, "node_modules")
# Where the sources expect photo.png and large.png.
PICTURES = {"vite": "src", "webpack": "static", "eleventy": "assets"}
SITES = sorted(PICTURES)


def png(width, height):
    """A drawing with a gradient, so that its codings differ in size."""
    rows = b"".join(b"\0" + b"".join(bytes((x * 255 // width, y * 255 // height, (x * y) % 256)) for x in range(width)) for y in range(height))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def build(name, work):
    source = os.path.join(work, "sources")
    if not os.path.exists(source):
        shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        os.symlink(NODE_MODULES, os.path.join(source, "node_modules"))
    folder, out = os.path.join(source, name), os.path.join(work, name)
    for file, size in (("photo.png", (64, 48)), ("large.png", (128, 96))):
        with open(os.path.join(folder, PICTURES[name], file), "wb") as picture:
            picture.write(png(*size))
    command = {
        "vite": ["node_modules/vite/bin/vite.js", "build", "vite", "--outDir", out, "--emptyOutDir", "--logLevel", "warn"],
        "webpack": ["webpack/build.mjs", folder, out],
        "eleventy": ["../node_modules/@11ty/eleventy/cmd.cjs", "--input=.", f"--output={os.path.relpath(out, folder)}", "--quiet"],
    }[name]
    done = subprocess.run(["node", *command], cwd=folder if name == "eleventy" else source, capture_output=True, text=True, timeout=150,
                          env={**os.environ, "NODE_ENV": "production"})
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stdout}{done.stderr}")
    return out

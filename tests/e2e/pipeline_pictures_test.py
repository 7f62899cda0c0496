#!/usr/bin/env python3
"""What a page says about its pictures, and what it gets: pictures made here, built by the real program."""
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "skerry-pipeline")
SANITIZED = True

RED, BLUE = (200, 30, 30), (30, 30, 200)


def png(width, height, colour_at):
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in colour_at(x, y)) for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def shade(colour, x, y):
    """The colour with something to see in it, so that files differ in size."""
    return tuple(value + (x * 7 + y * 13) % 23 for value in colour)


class Pictures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="skerry-pictures-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        (self.top / "site").mkdir()
        (self.top / "skerry.toml").write_text("[images]\nwidths = [60, 120]\n")

    def build(self, page, out="out", *more):
        (self.top / "site/index.html").write_text(page)
        command = [BINARY, "build", self.top / "site", f"--out={self.top / out}", f"--config={self.top / 'skerry.toml'}", "--cache_dir=off", *more]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)

    def release(self, page, *more):
        done = self.build(page, "out", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = json.loads((self.top / "out/manifest.json").read_text())
        self.entries = {entry.get("source", entry["path"]): entry for entry in manifest["entries"]}
        return (self.top / "out/files/index.html").read_text()

    def two_halves(self):
        """300 by 200: red on the left, blue on the right."""
        (self.top / "site/halves.png").write_bytes(png(300, 200, lambda x, y: shade(RED if x < 150 else BLUE, x, y)))

    def test_two_parts_of_one_picture(self):
        self.two_halves()
        page = self.release(
            '<img src=halves.png data-skerry-ratio="1/1" data-skerry-focus="left">'
            '<img src="halves.png" data-skerry-ratio="3 / 4" data-skerry-focus="100% 50%" sizes=50vw>'
            "<img src=halves.png>"
        )
        left, right = self.entries["/halves-1x1-0-50.png"], self.entries["/halves-3x4-100-50.png"]
        self.assertEqual((left["width"], left["height"]), (200, 200))
        self.assertEqual((right["width"], right["height"]), (150, 200))
        self.assertEqual((self.entries["/halves.png"]["width"], self.entries["/halves.png"]["height"]), (300, 200))
        self.assertIn('width="200" height="200"', page)
        self.assertIn('width="150" height="200"', page)
        self.assertEqual(page.count("<picture>"), 2)
        self.assertTrue(page.endswith("<img src=" + self.entries["/halves.png"]["path"][1:] + ">"), page)
        for entry in (left, right):
            self.assertIn(entry["path"][1:], page)
            self.assertEqual(entry["cache"], "immutable")
            for variant in entry["variants"]:
                self.assertIn(variant["path"][1:], page)
                self.assertAlmostEqual(variant["height"], variant["width"] * entry["height"] / entry["width"], delta=1)
        # Every name in the page is a file of the release.
        for name in re.findall(r"[\w./-]+\.(?:png|avif|webp)", page):
            self.assertTrue((self.top / "out/files" / name).is_file(), name)

    def test_parts_are_the_same_with_one_thread_and_with_four(self):
        self.two_halves()
        page = "".join(f'<img src=halves.png data-skerry-ratio="{n}/3" data-skerry-focus="{n}0% 50%">' for n in range(1, 6))
        manifests = []
        for jobs in (1, 4):
            self.release(page, f"--jobs={jobs}")
            manifests.append((self.top / "out/manifest.json").read_bytes())
        self.assertEqual(*manifests)

    def test_mistakes_name_file_and_line(self):
        self.two_halves()
        (self.top / "site/drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        done = self.build(
            "<p>\n<img src=halves.png data-skerry-ratio=16:9>\n<img src=halves.png data-skerry-focus=left>\n"
            "<img src=drawing.svg data-skerry-ratio=1>\n<img src=halves.png data-skerry-ratio=1 data-skerry-focus=nose>"
        )
        self.assertEqual(done.returncode, 1)
        for line, words in ((2, 'data-skerry-ratio="16:9": expected a ratio'), (3, "data-skerry-ratio is missing"),
                            (4, '"drawing.svg" cannot be cropped'), (5, 'data-skerry-focus="nose": expected a place')):
            self.assertRegex(done.stderr, rf"index\.html:{line}: .*{re.escape(words)}")
        self.assertFalse((self.top / "out").exists())


if __name__ == "__main__":
    unittest.main()

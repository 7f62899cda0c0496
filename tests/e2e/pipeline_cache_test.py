#!/usr/bin/env python3
"""The build cache of skerry-pipeline: what a change costs, and builds at once in one folder."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from pipeline_pictures_test import BINARY, png, shade

PICTURES = 2
TIMEOUT_SECONDS = 300
WIDTHS = (60, 120)


class Cache(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="skerry-cache-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.site = self.top / "site"
        self.site.mkdir()
        (self.site / "index.html").write_text("<link rel=stylesheet href=a.css><script src=b.js></script>" + "<p>hello</p>" * 200)
        (self.site / "a.css").write_text("p { color: red }\n" * 200)
        (self.site / "b.js").write_text("alert('hello')\n" * 200)
        for number in range(PICTURES):
            (self.site / f"{number}.png").write_bytes(png(300, 200, lambda x, y: shade((40 * number, 90, 200), x, y)))
        self.configure()

    def configure(self, more=""):
        (self.top / "skerry.toml").write_text(f"[images]\nwidths = {list(WIDTHS)}\nsmall_width = 60\n{more}")

    def start(self, out, cache="cache", *more):
        cache = "off" if cache == "off" else self.top / cache
        command = [BINARY, "build", self.site, f"--out={self.top / out}", f"--config={self.top / 'skerry.toml'}", f"--cache_dir={cache}", "--json", *more]
        return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, build):
        printed, said = build.communicate(timeout=120)
        self.assertEqual(build.returncode, 0, said)
        return json.loads(printed)

    def misses(self, out="out"):
        return self.end(self.start(out))["cache"]["misses"]

    def files(self, out):
        return {str(path.relative_to(self.top / out)): path.read_bytes() for path in sorted((self.top / out).rglob("*")) if path.is_file()}

    def test_a_change_costs_what_it_touches_and_nothing_else(self):
        self.assertGreater(self.misses(), 0)
        self.assertEqual(self.misses(), 0)

        self.configure("[codings]\ninclude = [\"br\", \"gzip\", \"zstd\"]\n")
        self.assertEqual(self.misses(), 3, "zstd of three texts")

        (self.site / "b.js").write_text("alert('changed')\n" * 200)
        self.assertEqual(self.misses(), 2 * 3, "the script, and the page that names it, in three codings")

        all_of_one = self.misses_of_a_new_picture()
        self.configure("small_target = 50\n[codings]\ninclude = [\"br\", \"gzip\", \"zstd\"]\n")
        narrow = self.misses()
        self.assertGreater(narrow, 0)
        # The search of a wider variant begins where that of a narrower one ended: they are one recipe. What
        # the header says and the placeholder are not.
        self.assertLessEqual(narrow, (PICTURES + 1) * (all_of_one - 2))

        self.configure()
        self.assertEqual(self.misses(), 0, "the old recipe's results are still there")

    def misses_of_a_new_picture(self):
        (self.site / "new.png").write_bytes(png(300, 200, lambda x, y: shade((10, 20, 30), x, y)))
        return self.misses()

    def test_builds_at_once_in_one_folder_give_what_one_alone_gives(self):
        self.end(self.start("alone", "off"))
        wanted = self.files("alone")
        for turn in range(2):
            builds = [self.start(f"{turn}-{number}", f"cache-{turn}", "--jobs=2") for number in range(3)]
            for build in builds:
                self.end(build)
            for number in range(3):
                self.assertEqual(self.files(f"{turn}-{number}"), wanted)
            again = self.end(self.start("again", f"cache-{turn}"))
            self.assertEqual(again["cache"]["misses"], 0, "nothing that one kept was lost or torn by another")
            left = [name for name in os.listdir(self.top / f"cache-{turn}") if len(name) != 2]
            self.assertEqual(left, [], "only finished results stay")

    def test_a_folder_that_is_emptied_meanwhile_costs_time_alone(self):
        self.end(self.start("alone", "off"))
        self.misses("first")
        build = self.start("out", "cache")
        while build.poll() is None:
            for path in (self.top / "cache").rglob("*"):
                if path.is_file():
                    path.unlink(missing_ok=True)
        self.end(build)
        self.assertEqual(self.files("out"), self.files("alone"))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""skerry-pipeline builds three real sites: our Vite site, and two that nobody here wrote, from npm.

What is checked about a release is checked with other means than the pipeline's own: Python's HTML parser, gzip and
SHA-256, Node's Brotli.
"""
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest

from pipeline_checks import json_schema, site_references

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "skerry-pipeline")
REAL = os.path.join(ROOT, "tests/real_sites/node_modules")

TIMEOUT_SECONDS = 1200  # every image is encoded once for each number of threads, to compare
DONE, BUDGET = 0, 3

# Decodes pairs of files given on standard input and says which differ.
NODE_BROTLI = """
const { readFileSync } = require('fs'), { brotliDecompressSync } = require('zlib');
const pairs = JSON.parse(readFileSync(0, 'utf8'));
for (const [coded, plain] of pairs)
  if (!brotliDecompressSync(readFileSync(coded)).equals(readFileSync(plain))) console.log(coded);
"""


def run(*arguments, timeout=600):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout)


def read(*parts):
    with open(os.path.join(*parts), "rb") as file:
        return file.read()


def files_below(folder):
    found = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            found["/" + os.path.relpath(path, folder)] = read(path)
    return found


class Release:
    """A release directory and its manifest."""

    def __init__(self, folder):
        self.folder = folder
        self.files = files_below(os.path.join(folder, "files"))
        self.manifest = json.loads(read(folder, "manifest.json"))
        self.entries = {entry["path"]: entry for entry in self.manifest["entries"]}
        self.pictures = {variant["path"]: variant for entry in self.entries.values() for variant in entry.get("variants", ()) if "path" in variant}

    def coded(self):
        """(entry's path, variant, file's path) of every coded variant."""
        suffixes = {"br": ".br", "gzip": ".gz", "zstd": ".zst"}
        for path, entry in self.entries.items():
            for variant in entry.get("variants", ()):
                if variant.get("coding") == "dcz":
                    yield path, variant, f"{path}.{variant['dictionary'][:16]}.dcz"
                elif "coding" in variant:
                    yield path, variant, path + suffixes[variant["coding"]]

    def documents(self):
        return {path: self.files[path].decode() for path in self.entries if path.endswith((".html", ".css"))}


class SiteCase:
    """What holds for every release; the classes below say which site."""

    config = None
    jobs = (1, 2, 8)

    @classmethod
    def source(cls, work):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory(prefix="skerry-sites-")
        cls.site = cls.source(cls.work.name)
        folders = []
        for jobs in cls.jobs:
            out = os.path.join(cls.work.name, f"jobs{jobs}")
            options = [f"--out={out}", f"--jobs={jobs}", "--cache_dir=off", "--json"]
            done = run("build", cls.site, *options, *([f"--config={cls.config}"] if cls.config else []))
            if done.returncode not in (DONE, BUDGET):
                raise AssertionError(f"build exited with {done.returncode}: {done.stderr}")
            cls.report = json.loads(done.stdout)
            if (done.returncode == BUDGET) != bool(cls.report["over_budget"]):
                raise AssertionError(f"build exited with {done.returncode}, over budget are {cls.report['over_budget']}")
            folders.append(out)
        cls.folders = folders
        cls.release = Release(folders[0])

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def test_the_release_is_the_same_whatever_the_number_of_threads(self):
        one, *others = (files_below(folder) for folder in self.folders)
        manifest = read(self.folders[0], "manifest.json")
        for folder, other in zip(self.folders[1:], others):
            self.assertEqual(sorted(one), sorted(other))
            self.assertEqual([path for path in one if one[path] != other[path]], [])
            self.assertEqual(read(folder, "manifest.json"), manifest)

    def test_the_manifest_follows_its_schema(self):
        schema = json.loads(read(ROOT, "docs/manifest.schema.json"))
        self.assertEqual(json_schema.faults(self.release.manifest, schema), [])

    def test_every_file_is_in_the_manifest_with_its_digest_and_size(self):
        named = {path: entry for path, entry in self.release.entries.items()}
        named.update(self.release.pictures)
        named.update({file: variant for _, variant, file in self.release.coded()})
        self.assertEqual(sorted(named), sorted(self.release.files))
        for path, said in named.items():
            body = self.release.files[path]
            self.assertEqual((hashlib.sha256(body).hexdigest(), len(body)), (said["sha256"], said["size"]), path)

    def test_every_source_file_is_served(self):
        served = {entry.get("source", path) for path, entry in self.release.entries.items()}
        skipped = {"/" + name for name in self.report["skipped"]}
        hidden = {path for path in files_below(self.site) if any(part.startswith(".") for part in path.split("/"))}
        self.assertEqual(set(files_below(self.site)) - hidden - skipped - served, set())

    def test_codings_decode_to_the_same_bytes(self):
        pairs = []
        for path, variant, file in self.release.coded():
            if variant["coding"] == "gzip":
                self.assertEqual(gzip.decompress(self.release.files[file]), self.release.files[path], file)
            if variant["coding"] == "br":
                pairs.append([self.release.folder + "/files" + file, self.release.folder + "/files" + path])
            self.assertLess(variant["size"], self.release.entries[path]["size"])
        self.assertGreater(len(pairs), 0)
        node = subprocess.run(["node", "-e", NODE_BROTLI], input=json.dumps(pairs), capture_output=True, text=True, timeout=60)
        self.assertEqual((node.returncode, node.stdout), (0, ""), node.stderr)

    def test_every_reference_resolves(self):
        for path, text in self.release.documents().items():
            for url, loaded in site_references.references(path, text):
                target = site_references.resolve(path, url)
                if target is None or not loaded:
                    continue
                self.assertTrue(target in self.release.entries or target in self.release.pictures, f"{path}: {url}")

    def test_what_pages_load_is_named_by_its_hash(self):
        for path, text in self.release.documents().items():
            for url, loaded in site_references.references(path, text):
                target = site_references.resolve(path, url)
                entry = self.release.entries.get(target)
                if not loaded or entry is None or target in self.plain_names:
                    continue
                self.assertEqual(entry["cache"], "immutable", f"{path}: {url}")

    def test_renamed_files_hold_their_digest_in_their_name(self):
        renamed = [entry for entry in self.release.entries.values() if "source" in entry]
        self.assertGreater(len(renamed), 0)
        for entry in renamed:
            self.assertIn("." + entry["sha256"][:8] + ".", entry["path"])

    def test_picture_variants_are_smaller_and_never_wider(self):
        for path, entry in self.release.entries.items():
            for variant in entry.get("variants", ()):
                if "path" not in variant:
                    continue
                self.assertLess(variant["size"], entry["size"], variant["path"])
                self.assertLessEqual(variant["width"], entry["width"], variant["path"])


class DemoSite(SiteCase, unittest.TestCase):
    """Vite: names hashed by the bundler, public files without hashes, photographs."""

    config = os.path.join(ROOT, "tests/demo/skerry.toml")
    jobs = (1, 8)  # nine photographs take their time
    plain_names = {"/site.webmanifest"}

    @classmethod
    def source(cls, work):
        out = os.path.join(work, "site")
        subprocess.run([sys.executable, os.path.join(ROOT, "tests/demo/build_site.py"), out], check=True, timeout=300)
        return out

    def test_names_that_vite_hashed_are_kept(self):
        bundled = [path for path in self.release.entries if path.startswith("/assets/")]
        self.assertGreater(len(bundled), 10)
        for path in bundled:
            self.assertNotIn("source", self.release.entries[path], path)
            self.assertEqual(self.release.entries[path]["cache"], "immutable", path)

    def test_photographs_become_pictures_of_three_widths(self):
        photos = {path: entry for path, entry in self.release.entries.items() if path.startswith("/photos/")}
        self.assertEqual(len(photos), 9)
        for path, entry in photos.items():
            self.assertEqual(max(entry["width"], 1), min(entry["width"], 1600))
            made = {(variant["type"], variant["width"]) for variant in entry["variants"]}
            for width in (480, 960):  # in some format: dominated ones are dropped
                self.assertIn(width, {one for _, one in made}, path)
        kinds = {variant["type"] for entry in photos.values() for variant in entry["variants"]}
        self.assertEqual(kinds, {"image/avif", "image/webp", "image/jpeg"})
        page = self.release.documents()["/index.html"]
        # A photograph whose AVIF and WebP are no smaller than its JPEG stays an <img> with a srcset.
        newer = [path for path, entry in photos.items() if any(variant["type"] in ("image/avif", "image/webp") for variant in entry["variants"] if "path" in variant)]
        shown = [path for path in photos if f' src="{path}"' in page]
        self.assertEqual(len(shown), 4)
        self.assertEqual(page.count("<picture>"), len(set(shown) & set(newer)))
        self.assertGreaterEqual(page.count("<picture>"), 3)

    def test_unchanged_input_is_built_from_the_cache_alone(self):
        cache = os.path.join(self.work.name, "cache")
        reports = []
        for out in ("cold", "warm"):
            done = run("build", self.site, f"--out={self.work.name}/{out}", f"--config={self.config}", f"--cache_dir={cache}", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            reports.append(json.loads(done.stdout)["cache"])
        self.assertGreater(reports[1]["hits"], 50)
        self.assertEqual(reports[1]["misses"], 0)
        self.assertEqual(files_below(os.path.join(self.work.name, "warm")), files_below(self.folders[0]))

    def test_the_second_deploy_is_a_small_difference(self):
        second = os.path.join(self.work.name, "second-site")
        subprocess.run([sys.executable, os.path.join(ROOT, "tests/demo/build_site.py"), second, "--second"], check=True, timeout=300)
        out = os.path.join(self.work.name, "second")
        cache = os.path.join(self.work.name, "cache")
        done = run("build", second, f"--out={out}", f"--config={self.config}", f"--previous={self.folders[0]}", f"--cache_dir={cache}")
        self.assertEqual(done.returncode, 0, done.stderr)
        after = Release(out)
        known = {hashlib.sha256(body).hexdigest() for body in self.release.files.values()}
        new = [entry for entry in after.entries.values() if entry["sha256"] not in known]
        self.assertTrue(any(entry["path"].endswith(".css") for entry in new))
        self.assertIn("/index.html", {entry["path"] for entry in new})
        self.assertFalse(any(entry["path"].startswith("/photos/") for entry in new))
        deltas = [(path, variant) for path, variant, _ in after.coded() if variant["coding"] == "dcz"]
        self.assertIn("/index.html", {path for path, _ in deltas})
        for path, variant in deltas:
            self.assertIn(variant["dictionary"], known, path)


class BootstrapTemplate(SiteCase, unittest.TestCase):
    """startbootstrap-creative: hand-written pages built by Pug and Sass, nothing hashed."""

    plain_names = set()

    @classmethod
    def source(cls, work):
        return os.path.join(REAL, "startbootstrap-creative/dist")


class RevealSlides(SiteCase, unittest.TestCase):
    """reveal.js: a site with fonts, themes and modules that import each other."""

    plain_names = {"/dist/reveal.js"}  # scripts below js/ import a file of that name, so it stays

    @classmethod
    def source(cls, work):
        return os.path.join(REAL, "reveal.js")


if __name__ == "__main__":
    unittest.main()

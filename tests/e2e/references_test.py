#!/usr/bin/env python3
"""Our reference finders beside other people's parsers: parse5, lightningcss, @csstools/css-tokenizer and es-module-lexer.

The same files go through both: hand-written hard cases, the seeds of the fuzzer, sites and packages of node_modules, pages
of /usr/share/doc, and all hand-written ones again with bytes cut out. What one finds and the other does not
has to stand in a table below, with its reason.
"""
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release"))
ORACLES = os.path.join(ROOT, "tests/oracles")

TYPES = {".html": "text/html", ".htm": "text/html", ".css": "text/css", ".svg": "image/svg+xml"}
LARGEST = 400_000
MOST_OF_A_FOLDER = 250

# Found by parse5, left alone by us. The value is an attribute whose names stay alive (keep_old), so nothing breaks.
NOT_FILES = {
    "form action": "a form is sent there; a static file does not answer",
    "button formaction": "as form action",
    "input formaction": "as form action",
    "blockquote cite": "for people who read the source: no browser loads it",
    "q cite": "as blockquote cite",
    "ins cite": "as blockquote cite",
    "del cite": "as blockquote cite",
    "img longdesc": "a page for screen readers, long obsolete",
}
# Links by their rel that name an origin, not a file.
NOT_FILES_RELS = {"dns-prefetch", "preconnect"}


def run(command, files, folder=ROOT):
    lines = "".join(f"{kind}\t{path}\n" for kind, path in files)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, cwd=folder, timeout=120)
    if done.returncode:
        raise AssertionError(f"{command[0]} exited with {done.returncode}: {done.stderr[-2000:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(files)
    return answers


def below(folder):
    found = []
    for top, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(top, name)
            kind = TYPES.get(os.path.splitext(name)[1])
            if kind and not os.path.islink(path) and os.path.getsize(path) <= LARGEST:
                found.append((kind, path))
    # Evenly, so that no package is left out because of its name.
    step = max(1, -(-len(found) // MOST_OF_A_FOLDER))
    return found[::step]


def token_start(file, at):
    """Where the CSS token begins that a reference at `at` is inside: at "url(" or at the quote."""
    before = file[max(0, at - 200):at]
    opened = re.search(rb"url\([ \t\r\n\f]*[\"']?$", before, re.IGNORECASE)
    return at - (len(before) - opened.start()) if opened else at - 1


def same_url(ours, theirs):
    # Bytes that are no UTF-8 have no common spelling; their places are compared.
    return ours == theirs or "\ufffd" in ours or any(ord(c) > 127 for c in theirs) and not theirs.isascii()


class Comparison:
    """One file: what either found alone."""

    def __init__(self, path, ours, theirs):
        with open(path, "rb") as file:
            self.file = file.read()
        self.ours = ours
        left = {(one["at"], one["length"], one["url"]): one for one in ours["references"]}
        self.placed = {}
        for one in ours["references"]:
            self.placed.setdefault((one["at"], one["length"]), []).append(one)
        self.only_theirs = []
        for one in theirs["found"]:
            if not self.take(left, one):
                self.only_theirs.append(one)
        # A browser may drop the declaration around a URL; the URL is one all the same.
        tokens = {(one["at"], one["length"]) for one in theirs["tokens"]}
        unplaced = {one["url"] for one in theirs["tokens"] if one["at"] is None}
        self.only_ours = [one for one in left.values() if (one["at"], one["length"]) not in tokens and
                          (one["exact"] or one["url"] not in unplaced) and not self.is_map(one) and not self.is_on_body(one) and
                          not self.is_in_script(one)]
        places = {one["at"] for one in ours["references"]}
        self.lost_tokens = [one for one in theirs["tokens"] if one["of"] == "url" and one["at"] is not None and one["at"] not in places and not self.is_namespace(one)]
        self.matched = len(theirs["found"]) - len(self.only_theirs)

    def take(self, left, wanted):
        """Whether we found it, too. parse5 tells formatting elements that it repeats twice; we do not."""
        whole = wanted["length"] is not None
        for one in self.placed.get((wanted["at"], wanted["length"]), []) if whole else self.ours["references"]:
            same = whole or wanted["at"] is None or not one["exact"] or token_start(self.file, one["at"]) == wanted["at"]
            if same and same_url(one["url"], wanted["url"]):
                left.pop((one["at"], one["length"], one["url"]), None)
                return True
        return False

    def is_map(self, one):
        """A comment for debuggers; browsers' parsers of CSS do not see it."""
        return re.search(rb"[#@]\s*sourceMappingURL=$", self.file[:one["at"]]) is not None

    def is_on_body(self, one):
        """Where text before <body> has opened it already, its attributes still count; parse5 does not say where they stand."""
        return re.search(rb"<body\s[^<>]*$", self.file[:one["at"]], re.IGNORECASE) is not None

    def is_in_script(self, one):
        """What an inline script imports; parse5 reads no scripts (test_modules_of_packages compares those)."""
        before = self.file[:one["at"]].lower()
        script = before.rfind(b"<script")
        return script > before.rfind(b"</script") and b">" in before[script:]

    def is_namespace(self, one):
        """@namespace svg url(…) is a name that looks like a URL."""
        return re.search(rb"@namespace\s[^;{}]*$", self.file[:one["at"]], re.IGNORECASE) is not None

    def unexplained(self):
        for one in self.only_theirs:
            kind = one["of"]
            if kind.startswith("link ") and set(kind.split()) & NOT_FILES_RELS:
                continue
            if kind in NOT_FILES and any(one["url"] in value for value in self.ours["values"]):
                continue
            yield f"only theirs: {one}"
        yield from (f"only ours: {one}" for one in self.only_ours)
        yield from (f"a URL token that is no reference: {one}" for one in self.lost_tokens)


class ReferencesTest(unittest.TestCase):
    maxDiff = None

    def compare(self, files, least):
        ours = run([os.path.join(OUT, "list_references")], files)
        theirs = run(["node", "read.mjs"], files, ORACLES)
        matched, faults = 0, []
        for (_, path), mine, other in zip(files, ours, theirs):
            self.assertIsNone(other["skipped"], path)
            self.assertEqual(mine["refused"], "", path)
            comparison = Comparison(path, mine, other)
            matched += comparison.matched
            faults += [f"{path}: {fault}" for fault in comparison.unexplained()]
        self.assertEqual(faults, [])
        self.assertGreaterEqual(matched, least)

    def test_hard_cases(self):
        self.compare(below(os.path.join(ORACLES, "corpus")), 100)

    def test_seeds_of_the_fuzzer(self):
        kinds = {"0": ".html", "1": ".css"}
        with tempfile.TemporaryDirectory(prefix="skerry-references-") as folder:
            seeds = os.path.join(ROOT, "tests/fuzz/references")
            for name in os.listdir(seeds):
                with open(os.path.join(seeds, name), "rb") as file:
                    data = file.read()
                if data[:1].decode("latin1") in kinds:
                    with open(os.path.join(folder, name + kinds[data[:1].decode()]), "wb") as file:
                        file.write(data[1:])
            self.compare(below(folder), 1)

    def test_sites_and_packages(self):
        files = []
        for folder in ("real_sites", "demo/site", "browser", "sites", "oracles"):
            files += below(os.path.join(ROOT, "tests", folder, "node_modules"))
        self.compare(files, 200)

    def test_documentation_of_debian(self):
        files = below("/usr/share/doc") + below("/usr/share/javascript")
        self.compare(files, 0)

    def test_hard_cases_with_bytes_missing(self):
        """What is cut short or loses a quote is read as other parsers read it."""
        chance = random.Random(1)
        with tempfile.TemporaryDirectory(prefix="skerry-references-") as folder:
            for _, path in below(os.path.join(ORACLES, "corpus")):
                with open(path, "rb") as file:
                    whole = file.read()
                for number in range(60):
                    at = chance.randrange(len(whole))
                    data = whole[:at] + whole[at + chance.choice((1, 1, 1, 7, len(whole))):]
                    name = f"{number}-{os.path.basename(path)}"
                    with open(os.path.join(folder, name), "wb") as file:
                        file.write(data)
            self.compare(below(folder), 1000)


class ScriptsTest(unittest.TestCase):
    """What es-module-lexer finds in scripts is what we find, and after a build it leads to the same files, once each."""

    # new URL("…", import.meta.url): not the lexer's business, but a bundler's way to name files.
    ASSET = re.compile(r"""new\s+URL\(\s*["'`]([^"'`\\$]+)["'`]\s*,\s*import\.meta\.url\s*\)""")

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="skerry-references-")
        self.addCleanup(scratch.cleanup)
        self.site, self.out = os.path.join(scratch.name, "site"), os.path.join(scratch.name, "out")

    def write(self, path, data):
        path = os.path.join(self.site, path.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def named_by(self, scripts, folder):
        """{script: the site paths that it names, in order}; packages by their bare names are left out."""
        found = run(["node", "read.mjs"], [("text/javascript", os.path.join(folder, path.lstrip("/"))) for path in scripts], ORACLES)
        named = {}
        for path, answer in zip(scripts, found):
            self.assertIsNone(answer["skipped"], path)
            with open(os.path.join(folder, path.lstrip("/")), encoding="utf-8") as file:
                urls = [one["url"] for one in answer["found"]] + self.ASSET.findall(file.read())
            named[path] = [os.path.normpath(os.path.join(os.path.dirname(path), url)) for url in urls if url.startswith(".")]
        return named

    def check(self, named, least):
        """Builds, with a page that refers to everything so that all of it is renamed; what then names what is the same."""
        files = sorted({path for paths in named.values() for path in paths} | set(named))
        tags = [f'<link rel="{"modulepreload" if path.endswith((".js", ".mjs")) else "preload"}" href="{path}">' for path in files]
        self.write("/index.html", ("<!doctype html><title>all</title>\n" + "\n".join(tags)).encode())
        done = subprocess.run([os.path.join(OUT, "skerry-pipeline"), "build", self.site, f"--out={self.out}", "--cache_dir=off"],
                              capture_output=True, text=True, timeout=150)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.out, "manifest.json"), encoding="utf-8") as file:
            entries = json.load(file)["entries"]
        source = {entry["path"]: entry.get("source", entry["path"]) for entry in entries}
        self.assertEqual(len(set(source.values())), len(source), "a module under two names is two modules")
        now = {old: new for new, old in source.items()}
        after = self.named_by([now[script] for script in named], os.path.join(self.out, "files"))
        for script, paths in named.items():
            self.assertEqual([source.get(path) for path in after[now[script]]], paths, script)
            for path in paths:
                self.assertNotEqual(now[path], path, f"{script} names {path}")
        self.assertGreaterEqual(sum(map(len, named.values())), least)

    def test_every_form_of_import(self):
        with open(os.path.join(ORACLES, "corpus/module.js"), "rb") as file:
            self.write("/module.js", file.read())
        named = self.named_by(["/module.js"], self.site)
        for path in named["/module.js"]:
            self.write(path, b"{}" if path.endswith(".json") else b"export default 1")
        names = "side-effect.js names.js star.js export.js export-star.js data.json lazy.js nested.js asset.svg worker.js"
        self.assertEqual(named["/module.js"], ["/" + name for name in names.split()])
        self.check(named, 10)

    def test_modules_of_packages(self):
        scripts = []
        for package in ("d3-array/src", "d3-scale/src", "d3-shape/src"):
            top = os.path.join(ROOT, "tests/demo/site/node_modules", package)
            for folder, _, names in os.walk(top):
                for path in (os.path.join(folder, name) for name in sorted(names) if name.endswith(".js")):
                    scripts.append(f"/{package}/{os.path.relpath(path, top)}")
                    with open(path, "rb") as file:
                        self.write(scripts[-1], file.read())
        self.check(self.named_by(scripts, self.site), 100)

    def test_scripts_of_packages(self):
        """Bundles and minified code, too: the same places and the same words as the lexer."""
        scripts = []
        for folder in ("real_sites", "demo/site", "browser", "sites", "oracles"):
            for top, folders, names in os.walk(os.path.join(ROOT, "tests", folder, "node_modules")):
                folders.sort()
                scripts += [os.path.join(top, name) for name in sorted(names) if name.endswith((".js", ".mjs", ".cjs"))]
        scripts = [path for path in scripts if not os.path.islink(path) and os.path.getsize(path) < 4 * LARGEST]
        scripts = [("text/javascript", path) for path in scripts[::max(1, len(scripts) // 2500)]]
        ours = run([os.path.join(OUT, "list_references")], scripts)
        theirs = run(["node", "read.mjs"], scripts, ORACLES)
        matched, faults = 0, []
        for (_, path), mine, other in zip(scripts, ours, theirs):
            with open(path, "rb") as file:
                text = file.read()
            if other["skipped"] is not None or b"\xef\xbb\xbf" in text[:3]:
                continue  # it refuses what is no module
            wanted = {(one["at"], one["url"]) for one in map(self.unquoted, other["found"]) if self.is_url(one["url"], text, one["at"])}
            found = {(one["at"], one["url"]) for one in mine["references"] if self.is_import(text, one)}
            matched += len(wanted & found)
            faults += [f"{path}: only theirs {one}" for one in wanted - found]
            faults += [f"{path}: only ours {one}" for one in found - wanted]
        self.assertEqual(faults, [])
        self.assertGreaterEqual(matched, 1000)

    @staticmethod
    def unquoted(one):
        """The lexer's place of import() includes the quotes."""
        return {**one, "at": one["at"] + (one["of"] == "dynamic import")}

    @staticmethod
    def is_url(url, text, at):
        return re.match(r"\.{0,2}/|[a-z][a-z0-9+.-]*:", url) is not None and text[at:at + len(url)] == url.encode()

    @staticmethod
    def is_import(text, one):
        """No URL of the module, no source map, and no template, which the lexer leaves to others."""
        before = text[max(0, one["at"] - 120):one["at"]]
        return not re.search(rb"(sourceMappingURL=|URL\s*\(\s*[\"'`]|`)$", before)


if __name__ == "__main__":
    unittest.main()

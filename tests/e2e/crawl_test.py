#!/usr/bin/env python3
"""Three sites by Vite with React, webpack and Eleventy: every page in headless Chromium, as the generator wrote it and as a release.

Before: a plain server of files. After: skerry-pipeline, a shield and an edge. Both ask for the same things (under the names that
the manifest gives them), and nothing is missing, fails or complains. tests/sites/ has the sources.
"""
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
for folder in ("../support", "../sites", "."):
    sys.path.insert(0, os.path.join(HERE, folder))
import build_site  # noqa: E402
from browser_test import spki  # noqa: E402
from shield_test import ReleaseCase  # noqa: E402

TIMEOUT_SECONDS = 900
BROWSER = os.path.join(ROOT, "tests", "browser")


class Files(http.server.SimpleHTTPRequestHandler):
    """What a plain static host does."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".webmanifest": "application/manifest+json", ".mjs": "text/javascript",
                      ".js": "text/javascript", ".svg": "image/svg+xml", ".map": "application/json"}

    def log_message(self, *_):
        pass


def crawl(key, url):
    done = subprocess.run(["node", "crawl.mjs", key, url], cwd=BROWSER, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode:
        raise AssertionError(f"crawl of {url}: {done.stderr}")
    return json.loads(done.stdout)


class CrawlTest(ReleaseCase):
    def before(self, site):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=site))
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return crawl("-", f"http://localhost:{server.server_port}/")

    def release(self, site):
        out = os.path.join(self.folder, "release")
        code, said = self.run_program("skerry-pipeline", "build", site, f"--out={out}", "--cache_dir=off", seconds=200)
        self.assertIn(code, (0, 3), said)  # 3: over a budget, but built
        with open(os.path.join(out, "manifest.json"), encoding="utf-8") as file:
            self.entries = {entry["path"]: entry for entry in json.load(file)["entries"]}
        return out

    def after(self, release):
        shield = self.shield()
        code, said = self.run_program("skerry-pipeline", "push", release, f"--to=http://{shield.ready['listen']}", "--site=demo",
                                      f"--token_file={self.tokens}", "--activate", "--wait=30s", seconds=100)
        self.assertEqual(code, 0, said)
        edge = self.edge(f"--shield=http://{shield.ready['listen']}")
        key = spki(os.path.join(self.folder, "cache", "development.crt"))
        return crawl(key, f"https://localhost:{edge.ready['https'].rsplit(':', 1)[1]}/")

    def source_of(self, path):
        """The name before renaming; what is served under two names is one thing."""
        return self.entries.get(path, {}).get("source", path)

    def check_quiet(self, pages):
        for path, page in pages.items():
            self.assertEqual(page["console"], [], path)
            self.assertEqual(page["failed"], [], path)
            self.assertEqual([request for request in page["requests"] if request[1] >= 400], [], path)

    def check_maps(self, release):
        """Debuggers find the map of every script and style sheet that had one."""
        for path in self.entries:
            if path.endswith((".js", ".css")):
                with open(release + "/files" + path, encoding="utf-8") as file:
                    named = re.search(r"[#@] sourceMappingURL=([^\s*]+)", file.read())
                if named:
                    self.assertIn(path.rsplit("/", 1)[0] + "/" + named.group(1), self.entries, path)

    def check(self, name, pages, loaded_later):
        site = build_site.build(name, self.folder)
        before = self.before(site)
        self.assertEqual(len(before), pages)
        self.check_quiet(before)
        release = self.release(site)
        after = self.after(release)
        self.assertEqual(sorted(before), sorted(after))
        self.check_quiet(after)
        for path, page in before.items():
            asked = {request for request, _ in page["requests"]}
            self.assertEqual({self.source_of(request) for request, _ in after[path]["requests"]}, asked, path)
            self.assertEqual(after[path]["text"], page["text"], path)
        everything = {request for page in before.values() for request, _ in page["requests"]}
        for part in loaded_later:
            self.assertTrue(any(part in request for request in everything), f"{part} was not loaded: {sorted(everything)}")
        self.check_maps(release)
        self.assertGreater(sum("source" in entry for entry in self.entries.values()), 0)
        return after

    def test_vite_with_react(self):
        self.check("vite", 2, ["/lazy-", "/total-", "/worker-", "/large-", "/sprite-", "/dots-"])

    def test_webpack(self):
        pages = self.check("webpack", 3, ["/more.chunk.js", "/more.css", "/assets/late.svg", "/assets/mask.svg"])

        # The service worker took all it lists; its own requests are not a page's.
        self.assertIn("offline: 4 files", pages["/"]["text"])

    def test_eleventy(self):
        self.check("eleventy", 4, ["/words.js", "/words.json", "/shout.js", "/frame.html", "/über uns.svg", "/colours.css", "/large.png"])


if __name__ == "__main__":
    unittest.main()

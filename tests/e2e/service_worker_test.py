"""The release-pinned service worker in a real browser, behind edge and shield: offline, replaced by an update, retired."""
import json
import os
import subprocess
import unittest

from browser_test import spki
from dictionary_test import BROWSER, DictionaryCase

TIMEOUT_SECONDS = 300

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Offline</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/app.css"><script src="/app.js"></script></head><body><p>release {}</p></body></html>
"""
WORKER = """
[service_worker]
enabled = true
register = true
precache = ["/index.html", "*.css", "*.js", "/data.json"]
"""
RED, BLUE = "rgb(255, 0, 0)", "rgb(0, 0, 255)"


class Visitor:
    """Commands of tests/browser/offline.mjs."""

    def __init__(self, certificate, address):
        self.process = subprocess.Popen(["node", "offline.mjs", spki(certificate), address], cwd=BROWSER,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, do, **more):
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the browser ended at {do} {more}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class ServiceWorkerTest(DictionaryCase):
    def ship(self, name, colour, config=WORKER):
        site, out = os.path.join(self.folder, name), os.path.join(self.folder, name + ".release")
        os.makedirs(site)
        for path, text in {"index.html": PAGE.format(name), "offline.html": "<!doctype html><title>Offline</title><p>no network",
                           "app.css": f"body {{ color: {colour} }}", "app.js": f"window.release = '{name}'; const data = 'data.json'",
                           "data.json": json.dumps(name), "skerry.toml": config}.items():
            with open(os.path.join(site, path), "w", encoding="utf-8") as file:
                file.write(text)
        code, said = self.run_program("skerry-pipeline", "build", site, f"--out={out}", seconds=60)
        self.assertEqual(code, 0, said)
        code, said = self.run_program("skerry-pipeline", "push", out, f"--to=http://{self.hidden.ready['listen']}", "--site=demo",
                                      f"--token_file={self.tokens}", "--activate", "--wait=30s", seconds=60)
        self.assertEqual(code, 0, said)

    def visitor(self):
        visitor = Visitor(os.path.join(self.folder, "cache", "development.crt"), self.edge_.ready["https"])
        self.addCleanup(visitor.close)
        return visitor

    def check(self, seen, name, colour):
        self.assertEqual(seen, {"text": f"release {name}", "color": colour, "script": name, "status": 200, "errors": []})

    def test_from_the_first_visit_to_retirement(self):
        self.ship("one", RED)
        visitor = self.visitor()

        # After the first visit the site works without a network
        self.check(visitor("visit", path="/?1"), "one", RED)
        first = visitor("worker")
        self.assertEqual(len(first), 1)
        visitor("close")
        visitor("cut")
        self.check(visitor("visit", path="/?2"), "one", RED)
        self.assertEqual(visitor("ask", page=0, path="/data.json"), '"one"')
        self.assertEqual(visitor("visit", path="/nowhere")["text"], "no network")

        # No page gets files of two releases
        visitor("mend")
        self.ship("two", BLUE)
        self.check(visitor("visit", path="/?3"), "two", BLUE)
        self.assertEqual(visitor("ask", page=0, path="/data.json"), '"one"')  # the page that came from the cache
        self.assertEqual(visitor("ask", page=2, path="/data.json"), '"two"')

        # The update replaces the old release
        visitor("update", page=2)
        visitor("close")
        second = visitor("worker")
        self.assertEqual(len(second), 1)
        self.assertNotEqual(second, first)
        visitor("cut")
        self.check(visitor("visit", path="/?4"), "two", BLUE)
        self.assertEqual(visitor("ask", page=0, path="/data.json"), '"two"')

        # The retired worker removes itself
        visitor("mend")
        self.ship("three", RED, WORKER + "retire = true\n")
        self.check(visitor("visit", path="/?5"), "three", RED)
        visitor("update", page=1)
        visitor("close")
        self.assertEqual(visitor("worker", gone=True), [])
        visitor("cut")
        self.assertIn("ERR_CONNECTION_REFUSED", visitor("visit", path="/?6").get("failed", ""))


if __name__ == "__main__":
    unittest.main()

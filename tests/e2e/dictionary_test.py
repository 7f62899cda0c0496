"""Deltas (RFC 9842) through the edge: jQuery is upgraded on a site, and a browser that has the old one downloads the difference."""
import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, HERE)
from browser_test import spki  # noqa: E402
from shield_test import NODE_TOKEN, ReleaseCase  # noqa: E402
from skerry import fetch, metric  # noqa: E402

TIMEOUT_SECONDS = 300
BROWSER = os.path.join(ROOT, "tests", "browser")
PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Upgrade</title><script src="/lib/jquery.js"></script><p>{}</p></html>\n'


def bundle(name):
    with open(os.path.join(BROWSER, "node_modules", name, "dist", "jquery.min.js"), "rb") as file:
        return file.read()


class DictionaryCase(ReleaseCase):
    def setUp(self):
        super().setUp()
        self.nodes = self.file("nodes.tokens", NODE_TOKEN + "\n")
        purge = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/purge", f"--token_file={self.nodes}")
        follow = [f"--purge=http://{purge.ready['listen']}", f"--purge_token_file={self.nodes}"]
        self.hidden = self.shield(*follow, "--node=shield-1")
        self.edge_ = self.edge(f"--shield=http://{self.hidden.ready['listen']}", *follow, "--node=edge-1")

    def deployed(self):
        """Where a build finds what is deployed."""
        return [f"--deployed=http://{self.hidden.ready['listen']}", "--site=demo", f"--token_file={self.tokens}"]

    def release(self, name, script, previous=None, more=()):
        """Builds, pushes and activates a site; answers its release folder."""
        site, out = os.path.join(self.folder, name), os.path.join(self.folder, name + ".release")
        os.makedirs(os.path.join(site, "lib"))
        with open(os.path.join(site, "index.html"), "w", encoding="utf-8") as file:
            file.write(PAGE.format(name))
        with open(os.path.join(site, "lib", "jquery.js"), "wb") as file:
            file.write(script)
        former = [f"--previous={previous}"] if previous else []
        code, said = self.run_program("skerry-pipeline", "build", site, f"--out={out}", "--cache_dir=off", *former, *more, seconds=120)
        self.assertEqual(code, 0, said)
        code, said = self.run_program("skerry-pipeline", "push", out, f"--to=http://{self.hidden.ready['listen']}", "--site=demo",
                                      f"--token_file={self.tokens}", "--activate", "--wait=30s", seconds=60)
        self.assertEqual(code, 0, said)
        return out

    def script_of(self, release):
        with open(os.path.join(release, "manifest.json"), encoding="utf-8") as file:
            return next(entry for entry in json.load(file)["entries"] if entry["path"].startswith("/lib/"))


class DictionaryTest(DictionaryCase):
    def test_deltas_pass_through_the_edge_and_unknown_dictionaries_change_nothing(self):
        before, after = bundle("jquery-before"), bundle("jquery-after")
        first = self.release("one", before)
        second = self.release("two", after, previous=first)
        entry = self.script_of(second)
        url = f"https://{self.edge_.ready['https']}{entry['path']}"
        codings = "Accept-Encoding: gzip, deflate, br, zstd, dcb, dcz"
        known = f"Available-Dictionary: :{base64.b64encode(hashlib.sha256(before).digest()).decode()}:"
        delta = fetch(url, codings, known)
        self.assertEqual(delta.field("content-encoding"), "dcz")
        self.assertEqual(delta.body[8:40], hashlib.sha256(before).digest())
        self.assertIn("skerry-edge; hit", fetch(url, codings, known).field("cache-status"))
        whole = fetch(url, codings)
        self.assertEqual(whole.field("content-encoding"), "br")
        self.assertLess(len(delta.body) * 3, len(whole.body))
        for answer in (delta, whole):
            self.assertEqual(answer.field("vary").lower().replace(" ", ""), "accept-encoding,available-dictionary")
            self.assertIn("match=", answer.field("use-as-dictionary"))
        kept = metric(self.edge_.ready["admin"], "skerry_ram_objects")
        for number in range(50):
            unknown = f"Available-Dictionary: :{base64.b64encode(hashlib.sha256(b'%d' % number).digest()).decode()}:"
            answer = fetch(url, codings, unknown)
            self.assertEqual(answer.body, whole.body)
            self.assertIn("skerry-edge; hit", answer.field("cache-status"))
        self.assertEqual(metric(self.edge_.ready["admin"], "skerry_ram_objects"), kept)


class DeployedTest(DictionaryCase):
    """A CI machine keeps nothing from the release before: it asks the shield."""

    def decoded(self, delta, dictionary):
        """A dcz body by other people's decoder: its frame with the dictionary as a prefix (RFC 9842 section 5)."""
        self.assertEqual((delta[:8], delta[8:40]), (bytes.fromhex("5e2a4d1820000000"), hashlib.sha256(dictionary).digest()))
        old = os.path.join(self.folder, "dictionary")
        with open(old, "wb") as file:
            file.write(dictionary)
        done = subprocess.run(["zstd", "-d", "-c", "--long=27", f"--patch-from={old}"], input=delta[40:], capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_build_makes_deltas_against_the_last_three_deployed_releases(self):
        base = bundle("jquery-after")
        versions = [base.replace(b"3.7.1", b"3.7.%d" % number) + b"\n" * number for number in range(5)]
        folders = [self.release(f"release-{number}", script, more=self.deployed()) for number, script in enumerate(versions)]
        entry = self.script_of(folders[-1])
        made = {variant["dictionary"] for variant in entry["variants"] if variant["coding"] == "dcz"}
        self.assertEqual(made, {hashlib.sha256(script).hexdigest() for script in versions[1:4]})
        url = f"https://{self.edge_.ready['https']}{entry['path']}"
        for script in versions[1:4]:
            known = f"Available-Dictionary: :{base64.b64encode(hashlib.sha256(script).digest()).decode()}:"
            answer = fetch(url, "Accept-Encoding: br, dcz", known)
            self.assertEqual(answer.field("content-encoding"), "dcz")
            self.assertLess(len(answer.body), 1000)
            self.assertEqual(self.decoded(answer.body, script), versions[4])

    def test_the_same_tree_gives_the_same_release_whoever_builds_it(self):
        before, after = bundle("jquery-before"), bundle("jquery-after")
        self.release("one", before)
        site = os.path.join(self.folder, "two")
        os.makedirs(os.path.join(site, "lib"))
        self.file("two/index.html", PAGE.format("two"))
        self.file("two/lib/jquery.js", after.decode())
        manifests = []
        for machine in ("first", "second"):
            out = os.path.join(self.folder, machine)
            code, said = self.run_program("skerry-pipeline", "build", site, f"--out={out}", "--cache_dir=off", *self.deployed(), seconds=120)
            self.assertEqual(code, 0, said)
            with open(os.path.join(out, "manifest.json"), "rb") as file:
                manifests.append(file.read())
        self.assertIn(b'"dcz"', manifests[0])
        self.assertEqual(manifests[0], manifests[1])

    def test_a_build_without_the_shield_fails_and_says_how_to_go_on(self):
        out = self.release("one", bundle("jquery-before"))
        self.hidden.kill()
        site = os.path.join(self.folder, "one")
        code, said = self.run_program("skerry-pipeline", "build", site, f"--out={out}", *self.deployed(), seconds=60)
        self.assertEqual(code, 1, said)
        self.assertIn("--deployed=off", said)
        self.assertTrue(os.path.exists(os.path.join(out, "manifest.json")), "what was built before is gone")
        code, said = self.run_program("skerry-pipeline", "build", site, f"--out={out}", "--deployed=off", seconds=60)
        self.assertEqual(code, 0, said)


class DictionaryBrowserTest(DictionaryCase):
    def setUp(self):
        super().setUp()
        self.assertTrue(os.path.exists("/usr/bin/chromium"), "Debian's package chromium is missing")

    def visitor(self):
        port = self.edge_.ready["https"].rsplit(":", 1)[1]
        key = spki(os.path.join(self.folder, "cache", "development.crt"))
        browser = subprocess.Popen(["node", "upgrade.mjs", key, f"https://localhost:{port}/", "/lib/"], cwd=BROWSER,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        timer = threading.Timer(200, browser.kill)
        timer.start()
        self.addCleanup(timer.cancel)
        self.addCleanup(browser.stdout.close)
        self.addCleanup(browser.wait)
        self.addCleanup(browser.stdin.close)
        return browser

    def heard(self, browser):
        line = browser.stdout.readline()
        self.assertTrue(line, "the browser has ended")
        seen = json.loads(line)
        seen["asked"] = {name.lower(): value for name, value in seen.get("asked", {}).items()}
        seen["answered"] = {name.lower(): value for name, value in seen.get("answered", {}).items()}
        self.assertEqual(seen["errors"], [])
        return seen

    def test_chromium_upgrades_a_bundle_by_its_difference(self):
        before, after = bundle("jquery-before"), bundle("jquery-after")
        first = self.release("one", before)
        browser = self.visitor()
        seen = self.heard(browser)
        self.assertEqual((seen["version"], seen["sha256"]), ("3.6.4", hashlib.sha256(before).hexdigest()))
        self.assertEqual(seen["answered"]["content-encoding"], "br")
        self.assertIn("match=", seen["answered"]["use-as-dictionary"])
        entry = self.script_of(self.release("two", after, previous=first))
        browser.stdin.write("again\n")
        browser.stdin.flush()
        again = self.heard(browser)
        self.assertEqual((again["version"], again["sha256"]), ("3.7.1", hashlib.sha256(after).hexdigest()))
        self.assertEqual(again["asked"]["available-dictionary"], f":{base64.b64encode(hashlib.sha256(before).digest()).decode()}:")
        self.assertEqual(again["answered"]["content-encoding"], "dcz")
        # On the wire: the delta and some fields, not the file.
        delta = next(variant["size"] for variant in entry["variants"] if variant["coding"] == "dcz")
        self.assertLess(again["bytes"], delta + 1500)
        self.assertLess(again["bytes"], seen["bytes"] / 2)


if __name__ == "__main__":
    unittest.main()

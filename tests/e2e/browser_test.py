"""The demo site in a real browser: before and after the second deploy, over HTTP/2.

Screenshots are kept in out/screenshots/{before,after}/ for people to look at.
"""
import json
import os
import subprocess
import sys
import tempfile
import shutil
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "demo"))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import run as demo_run  # noqa: E402

TIMEOUT_SECONDS = 600
ALONE = True
PAGES = ["/", "/about/", "/walks/"]


def spki(certificate):
    """Base64 SHA-256 of the public key: what the browser is told to trust."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, capture_output=True, check=True).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der, capture_output=True, check=True).stdout
    return subprocess.run(["base64"], input=digest, capture_output=True, check=True).stdout.decode().strip()


class BrowserTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="skerry-browser-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.demo = demo_run.Demo(self.folder, 0, 0)
        self.addCleanup(self.demo.close)

    def visit(self, name):
        shots = os.path.join(ROOT, "out", "screenshots", name)
        os.makedirs(shots, exist_ok=True)
        # The certificate is made for localhost, as a browser sees it.
        urls = [f"https://localhost:{self.demo.site_port}{page}" for page in self.pages()]
        done = subprocess.run(["node", "visit.mjs", spki(os.path.join(self.folder, "edge", "development.crt")), shots, *urls],
                              cwd=os.path.join(ROOT, "tests", "browser"), capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def pages(self):
        served = {entry["path"] for entry in self.demo.manifest(self.release)}
        return [page for page in PAGES if f"{page}index.html" in served]

    def check(self, report):
        self.assertGreaterEqual(len(report), 2)
        images = 0
        for page in report:
            self.assertEqual(page["protocol"], "h2", page["url"])
            self.assertEqual(page["console"], [], page["url"])
            self.assertEqual(page["failed"], [], page["url"])
            self.assertEqual([r for r in page["responses"] if r["status"] >= 400], [], page["url"])
            for image in page["images"]:
                self.assertGreater(image["width"], 0, f"{page['url']}: {image['src']} was not decoded")
            images += len(page["images"])
        self.assertGreater(images, 2)
        types = {r["type"].split(";")[0] for page in report for r in page["responses"]}
        self.assertIn("image/avif", types)

    def test_the_site_loads_whole_before_and_after_the_second_deploy(self):
        self.demo.start_services()
        self.release = self.demo.deploy(1)
        before = self.visit("before")
        self.check(before)
        self.release = self.demo.deploy(2, previous=self.release)
        after = self.visit("after")
        self.check(after)
        self.assertNotEqual(before[0]["text"], after[0]["text"], "the second deploy is not seen")


if __name__ == "__main__":
    unittest.main()

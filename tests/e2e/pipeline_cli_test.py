#!/usr/bin/env python3
"""The command line of skerry-pipeline: exit codes, and one clear message for everything that is wrong."""
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "skerry-pipeline")
SANITIZED = True

DONE, FAILED, USAGE, BUDGET, UNCONFIRMED = range(5)


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)


class FakeShield:
    """Keeps what it is sent; `state` is what an activation becomes."""

    def __init__(self):
        self.blobs, self.requests, self.state = {}, [], "complete"
        shield = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                shield.requests.append(f"{self.command} {self.path}")
                if self.headers.get("Authorization") != "Bearer right":
                    return self.answer(401, {"title": "Unauthorized", "detail": "no such token"})
                if self.command == "PUT":
                    shield.blobs[self.path.rsplit("/", 1)[1]] = body
                    return self.answer(201, {})
                if self.path.endswith("/activate"):
                    nodes = {"edge-1": {"state": "applied" if shield.state == "complete" else "pending", "seq": 3, "at": "x"}}
                    return self.answer(200 if shield.state == "complete" else 202, {"id": "p", "seq": 3, "state": shield.state, "nodes": nodes})
                digests = {entry["sha256"] for entry in json.loads(body)["entries"]}
                return self.answer(201, {"release": "r1", "missing": sorted(digests - set(shield.blobs))})

            do_POST = do_PUT = handle_one

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="skerry-cli-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.site = self.top / "site"
        self.site.mkdir()
        (self.site / "index.html").write_text('<link rel=stylesheet href="a.css"><p>hello')
        (self.site / "a.css").write_text("p { color: red }\n" * 200)
        self.out = self.top / "out"
        (self.top / "token").write_text("# deploys\nright\n")

    def build(self, *more):
        return run("build", self.site, f"--out={self.out}", "--cache_dir=off", *more)

    def push(self, to, *more, token="token"):
        return run("push", self.out, f"--to={to}", "--site=main", f"--token_file={self.top / token}", *more)

    def shield(self):
        shield = FakeShield()
        self.addCleanup(shield.close)
        return shield

    def refused(self, done, code, *words):
        """Exit code, nothing on standard output, and one message that holds the words."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_build_prints_a_table_that_lines_up(self):
        done = self.build()
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        rows = [line for line in done.stdout.splitlines() if line.startswith(("  pages", "  styles", "  all"))]
        self.assertEqual(len(rows), 3)
        self.assertEqual(len({len(row) for row in rows}), 1)
        self.assertNotIn("\x1b", done.stdout)

    def test_build_prints_json(self):
        done = self.build("--json")
        report = json.loads(done.stdout)
        self.assertEqual(report["kinds"]["styles"]["files"], 1)
        self.assertEqual(report["renamed"], 1)

    def test_wrong_flags_are_usage_errors(self):
        self.assertEqual(self.build("--colour").returncode, USAGE)
        self.assertEqual(self.build("--jobs=none").returncode, USAGE)
        self.assertEqual(run("bild").returncode, USAGE)
        self.assertEqual(run().returncode, USAGE)
        self.assertEqual(run("build", self.site).returncode, USAGE)
        self.assertEqual(run("--help").returncode, DONE)
        self.assertEqual(run("push", "--help").returncode, DONE)

    def test_a_missing_site_is_named(self):
        self.refused(run("build", self.top / "none", f"--out={self.out}"), USAGE, "no site folder", "none")

    def test_an_unknown_key_and_a_wrong_unit_are_named_with_their_line(self):
        (self.top / "skerry.toml").write_text("[budgets]\nscript = \"1 parsec\"\n[images]\nwidht = [1]\n")
        done = self.build(f"--config={self.top / 'skerry.toml'}")
        self.refused(done, USAGE, "skerry.toml:2", "skerry.toml:4", "widht")
        self.refused(self.build(f"--config={self.top / 'none.toml'}"), USAGE, "none.toml")

    def test_a_missing_reference_is_named_with_file_and_line_and_nothing_is_written(self):
        (self.site / "index.html").write_text("<p>\n<img src=gone.png>")
        self.refused(self.build(), FAILED, "index.html:2", "gone.png", "allow_missing")
        self.assertFalse(self.out.exists())

    def test_a_broken_picture_is_named(self):
        (self.site / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
        self.refused(self.build(), FAILED, "a.jpg: ", "exclude")

    def test_a_folder_that_is_no_release_is_not_replaced(self):
        self.out.mkdir()
        (self.out / "thesis.txt").write_text("years of work")
        self.refused(self.build(), USAGE, "something else than a release")
        self.assertEqual((self.out / "thesis.txt").read_text(), "years of work")

    def test_a_budget_is_kept_or_the_offender_shown(self):
        (self.site / "skerry.toml").write_text("[budgets]\nstyle = \"10B\"\n")
        done = self.build()
        self.assertEqual(done.returncode, BUDGET)
        self.assertIn("over budget", done.stdout)
        self.assertTrue((self.out / "manifest.json").exists())

    def test_push_sends_what_is_missing_and_prints_the_receipt(self):
        self.build()
        shield = self.shield()
        done = self.push(shield.url, "--activate")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("activation 3 is complete", done.stdout)
        self.assertIn("edge-1", done.stdout)
        for name, body in shield.blobs.items():
            self.assertEqual(hashlib.sha256(body).hexdigest(), name)
        again = json.loads(self.push(shield.url, "--activate", "--json").stdout)
        self.assertEqual(again["sent"], {"blobs": 0, "bytes": 0})
        self.assertEqual(again["receipt"]["nodes"]["edge-1"]["state"], "applied")

    def test_an_activation_that_is_not_confirmed_has_its_own_exit_code(self):
        self.build()
        shield = self.shield()
        shield.state = "accepted"
        done = self.push(shield.url, "--activate", "--wait=1s")
        self.assertEqual(done.returncode, UNCONFIRMED)
        self.assertIn("not every node confirmed", done.stderr)
        self.assertIn("pending", done.stdout)

    def test_a_wrong_token_is_said(self):
        self.build()
        (self.top / "wrong").write_text("wrong\n")
        shield = self.shield()
        self.refused(self.push(shield.url, token="wrong"), FAILED, "refused the token", "no such token")
        self.refused(self.push(shield.url, token="none"), USAGE, "--token_file", "none")
        self.assertEqual(shield.blobs, {})

    def test_a_token_does_not_leave_the_machine_in_clear_text(self):
        self.refused(self.push("http://shield.example"), USAGE, "clear text", "https://")

    def test_a_corrupt_manifest_and_a_wrong_blob_are_refused_before_anything_is_sent(self):
        self.build()
        shield = self.shield()
        css = next(self.out.glob("files/a.*.css"))
        good = css.read_bytes()
        css.write_bytes(good + b" ")
        self.refused(self.push(shield.url), FAILED, css.name, "does not match its name")
        css.write_bytes(good)
        manifest = (self.out / "manifest.json").read_text()
        (self.out / "manifest.json").write_text(manifest.replace('"version":1', '"version":9'))
        self.refused(self.push(shield.url), FAILED, "manifest.json", "version: 9 is not supported")
        (self.out / "manifest.json").write_text(manifest[:100])
        self.refused(self.push(shield.url), FAILED, "manifest.json", "line ")
        self.assertEqual(shield.requests, [])

    def test_the_options_are_printed_for_manuals_and_editors(self):
        self.assertIn("images.widths", run("--dump_options=markdown").stdout)
        schema = json.loads(run("--dump_options=schema").stdout)
        self.assertIn("images", schema["properties"])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The command line of skerry-pipeline: what it prints and how it ends. Mistakes: bad_input_test.py."""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "skerry-pipeline")
SANITIZED = True

DONE, BUDGET, UNCONFIRMED = 0, 3, 4


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

    def test_build_prints_a_table_that_lines_up(self):
        done = self.build()
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        rows = [line for line in done.stdout.splitlines() if line.startswith(("  pages", "  styles", "  all"))]
        self.assertEqual(len(rows), 3)
        self.assertEqual(len({len(row) for row in rows}), 1)
        self.assertNotIn("\x1b", done.stdout)

    def test_help_exits_0(self):
        self.assertEqual(run("--help").returncode, DONE)
        self.assertEqual(run("push", "--help").returncode, DONE)

    def test_build_prints_json(self):
        done = self.build("--json")
        report = json.loads(done.stdout)
        self.assertEqual(report["kinds"]["styles"]["files"], 1)
        self.assertEqual(report["renamed"], 1)

    def test_the_typing_of_the_manifest_has_the_members_of_its_schema(self):
        with open(os.path.join(ROOT, "docs/manifest.schema.json"), encoding="utf-8") as file:
            schema = json.load(file)
        with open(os.path.join(ROOT, "docs/manifest.d.ts"), encoding="utf-8") as file:
            typing = file.read()

        def members(interface):
            body = re.search(r"export interface %s \{(.*?)\n\}" % interface, typing, re.S).group(1)
            return {name: not optional for name, optional in re.findall(r"^  (\w+)(\??):", body, re.M)}

        def wanted(part):
            return {name: name in part.get("required", ()) for name in part["properties"]}

        self.assertEqual(members("Manifest"), wanted(schema))
        self.assertEqual(members("Entry"), wanted(schema["$defs"]["entry"]))
        self.assertEqual(members("ImageVariant"), wanted(schema["$defs"]["image"]))
        self.assertEqual(members("DeltaVariant"), {**wanted(schema["$defs"]["coded"]), "dictionary": True})

    def test_the_report_is_also_a_page(self):
        page = self.top / "report.html"
        done = self.build(f"--report={page}")
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        self.assertIn("<h2>What it weighs</h2>", page.read_text())

    def test_inline_scripts_and_styles_are_noted_with_their_hashes(self):
        (self.site / "index.html").write_text("<style>p{}</style><script>alert(1)</script><script src=data:,></script><script type=application/json>{}</script>")
        self.assertEqual(self.build().returncode, DONE)
        notes = json.loads((self.out / "manifest.json").read_text())["entries"][-1]["notes"]
        source = lambda text: "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        self.assertEqual(notes, {"csp script-src": source("alert(1)"), "csp style-src": source("p{}")})

    def test_a_budget_is_kept_or_the_offender_shown(self):
        (self.site / "skerry.toml").write_text("[budgets]\nstyle = \"10B\"\n")
        done = self.build()
        self.assertEqual(done.returncode, BUDGET)
        self.assertIn("over budget", done.stdout)
        self.assertIn('    [budgets]\n    style = "1KiB"\n', done.stdout)
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

    def test_the_options_are_printed_for_manuals_and_editors(self):
        self.assertIn("images.widths", run("--dump_options=markdown").stdout)
        schema = json.loads(run("--dump_options=schema").stdout)
        self.assertIn("images", schema["properties"])


if __name__ == "__main__":
    unittest.main()

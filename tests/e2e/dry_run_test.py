"""--dry_run: a made-up log whose outcome is known by hand, and a real one."""
import json
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, eventually, fetch  # noqa: E402

TIMEOUT_SECONDS = 300

SITE = "[[site]]\nname = \"shop\"\nhosts = [\"shop.example\"]\norigin = \"http://127.0.0.1:1\"\n"


def line(second, path, cache="skerry-edge; fwd=uri-miss; fwd-status=200; stored", answer=None, **more):
    return json.dumps({"time": f"2026-11-21T12:{second // 60:02}:{second % 60:02}.000Z", "peer": "192.0.2.1", "protocol": "h2", "method": "GET",
                       "scheme": "https", "host": "shop.example", "path": path, "site": "shop", "status": 200, "bytes": 1000, "ms": 0.0,
                       "cache": cache, "step": "write", "complete": True, "size": 1000,
                       "answer": {"status": 200, "etag": '"1"', **(answer or {"cache-control": "max-age=60"})}, **more}) + "\n"


class DryRunTest(Case):
    def dry_run(self, log, *flags):
        code, text = self.run_program("skerry-edge", f"--dry_run={log}", *flags)
        self.assertEqual(code, 0, text)
        return text

    def outcome(self, log, *flags):
        return json.loads(self.dry_run(log, "--json", *flags))

    def test_a_log_whose_outcome_is_known_by_hand(self):
        # /a for a minute: a miss, 5 hits, at 60 s a 304, a hit. /page: never fresh, so 4 validations after the miss.
        log = self.file("access.log", "".join([line(s, "/a") for s in (0, 10, 20, 30, 40, 50, 60, 70)] +
                                              [line(s, "/page", answer={"cache-control": "max-age=0"}) for s in (1, 2, 3, 4, 5)]))
        old = self.file("old.toml", SITE)
        new = self.file("new.toml", SITE + "[[site.rule]]\nmatch = [\"/page\"]\nedge_ttl = \"1m\"\n")
        told = self.outcome(log, f"--config={new}", f"--against={old}")
        before, after = told["outcomes"]
        self.assertEqual((before["name"], before["requests"], before["hits"], before["origin_requests"], before["origin_bytes"]),
                         ("old.toml", 13, 6, 7, 2000))
        self.assertEqual((after["name"], after["requests"], after["hits"], after["origin_requests"], after["origin_bytes"]),
                         ("new.toml", 13, 10, 3, 2000))
        self.assertEqual(before["forwarded"], {"stale": 5, "uri-miss": 2})
        self.assertEqual([changed["url"] for changed in told["changed"]], ["https://shop.example/page"])
        text = self.dry_run(log, f"--config={new}", f"--against={old}")
        self.assertRegex(text, r"hits +6 +10 +\+4\n")
        self.assertRegex(text, r"https://shop\.example/page +5 +0 +4 +5 +1\n")
        self.assertEqual(text, self.dry_run(log, f"--config={new}", f"--against={old}"), "not deterministic")

    def test_bad_lines_are_counted_and_named(self):
        log = self.file("access.log", line(0, "/a") + "broken\n{\"time\":\"x\"}\n" + line(1, "/a"))
        config = self.file("edge.toml", SITE)
        text = self.dry_run(log, f"--config={config}")
        self.assertIn("2 lines cannot be used", text)
        self.assertIn("line 2: ", text)
        self.assertRegex(text, r"requests +2 +2\n")

    def test_what_cannot_be_replayed_is_refused(self):
        config = self.file("edge.toml", SITE)
        for flags, code, says in ((["--dry_run=/nowhere/access.log"], 2, "/nowhere/access.log"),
                                  ([f"--dry_run={self.file('empty.log', 'no')}"], 1, "no line"),
                                  (["--against=x.toml"], 2, "only with --dry_run"),
                                  ([f"--dry_run={config}", "--against=/nowhere/old.toml"], 2, "/nowhere/old.toml")):
            with self.subTest(flags):
                got, text = self.run_program("skerry-edge", f"--config={config}", *flags)
                self.assertEqual((got, says in text), (code, True), text)

    def test_an_nginx_log_says_what_is_assumed(self):
        log = self.file("access.log", "".join(f'192.0.2.1 - - [21/Nov/2026:13:00:{s:02} +0100] "GET /assets/a.css HTTP/1.1" 200 5000 "-" "curl"\n'
                                              for s in range(10)))
        config = self.file("edge.toml", SITE + "[[site.rule]]\nmatch = [\"/assets/*\"]\nedge_ttl = \"1h\"\n")
        told = self.outcome(log, f"--config={config}")
        self.assertEqual(told["outcomes"][1]["hits"], 9)
        self.assertTrue(any("combined format" in one for one in told["assumed"]))

    def test_the_log_of_real_traffic_replays_to_the_same_hits(self):
        origin = self.origin()
        css = b"a { color: red }\n" * 300
        origin.answers["/a.css"] = (200, {"Cache-Control": "max-age=600", "ETag": '"a"', "Content-Type": "text/css"}, css)
        origin.answers["/page"] = (200, {"Cache-Control": "max-age=0", "ETag": '"p"'}, b"page")
        origin.answers["/private"] = (200, {"Cache-Control": "private"}, b"me")
        origin.answers["/swr"] = (200, {"Cache-Control": "max-age=0, stale-while-revalidate=600", "ETag": '"s"'}, b"swr")
        origin.answers["/large"] = (200, {"Cache-Control": "max-age=600"}, os.urandom(3_000_000))
        origin.answers["/form"] = (200, {}, b"done")
        log = os.path.join(self.folder, "access.log")
        config = self.file("edge.toml", f"origin = \"{origin.url}\"\nram_cache = \"64MiB\"\ndisk_cache = \"256MiB\"\n")
        edge = self.edge(f"--config={config}", f"--access_log={log}")
        chance = random.Random(7)
        encodings = ["br, gzip", "gzip", "gzip, br;q=0.9", "identity"]
        hits, total = 0, 120
        for _ in range(total):
            path = chance.choice(["/a.css", "/a.css", "/a.css", "/page", "/private", "/swr", "/large", "/missing", "/form"])
            fields = ["Accept-Encoding: " + chance.choice(encodings)]
            if chance.random() < 0.2:
                fields.append("Cookie: id=1")
            if path == "/large" and chance.random() < 0.5:
                fields.append("Range: bytes=100-199")
            method = "POST" if path == "/form" else None
            answer = fetch(f"https://{edge.ready['https']}{path}", *fields, method=method, body=b"x" if method else None)
            hits += "; hit" in answer.field("cache-status").split(",")[-1]
        edge.terminate()
        eventually(lambda: os.path.exists(log), what="the log")
        told = self.outcome(log, f"--config={config}", "--ram_cache=64MiB")
        logged, replayed = told["outcomes"]
        self.assertEqual(told["bad_lines"], 0)
        self.assertEqual((logged["requests"], logged["hits"]), (total, hits))
        self.assertEqual((replayed["requests"], replayed["hits"]), (total, hits), json.dumps(told["changed"], indent=1))
        self.assertGreaterEqual(replayed["origin_requests"], logged["origin_requests"])


if __name__ == "__main__":
    unittest.main()

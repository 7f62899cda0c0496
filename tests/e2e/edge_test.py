"""skerry-edge as a caching reverse proxy: real sockets, TLS, HTTP/2 and HTTP/1.1."""
import concurrent.futures
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, eventually, fetch, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300

FRESH = {"Cache-Control": "max-age=600", "ETag": '"v1"', "Content-Type": "text/plain"}


class EdgeTest(Case):
    def url(self, edge, path, scheme="https"):
        return f"{scheme}://{edge.ready[scheme]}{path}"

    def test_a_page_is_a_miss_then_a_hit_over_http2_and_http1(self):
        origin = self.origin()
        origin.answers["/a"] = (200, FRESH, b"hello")
        edge = self.edge(origin=origin)
        miss = fetch(self.url(edge, "/a"))
        self.assertEqual((miss.status, miss.version, miss.body), (200, "2", b"hello"))
        self.assertIn("skerry-edge; fwd=uri-miss; fwd-status=200; ttl=600; stored", miss.field("cache-status"))
        hit = fetch(self.url(edge, "/a"))
        self.assertIn("skerry-edge; hit", hit.field("cache-status"))
        self.assertEqual(hit.body, b"hello")
        again = fetch(self.url(edge, "/a"), http="--http1.1")
        self.assertEqual((again.version, again.body), ("1.1", b"hello"))
        self.assertEqual(origin.count("/a"), 1)
        plain = fetch(self.url(edge, "/a", "http"), http="--http2-prior-knowledge")
        self.assertEqual((plain.version, plain.body), ("2", b"hello"))
        self.assertEqual(origin.count("/a"), 2)  # http is another key than https

    def test_every_method_is_proxied_with_its_body(self):
        origin = self.origin()
        origin.answers["/form"] = lambda request: (201, {"X-Method": request.command}, b"done")
        edge = self.edge(origin=origin)
        body = os.urandom(300_000)
        for method, http in (("POST", "--http2"), ("PUT", "--http1.1"), ("PATCH", "--http2"), ("DELETE", "--http2")):
            answer = fetch(self.url(edge, "/form"), "Content-Type: application/octet-stream", method=method, body=body, http=http)
            self.assertEqual((answer.status, answer.field("x-method"), answer.body), (201, method, b"done"))
            self.assertEqual(origin.asked[-1][3], body)

    def test_compresses_text_and_keeps_the_identity_variant_right(self):
        origin = self.origin()
        css = b"".join(b".rule-%d { color: red }\n" % i for i in range(2000))
        origin.answers["/a.css"] = (200, {"Cache-Control": "max-age=600", "Content-Type": "text/css", "ETag": '"c"'}, css)
        edge = self.edge(origin=origin)
        for _ in range(2):
            brotli = fetch(self.url(edge, "/a.css"), "Accept-Encoding: br, gzip")
            self.assertEqual(brotli.field("content-encoding"), "br")
            self.assertEqual(subprocess.run(["brotli", "-dc"], input=brotli.body, capture_output=True, check=True).stdout, css)
            zipped = fetch(self.url(edge, "/a.css"), "Accept-Encoding: gzip")
            self.assertEqual(gzip.decompress(zipped.body), css)
            self.assertEqual(fetch(self.url(edge, "/a.css")).body, css)
        self.assertIn("accept-encoding", fetch(self.url(edge, "/a.css")).field("vary").lower())

    def test_conditions_and_ranges(self):
        origin = self.origin()
        origin.answers["/a"] = (200, FRESH, b"0123456789")
        edge = self.edge(origin=origin)
        fetch(self.url(edge, "/a"))
        self.assertEqual(fetch(self.url(edge, "/a"), 'If-None-Match: "v1"').status, 304)
        part = fetch(self.url(edge, "/a"), "Range: bytes=2-4")
        self.assertEqual((part.status, part.body, part.field("content-range")), (206, b"234", "bytes 2-4/10"))
        self.assertEqual(fetch(self.url(edge, "/a"), "Range: bytes=20-").status, 416)
        head = fetch(self.url(edge, "/a"), method="HEAD")
        self.assertEqual((head.status, head.field("content-length")), (200, "10"))

    def test_a_hundred_waiters_on_two_workers_are_one_fetch(self):
        origin = self.origin()
        gate = threading.Event()

        def slow(_request):
            gate.wait(20)
            return 200, FRESH, b"x" * 50_000

        origin.answers["/slow"] = slow
        edge = self.edge(origin=origin)
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            asked = [pool.submit(fetch, self.url(edge, "/slow")) for _ in range(100)]
            eventually(lambda: metric(edge.ready["admin"], "skerry_collapsed_requests_total") >= 99, what="99 waiters")
            gate.set()
            bodies = {answer.result().body for answer in asked}
        self.assertEqual(bodies, {b"x" * 50_000})
        self.assertEqual(origin.count("/slow"), 1)

    def test_stale_is_served_when_the_origin_is_gone(self):
        origin = self.origin()
        origin.answers["/a"] = (200, {"Cache-Control": "max-age=1, stale-if-error=600"}, b"old")
        edge = self.edge(origin=origin)
        fetch(self.url(edge, "/a"))
        origin.close()
        stale = eventually(lambda: (lambda a: a if "ttl=-" in a.field("cache-status") else None)(fetch(self.url(edge, "/a"))))
        self.assertEqual((stale.status, stale.body), (200, b"old"))
        gone = fetch(self.url(edge, "/other"))
        self.assertEqual((gone.status, gone.field("content-type")), (502, "application/problem+json"))
        self.assertIn("error=connection_refused", gone.field("proxy-status"))

    def test_large_objects_stream_and_are_served_from_disk_after_kill_9(self):
        origin = self.origin()
        large = os.urandom(9_000_001)
        small = os.urandom(5000)
        origin.answers["/large"] = (200, FRESH, large)
        origin.answers["/small"] = (200, FRESH, small)
        cache = os.path.join(self.folder, "cache")
        edge = self.edge(origin=origin, cache=cache)
        self.assertEqual(fetch(self.url(edge, "/large")).body, large)
        self.assertEqual(fetch(self.url(edge, "/small")).body, small)
        eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") >= 2, what="two objects on disk")
        eventually(lambda: metric(edge.ready["admin"], "skerry_store_unflushed_bytes") == 0, what="flushed")
        edge.kill()
        edge = self.edge(origin=origin, cache=cache)
        for path, body in (("/large", large), ("/small", small)):
            answer = eventually(lambda p=path: (lambda a: a if "hit" in a.field("cache-status") else None)(fetch(self.url(edge, p))))
            self.assertEqual(answer.body, body)
        self.assertEqual(metric(edge.ready["admin"], "skerry_store_corrupt_total"), 0)
        self.assertGreaterEqual(metric(edge.ready["admin"], "skerry_cache_hits_total"), 2)

    def test_a_body_cut_short_by_the_origin_never_looks_whole(self):
        origin = self.origin()

        def cut(request):
            request.send_response(200)
            request.send_header("Content-Length", "100000")
            request.send_header("Cache-Control", "max-age=600")
            request.end_headers()
            request.wfile.write(b"x" * 1000)
            request.wfile.flush()
            request.connection.shutdown(socket.SHUT_RDWR)

        origin.answers["/cut"] = cut
        edge = self.edge(origin=origin)
        for http in ("--http2", "--http1.1"):
            with self.assertRaisesRegex(AssertionError, "exit (18|56|92)"):
                fetch(self.url(edge, "/cut"), http=http)
        self.assertGreaterEqual(origin.count("/cut"), 2)

    def test_requests_under_way_are_finished_at_term(self):
        origin = self.origin()
        begun, gate = threading.Event(), threading.Event()

        def slow(_request):
            begun.set()
            gate.wait(20)
            return 200, {}, b"finished"

        origin.answers["/slow"] = slow
        edge = self.edge(origin=origin)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(fetch, self.url(edge, "/slow"))
            begun.wait(20)
            edge.process.send_signal(signal.SIGTERM)
            eventually(lambda: "draining" in edge.log(), what="draining")
            gate.set()
            self.assertEqual(asked.result().body, b"finished")
        self.assertEqual(edge.process.wait(30), 0)

    def test_the_access_log_is_json_and_the_metrics_are_those_of_the_contract(self):
        origin = self.origin()
        origin.answers["/a"] = (200, FRESH, b"hello")
        log = os.path.join(self.folder, "access.log")
        edge = self.edge(f"--access_log={log}", origin=origin)
        fetch(self.url(edge, "/a?b=c"))
        fetch(self.url(edge, "/a?b=c"))
        text = fetch(f"http://{edge.ready['admin']}/metrics", http="--http1.1").body.decode()
        for name in ("skerry_requests_total", "skerry_request_seconds_bucket", "skerry_cache_hits_total", "skerry_cache_misses_total",
                     "skerry_origin_requests_total", "skerry_origin_bytes_total", "skerry_response_bytes_total", "skerry_connections",
                     "skerry_ram_bytes", "skerry_ram_objects", "skerry_disk_bytes", "skerry_disk_objects", "skerry_store_unflushed_bytes",
                     "skerry_store_corrupt_total", "skerry_purge_applied_seq", "skerry_purge_head_seq", "skerry_fenced", "skerry_variants_capped_total"):
            self.assertIn(f"\n{name}", "\n" + text)
        for path in ("/livez", "/readyz", "/healthz?verbose", "/"):
            self.assertEqual(fetch(f"http://{edge.ready['admin']}{path}", http="--http1.1").status, 200, path)
        edge.terminate()
        with open(log, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([line["path"] for line in lines], ["/a?b=c", "/a?b=c"])
        self.assertIn("hit", lines[1]["cache"])

    def test_the_access_log_names_the_rule_and_its_line(self):
        origin = self.origin()
        origin.answers["/a.css"] = (200, FRESH, b"css")
        log = os.path.join(self.folder, "access.log")
        config = self.file("edge.toml", f"""origin = "{origin.url}"
[[site]]
name = "www"
hosts = ["*"]
[[site.rule]]
name = "styles"
match = ["*.css"]
[[site.rule]]
match = ["/*"]
error_pages = ["404: /a.css"]
""")
        edge = self.edge(f"--config={config}", f"--access_log={log}")
        for path in ("/a.css", "/none"):
            fetch(self.url(edge, path))
        edge.terminate()
        with open(log, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        named = [(line["path"], line["rule"], line["rule_at"].split("edge.toml:")[1]) for line in lines]
        # The page that stands for /none has another rule: its own is told.
        self.assertEqual(named, [("/a.css", "styles", "5"), ("/none", "/*", "8")])

    def test_a_changed_configuration_is_taken_over_at_hup_and_a_broken_one_is_not(self):
        origin = self.origin()
        origin.answers["/a"] = (200, FRESH, b"hello")
        site = f'origin = "{origin.url}"\n[[site]]\nname = "s"\nhosts = ["*"]\n[[site.rule]]\nmatch = ["*"]\nset_fields = ["X-Version: %s"]\n'
        config = self.file("edge.toml", site % "one")
        edge = self.edge(f"--config={config}")
        self.assertEqual(fetch(self.url(edge, "/a")).field("x-version"), "one")
        self.file("edge.toml", site % "two")
        edge.process.send_signal(signal.SIGHUP)
        eventually(lambda: fetch(self.url(edge, "/a")).field("x-version") == "two")
        self.file("edge.toml", "origin = 7\n")
        edge.process.send_signal(signal.SIGHUP)
        eventually(lambda: "not reloaded" in edge.log())
        self.assertEqual(fetch(self.url(edge, "/a")).field("x-version"), "two")


class ExampleConfigTest(Case):
    def test_every_example_is_valid(self):
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")
        names = sorted(name for name in os.listdir(folder) if name.startswith("edge-") and name.endswith(".toml"))
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            code, printed = self.run_program("skerry-edge", f"--config={os.path.join(folder, name)}", "--check_config")
            self.assertEqual(code, 0, f"{name}: {printed}")


if __name__ == "__main__":
    unittest.main()

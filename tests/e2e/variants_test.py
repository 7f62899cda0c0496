"""Compression, variants, early hints, priorities and digests as clients of skerry-edge see them. Real sockets."""
import base64
import gzip
import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from skerry import Case, eventually, fetch, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300

CSS = "".join(f".class-{number * 7919 % 1000} {{ margin: {number % 17}px }}\n" for number in range(3000)).encode()
FRESH = {"Cache-Control": "max-age=600", "Content-Type": "text/css", "ETag": '"v1"'}


def decode(answer):
    coding = answer.field("content-encoding")
    if coding == "gzip":
        return gzip.decompress(answer.body)
    if coding in ("br", "zstd"):
        program = ["brotli", "-dc"] if coding == "br" else ["zstd", "-dcq"]
        return subprocess.run(program, input=answer.body, capture_output=True, check=True).stdout
    return answer.body


def digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


class VariantsTest(Case):
    def url(self, edge, path):
        return f"https://{edge.ready['https']}{path}"

    def test_every_coding_decodes_and_spellings_are_no_variants(self):
        origin = self.origin()
        origin.answers["/a.css"] = (200, FRESH, CSS)
        edge = self.edge(origin=origin)
        chosen = {}
        for accepts, coding in (("gzip, deflate, br, zstd", "br"), ("gzip, zstd", "zstd"), ("gzip", "gzip"), ("identity", "")):
            answer = fetch(self.url(edge, "/a.css"), f"Accept-Encoding: {accepts}")
            self.assertEqual((answer.field("content-encoding"), decode(answer)), (coding, CSS))
            self.assertEqual(answer.field("vary"), "accept-encoding")
            chosen[coding] = answer.field("etag")
        self.assertEqual(len(set(chosen.values())), 4)
        asked = origin.count("/a.css")
        shuffle = random.Random(7)
        words = ["gzip", "GZIP;q=0.9", "br", "br;q=0.1", "deflate", "zstd", "compress;q=0.3", "identity;q=0.5", "*;q=0"]
        for _ in range(40):
            answer = fetch(self.url(edge, "/a.css"), "Accept-Encoding: " + " ,".join(shuffle.sample(words, 4)))
            self.assertEqual(decode(answer), CSS)
        # "br" without "gzip" was never offered before: the origin is asked what it has for that.
        self.assertLessEqual(origin.count("/a.css") - asked, 4)
        self.assertLessEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 4)

    def test_the_first_piece_of_a_slow_origin_is_decodable_before_the_second_is_sent(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def slow(request):
            request.send_response(200)
            for name, value in {"Cache-Control": "max-age=600", "Content-Type": "text/html", "Transfer-Encoding": "chunked"}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(b"c\r\n<p>first</p>\r\n")
            request.wfile.flush()
            go_on.wait(60)
            request.wfile.write(b"d\r\n<p>second</p>\r\n0\r\n\r\n")

        origin = self.origin()
        origin.answers["/page"] = slow
        edge = self.edge(origin=origin)
        # brotli's program prints nothing of a stream that does not end: an empty last block ends it.
        for coding, program, end in (("gzip", ["gzip", "-dc"], b""), ("br", ["brotli", "-dc"], b"\x03"), ("zstd", ["zstd", "-dcq"], b"")):
            go_on.clear()
            curl = subprocess.Popen(["curl", "-skN", "--http2", "-m", "60", "-H", f"Accept-Encoding: {coding}", self.url(edge, "/page")],
                                    stdout=subprocess.PIPE)
            coded = b""
            for _ in range(200):
                coded += os.read(curl.stdout.fileno(), 65536)
                if subprocess.run(program, input=coded + end, capture_output=True, check=False).stdout == b"<p>first</p>":
                    break
            self.assertFalse(go_on.is_set())
            go_on.set()
            coded += curl.communicate()[0]
            self.assertEqual(subprocess.run(program, input=coded, capture_output=True, check=True).stdout, b"<p>first</p><p>second</p>")

    def test_ranges_continue_the_encoding_they_were_begun_with(self):
        origin = self.origin()
        origin.answers["/a.css"] = (200, FRESH, CSS)
        edge = self.edge(origin=origin)
        other = self.edge(cache=os.path.join(self.folder, "two"), origin=origin)
        br = "Accept-Encoding: br"
        whole = fetch(self.url(edge, "/a.css"), br)
        tag = whole.field("etag")
        rest = fetch(self.url(edge, "/a.css"), br, "Range: bytes=100-", f"If-Range: {tag}")
        self.assertEqual((rest.status, whole.body[:100] + rest.body), (206, whole.body))
        # Another node's bytes are not these: no part of them, but nothing new either.
        self.assertEqual(fetch(self.url(other, "/a.css"), br, "Range: bytes=100-", f"If-Range: {tag}").status, 200)
        again = fetch(self.url(other, "/a.css"), br, f"If-None-Match: {tag}")
        self.assertEqual((again.status, again.field("etag"), again.field("vary")), (304, tag, "accept-encoding"))

    def test_variants_are_found_on_disk_after_kill_9_by_whoever_can_use_them(self):
        origin = self.origin()
        origin.answers["/a.css"] = (200, FRESH, CSS)
        edge = self.edge(origin=origin)
        host = "Host: site.example"  # the port is another one after the restart
        tags = {coding: fetch(self.url(edge, "/a.css"), host, f"Accept-Encoding: {coding}").field("etag") for coding in ("br", "gzip", "identity")}
        eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") >= 3, what="three variants on disk")
        eventually(lambda: metric(edge.ready["admin"], "skerry_store_unflushed_bytes") == 0, what="the flush")
        edge.kill()
        origin.close()
        edge = self.edge("--origin=http://127.0.0.1:1")
        for accepts, coding in (("br", "br"), ("deflate, GZIP", "gzip"), ("identity", "identity"), ("compress", "identity")):
            answer = fetch(self.url(edge, "/a.css"), host, f"Accept-Encoding: {accepts}")
            self.assertEqual((answer.status, answer.field("etag")), (200, tags[coding]))
            self.assertEqual(decode(answer), CSS)

    def test_variants_of_one_object_are_capped_and_counted(self):
        origin = self.origin()
        origin.answers["/a"] = lambda request: (200, {"Cache-Control": "max-age=600", "Vary": "X-Shade"}, request.headers["X-Shade"].encode())
        config = self.file("edge.toml", "[limits]\nvariants = 4\n")
        edge = self.edge(f"--config={config}", "--profile=rfc", origin=origin)
        for shade in range(12):
            self.assertEqual(fetch(self.url(edge, "/a"), f"X-Shade: {shade}").body, str(shade).encode())
        self.assertLessEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 4)
        eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") <= 4, what="four variants on disk")
        self.assertGreaterEqual(metric(edge.ready["admin"], "skerry_variants_capped_total"), 16)
        self.assertEqual(fetch(self.url(edge, "/a"), "X-Shade: 11").body, b"11")

    def test_a_hot_object_becomes_smaller_behind_the_requests(self):
        origin = self.origin()
        origin.answers["/a.css"] = (200, FRESH, CSS)
        config = self.file("edge.toml", "[compression]\nupgrade_hits = 3\nupgrade_cpu = 100\n")
        edge = self.edge(f"--config={config}", origin=origin)
        first = fetch(self.url(edge, "/a.css"), "Accept-Encoding: br")

        def upgraded():
            answer = fetch(self.url(edge, "/a.css"), "Accept-Encoding: br")
            return answer if answer.field("etag") == '"v1~br11"' else None

        smaller = eventually(upgraded, seconds=60, what="an upgrade to Brotli 11")
        self.assertLess(len(smaller.body), len(first.body))
        self.assertEqual(decode(smaller), CSS)
        self.assertEqual(origin.count("/a.css"), 1)
        self.assertEqual(metric(edge.ready["admin"], "skerry_upgrades_total"), 1)

    def test_early_hints_go_ahead_of_a_stored_page_to_navigations_by_http2(self):
        origin = self.origin()
        link = "</app.css>; rel=preload; as=style"
        origin.answers["/"] = (200, {"Cache-Control": "max-age=600", "Content-Type": "text/html", "Link": link}, b"page")
        edge = self.edge(origin=origin)
        config = self.file("edge.toml", "early_hints = false\n")
        off = self.edge(f"--config={config}", cache=os.path.join(self.folder, "off"), origin=origin)

        def hints(node, *flags):
            done = subprocess.run(["curl", "-skD", "-", "-o", os.devnull, "-m", "30", *flags, self.url(node, "/")], capture_output=True, check=True)
            return b" 103" in done.stdout, done.stdout.count(link.encode())

        navigate = ["-H", "Sec-Fetch-Mode: navigate"]
        for node in (edge, off):
            self.assertEqual(hints(node, "--http2", *navigate), (False, 1))
        self.assertEqual(hints(edge, "--http2", *navigate), (True, 2))
        self.assertEqual(hints(edge, "--http2"), (False, 1))
        self.assertEqual(hints(edge, "--http1.1", *navigate), (False, 1))
        self.assertEqual(hints(off, "--http2", *navigate), (False, 1))

    def test_a_body_that_does_not_match_its_digest_is_never_served_whole_nor_stored(self):
        origin = self.origin()
        right, wrong = os.urandom(500_000), bytearray()
        wrong[:] = right
        wrong[400_000] ^= 1
        fields = {"Cache-Control": "max-age=600", "Content-Type": "image/avif", "Repr-Digest": digest(right)}
        served = []

        def flips_once(_request):
            served.append(1)
            return 200, fields, bytes(wrong) if len(served) == 1 else right

        origin.answers["/a.avif"] = flips_once
        edge = self.edge(origin=origin)
        with self.assertRaises(AssertionError):
            fetch(self.url(edge, "/a.avif"))
        # It was fetched once more behind the broken stream.
        eventually(lambda: metric(edge.ready["admin"], "skerry_ram_objects") == 1, what="the second fetch")
        answer = fetch(self.url(edge, "/a.avif"))
        self.assertEqual(answer.body, right)
        self.assertIn("hit", answer.field("cache-status"))
        self.assertEqual(len(served), 2)
        for name in ("skerry_digest_mismatch_total", "skerry_digest_refetches_total"):
            self.assertEqual(metric(edge.ready["admin"], name), 1)

    def test_a_small_body_that_does_not_match_is_fetched_again_unseen(self):
        origin = self.origin()
        served = []

        def flips_once(_request):
            served.append(1)
            body = b"wrong" if len(served) == 1 else b"right"
            return 200, {"Cache-Control": "max-age=600", "Content-Digest": digest(b"right")}, body

        origin.answers["/a"] = flips_once
        edge = self.edge(origin=origin)
        self.assertEqual(fetch(self.url(edge, "/a")).body, b"right")
        self.assertEqual(len(served), 2)


class PriorityTest(Case):
    def test_a_stylesheet_overtakes_an_image_in_flight(self):
        origin = self.origin()
        image, css = os.urandom(8_000_000), os.urandom(60_000)
        origin.answers["/hero.avif"] = (200, {"Cache-Control": "max-age=600", "Content-Type": "image/avif"}, image)
        origin.answers["/app.css"] = (200, {"Cache-Control": "max-age=600", "Content-Type": "image/x-opaque"}, css)
        edge = self.edge(origin=origin)
        for path in ("/hero.avif", "/app.css"):
            fetch(f"https://{edge.ready['https']}{path}")
        with H2Wire(edge.ready["http"]) as wire:
            big = wire.get("/hero.avif", "u=5, i")
            while wire.received[big] < 300_000:
                wire.read()
            small = wire.get("/app.css", "u=0")
            before = wire.received[big]
            while not wire.ended[small]:
                wire.read()
            # What was in the sockets' buffers when the stylesheet was asked for, and little more.
            overtaken = len(image) - wire.received[big]
            self.assertEqual(wire.received[small], len(css))
            self.assertGreater(overtaken, 2_000_000, f"the image had {before} bytes then, {wire.received[big]} now")


class H2Wire:
    """HTTP/2 by hand, in clear text by prior knowledge: frames are counted as they come."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = address
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.socket.settimeout(60)
        self.socket.connect((host, int(port)))
        self.buffer, self.next = b"", 1
        self.received, self.ended = {}, {}
        window = 1 << 30
        settings = (4).to_bytes(2, "big") + window.to_bytes(4, "big")
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(4, 0, 0, settings) + self.frame(8, 0, 0, window.to_bytes(4, "big")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    @staticmethod
    def frame(kind, flags, stream, payload):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def get(self, path, priority):
        fields = [(":method", "GET"), (":scheme", "http"), (":authority", self.address), (":path", path), ("priority", priority)]
        block = b""
        for name, value in fields:
            # Literal without indexing, no Huffman coding; all lengths are below 127.
            block += b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        stream, self.next = self.next, self.next + 2
        self.received[stream], self.ended[stream] = 0, False
        self.socket.sendall(self.frame(1, 0x05, stream, block))
        return stream

    def read(self):
        data = self.socket.recv(16384)
        if not data:
            raise AssertionError("the connection has ended")
        self.buffer += data
        while len(self.buffer) >= 9:
            size, kind, flags = int.from_bytes(self.buffer[:3], "big"), self.buffer[3], self.buffer[4]
            stream = int.from_bytes(self.buffer[5:9], "big")
            if len(self.buffer) < 9 + size:
                return
            self.buffer = self.buffer[9 + size:]
            if kind == 0:
                self.received[stream] += size
            if kind in (0, 1) and flags & 1:
                self.ended[stream] = True
            if kind == 4 and not flags & 1:
                self.socket.sendall(self.frame(4, 1, 0, b""))


if __name__ == "__main__":
    unittest.main()

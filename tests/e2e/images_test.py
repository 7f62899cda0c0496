"""Variants of a release through shield and edge: images by Accept, scripts by Accept-Encoding. Real sockets."""
import gzip
import http.client
import json
import os
import random
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shield_test import NODE_TOKEN, ReleaseCase, sha  # noqa: E402
from skerry import fetch, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300

SPELLINGS = 300
TYPES = ["image/avif", "image/webp", "image/*", "*/*", "image/png", "IMAGE/AVIF", "image/webp;q=0", "image/avif;q=0.0", "image/webp;q=0.3",
         "image/avif ; q=1", "text/html", "image/svg+xml;charset=x", "image/apng", "nonsense", "", "image/jxl"]
CODINGS = ["gzip", "br", "zstd", "GZIP", "br;q=0", "br;q=0.5", "gzip ; q=0.1", "zstd;q=0", "identity", "identity;q=0.2", "deflate", "*", "*;q=0.01",
           "x-gzip", "compress;q=0.9", "lzma", ""]


def spellings(words, seed):
    """Header values, each another one; some repeat or shuffle the words of others."""
    shuffle = random.Random(seed)
    made = set()
    while len(made) < SPELLINGS:
        separator = shuffle.choice([",", ", ", " ,", ",\t", ",,"])
        made.add(separator.join(shuffle.sample(words, shuffle.randint(1, 6))))
    return sorted(made)


def wanted(accept):
    """The formats a client names itself, as a second opinion: the first mention of a type counts for nothing, any with a quality above 0 does."""
    named = {}
    for member in accept.split(","):
        parts = [part.strip().lower() for part in member.split(";")]
        quality = next((float(part[2:]) for part in parts[1:] if part.startswith("q=")), 1.0)
        named.setdefault(parts[0], []).append(quality)
    return named


class Reply:
    def __init__(self, response):
        self.status, self.fields, self.body = response.status, response.headers, response.read()

    def field(self, name):
        return ", ".join(self.fields.get_all(name) or [])

    def varies_on(self, name):
        return name in [one.strip().lower() for one in self.field("vary").split(",")]


class ImagesTest(ReleaseCase):
    def setUp(self):
        super().setUp()
        noise = random.Random(3)
        self.images = {"image/png": noise.randbytes(9000), "image/webp": noise.randbytes(5000), "image/avif": noise.randbytes(3000)}
        self.script = b"".join(b"export const a%d = %d;\n" % (number, number * 7919) for number in range(500))
        self.coded = {"gzip": gzip.compress(self.script, 9, mtime=0)}
        for coding, program in (("br", ["brotli", "-c"]), ("zstd", ["zstd", "-cq", "--ultra", "-22"])):
            self.coded[coding] = subprocess.run(program, input=self.script, capture_output=True, check=True).stdout
        self.coded[""] = self.script
        nodes = self.file("nodes.tokens", NODE_TOKEN + "\n")
        credentials = [f"--purge_token_file={nodes}"]
        purge = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/purge", f"--token_file={nodes}")
        service = f"--purge=http://{purge.ready['listen']}"
        self.node = self.shield(service, *credentials, "--node=shield-1")
        self.push_site()
        shield = f"--shield=http://{self.node.ready['listen']}"
        # One is told which variants exist; to the other one the shield is just an origin.
        self.edges = [self.edge(shield, service, *credentials, "--node=edge-1"), self.edge(shield, cache=os.path.join(self.folder, "other"))]
        self.connections = {}

    def push_site(self):
        images = [{"type": kind, "width": 640, "height": 360, "path": f"/img/hero-640.{sha(data)[:12]}.{kind[6:]}", "sha256": sha(data), "size": len(data)}
                  for kind, data in self.images.items() if kind != "image/png"]
        codings = [{"coding": coding, "sha256": sha(data), "size": len(data)} for coding, data in self.coded.items() if coding]
        entries = [{"path": "/img/hero.png", "sha256": sha(self.images["image/png"]), "size": 9000, "type": "image/png", "cache": "page",
                    "width": 640, "height": 360, "variants": images},
                   {"path": "/app.js", "sha256": sha(self.script), "size": len(self.script), "type": "text/javascript", "cache": "page", "variants": codings}]
        status, said = self.api(self.node, "POST", "/v1/sites/demo/releases", json.dumps({"version": 1, "entries": entries}).encode())
        self.assertEqual(status, 201, said)
        blobs = {sha(data): data for data in [*self.images.values(), *self.coded.values()]}
        for name in said["missing"]:
            self.assertEqual(self.api(self.node, "PUT", f"/v1/blobs/{name}", blobs[name])[0], 201)
        status, receipt = self.activate(self.node, said["release"])
        self.assertEqual((status, receipt["state"]), (200, "complete"), receipt)

    def ask(self, edge, path, method="GET", **fields):
        """By HTTP/1.1 over one connection an edge: hundreds of requests in a moment."""
        address = edge.ready["http"]
        if address not in self.connections:
            self.connections[address] = http.client.HTTPConnection(address, timeout=30)
            self.addCleanup(self.connections[address].close)
        connection = self.connections[address]
        connection.request(method, path, headers={"Host": "site.example", **{name.replace("_", "-"): value for name, value in fields.items()}})
        return Reply(connection.getresponse())

    def kind_of(self, answer):
        return next((kind for kind, data in self.images.items() if data == answer.body), "none of them")

    def test_spellings_of_accept_are_at_most_three_images(self):
        for edge in self.edges:
            seen = set()
            for accept in spellings(TYPES, 11):
                answer = self.ask(edge, "/img/hero.png", Accept=accept, Accept_Encoding=random.Random(accept).choice(CODINGS))
                self.assertEqual(answer.status, 200)
                kind = self.kind_of(answer)
                self.assertEqual(answer.field("content-type"), kind, accept)
                self.assertEqual((answer.field("content-encoding"), answer.varies_on("accept")), ("", True), accept)
                named = wanted(accept)
                for modern in ("image/avif", "image/webp"):
                    if kind == modern:
                        self.assertTrue(any(named.get(modern, [])), accept)
                    if named.get(modern) == [1.0]:
                        self.assertNotEqual(kind, "image/png", accept)
                seen.add(kind)
            self.assertEqual(seen, set(self.images))
            self.assertLessEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 3)
            # Of a client that says nothing, or anything else, nothing is assumed.
            self.assertEqual(self.kind_of(self.ask(edge, "/img/hero.png")), "image/png")
            self.assertEqual(self.kind_of(self.ask(edge, "/img/hero.png", Accept="*/*")), "image/png")
            # Who takes no image at all, or refuses one by name, is asked for anew: the upstream may have another answer for that.
            self.assertLessEqual(metric(edge.ready["admin"], "skerry_origin_requests_total"), 30)

    def test_spellings_of_accept_encoding_are_at_most_four_scripts(self):
        for edge in self.edges:
            seen = set()
            for accept in spellings(CODINGS, 12):
                answer = self.ask(edge, "/app.js", Accept_Encoding=accept, Accept=random.Random(accept).choice(TYPES))
                coding = answer.field("content-encoding")
                self.assertEqual((answer.status, answer.field("content-type")), (200, "text/javascript"))
                self.assertEqual(answer.body, self.coded[coding], accept)
                self.assertTrue(answer.varies_on("accept-encoding"), accept)
                if coding:
                    self.assertRegex(accept.lower(), rf"(^|[ ,\t])(x-)?{coding}\b|\*", accept)
                seen.add(coding)
            self.assertEqual(seen, set(self.coded))
            self.assertLessEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 4)
            self.assertLessEqual(metric(edge.ready["admin"], "skerry_origin_requests_total"), 16)

    def choices(self):
        """(path, fields that choose it, content type, coding, bytes)."""
        for kind, accept in (("image/avif", "image/avif,image/webp,*/*"), ("image/webp", "image/webp,*/*"), ("image/png", "*/*")):
            yield "/img/hero.png", {"Accept": accept}, kind, "", self.images[kind]
        for coding in self.coded:
            yield "/app.js", {"Accept_Encoding": coding or "identity"}, "text/javascript", coding, self.coded[coding]

    def test_conditions_heads_and_ranges_are_those_of_the_variant(self):
        for edge in self.edges:
            tags = {}
            for path, fields, kind, coding, data in self.choices():
                whole = self.ask(edge, path, **fields)
                tag = whole.field("etag")
                self.assertTrue(re.fullmatch(r'"[^"]+"', tag), tag)
                self.assertNotIn(tag, tags)
                tags[tag] = path, data
                by = "accept" if path.endswith("png") else "accept-encoding"
                same = self.ask(edge, path, If_None_Match=tag, **fields)
                self.assertEqual((same.status, same.body, same.field("etag"), same.varies_on(by)), (304, b"", tag, True))
                head = self.ask(edge, path, "HEAD", **fields)
                self.assertEqual((head.status, head.body, head.field("etag"), head.varies_on(by)), (200, b"", tag, True))
                self.assertEqual((head.field("content-length"), head.field("content-type"), head.field("content-encoding")),
                                 (str(len(data)), kind, coding))
                part = self.ask(edge, path, Range="bytes=100-299", If_Range=tag, **fields)
                self.assertEqual((part.status, part.body, part.field("content-range")), (206, data[100:300], f"bytes 100-299/{len(data)}"))
                self.assertEqual((part.field("content-type"), part.field("content-encoding"), part.varies_on(by)), (kind, coding, True))
                beyond = self.ask(edge, path, Range="bytes=99999-", **fields)
                self.assertEqual((beyond.status, beyond.field("content-range")), (416, f"bytes */{len(data)}"))
                # A tag of another variant is none of this one.
                for other, (other_path, _) in tags.items():
                    if other_path == path and other != tag:
                        answer = self.ask(edge, path, If_None_Match=other, **fields)
                        self.assertEqual((answer.status, answer.body), (200, data))
                        answer = self.ask(edge, path, Range="bytes=100-299", If_Range=other, **fields)
                        self.assertEqual((answer.status, answer.body), (200, data))
            self.assertEqual(len(tags), 7)

    def test_heads_before_anything_is_stored_tell_the_variant_too(self):
        for edge in self.edges:
            for path, fields, kind, coding, data in self.choices():
                head = self.ask(edge, path, "HEAD", **fields)
                self.assertEqual((head.status, head.body), (200, b""))
                self.assertEqual((head.field("content-length"), head.field("content-type"), head.field("content-encoding")),
                                 (str(len(data)), kind, coding))

    def test_explain_names_the_variant_that_is_stored(self):
        edge = self.edges[0]
        for path, fields, *_ in self.choices():
            self.ask(edge, path, **fields)
        page = f"http://{edge.ready['admin']}/explain?url=http://site.example/img/hero.png&header=Accept:%20"
        told = fetch(page + "image/webp", http="--http1.1").body.decode()
        self.assertIn("yes, in memory", told)
        self.assertIn("webp", told)
        self.assertIn("yes, in memory", fetch(page + "nonsense,%20image/avif;q=0.5", http="--http1.1").body.decode())


if __name__ == "__main__":
    unittest.main()

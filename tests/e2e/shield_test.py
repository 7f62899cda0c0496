"""skerry-shield: releases pushed, served, changed and rolled back; an origin behind it. Real sockets."""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, binary, fetch, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300

TOKEN = "an-upload-token-of-some-length"
NODE_TOKEN = "a-node-token-of-some-length"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def entry(path, data, **more):
    kind = {"html": "text/html", "css": "text/css", "js": "text/javascript", "bin": "application/octet-stream"}[path.rsplit(".", 1)[1]]
    return {"path": path, "sha256": sha(data), "size": len(data), "type": kind, "cache": "page", "variants": [], **more}


class ReleaseCase(Case):
    """What CI does, as verbs."""

    def shield(self, *flags, data=None, port=0):
        self.tokens = self.file("upload.tokens", TOKEN + "\n")
        return self.start("skerry-shield", f"--listen=127.0.0.1:{port}", "--admin=127.0.0.1:0", "--workers=2", f"--token_file={self.tokens}",
                          f"--data_dir={data or os.path.join(self.folder, 'data')}", *flags)

    def url(self, shield, path):
        return f"http://{shield.ready['listen']}{path}"

    def get(self, shield, path, *fields, http="--http1.1", **more):
        return fetch(self.url(shield, path), *fields, http=http, **more)

    def api(self, shield, method, path, body=None, token=TOKEN):
        answer = self.get(shield, path, f"Authorization: Bearer {token}", method=method, body=body)
        return answer.status, json.loads(answer.body)

    def push(self, shield, files, site="demo", **manifest):
        """Registers and uploads {path: bytes} or {path: (bytes, entry members)}; answers the release's id."""
        entries, blobs = [], {}
        for path, data in files.items():
            data, more = data if isinstance(data, tuple) else (data, {})
            entries.append(entry(path, data, **more))
            blobs[sha(data)] = data
        status, said = self.api(shield, "POST", f"/v1/sites/{site}/releases", json.dumps({"version": 1, "entries": entries, **manifest}).encode())
        self.assertEqual(status, 201, said)
        for name in said["missing"]:
            status, stored = self.api(shield, "PUT", f"/v1/blobs/{name}", blobs[name])
            self.assertEqual(status, 201, stored)
        return said["release"]

    def activate(self, shield, release, site="demo"):
        return self.api(shield, "POST", f"/v1/sites/{site}/releases/{release}/activate", b'{"wait":"10s"}')

    def deploy(self, shield, files, **manifest):
        release = self.push(shield, files, **manifest)
        status, receipt = self.activate(shield, release)
        self.assertEqual((status, receipt["state"]), (200, "complete"), receipt)
        return release


class ShieldTest(ReleaseCase):
    def test_a_release_is_pushed_served_changed_and_rolled_back(self):
        shield = self.shield()
        first = self.deploy(shield, {"/index.html": b"one", "/app.11111111.js": (b"js one", {"cache": "immutable"})})
        self.assertEqual(self.get(shield, "/").body, b"one")
        second = self.deploy(shield, {"/index.html": b"two", "/app.22222222.js": (b"js two", {"cache": "immutable"})})
        self.assertEqual(self.get(shield, "/").body, b"two")
        # An open tab still finds its chunk.
        self.assertEqual(self.get(shield, "/app.11111111.js").body, b"js one")
        status, receipt = self.activate(shield, first)
        self.assertEqual((status, receipt["nodes"]["skerry-shield"]["state"]), (200, "applied"))
        self.assertEqual(self.get(shield, "/").body, b"one")
        _, listed = self.api(shield, "GET", "/v1/sites/demo/releases")
        self.assertEqual(listed["active"], first)
        self.assertEqual({release["release"] for release in listed["releases"]}, {first, second})

    def test_conditions_ranges_and_both_protocols(self):
        shield = self.shield()
        data = os.urandom(700_000)
        self.deploy(shield, {"/big.bin": data})
        whole = self.get(shield, "/big.bin", http="--http2-prior-knowledge")
        self.assertEqual((whole.status, whole.version, sha(whole.body)), (200, "2", sha(data)))
        part = self.get(shield, "/big.bin", "Range: bytes=262140-262150")
        self.assertEqual((part.status, part.body), (206, data[262140:262151]))
        same = self.get(shield, "/big.bin", f"If-None-Match: {whole.field('etag')}")
        self.assertEqual((same.status, same.body), (304, b""))
        head = self.get(shield, "/big.bin", method="HEAD")
        self.assertEqual((head.status, head.field("content-length")), (200, "700000"))

    def test_everything_is_there_after_kill_9(self):
        data = os.path.join(self.folder, "data")
        shield = self.shield(data=data)
        self.deploy(shield, {"/index.html": b"one"})
        shield.kill()
        shield = self.shield(data=data)
        self.assertEqual(self.get(shield, "/").body, b"one")

    def test_a_second_site_in_simple_mode_is_refused(self):
        shield = self.shield()
        self.deploy(shield, {"/index.html": b"one"})
        before = self.api(shield, "GET", "/v1/sites/demo/releases")
        status, refused = self.api(shield, "POST", "/v1/sites/other/releases", json.dumps({"version": 1, "entries": [entry("/a.html", b"a")]}).encode())
        self.assertEqual(status, 409, refused)
        self.assertIn("demo", refused["detail"])
        self.assertEqual(self.api(shield, "GET", "/v1/sites/demo/releases"), before)

    def test_activation_names_the_blobs_that_are_missing(self):
        shield = self.shield()
        status, said = self.api(shield, "POST", "/v1/sites/demo/releases", json.dumps({"version": 1, "entries": [entry("/a.html", b"a")]}).encode())
        self.assertEqual((status, said["missing"]), (201, [sha(b"a")]))
        status, refused = self.activate(shield, said["release"])
        self.assertEqual((status, refused["missing"]), (409, [sha(b"a")]))

    def test_a_hashed_path_never_gets_other_bytes(self):
        shield = self.shield()
        self.deploy(shield, {"/app.11111111.js": (b"js", {"cache": "immutable"})})
        status, refused = self.api(shield, "POST", "/v1/sites/demo/releases", json.dumps(
            {"version": 1, "entries": [entry("/app.11111111.js", b"other", cache="immutable")]}).encode())
        self.assertEqual(status, 409, refused)
        self.assertIn("/app.11111111.js", refused["detail"])

    def test_a_flipped_bit_is_never_served_and_the_next_push_heals_it(self):
        data = os.path.join(self.folder, "data")
        shield = self.shield(data=data)
        files = {"/index.html": b"a page of some length"}
        release = self.deploy(shield, files)
        name = sha(files["/index.html"])
        path = os.path.join(data, "blobs", name[:2], name)
        with open(path, "r+b") as file:
            file.write(b"A")
        self.assertEqual(self.get(shield, "/").status, 500)
        self.assertEqual(metric(shield.ready["admin"], "skerry_store_corrupt_total"), 1)
        self.assertEqual(self.push(shield, files), release)
        self.assertEqual(self.get(shield, "/").body, files["/index.html"])

    def test_what_no_release_has_comes_from_the_origin_and_is_cached(self):
        origin = self.origin()
        origin.answers["/api"] = (200, {"Cache-Control": "max-age=60"}, b"data")
        origin.answers["/index.html"] = (200, {}, b"the origin's page")
        origin.answers["/form"] = lambda request: (200, {}, request.command.encode())
        shield = self.shield(f"--origin={origin.url}")
        self.deploy(shield, {"/index.html": b"the release's page"})
        self.assertEqual(self.get(shield, "/index.html").body, b"the release's page")
        for _ in range(2):
            answer = self.get(shield, "/api")
            self.assertEqual(answer.body, b"data")
        self.assertIn("skerry-shield; hit", answer.field("cache-status"))
        self.assertEqual(origin.count("/api"), 1)
        body = os.urandom(200_000)
        self.assertEqual(self.get(shield, "/form", method="POST", body=body).body, b"POST")
        self.assertEqual(origin.asked[-1][3], body)

    def test_the_profile_says_what_of_the_origin_is_stored(self):
        origin = self.origin()
        origin.answers["/a"] = (200, {"Cache-Control": "max-age=60", "Set-Cookie": "id=1"}, b"data")
        for flags, asked in (([], 2), (["--profile=rfc"], 1)):
            before = origin.count("/a")
            shield = self.shield(f"--origin={origin.url}", *flags, data=os.path.join(self.folder, f"data{asked}"))
            for _ in range(2):
                self.assertEqual(self.get(shield, "/a").field("set-cookie"), "id=1")
            self.assertEqual(origin.count("/a") - before, asked)

    def test_tags_are_for_nodes_with_a_token_and_tier_fields_of_others_refused(self):
        tokens = self.file("edges.tokens", NODE_TOKEN + "\n")
        shield = self.shield(f"--purge_token_file={tokens}")
        self.deploy(shield, {"/index.html": b"one"})
        self.assertEqual(self.get(shield, "/").field("cache-tag"), "")
        edge = self.get(shield, "/", "Skerry-Node: edge-1", f"Skerry-Node-Token: {NODE_TOKEN}", "Skerry-Scheme: https", "Skerry-Purge-Seq: 0")
        self.assertIn("skerry-site:demo", edge.field("cache-tag"))
        self.assertIn("max-age=3600", edge.field("skerry-cache-control"))
        self.assertEqual(self.get(shield, "/", "Skerry-Node: edge-1", "Skerry-Node-Token: guessed-token").status, 403)

    def test_many_blobs_at_once_and_requests_meanwhile(self):
        shield = self.shield()
        self.deploy(shield, {"/index.html": b"one"})
        files = {f"/f{i}.bin": os.urandom(20_000 + i) for i in range(60)}
        entries = [entry(path, data) for path, data in files.items()]
        _, said = self.api(shield, "POST", "/v1/sites/demo/releases", json.dumps({"version": 1, "entries": entries}).encode())
        blobs = {sha(data): data for data in files.values()}
        with concurrent.futures.ThreadPoolExecutor(8) as crew:
            puts = [crew.submit(self.api, shield, "PUT", f"/v1/blobs/{name}", blobs[name]) for name in said["missing"]]
            gets = [crew.submit(self.get, shield, "/") for _ in range(40)]
            self.assertEqual({put.result()[0] for put in puts}, {201})
            self.assertEqual({get.result().body for get in gets}, {b"one"})
        self.assertEqual(self.activate(shield, said["release"])[0], 200)
        self.assertEqual(self.get(shield, "/f59.bin").body, files["/f59.bin"])

    def test_the_pipelines_push(self):
        site = os.path.join(self.folder, "site")
        os.mkdir(site)
        with open(os.path.join(site, "index.html"), "w", encoding="utf-8") as file:
            file.write("<!doctype html><link rel=stylesheet href=a.css><p>hello")
        with open(os.path.join(site, "a.css"), "w", encoding="utf-8") as file:
            file.write("p { color: red }\n" * 500)
        release = os.path.join(self.folder, "release")
        code, printed = self.run_program("skerry-pipeline", "build", site, f"--out={release}", "--json")
        self.assertEqual(code, 0, printed)
        shield = self.shield()
        done = subprocess.run([binary("skerry-pipeline"), "push", release, f"--to=http://{shield.ready['listen']}", "--site=demo",
                               f"--token_file={self.tokens}", "--activate", "--wait=10s", "--json"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["receipt"]["state"], "complete")
        page = self.get(shield, "/").body.decode()
        style = page.split("href=")[1].split(">")[0].strip("\"'")
        answer = self.get(shield, "/" + style.lstrip("/"), "Accept-Encoding: br")
        self.assertEqual((answer.status, answer.field("content-encoding")), (200, "br"))
        self.assertIn("immutable", answer.field("cache-control"))

    def test_drains_on_term(self):
        shield = self.shield()
        self.assertEqual(self.get(shield, "/").status, 404)
        self.assertEqual(fetch(f"http://{shield.ready['admin']}/readyz", http="--http1.1").status, 200)
        self.assertEqual(shield.terminate(), 0)


if __name__ == "__main__":
    unittest.main()

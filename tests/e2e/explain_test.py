"""/explain and --explain: what they foretell is what the next request meets."""
import json
import os
import re
import sys
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, eventually, fetch, metric  # noqa: E402

TIMEOUT_SECONDS = 300


def ours(cache_status):
    """Our member before upstream was asked: hit or fwd, and detail."""
    return [word for word in re.findall(r"hit|fwd=[a-z-]+|detail=[a-z-]+", cache_status.split(",")[-1])]


class ExplainTest(Case):
    def explain(self, program, url, *headers, accept="application/json"):
        query = "/explain?url=" + urllib.parse.quote(url, safe="") + "".join("&header=" + urllib.parse.quote(h, safe="") for h in headers)
        answer = fetch(f"http://{program.ready['admin']}{query}", f"Accept: {accept}", http="--http1.1")
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body) if accept == "application/json" else answer.body.decode()

    def test_what_it_foretells_is_what_cache_status_says_next(self):
        origin = self.origin()
        origin.answers["/fresh"] = (200, {"Cache-Control": "max-age=600", "ETag": '"1"'}, b"x" * 2000)
        origin.answers["/swr"] = (200, {"Cache-Control": "max-age=0, stale-while-revalidate=600"}, b"x")
        origin.answers["/validate"] = (200, {"Cache-Control": "no-cache", "ETag": '"1"'}, b"x")
        origin.answers["/private"] = (200, {"Cache-Control": "private"}, b"x")
        origin.answers["/vary"] = (200, {"Cache-Control": "max-age=600", "Vary": "Accept-Language"}, b"x")
        origin.answers["/form"] = (200, {"Cache-Control": "max-age=600"}, b"x")
        edge = self.edge(origin=origin)
        host = edge.ready["https"]
        cases = [("/fresh", ()), ("/swr", ()), ("/validate", ()), ("/private", ()), ("/fresh?b=1", ()), ("/never", ()),
                 ("/vary", ("Accept-Language: de",)), ("/vary", ("Accept-Language: fr",)), ("/fresh", ("Authorization: Basic eA==",)),
                 ("/form", ())]
        for path, headers in cases[:4] + [cases[6]]:
            fetch(f"https://{host}{path}", *headers)
        fetch(f"https://{host}/form")
        fetch(f"https://{host}/form", method="POST", body=b"")
        for path, headers in cases:
            asked = len(origin.asked)
            told = self.explain(edge, f"https://{host}{path}", *headers)
            self.assertEqual(len(origin.asked), asked, "it fetched")
            real = fetch(f"https://{host}{path}", *headers).field("cache-status")
            foretold = ours(told["cache_status"])
            self.assertEqual(foretold, ours(real)[:len(foretold)], f"{path}: {real}\n{json.dumps(told, indent=1)}")

    def test_it_changes_nothing(self):
        origin = self.origin()
        origin.answers["/a"] = (200, {"Cache-Control": "max-age=600"}, b"x")
        edge = self.edge(origin=origin)
        fetch(f"https://{edge.ready['https']}/a")
        before = metric(edge.ready["admin"], "skerry_requests_total")
        first = self.explain(edge, f"https://{edge.ready['https']}/a")
        for _ in range(20):
            self.explain(edge, f"https://{edge.ready['https']}/a")
        self.assertEqual(metric(edge.ready["admin"], "skerry_requests_total"), before)
        self.assertEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 1)
        self.assertEqual(first["lookup"]["found"], "ram")

    def test_what_is_on_disk_after_a_restart_is_explained_and_stays_there(self):
        origin = self.origin()
        origin.answers["/a"] = (200, {"Cache-Control": "max-age=600", "ETag": '"v9"', "Cache-Tag": "news"}, b"x" * 5000)
        cache = os.path.join(self.folder, "cache")
        edge = self.edge(origin=origin, cache=cache)
        url = f"https://{edge.ready['https']}/a"
        fetch(url)
        eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") == 1, what="an object on disk")
        edge.terminate()
        edge = self.edge(origin=origin, cache=cache)
        eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") == 1, what="the index")
        told = self.explain(edge, url)
        self.assertEqual((told["lookup"]["found"], told["lookup"]["etag"], told["lookup"]["bytes"]), ("disk", '"v9"', 5000))
        self.assertEqual(told["hit"], True)
        self.assertEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 0)

    def test_a_purge_is_named_with_its_record(self):
        origin = self.origin()
        origin.answers["/a"] = (200, {"Cache-Control": "max-age=600", "Cache-Tag": "news, shop"}, b"x")
        tokens = self.file("tokens", "secret-token\n")
        purge = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/purge", f"--token_file={tokens}")
        edge = self.edge(f"--purge=http://{purge.ready['listen']}", f"--purge_token_file={tokens}", "--node=edge-1", origin=origin)
        url = f"https://{edge.ready['https']}/a"
        fetch(url)
        answer = fetch(f"http://{purge.ready['listen']}/v1/purges", "Authorization: Bearer secret-token", "Content-Type: application/json",
                       method="POST", body=json.dumps({"tags": ["news"], "wait": "10s"}).encode(), http="--http1.1")
        receipt = json.loads(answer.body)
        self.assertEqual(receipt["state"], "complete")
        text = self.explain(edge, url, accept="text/plain")
        self.assertIn("a purge has taken away what is stored", text)
        self.assertIn("tag news", text)
        self.assertIn(f"record {receipt['seq']} of the purge log, applied here", text)
        self.assertIn(receipt["id"], text)

    def test_a_query_that_cannot_be_used_says_why(self):
        edge = self.edge(origin=self.origin())
        answer = fetch(f"http://{edge.ready['admin']}/explain?url=https://a/x?b=1&c=2", http="--http1.1")
        self.assertEqual(answer.status, 400)
        self.assertIn(b"%26", answer.body)

    def test_the_command_asks_the_running_node(self):
        origin = self.origin()
        origin.answers["/a"] = (200, {"Cache-Control": "max-age=600", "Vary": "Accept-Language"}, b"x")
        edge = self.edge(origin=origin)
        url = f"https://{edge.ready['https']}/a"
        fetch(url, "Accept-Language: de")
        flags = [f"--admin={edge.ready['admin']}", f"--origin={origin.url}", f"--explain={url}"]
        code, text = self.run_program("skerry-edge", *flags, "--header=Accept-Language: de", "--header=X-Other: a, b")
        self.assertEqual(code, 0, text)
        self.assertIn("answered from the cache", text)
        self.assertIn("x-other", text)
        code, text = self.run_program("skerry-edge", *flags, "--header=Accept-Language: fr", "--json")
        self.assertEqual(json.loads(text)["lookup"]["found"], "vary-miss")

    def test_the_command_without_a_node_tells_what_the_configuration_says(self):
        config = self.file("edge.toml", "[[site]]\nname = \"shop\"\nhosts = [\"shop.example\"]\norigin = \"http://127.0.0.1:1\"\n"
                                        "[[site.rule]]\nmatch = [\"/assets/*\"]\nedge_ttl = \"1h\"\n")
        code, text = self.run_program("skerry-edge", f"--config={config}", "--explain=https://shop.example/assets/a.css")
        self.assertEqual(code, 0, text)
        self.assertIn("no running node was asked", text)
        self.assertIn("1 h, whatever the origin says", text)
        code, text = self.run_program("skerry-edge", f"--config={config}", "--explain=https://other.example/")
        self.assertIn("421", text)
        code, text = self.run_program("skerry-edge", f"--config={config}", "--explain=shop.example")
        self.assertEqual(code, 2)
        self.assertIn("https://host/path", text)


if __name__ == "__main__":
    unittest.main()

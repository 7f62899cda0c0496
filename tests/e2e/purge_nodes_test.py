#!/usr/bin/env python3
"""Purges with real nodes: edges and a shield that follow skerry-purge."""
import http.client
import json
import os
import unittest

from support import skerry

SANITIZED = True
TOKEN = "token-of-everyone"


class NodesCase(skerry.Case):
    """A purge service, a shield and edges behind it."""

    def setUp(self):
        super().setUp()
        self.tokens = self.file("tokens", TOKEN + "\n")
        self.app = self.origin()
        self.service = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/log", f"--token_file={self.tokens}")
        self.follow = [f"--purge=http://{self.service.ready['listen']}", f"--purge_token_file={self.tokens}"]

    def shield(self):
        return self.start("skerry-shield", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/shield", f"--token_file={self.tokens}",
                          f"--origin={self.app.url}", "--node=shield", *self.follow)

    def node(self, name, *flags):
        return self.edge(f"--node={name}", *self.follow, *flags, cache=os.path.join(self.folder, name))

    def ask(self, method, path, body=None, **fields):
        connection = http.client.HTTPConnection(self.service.ready["listen"], timeout=60)
        try:
            headers = {"Authorization": "Bearer " + TOKEN, **{name.replace("_", "-"): value for name, value in fields.items()}}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()

    def page(self, edge, path, *fields):
        return skerry.fetch(f"http://{edge.ready['http']}{path}", "Host: shop.example", *fields, http="--http1.1")


class DryRunTest(NodesCase):
    def test_a_dry_run_says_what_each_node_would_drop_and_drops_nothing(self):
        for number in range(40):
            tag = "even" if number % 2 == 0 else "odd"
            self.app.answers[f"/p/{number}"] = (200, {"Cache-Control": "max-age=3600", "Cache-Tag": tag}, b"x" * 1000)
        shield = self.shield()
        edges = [self.node(name, f"--shield=http://{shield.ready['listen']}") for name in ("edge-1", "edge-2")]
        for number in range(40):
            self.page(edges[0], f"/p/{number}")
        for number in range(10):
            self.page(edges[1], f"/p/{number}")
        status, told = self.ask("POST", "/v1/purges", {"tags": ["even"], "dry_run": True, "wait": "30s"})
        self.assertEqual((status, told["state"]), (200, "complete"), told)
        self.assertEqual({name: (its["state"], its["objects"], its["bytes"]) for name, its in told["nodes"].items()},
                         {"edge-1": ("counted", 20, 20_000), "edge-2": ("counted", 5, 5_000), "shield": ("counted", 20, 20_000)})
        self.assertEqual(self.ask("GET", "/v1/purges/" + told["id"])[1], told)
        self.assertEqual(self.ask("GET", "/v1/nodes")[1]["head"], 0)
        self.assertIn("hit", self.page(edges[0], "/p/0").field("cache-status"))

        code, printed = self.run_program("skerry-purge", "purge", f"--to=http://{self.service.ready['listen']}",
                                         f"--token_file={self.tokens}", "--prefix=https://shop.example/p/2*", "--url=https://shop.example/p/1", "--dry_run")
        self.assertEqual(code, 0, printed)
        self.assertIn("nothing was purged", printed)
        self.assertRegex(printed, r"edge-2 +counted +2 +2000\n")
        self.assertRegex(printed, r"edge-1 +counted +12 +12000\n")


if __name__ == "__main__":
    unittest.main()

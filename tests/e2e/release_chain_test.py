"""A release on its way to visitors: shield, purge service and edge together. Real sockets."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shield_test import NODE_TOKEN, ReleaseCase  # noqa: E402
from skerry import eventually, fetch, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300


class ChainTest(ReleaseCase):
    def setUp(self):
        super().setUp()
        self.nodes = self.file("nodes.tokens", NODE_TOKEN + "\n")

    def purge(self, port=0):
        return self.start("skerry-purge", f"--listen=127.0.0.1:{port}", f"--data_dir={self.folder}/purge", f"--token_file={self.nodes}")

    def follower(self, purge, *flags, port=0):
        return self.shield(f"--purge=http://{purge.ready['listen']}", f"--purge_token_file={self.nodes}", "--node=shield-1", *flags, port=port)

    def edge_of(self, shield, purge):
        return self.edge(f"--shield=http://{shield.ready['listen']}", f"--purge=http://{purge.ready['listen']}",
                         f"--purge_token_file={self.nodes}", "--node=edge-1")

    def page(self, edge, path="/"):
        return fetch(f"https://{edge.ready['https']}{path}")

    def test_a_deploy_changes_what_it_changes_and_leaves_the_rest_cached(self):
        purge = self.purge()
        shield = self.follower(purge)
        edge = self.edge_of(shield, purge)
        self.deploy(shield, {"/index.html": b"one", "/same.html": b"same"})
        for path in ("/", "/same.html", "/docs/"):
            self.page(edge, path)
        self.assertIn("skerry-edge; hit", self.page(edge).field("cache-status"))
        release = self.push(shield, {"/index.html": b"two", "/same.html": b"same", "/docs/index.html": b"docs"})
        status, receipt = self.activate(shield, release)
        self.assertEqual((status, receipt["state"]), (200, "complete"))
        self.assertEqual({name: node["state"] for name, node in receipt["nodes"].items()}, {"shield-1": "applied", "edge-1": "applied"})
        changed, same, added = self.page(edge), self.page(edge, "/same.html"), self.page(edge, "/docs/")
        self.assertEqual((changed.body, same.body, added.body), (b"two", b"same", b"docs"))
        self.assertIn("skerry-edge; hit", same.field("cache-status"))
        for answer in (changed, same, added):
            self.assertEqual((answer.field("cache-tag"), answer.field("skerry-cache-control"), answer.field("skerry-variants")), ("", "", ""))

    def test_an_edge_with_another_token_says_so_and_blames_no_client(self):
        purge = self.purge()
        shield = self.follower(purge)
        self.deploy(shield, {"/index.html": b"one"})
        self.nodes = self.file("other.tokens", "another-token-of-thirty-two-bytes-1\n")
        edge = self.edge_of(shield, purge)
        self.assertEqual(self.page(edge).status, 502)
        eventually(lambda: "the shield refuses this node" in edge.log(), what="the reason in the log")

    def test_rollback_reaches_the_edge(self):
        purge = self.purge()
        shield = self.follower(purge)
        edge = self.edge_of(shield, purge)
        first = self.deploy(shield, {"/index.html": b"one"})
        self.deploy(shield, {"/index.html": b"two"})
        self.assertEqual(self.page(edge).body, b"two")
        self.assertEqual(self.activate(shield, first)[0], 200)
        self.assertEqual(self.page(edge).body, b"one")

    def test_an_activation_that_nobody_records_changes_nothing(self):
        purge = self.purge()
        shield = self.follower(purge)
        self.deploy(shield, {"/index.html": b"one"})
        release = self.push(shield, {"/index.html": b"two"})
        port = purge.ready["listen"].rsplit(":", 1)[1]
        purge.kill()
        status, refused = self.api(shield, "POST", f"/v1/sites/demo/releases/{release}/activate", b'{"wait":"1s"}')
        self.assertIn(status, (502, 504), refused)
        self.assertIn("purge service", refused["detail"])
        self.assertEqual(self.get(shield, "/").body, b"one")
        self.purge(port)
        eventually(lambda: self.activate(shield, release)[0] == 200, what="activation after the purge service is back")
        self.assertEqual(self.get(shield, "/").body, b"two")

    def test_a_shield_that_lost_its_store_says_so_until_the_release_is_pushed_again(self):
        purge = self.purge()
        shield = self.follower(purge)
        files = {"/index.html": b"one"}
        release = self.deploy(shield, files)
        shield.kill()
        shield = self.shield(f"--purge=http://{purge.ready['listen']}", f"--purge_token_file={self.nodes}", "--node=shield-1",
                             data=os.path.join(self.folder, "empty"))
        eventually(lambda: self.get(shield, "/").status == 503, what="the activation of the log")
        self.assertIn(release, json.loads(self.get(shield, "/").body)["detail"])
        self.assertEqual(self.push(shield, files), release)
        self.assertEqual(self.get(shield, "/").body, b"one")

    def test_a_restarted_shield_goes_on_where_the_log_is(self):
        purge = self.purge()
        shield = self.follower(purge)
        self.deploy(shield, {"/index.html": b"one"})
        port = shield.ready["listen"].rsplit(":", 1)[1]
        edge = self.edge_of(shield, purge)
        shield.kill()
        shield = self.follower(purge, port=port)
        self.assertEqual(self.page(edge).body, b"one")
        # The receipt waits for the lease of the process that was killed; what is served does not.
        status, _ = self.activate(shield, self.push(shield, {"/index.html": b"two"}))
        self.assertIn(status, (200, 202))
        self.assertEqual(self.page(edge).body, b"two")
        self.assertEqual(metric(shield.ready["admin"], "skerry_purge_applied_seq"), 2)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Purges with real nodes: edges and a shield that follow skerry-purge."""
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import unittest

from support import skerry

SANITIZED = True
TOKEN = "token-of-everyone"


class NodesCase(skerry.Case):
    """A purge service, a shield and edges behind it."""
    lease = "10s"

    def setUp(self):
        super().setUp()
        self.tokens = self.file("tokens", TOKEN + "\n")
        self.app = self.origin()
        # An address of our own: its port is still ours after a restart.
        self.listen = f"127.{random.randrange(2, 250)}.{random.randrange(250)}.{random.randrange(1, 250)}:2001"
        self.start_service()
        self.follow = [f"--purge=http://{self.service.ready['listen']}", f"--purge_token_file={self.tokens}"]

    def start_service(self):
        self.service = self.start("skerry-purge", f"--listen={self.listen}", f"--data_dir={self.folder}/log", f"--token_file={self.tokens}",
                                  f"--lease={self.lease}")

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


class KeyRulesTest(NodesCase):
    def test_a_purge_by_url_reaches_what_the_rules_have_made_of_it(self):
        config = self.file("edge.toml", f'[[site]]\nname = "s"\nhosts = ["*"]\norigin = "{self.app.url}"\n[[site.rule]]\nmatch = ["*"]\n'
                                        'sort_query = true\nquery_deny = ["utm_*"]\n')
        edge = self.node("edge", f"--config={config}")
        self.app.answers["/p"] = (200, {"Cache-Control": "max-age=3600"}, b"page")
        for _ in range(2):
            self.page(edge, "/p?a=1&b=2")
        self.assertIn("hit", self.page(edge, "/p?b=2&a=1").field("cache-status"))
        status, told = self.ask("POST", "/v1/purges", {"urls": ["https://shop.example/p?b=2&utm_source=x&a=1"], "wait": "20s"})
        self.assertEqual(status, 200, told)
        self.assertNotIn("; hit", self.page(edge, "/p?a=1&b=2").field("cache-status"))


class GoodbyeTest(NodesCase):
    """Whoever ends tells the service: nothing here waits for a lease."""
    lease = "60s"

    def purged(self):
        status, told = self.ask("POST", "/v1/purges", {"all": True, "wait": "20s"})
        self.assertEqual((status, told["state"]), (200, "complete"), told)
        return {name: its["state"] for name, its in told["nodes"].items()}

    def test_a_purge_waits_for_nobody_who_has_ended(self):
        shield = self.shield()
        edge = self.node("edge 1", f"--shield=http://{shield.ready['listen']}")
        self.assertEqual(self.purged(), {"edge 1": "applied", "shield": "applied"})
        self.assertEqual(edge.terminate(), 0)
        self.assertEqual(self.purged(), {"edge 1": "fenced", "shield": "applied"})
        self.assertEqual(shield.terminate(), 0)
        self.assertEqual(self.purged(), {"edge 1": "fenced", "shield": "fenced"})
        shield = self.shield()
        edge = self.node("edge 1", f"--shield=http://{shield.ready['listen']}")
        self.assertEqual(self.purged(), {"edge 1": "applied", "shield": "applied"})
        for node in (edge, shield, edge):
            node.hand_over()
            self.assertEqual(self.purged(), {"edge 1": "applied", "shield": "applied"})

    def test_who_still_answers_somebody_says_no_goodbye(self):
        goes_on = threading.Event()

        def slow(request):
            request.send_response(200)
            request.send_header("Content-Length", "2")
            request.end_headers()
            request.wfile.write(b"x")
            request.wfile.flush()
            goes_on.wait(30)
            request.wfile.write(b"x")

        self.app.answers["/slow"] = slow
        edge = self.node("edge", f"--origin={self.app.url}")
        state = lambda: self.ask("GET", "/v1/nodes")[1]["nodes"][0]["state"]  # noqa: E731
        client = http.client.HTTPConnection(*edge.ready["http"].rsplit(":", 1), timeout=60)
        client.request("GET", "/slow")
        answer = client.getresponse()
        edge.process.send_signal(signal.SIGTERM)
        skerry.eventually(lambda: "draining" in edge.log(), what="it drains")
        self.assertEqual(self.purged(), {"edge": "applied"})
        self.assertEqual(state(), "leased")
        goes_on.set()
        self.assertEqual(answer.read(), b"xx")
        client.close()
        skerry.eventually(lambda: state() == "ended", what="it has said goodbye")


class PurgeMethodTest(NodesCase):
    """PURGE at an edge, as Varnish's users send it, is a purge of the log: it holds on every node."""

    def edge_of(self, name, method):
        config = self.file(f"{name}.toml", f'{method}[[site]]\nname = "s"\nhosts = ["*"]\norigin = "{self.app.url}"\n')
        return self.node(name, f"--config={config}")

    def test_a_purge_at_one_edge_holds_on_all(self):
        first = self.edge_of("first", '[purge_method]\nfrom = ["127.0.0.0/8"]\ntag_field = "xkey"\nwait = "20s"\n')
        second = self.edge_of("second", '[purge_method]\nfrom = ["192.0.2.1"]\n')
        for path in ("/url", "/dir/a", "/dir/b", "/tagged", "/other"):
            self.app.answers[path] = (200, {"Cache-Control": "max-age=3600", "Surrogate-Key": "news" if path == "/tagged" else "x"}, b"page")
        for asked, fields, gone in (("/url", [], ["/url"]), ("/dir/*", [], ["/dir/a", "/dir/b"]), ("/", ["xkey: news"], ["/tagged"])):
            for path in self.app.answers:
                for edge in (first, second):
                    self.page(edge, path)
            answer = skerry.fetch(f"http://{first.ready['http']}{asked}", "Host: shop.example", *fields, method="PURGE", http="--http1.1")
            self.assertEqual(answer.status, 200, answer.body)
            told = json.loads(answer.body)
            self.assertEqual({name: its["state"] for name, its in told["nodes"].items()}, {"first": "applied", "second": "applied"})
            for edge in (first, second):
                kept = [path for path in self.app.answers if "; hit" in self.page(edge, path).field("cache-status")]
                self.assertEqual(kept, [path for path in self.app.answers if path not in gone])
        refused = skerry.fetch(f"http://{second.ready['http']}/url", "Host: shop.example", method="PURGE", http="--http1.1")
        self.assertEqual(refused.status, 403)
        self.assertEqual([asked for asked in self.app.asked if asked[0] == "PURGE"], [])
        self.assertEqual(self.ask("GET", "/v1/nodes")[1]["head"], 3)


class PartitionTest(NodesCase):
    """The purge service is away under load: rules that serve go on, those that revalidate keep to the budget; both recover."""
    lease = "1s"
    budget = 20
    seconds = 4

    def test_the_service_is_away_and_comes_back(self):
        config = self.file("edge.toml", f'[upstream]\nbudget = {self.budget}\n[[site]]\nname = "s"\nhosts = ["*"]\norigin = "{self.app.url}"\n'
                                        '[[site.rule]]\nmatch = ["/serve/*"]\non_partition = "serve"\n[[site.rule]]\nmatch = ["*"]\n')
        edge = self.node("edge", f"--config={config}")
        paths = [f"/{kind}/{number}" for kind in ("serve", "ask") for number in range(20)]
        for path in paths:
            self.app.answers[path] = (200, {"Cache-Control": "max-age=3600", "ETag": '"1"'}, b"page")
            self.page(edge, path)
        self.service.kill()
        skerry.eventually(lambda: skerry.metric(edge.ready["admin"], "skerry_fenced") == 1, what="the lease has run out")
        health = skerry.fetch(f"http://{edge.ready['admin']}/healthz?verbose", http="--http1.1")
        self.assertEqual(health.status, 503)
        self.assertIn(b"the lease of the purge log has run out; fenced", health.body)
        self.assertEqual(skerry.fetch(f"http://{edge.ready['admin']}/readyz", http="--http1.1").status, 200)
        before = {path: self.app.count(path) for path in paths}
        answers = self.load(edge, paths)
        fetched = {path: self.app.count(path) - before[path] for path in paths}
        self.assertEqual([path for path in paths if path.startswith("/serve/") and fetched[path]], [])
        self.assertEqual({status for path, status in answers if path.startswith("/serve/")}, {200})
        self.assertLessEqual({status for path, status in answers}, {200, 503})
        # A second's worth may be saved up, and the load may have begun and ended within a second.
        self.assertLessEqual(sum(fetched.values()), self.budget * (self.took + 2))
        self.assertGreater(sum(fetched.values()), 0)

        self.start_service()
        skerry.eventually(lambda: skerry.metric(edge.ready["admin"], "skerry_fenced") == 0, what="the log is followed again")
        skerry.eventually(lambda: skerry.fetch(f"http://{edge.ready['admin']}/healthz?verbose", http="--http1.1").status == 200, what="healthy again")
        self.assertIn("; hit", self.page(edge, "/ask/1").field("cache-status"))
        status, told = self.ask("POST", "/v1/purges", {"urls": ["https://shop.example/serve/1"], "wait": "30s"})
        self.assertEqual((status, told["nodes"]["edge"]["state"]), (200, "applied"))
        self.assertNotIn("; hit", self.page(edge, "/serve/1").field("cache-status"))

    def test_receipts_tell_a_node_that_asks_from_one_that_serves(self):
        site = f'[[site]]\nname = "s"\nhosts = ["*"]\norigin = "{self.app.url}"\n[[site.rule]]\nmatch = ["*"]\n'
        asks = self.node("asks", f"--config={self.file('asks.toml', site)}")
        serves = self.node("serves", "--config=" + self.file("serves.toml", site + 'on_partition = "serve"\n'))
        for node in (asks, serves):
            node.process.send_signal(signal.SIGSTOP)
        try:
            told = self.ask("POST", "/v1/purges", {"tags": ["t"], "wait": "5s"})[1]
        finally:
            for node in (asks, serves):
                node.process.send_signal(signal.SIGCONT)
        self.assertEqual(told["state"], "accepted")
        self.assertEqual({name: its["state"] for name, its in told["nodes"].items()}, {"asks": "fenced", "serves": "unreachable"})
        skerry.eventually(lambda: self.ask("GET", "/v1/purges/" + told["id"])[1]["state"] == "complete", what="both have applied it")

    def load(self, edge, paths):
        """What eight clients are answered: (path, status)."""
        answers, begun, end = [], time.monotonic(), time.monotonic() + self.seconds

        def client(seed):
            chance = random.Random(seed)
            host, port = edge.ready["http"].rsplit(":", 1)
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            while time.monotonic() < end:
                path = chance.choice(paths)
                connection.request("GET", path, headers={"Host": "shop.example"})
                answer = connection.getresponse()
                answer.read()
                answers.append((path, answer.status))
            connection.close()

        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.took = time.monotonic() - begun
        return answers


class TokenTest(NodesCase):
    """Each program reads a file of its own; none is restarted."""

    def reads(self, program, path, *tokens):
        self.file(path, "".join(token + "\n" for token in tokens))
        before = program.log().count("reloaded")
        program.process.send_signal(signal.SIGHUP)
        skerry.eventually(lambda: program.log().count("reloaded") > before, what="it has reloaded")

    def test_the_token_of_nodes_is_changed_without_a_restart(self):
        of_shield, of_edge = (self.file(name, TOKEN + "\n") for name in ("shield.tokens", "edge.tokens"))
        purge = f"--purge=http://{self.service.ready['listen']}"
        uploads = self.file("uploads", "token-of-uploads\n")
        shield = self.start("skerry-shield", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/shield", f"--token_file={uploads}",
                            f"--origin={self.app.url}", "--node=shield", purge, f"--purge_token_file={of_shield}")
        edge = self.edge("--node=edge", f"--shield=http://{shield.ready['listen']}", purge, f"--purge_token_file={of_edge}")
        fresh = "another-token"
        self.reads(self.service, "tokens", TOKEN, fresh)
        self.reads(shield, "shield.tokens", TOKEN, fresh)
        self.reads(edge, "edge.tokens", fresh)
        self.reads(shield, "shield.tokens", fresh)
        self.reads(self.service, "tokens", fresh, "token-of-backends")
        self.app.answers["/new"] = (200, {"Cache-Control": "max-age=60"}, b"page")
        self.assertEqual(self.page(edge, "/new").status, 200)  # the shield knows the edge
        connection = http.client.HTTPConnection(self.service.ready["listen"], timeout=60)
        for _ in range(2):  # the second follows pulls that were sent after all this
            connection.request("POST", "/v1/purges", json.dumps({"all": True, "wait": "20s"}), {"Authorization": "Bearer token-of-backends"})
            answer = connection.getresponse()
            told = json.loads(answer.read())
            self.assertEqual({name: its["state"] for name, its in told["nodes"].items()}, {"edge": "applied", "shield": "applied"})
        connection.close()
        self.assertEqual(self.ask("GET", "/v1/nodes")[0], 403)
        edge.terminate()  # its goodbye shows the new one, too
        self.assertNotIn("purges wait for our lease", edge.log())

    def test_a_file_without_a_token_changes_nothing(self):
        edge = self.node("edge", f"--origin={self.app.url}")
        self.file("tokens", "# none\n")
        edge.process.send_signal(signal.SIGHUP)
        skerry.eventually(lambda: "not reloaded" in edge.log(), what="it says so")
        self.assertIn("purge_token_file", edge.log())
        self.assertEqual(self.ask("POST", "/v1/purges", {"all": True, "wait": "20s"})[1]["nodes"]["edge"]["state"], "applied")


class MutualTlsTest(NodesCase):
    """The service asks for certificates; nodes and backends show theirs, and renew them while they run."""

    def authority(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-keyout", f"{self.folder}/{name}.key", "-out", f"{self.folder}/{name}.pem"], check=True, capture_output=True)

    def certificate(self, authority, name, more=""):
        request, signed, key = (f"{self.folder}/{name}.{end}" for end in ("csr", "pem", "key"))
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                        "-keyout", key, "-out", request], check=True, capture_output=True)
        names = self.file("names", "subjectAltName=IP:127.0.0.1\n")
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", f"{self.folder}/{authority}.pem", "-CAkey", f"{self.folder}/{authority}.key",
                        "-CAcreateserial", "-days", "2", "-extfile", names, "-out", signed], check=True, capture_output=True)

    def asks(self, to, name):
        """Does the service answer whoever shows this certificate?"""
        shown = ["--cert", f"{self.folder}/{name}.pem", "--key", f"{self.folder}/{name}.key"] if name else []
        done = subprocess.run(["curl", "-s", "-m", "20", "--cacert", f"{self.folder}/old.pem", *shown, "-H", f"Authorization: Bearer {TOKEN}",
                               f"https://{to}/v1/nodes"], capture_output=True, check=False)
        return done.returncode == 0 and b'"nodes"' in done.stdout

    def test_only_who_shows_a_certificate_is_heard_and_it_can_be_renewed(self):
        for name in ("old", "new"):
            self.authority(name)
        for authority, name in (("old", "service"), ("old", "node"), ("old", "backend"), ("new", "newer")):
            self.certificate(authority, name)
        trusted = f"{self.folder}/trusted.pem"
        shutil.copy(f"{self.folder}/old.pem", trusted)
        service = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/log-2", f"--token_file={self.tokens}",
                             f"--cert={self.folder}/service.pem", f"--key={self.folder}/service.key", f"--client_ca={trusted}")
        to = service.ready["listen"]
        self.assertFalse(self.asks(to, None))
        self.assertFalse(self.asks(to, "newer"))
        self.assertTrue(self.asks(to, "backend"))
        edge = self.edge("--node=edge", f"--purge=https://{to}", f"--purge_token_file={self.tokens}", f"--purge_ca={self.folder}/old.pem",
                         f"--purge_cert={self.folder}/node.pem", f"--purge_key={self.folder}/node.key", origin=self.app)
        self.assertEqual(skerry.metric(edge.ready["admin"], "skerry_fenced"), 0)

        shutil.copy(f"{self.folder}/new.pem", trusted)
        for end in ("pem", "key"):
            shutil.copy(f"{self.folder}/newer.{end}", f"{self.folder}/node.{end}")
        for program in (service, edge):
            program.process.send_signal(signal.SIGHUP)
        skerry.eventually(lambda: self.asks(to, "newer"), what="the service trusts the new authority")
        self.assertFalse(self.asks(to, "backend"))
        skerry.eventually(lambda: "reloaded" in edge.log(), what="the edge has reloaded")
        # Its next connection shows the new one.
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(60)
        self.start("skerry-purge", f"--listen={to}", f"--data_dir={self.folder}/log-2", f"--token_file={self.tokens}",
                   f"--cert={self.folder}/service.pem", f"--key={self.folder}/service.key", f"--client_ca={trusted}")
        purge = [f"--to=https://{to}", f"--token_file={self.tokens}", "--tag=t", "--wait=30s", f"--ca={self.folder}/old.pem"]
        code, said = self.run_program("skerry-purge", "purge", *purge, f"--cert={self.folder}/newer.pem", f"--cert_key={self.folder}/newer.key", seconds=60)
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"edge +applied")
        self.assertEqual(self.run_program("skerry-purge", "purge", *purge, seconds=60)[0], 1)


if __name__ == "__main__":
    unittest.main()

"""USR2: a new process takes the listeners over, and no client notices."""
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import skerry  # noqa: E402
from shield_test import NODE_TOKEN, ReleaseCase  # noqa: E402
from skerry import Case, binary, eventually, fetch, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300


def ask(address, path="/page", host="example.com", seconds=30):
    """One request over a connection of its own; the whole answer, until the server closes."""
    name, port = address.rsplit(":", 1)
    with socket.create_connection((name, int(port)), seconds) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


class Visitors:
    """Ask again and again, each time over a new connection, until told to stop."""

    def __init__(self, address, path="/page", count=2):
        self.asked, self.wrong, self.slowest = 0, [], 0.0
        self._end = False
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._visit, args=(address, path)) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _visit(self, address, path):
        while not self._end:
            begun = time.monotonic()
            try:
                answer = ask(address, path)
                fine = answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"the page")
            except OSError as error:
                answer, fine = str(error).encode(), False
            with self._lock:
                self.asked += 1
                self.slowest = max(self.slowest, time.monotonic() - begun)
                if not fine:
                    self.wrong.append(answer[:200])

    def stop(self):
        self._end = True
        for thread in self._threads:
            thread.join()
        return self


class EdgeHandoverTest(Case):
    def setUp(self):
        super().setUp()
        self.app = self.origin()
        self.app.answers["/page"] = (200, {"Cache-Control": "max-age=600"}, b"the page")

    def configured(self, text):
        return self.file("edge.toml", f'https = "127.0.0.1:0"\nhttp = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\ndisk_cache = "256MiB"\norigin = "{self.app.url}"\n'
                                      f'cache_dir = "{self.folder}/cache"\n{text}')

    def begin(self, text="workers = 2\n"):
        return self.start("skerry-edge", "--config=" + self.configured(text))

    def flushed(self, edge):
        eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") > 0 and metric(edge.ready["admin"], "skerry_store_unflushed_bytes") == 0,
                   what="the page is in a file")

    def test_nobody_is_refused_and_the_disk_moves_along(self):
        edge = self.begin()
        addresses = {name: edge.ready[name] for name in ("https", "http", "admin")}
        ask(edge.ready["http"])
        self.flushed(edge)
        visitors = Visitors(edge.ready["http"])
        for _ in range(3):
            edge.hand_over()
        visitors.stop()
        self.assertEqual(visitors.wrong, [])
        self.assertGreater(visitors.asked, 10)
        self.assertEqual({name: edge.ready[name] for name in addresses}, addresses)
        # Its memory was empty: what it had, it had from the disk.
        self.assertEqual(self.app.count("/page"), 1)
        self.assertIn("skerry-edge; hit", fetch(f"http://{edge.ready['http']}/page", "Host: example.com", http="--http1.1").field("cache-status"))
        self.assertEqual(fetch(f"https://{edge.ready['https']}/page").version, "2")
        self.assertEqual(fetch(f"http://{edge.ready['admin']}/readyz", http="--http1.1").status, 200)
        self.assertEqual(metric(edge.ready["admin"], "skerry_store_corrupt_total"), 0)

    def test_an_answer_under_way_is_finished_by_the_old_process(self):
        def slow(request):
            request.send_response(200)
            request.send_header("Content-Length", "10")
            request.end_headers()
            for _ in range(10):
                request.wfile.write(b"x")
                request.wfile.flush()
                time.sleep(0.2)

        self.app.answers["/slow"] = slow
        edge = self.begin()
        got = []
        reader = threading.Thread(target=lambda: got.append(ask(edge.ready["http"], "/slow")))
        reader.start()
        eventually(lambda: self.app.count("/slow") == 1)
        edge.hand_over()
        reader.join()
        self.assertTrue(got[0].endswith(b"\r\n\r\n" + 10 * b"x"), got)

    def test_a_broken_configuration_changes_nothing(self):
        edge = self.begin()
        self.configured("wrokers = 3\n")
        os.kill(edge.pid, signal.SIGUSR2)
        eventually(lambda: "not handed over" in edge.log(), what="the old process says so")
        self.assertIn("edge.toml:7", edge.log())
        self.assertIn("did you mean", edge.log())
        self.assertTrue(ask(edge.ready["http"]).endswith(b"the page"))
        self.flushed(edge)  # it has its store still
        self.configured("workers = 2\n")
        edge.hand_over()
        self.assertTrue(ask(edge.ready["http"]).endswith(b"the page"))

    def test_every_socket_has_somebody_who_accepts_whatever_the_number_of_workers(self):
        edge = self.begin("workers = 3\n")
        for workers in (1, 2, 5, 1):
            self.configured(f"workers = {workers}\n")
            edge.hand_over()
            for _ in range(24):
                self.assertTrue(ask(edge.ready["http"], seconds=10).endswith(b"the page"))

    def test_a_listener_that_was_moved_or_left_out_is_let_go(self):
        edge = self.begin()
        old = edge.ready["http"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = self.configured("workers = 2\n").replace("\\", "")
        with open(config, encoding="utf-8") as file:
            text = file.read()
        self.file("edge.toml", text.replace('http = "127.0.0.1:0"\n', f'http = "127.0.0.1:{port}"\n', 2).replace(f'https = "127.0.0.1:{port}"', 'https = "127.0.0.1:0"')
                  .replace('admin = "127.0.0.1:0"\n', ""))
        admin = edge.ready["admin"]
        edge.hand_over()
        self.assertEqual(edge.ready["http"], f"127.0.0.1:{port}")
        self.assertTrue(ask(edge.ready["http"]).endswith(b"the page"))
        for gone in (old, admin):
            with self.assertRaises(ConnectionRefusedError):
                ask(gone)

    def test_one_that_dies_with_the_store_in_its_hands_leaves_the_old_one_serving(self):
        program = os.path.join(self.folder, "skerry-edge")
        shutil.copy(binary("skerry-edge"), program)
        original, skerry.binary = skerry.binary, lambda _name: program
        self.addCleanup(setattr, skerry, "binary", original)
        edge = self.begin()
        ask(edge.ready["http"])
        with open(program + ".new", "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nprintf P >&3\nhead -c 1 <&3 >/dev/null\nexit 7\n")
        os.chmod(program + ".new", 0o755)
        os.rename(program + ".new", program)
        os.kill(edge.pid, signal.SIGUSR2)
        eventually(lambda: "memory only until a restart" in edge.log(), what="the old process says so")
        self.assertIn("exit code 7", edge.log())
        self.assertTrue(ask(edge.ready["http"]).endswith(b"the page"))
        self.app.answers["/other"] = (200, {"Cache-Control": "max-age=600"}, b"the page")
        for _ in range(2):
            self.assertTrue(ask(edge.ready["http"], "/other").endswith(b"the page"))
        self.assertEqual((self.app.count("/page"), self.app.count("/other")), (1, 1))
        health = fetch(f"http://{edge.ready['admin']}/healthz?verbose", http="--http1.1")
        self.assertEqual(health.status, 503)
        ready = fetch(f"http://{edge.ready['admin']}/readyz", http="--http1.1")
        self.assertEqual((ready.status, ready.body.startswith(b"ready\nstore: ")), (200, True))
        # And a whole one is taken again.
        shutil.copy(original("skerry-edge"), program + ".new")
        os.rename(program + ".new", program)
        edge.hand_over()
        self.assertTrue(ask(edge.ready["http"]).endswith(b"the page"))
        self.assertEqual(fetch(f"http://{edge.ready['admin']}/healthz?verbose", http="--http1.1").status, 200)


class ServiceHandoverTest(ReleaseCase):
    """Shield and purge service, with an edge between them and the visitors."""

    def setUp(self):
        super().setUp()
        self.nodes = self.file("nodes.tokens", NODE_TOKEN + "\n")
        self.purge = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/purge", f"--token_file={self.nodes}", "--lease=3s")
        self.shield_ = self.shield(f"--purge=http://{self.purge.ready['listen']}", f"--purge_token_file={self.nodes}", "--node=shield-1")
        self.edge_ = self.edge(f"--shield=http://{self.shield_.ready['listen']}", f"--purge=http://{self.purge.ready['listen']}",
                               f"--purge_token_file={self.nodes}", "--node=edge-1")

    def post(self, urls):
        done = fetch(f"http://{self.purge.ready['listen']}/v1/purges", f"Authorization: Bearer {NODE_TOKEN}", "Content-Type: application/json",
                     method="POST", body=json.dumps({"urls": urls, "wait": "25s"}).encode(), http="--http1.1")
        return done.status, json.loads(done.body)

    def test_a_purge_completes_whoever_was_replaced_before_it(self):
        self.deploy(self.shield_, {"/index.html": b"the page"})
        visitors = Visitors(self.edge_.ready["http"], "/")
        last = 0
        for program in (self.purge, self.shield_, self.edge_, self.purge):
            program.hand_over()
            status, receipt = self.post(["https://example.com/", f"https://example.com/{last}"])
            self.assertEqual((status, receipt["state"]), (200, "complete"), receipt)
            self.assertGreater(receipt["seq"], last)
            last = receipt["seq"]
        visitors.stop()
        self.assertEqual(visitors.wrong, [])
        self.assertEqual(metric(self.edge_.ready["admin"], "skerry_purge_applied_seq"), last)

    def test_a_release_is_served_and_the_next_one_pushed_after_the_shield_was_replaced(self):
        self.deploy(self.shield_, {"/index.html": b"one"})
        self.shield_.hand_over()
        self.assertTrue(ask(self.edge_.ready["http"], "/").endswith(b"one"))
        self.deploy(self.shield_, {"/index.html": b"two"})
        eventually(lambda: ask(self.edge_.ready["http"], "/").endswith(b"two"), what="the new release")


if __name__ == "__main__":
    unittest.main()

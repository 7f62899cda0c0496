"""Hits in memory while reads wait for a slow disk, which takes 20 ms for each.

With --full the bar is a p99: twice the undisturbed one at most. Otherwise it is a median, which other programs on the
machine cannot spoil and waiting for the disk would.
"""
import os
import re
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from faulty_disk import FaultyDisk, works_with  # noqa: E402
from skerry import Case, binary, eventually, metric  # noqa: E402

ALONE = True  # a bar is a time
OBJECTS = 400
SIZE = 64_000
FULL = "SKERRY_FULL" in os.environ
ROUNDS = 20 if FULL else 8
ASKED = 1_000
WAITING = 64  # requests for what is on the disk, at any time


class Client:
    """One connection, one request after the other; times each."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), 20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, path):
        begun = time.perf_counter()
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: site.example\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        size = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE).group(1))
        left = size - len(body)
        while left > 0:
            left -= len(self._socket.recv(left))
        return time.perf_counter() - begun, head

    def close(self):
        self._socket.close()


def quantile(times):
    return sorted(times)[len(times) * (99 if FULL else 50) // 100]


def undisturbed(rounds):
    """Other programs on the machine only ever add: the rounds in which they did least."""
    return sorted(rounds)[len(rounds) // 4]


class DiskSlowTest(Case):
    def setUp(self):
        super().setUp()
        if not works_with(binary("skerry-edge")):
            self.skipTest("a sanitizer's build: its times say nothing")
        self.server = self.origin()
        fields = {"Cache-Control": "public, max-age=3600"}
        self.server.answers["/hot"] = (200, fields, b"h" * 1024)
        self.paths = [f"/cold/{number}.bin" for number in range(OBJECTS)]
        for path in self.paths:
            self.server.answers[path] = (200, fields, os.urandom(1000) * (SIZE // 1000))
        cache = os.path.join(self.folder, "cache")
        self.disk = FaultyDisk(self.folder, cache)
        self.edge = self.start("skerry-edge", "--https=127.0.0.1:0", "--http=127.0.0.1:0", "--admin=127.0.0.1:0", "--workers=1", "--ram_cache=4MiB",
                               "--disk_cache=512MiB", f"--cache_dir={cache}", f"--origin={self.server.url}", env=self.disk.env)
        self.client = Client(self.edge.ready["http"])
        self._stack.callback(self.client.close)
        for path in ["/hot"] * 20 + self.paths + ["/hot"] * 20:
            self.client.ask(path)
        eventually(lambda: metric(self.edge.ready["admin"], "skerry_disk_objects") > OBJECTS, what="all is on disk")

    def hot(self):
        """The quantile of hits in memory."""
        times = []
        for _ in range(ASKED):
            seconds, head = self.client.ask("/hot")
            self.assertIn(b"; hit", head)
            times.append(seconds)
        return quantile(times)

    def cold_load(self):
        """Keeps WAITING requests for stored responses under way until it is ended."""
        urls = self.file("urls", "".join(f"http://{self.edge.ready['http']}{path}\n" for path in self.paths))
        command = ["h2load", "-c", "8", "-m", str(WAITING // 8), "-t", "1", "-D", "60", "-i", urls, "-H", ":authority: site.example"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def test_hits_in_memory_do_not_wait_behind_reads_of_the_disk(self):
        quiet, beside = [], []
        for _ in range(ROUNDS):
            quiet.append(self.hot())
            self.disk.order("slow")
            load = self.cold_load()
            before = metric(self.edge.ready["admin"], "skerry_cache_hits_total")
            eventually(lambda before=before: metric(self.edge.ready["admin"], "skerry_cache_hits_total") > before, what="the load has begun")
            beside.append(self.hot())
            load.kill()
            load.wait()
            self.disk.order("")
        alone, ratio = undisturbed(quiet), undisturbed(beside) / undisturbed(quiet)
        print(f"{'p99' if FULL else 'median'} of hits in memory: {alone * 1e6:.0f} us, beside {WAITING} requests that wait for the disk {ratio:.2f} x")
        self.assertLess(ratio, 2)
        self.assertEqual(self.server.count("/cold/1.bin"), 1, "what was on the disk came from there")


if __name__ == "__main__":
    unittest.main()

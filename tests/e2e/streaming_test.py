"""A large object goes to a slow and a fast client at once: both get all of it, the origin is asked once, and the edge
holds no more of it than its store's write buffers and a window a connection."""
import os
import re
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, eventually, fetch, metric  # noqa: E402

TIMEOUT_SECONDS = 600

MIB = 1 << 20
SIZE = 1024 * MIB if os.environ.get("SKERRY_FULL") else 96 * MIB
SLOW = 48 * MIB if os.environ.get("SKERRY_FULL") else 12 * MIB  # bytes a second
PIECE = bytes(range(256)) * (MIB // 256)
A_CONNECTION = 2 * MIB
CONNECTIONS = 3  # two clients, one origin
STORE = 4 * 32 * MIB  # the store's write buffers at most (core/cache/disk/store.cc), for all fills together


def anonymous_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024


def stream(request):
    request.send_response(200)
    request.send_header("Content-Length", str(SIZE))
    request.send_header("Cache-Control", "max-age=600")
    request.end_headers()
    for _ in range(SIZE // MIB):
        request.wfile.write(PIECE)


class StreamingTest(Case):
    def download(self, url, *more):
        return subprocess.Popen(["curl", "-sk", "--http2", "-m", "500", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", *more, url],
                                stdout=subprocess.PIPE, text=True)

    def watch(self, pid, clients):
        """The most memory while any client is at work."""
        most, over = 0, threading.Event()
        while any(client.poll() is None for client in clients):
            most = max(most, anonymous_bytes(pid))
            over.wait(0.05)
        return most

    def measure(self, disk):
        origin = self.origin()
        origin.answers["/small"] = (200, {"Cache-Control": "max-age=600"}, PIECE)
        origin.answers["/large"] = stream
        edge = self.start("skerry-edge", "--https=127.0.0.1:0", "--admin=127.0.0.1:0", f"--origin={origin.url}", "--workers=1",
                          "--ram_cache=64MiB", f"--disk_cache={disk // MIB}MiB", f"--cache_dir={self.folder}/cache")
        for _ in range(3):  # what a first answer allocates once
            fetch(f"https://{edge.ready['https']}/small")
        before = anonymous_bytes(edge.pid)
        url = f"https://{edge.ready['https']}/large"
        clients = [self.download(url, "--limit-rate", str(SLOW)), self.download(url)]
        most = self.watch(edge.pid, clients)
        for client in clients:
            self.assertEqual(client.communicate()[0], f"200 {SIZE}")
        return edge, origin, most - before

    def test_two_clients_of_one_fetch(self):
        edge, origin, grown = self.measure(disk=10 * SIZE)
        self.assertLessEqual(grown, CONNECTIONS * A_CONNECTION + STORE)
        self.assertEqual(origin.count("/large"), 1)
        eventually(lambda: metric(edge.ready["admin"], "skerry_connections") <= 1, what="the clients are gone")


if __name__ == "__main__":
    unittest.main()

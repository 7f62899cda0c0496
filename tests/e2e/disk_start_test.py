"""A store of a million responses: the edge answers within a second of its start, and soon from the disk."""
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, binary, eventually, metric  # noqa: E402

ALONE = True  # a bar is a time
OBJECTS = 1_000_000
HOST = {"Host": "store.example"}


class DiskStartTest(Case):
    def setUp(self):
        super().setUp()
        self.server = self.origin()
        self.cache = os.path.join(self.folder, "cache")
        os.makedirs(self.cache)
        subprocess.run([binary("disk_torture"), "store", os.path.join(self.cache, "store"), str(OBJECTS)], check=True)

    def start_edge(self):
        """Started, and not waited for."""
        return self.start("skerry-edge", "--http=127.0.0.1:0", "--https=127.0.0.1:0", "--admin=127.0.0.1:0", "--workers=1", "--ram_cache=64MiB",
                          f"--cache_dir={self.cache}", f"--origin={self.server.url}", wait=False)

    def get(self, connection, number):
        connection.request("GET", f"/{number}", headers=HOST)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Cache-Status", "")

    def first_answer(self, number):
        """Seconds from the start of the process to the end of its first answer."""
        self.server.answers[f"/{number}"] = (200, {"Cache-Control": "max-age=60"}, b"from the origin\n")
        begun = time.monotonic()
        edge = self.start_edge()
        while not os.path.exists(edge.ready_file):
            self.assertLess(time.monotonic() - begun, 60)
            self.assertIsNone(edge.process.poll(), edge.log())
            time.sleep(0.002)
        with open(edge.ready_file, encoding="utf-8") as file:
            edge.ready = json.load(file)
        host, port = edge.ready["http"].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        self._stack.callback(connection.close)
        self.assertEqual(self.get(connection, number)[0], 200)
        return time.monotonic() - begun, edge, connection

    def test_the_first_request_is_answered_within_a_second_of_the_start(self):
        took = []
        for number in range(3):
            seconds, edge, connection = self.first_answer(number)
            took.append(seconds)
            eventually(lambda edge=edge: metric(edge.ready["admin"], "skerry_disk_objects") >= OBJECTS, 60, "the index is loaded")
            status, body, how = self.get(connection, OBJECTS // 2 + number)
            self.assertEqual((status, body), (200, f"response {OBJECTS // 2 + number}\n".encode()))
            self.assertIn("; hit", how)
            edge.kill()  # the next one finds what a crash leaves
        print("first answers after", ", ".join(f"{seconds:.2f} s" for seconds in took))
        self.assertLess(statistics.median(took), 1.0)


if __name__ == "__main__":
    unittest.main()

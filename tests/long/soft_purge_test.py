#!/usr/bin/env python3
"""A soft purge of a tag on very many objects, under load: the origin gets no more than upstream.budget a second, what is asked for most is
fetched first, and no client sees an error. SKERRY_SOFT_OBJECTS: how many (100,000)."""
import concurrent.futures
import http.client
import json
import os
import random
import threading
import time
import unittest

from support import skerry

ALONE = True
TIMEOUT_SECONDS = 1800
OBJECTS = int(os.environ.get("SKERRY_SOFT_OBJECTS", 100_000))
BUDGET = 100
SECONDS = 10


class Origin(skerry.CrowdOrigin):
    """Answers everything with a tag, and remembers what was asked for and when."""

    def __init__(self):
        self.asked = []
        super().__init__()

    def answer(self, handler):
        self.asked.append((time.monotonic(), int(handler.path.rsplit("/", 1)[1])))
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=3600, stale-while-revalidate=600\r\nCache-Tag: everything\r\n"
                            b"Content-Length: 100\r\n\r\n" + b"x" * 100)


class SoftPurgeTest(skerry.Case):
    def setUp(self):
        super().setUp()
        self.app = Origin()
        self._stack.callback(self.app.close)
        tokens = self.file("tokens", "token-of-everyone\n")
        self.service = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/log", f"--token_file={tokens}")
        config = self.file("edge.toml", f'[upstream]\nbudget = {BUDGET}\n[[site]]\nname = "s"\nhosts = ["*"]\norigin = "{self.app.url}"\n')
        self.edge_ = self.start("skerry-edge", "--http=127.0.0.1:0", f"--config={config}", "--node=edge", f"--purge=http://{self.service.ready['listen']}",
                                f"--purge_token_file={tokens}", f"--cache_dir={self.folder}/cache", "--ram_cache=1GiB", "--disk_cache=2GiB", "--workers=2")

    def connect(self):
        host, port = self.edge_.ready["http"].rsplit(":", 1)
        return http.client.HTTPConnection(host, int(port), timeout=60)

    def ask(self, connection, number):
        connection.request("GET", f"/{number}", headers={"Host": "shop.example"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def fill(self):
        def some(numbers):
            connection = self.connect()
            for number in numbers:
                self.assertEqual(self.ask(connection, number), 200)
            connection.close()

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(some, [range(i, OBJECTS, 8) for i in range(8)]))

    def client(self, seed, end, statuses):
        chance, connection = random.Random(seed), self.connect()
        while time.monotonic() < end:
            # The lower the number, the hotter.
            statuses.append(self.ask(connection, int(OBJECTS ** chance.random()) - 1))
        connection.close()

    def test_refreshes_keep_to_the_budget_the_hottest_first_and_nobody_notices(self):
        self.fill()
        connection = http.client.HTTPConnection(self.service.ready["listen"], timeout=60)
        connection.request("POST", "/v1/purges", json.dumps({"tags": ["everything"], "mode": "soft", "wait": "30s"}), {"Authorization": "Bearer token-of-everyone"})
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        begun, statuses = time.monotonic(), []
        self.app.asked.clear()
        threads = [threading.Thread(target=self.client, args=(seed, begun + SECONDS, statuses)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
        refreshed = [number for _, number in self.app.asked]
        print(f"\n{len(statuses)} answers in {took:.1f} s, {len(refreshed)} refreshes")
        self.assertEqual(set(statuses), {200})
        self.assertLessEqual(len(refreshed), BUDGET * (took + 1))
        self.assertGreater(len(refreshed), min(BUDGET, len(statuses) / 20))
        # Each is refreshed once: of the first, most are among the hottest tenth.
        first = refreshed[:BUDGET]
        self.assertGreater(sum(number < OBJECTS / 10 for number in first), len(first) / 2)


if __name__ == "__main__":
    unittest.main()

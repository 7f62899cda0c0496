#!/usr/bin/env python3
"""What back-to-back purges of 10,000 URLs add to hits in memory: p99 over real sockets, with and without them by turns.

A client asks at a pace, so that it measures the edge and not itself; the purges come one behind the other, each waited for.
Client, sender and purge service are other machines elsewhere. Here they share the edge's processors, so the client runs
whenever it has something to do (SCHED_FIFO, where that is allowed: else it measures how long it waits for a turn itself), and
sender and service get what the edge leaves (SCHED_IDLE). The edge is as it is anywhere. What a client sees is measured: from
before the request is sent until its last byte is there.
"""
import contextlib
import http.client
import json
import multiprocessing
import os
import socket
import statistics
import time
import unittest

from support import skerry

ALONE = True
TIMEOUT_SECONDS = 300
ROUNDS = 10
SECONDS = 2.0
PACE = 500  # requests a second
BAR = 1.10
TOKEN = "token-of-everyone"
REQUEST = b"GET /hot HTTP/1.1\r\nHost: shop.example\r\n\r\n"


def run_last(thread):
    os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))


def ask_at_a_pace(address, orders, told):
    """A process of its own: for each order, the times of SECONDS * PACE hits on a kept connection."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), 20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while orders.recv():
        times, misses, due = [], 0, time.perf_counter()
        for _ in range(int(SECONDS * PACE)):
            due += 1 / PACE
            while time.perf_counter() < due:
                time.sleep(max(0, due - time.perf_counter()))
            begun = time.perf_counter()
            connection.sendall(REQUEST)
            data = b""
            while not data.endswith(b"the end"):
                data += connection.recv(65536)
            times.append(time.perf_counter() - begun)
            misses += b"; hit" not in data
        told.send((times, misses))


def purge_back_to_back(address, bodies, orders, told):
    """A process of its own: one purge behind the other, until an order comes."""
    connection = http.client.HTTPConnection(address, timeout=60)
    run_last(0)
    done = 0
    while not orders.poll(0):
        connection.request("POST", "/v1/purges", bodies[done % len(bodies)], {"Authorization": "Bearer " + TOKEN})
        answer = connection.getresponse()
        receipt = json.loads(answer.read())
        assert answer.status == 200 and receipt["state"] == "complete", receipt
        done += 1
        if done == 1:
            told.send(done)  # it has begun
    told.send(done)


def p99(times):
    return sorted(times)[len(times) * 99 // 100]


class PurgeHitsTest(skerry.Case):
    def setUp(self):
        super().setUp()
        tokens = self.file("tokens", TOKEN + "\n")
        app = self.origin()
        app.answers["/hot"] = (200, {"Cache-Control": "max-age=3600", "Cache-Tag": "hot"}, b"x" * 1000 + b"the end")
        purge = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/log", f"--token_file={tokens}")
        for thread in os.listdir(f"/proc/{purge.process.pid}/task"):
            run_last(int(thread))
        self.node = self.edge("--node=edge", f"--purge=http://{purge.ready['listen']}", f"--purge_token_file={tokens}", f"--origin={app.url}")
        for _ in range(20):
            skerry.fetch(f"http://{self.node.ready['http']}/hot", "Host: shop.example", http="--http1.1")
        self.bodies = [json.dumps({"urls": [f"https://www.shop.example/products/category-{number % 100}/item-{number}.html?{batch}"
                                            for number in range(10_000)], "wait": "20s"}).encode() for batch in range(8)]
        self.service = purge.ready["listen"]

    def helper(self, run, *arguments):
        orders, theirs = multiprocessing.Pipe()
        told, tells = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(target=run, args=(*arguments, theirs, tells), daemon=True)
        process.start()
        self._stack.callback(process.join, 10)
        self._stack.callback(process.kill)
        return orders, told

    def measured(self):
        self.client.send(True)
        times, misses = self.times.recv()
        self.assertEqual(misses, 0)
        return p99(times), statistics.median(times)

    def test_hits_hardly_notice_purges(self):
        self.client, self.times = self.helper(ask_at_a_pace, self.node.ready["http"])
        alone, beside = [], []
        self.measured()
        for _ in range(ROUNDS):
            alone.append(self.measured())
            purges, told = self.helper(purge_back_to_back, self.service, self.bodies)
            told.recv()
            beside.append(self.measured())
            purges.send(True)
            self.assertGreater(told.recv(), 2)
        share = [with_purges[0] / without[0] for with_purges, without in zip(beside, alone)]
        print(f"\nhits in memory, {PACE} a second: p99 {statistics.median(one[0] for one in alone) * 1e6:.0f} us alone, "
              f"{statistics.median(one[0] for one in beside) * 1e6:.0f} us beside purges of 10,000 URLs; median of {ROUNDS} ratios {statistics.median(share):.3f} "
              f"(medians: {statistics.median(one[1] for one in alone) * 1e6:.0f} and {statistics.median(one[1] for one in beside) * 1e6:.0f} us)")
        self.assertLessEqual(statistics.median(share), BAR)


if __name__ == "__main__":
    unittest.main()

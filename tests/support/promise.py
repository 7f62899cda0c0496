"""The promise of a receipt, tried on real programs: clients, purges, and every program killed, ended and paused.

Each answer of the origin holds the moment at which its request came in; origin, clients and purges share one clock. A
purge that was told complete leaves a bar for all it covers: a request that begins later and gets an answer from before
the purge was sent breaks the promise.
"""
import http.client
import json
import os
import random
import signal
import threading
import time

from support import skerry

TOKEN = "token-of-everyone"
HOST = "shop.example"
CLIENTS = 16
KEYS = 40
LARGE = 300_000  # several chunks, in memory and on disk


def path_of(number):
    return f"/{'large' if number % 10 == 0 else 'small'}/{number}"


def tags_of(number):
    return [f"third-{number % 3}", f"ninth-{number % 9}"]


class Origin(skerry.CrowdOrigin):
    """Answers every GET after up to 40 ms with the time at which it came, again and again to the end of the body."""

    def answer(self, handler):
        stamp = b"%020d\n" % time.monotonic_ns()
        number = int(handler.path.rsplit("/", 1)[1])
        time.sleep(random.random() * 0.04)
        body = stamp * ((LARGE if number % 10 == 0 else 200) // len(stamp))
        handler.send_response(200)
        handler.send_header("Cache-Control", "max-age=3600, stale-while-revalidate=60, stale-if-error=600")
        handler.send_header("Cache-Tag", ",".join(tags_of(number)))
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


class Bars:
    """For each key: what is older than this may no longer be served."""

    def __init__(self):
        self._lock = threading.Lock()
        self._bars = [0] * KEYS

    def raise_to(self, numbers, sent):
        with self._lock:
            for number in numbers:
                self._bars[number] = max(self._bars[number], sent)

    def of(self, number):
        with self._lock:
            return self._bars[number]


def selection(chance):
    """A purge and the keys it covers."""
    kind = chance.choice(["url", "urls", "tag", "prefix", "host", "all", "tag", "url"])
    if kind in ("url", "urls"):
        numbers = chance.sample(range(KEYS), 1 if kind == "url" else 10)
        return {"urls": [f"https://{HOST}{path_of(number)}" for number in numbers]}, numbers
    if kind == "tag":
        tag = chance.choice(tags_of(chance.randrange(KEYS)))
        return {"tags": [tag]}, [number for number in range(KEYS) if tag in tags_of(number)]
    if kind == "prefix":
        prefix = chance.choice(["/large/", "/small/1", "/small/"])
        return {"prefixes": [f"https://{HOST}{prefix}*"]}, [number for number in range(KEYS) if path_of(number).startswith(prefix)]
    return ({"hosts": [HOST]} if kind == "host" else {"all": True}), list(range(KEYS))


class Node:
    """A program that is started again on the same address with the same folders."""

    def __init__(self, case, name, flags, address):
        self.case, self.name, self.flags, self.address = case, name, flags, address
        self.program = None

    def start(self, wait=True):
        self.program = self.case.start(self.name, *self.flags, wait=False)
        if wait:
            self.program.wait_ready()

    def signal(self, signo):
        self.program.process.send_signal(signo)

    def end(self, signo):
        self.signal(signo)
        self.program.process.wait(60)


class PromiseCase(skerry.Case):
    seconds = 10.0
    calm = 0.3  # seconds between two blows, at most four times that

    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("SKERRY_PROMISE_SEED", random.SystemRandom().randrange(1 << 32)))
        self.tokens = self.file("tokens", TOKEN + "\n")
        self.app = Origin()
        self._stack.callback(self.app.close)
        # An address of our own: a port that was given up is taken by nobody else meanwhile.
        chance = random.SystemRandom()
        self.loopback = f"127.{chance.randrange(2, 250)}.{chance.randrange(250)}.{chance.randrange(1, 250)}"
        self.bars, self.over, self.counts = Bars(), threading.Event(), {}
        self.broken, self.lock = [], threading.Lock()
        self.nodes = {}
        self.start_nodes()

    def add(self, name, program, port, *flags):
        node = Node(self, program, flags, (self.loopback, port))
        self.nodes[name] = node
        return node

    def start_nodes(self):
        at = self.loopback
        follow = [f"--purge=http://{at}:2001", f"--purge_token_file={self.tokens}"]
        self.add("purge", "skerry-purge", 2001, f"--listen={at}:2001", f"--data_dir={self.folder}/log", f"--token_file={self.tokens}",
                 f"--config={self.purge_config()}")
        self.add("shield", "skerry-shield", 2002, f"--listen={at}:2002", f"--data_dir={self.folder}/shield", f"--token_file={self.tokens}",
                 f"--origin={self.app.url}", "--node=shield", *follow)
        for number in (1, 2, 3):
            upstream = f"--origin={self.app.url}" if number == 3 else f"--shield=http://{at}:2002"
            self.add(f"edge-{number}", "skerry-edge", 2010 + number, f"--http={at}:{2010 + number}", upstream, "--ram_cache=16MiB", "--disk_cache=128MiB",
                     f"--cache_dir={self.folder}/edge-{number}", "--workers=2", f"--node=edge-{number}", *follow)
        for node in self.nodes.values():
            node.start()

    def purge_config(self):
        return self.file("purge.toml", 'lease = "1s"\n')

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    # --- those who ask

    def client(self, seed):
        chance = random.Random(seed)
        edges = [node for name, node in self.nodes.items() if name.startswith("edge")]
        connections = {}
        while not self.over.is_set():
            node, number = chance.choice(edges), chance.randrange(KEYS)
            if node.address not in connections:
                connections[node.address] = http.client.HTTPConnection(*node.address, timeout=10)
            connection = connections[node.address]
            bar = self.bars.of(number)  # before the request begins
            try:
                connection.request("GET", path_of(number), headers={"Host": HOST})
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                self.count("no answer")
                connection.close()
                del connections[node.address]
                time.sleep(0.02)
                continue
            self.judge(node, number, answer, body, bar)
        for connection in connections.values():
            connection.close()

    def judge(self, node, number, answer, body, bar):
        if answer.status != 200:
            return self.count(f"status {answer.status}")
        stamps = set(body.split())
        told = answer.getheader("Cache-Status") or ""
        self.count("hit" if told.rsplit(",", 1)[-1].find("hit") >= 0 else "answer")
        if len(stamps) == 1 and int(next(iter(stamps))) >= bar:
            return None
        late = [(bar - int(stamp)) / 1e6 for stamp in stamps]
        with self.lock:
            self.broken.append(f"{node.address} {path_of(number)}: fetched {late} ms before a purge that was complete; {told}; {len(body)} bytes")
        return None

    # --- those who purge

    def purger(self, seed):
        chance = random.Random(seed)
        while not self.over.is_set():
            body, numbers = selection(chance)
            hard = chance.random() < 0.9
            sent = time.monotonic_ns()
            told = self.ask("POST", "/v1/purges", {**body, "mode": "hard" if hard else "soft", "wait": "3s"})
            if told is None:
                time.sleep(0.05)
            elif told["state"] != "complete":
                self.count("purge not complete in time")
            elif hard:
                self.bars.raise_to(numbers, sent)
                self.count("purge")
            time.sleep(chance.random() * 0.05)

    def ask(self, method, path, body):
        connection = http.client.HTTPConnection(self.loopback, 2001, timeout=10)
        try:
            connection.request(method, path, json.dumps(body), {"Authorization": "Bearer " + TOKEN})
            answer = connection.getresponse()
            text = answer.read()
            return json.loads(text) if answer.status in (200, 202) else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    # --- what befalls the programs

    def blow(self, chance):
        name = chance.choice(list(self.nodes))
        node = self.nodes[name]
        how = chance.choice(["kill", "kill", "end", "pause", "pause", "long pause"])
        self.count(how)
        if how.endswith("pause"):
            node.signal(signal.SIGSTOP)
            self.over.wait(chance.random() * (2.5 if how == "long pause" else 0.5))
            return node.signal(signal.SIGCONT)
        node.end(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        self.over.wait(chance.random() * 1.5)
        return node.start(wait=chance.random() < 0.5)

    def run_all(self):
        print(f"\nSKERRY_PROMISE_SEED={self.seed}", flush=True)
        chance = random.Random(self.seed)
        threads = [threading.Thread(target=self.client, args=(chance.random(),)) for _ in range(CLIENTS)]
        threads += [threading.Thread(target=self.purger, args=(chance.random(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            end = time.monotonic() + self.seconds
            while time.monotonic() < end and not self.broken:
                self.over.wait(self.calm * (1 + 3 * chance.random()))
                self.blow(chance)
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        print(", ".join(f"{what}: {number}" for what, number in sorted(self.counts.items())))
        self.assertEqual(self.broken[:5], [])
        # It was a trial: much was served from memory or disk, and purges did complete.
        self.assertGreater(self.counts.get("hit", 0), 20)
        self.assertGreater(self.counts.get("purge", 0), 2)

#!/usr/bin/env python3
"""skerry-pipeline push against real shields and edges: what it promises while connections break, processes die, nodes sleep."""
import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, HERE)
from shield_test import NODE_TOKEN, ReleaseCase  # noqa: E402
from skerry import binary, eventually, fetch  # noqa: E402

FILES = 12
CONNECTIONS = 6  # pipeline/ship/ship.h
DONE, FAILED, UNCONFIRMED = 0, 1, 4


class Relay:
    """Between push and shield. `before(handler)` may answer in the shield's place: (status, fields, body), or "hang up"."""

    def __init__(self, shield, before=lambda handler: None):
        self.seen = []  # (time, method, path, status) of what was answered, in order
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = before(self)
                if answer == "hang up":
                    relay.seen.append((time.monotonic(), self.command, self.path, 0))
                    self.close_connection = True
                    return
                if answer is None:
                    onward = http.client.HTTPConnection(shield, timeout=60)
                    onward.request(self.command, self.path, body, {"Authorization": self.headers.get("Authorization", "")})
                    got = onward.getresponse()
                    answer = got.status, {"Content-Type": got.getheader("Content-Type", "text/plain")}, got.read()
                    onward.close()
                status, fields, content = answer
                relay.seen.append((time.monotonic(), self.command, self.path, status))
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = pass_on

            def log_message(self, *_args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_args):
                pass  # a push that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stored(self):
        """Blobs that the shield acknowledged."""
        return [path for _, method, path, status in self.seen if method == "PUT" and status in (200, 201)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class PushTest(ReleaseCase):
    def relay(self, shield, before=lambda handler: None):
        relay = Relay(shield.ready["listen"], before)
        self.addCleanup(relay.close)
        return relay

    def build(self, name):
        """A site whose page names the release and shows a style sheet of it, and files that no coding shrinks."""
        site, out = os.path.join(self.folder, name), os.path.join(self.folder, name + ".release")
        os.makedirs(site)
        for number in range(FILES):
            with open(os.path.join(site, f"{number}.bin"), "wb") as file:
                file.write(b"%d" % number + bytes(number) * 40)
        for path, text in {"index.html": f"<!doctype html><link rel=stylesheet href=a.css><p>{name}", "a.css": f"p::after {{ content: '{name}' }}"}.items():
            with open(os.path.join(site, path), "w", encoding="utf-8") as file:
                file.write(text)
        code, said = self.run_program("skerry-pipeline", "build", site, f"--out={out}", "--cache_dir=off", seconds=120)
        self.assertEqual(code, DONE, said)
        return out

    def command(self, release, to, *more):
        return [binary("skerry-pipeline"), "push", release, f"--to={to}", "--site=demo", f"--token_file={self.tokens}", *more]

    def push_to(self, release, to, *more, seconds=120):
        return subprocess.run(self.command(release, to, *more), capture_output=True, text=True, timeout=seconds, check=False)

    def test_a_push_that_was_killed_goes_on_where_it_stopped(self):
        shield = self.shield()
        release = self.build("one")
        some, lock = 5, threading.Lock()
        turns, stuck, end = [], threading.Event(), threading.Event()

        def before(handler):
            if handler.command != "PUT":
                return None
            with lock:
                turns.append(handler.path)
                if len(turns) <= some:
                    return None
            stuck.set()
            end.wait(60)
            return "hang up"

        relay = self.relay(shield, before)
        push = subprocess.Popen(self.command(release, relay.url, "--activate"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertTrue(stuck.wait(60))
        eventually(lambda: len(relay.stored()) == some, what="the first blobs are stored")
        push.send_signal(signal.SIGKILL)
        push.communicate()
        end.set()
        self.assertEqual(self.get(shield, "/").status, 404, "half a release is served")

        second = self.relay(shield)
        done = self.push_to(release, second.url, "--activate", "--wait=10s", "--json")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual(set(second.stored()) & set(relay.stored()), set(), "sent again")
        said = json.loads(done.stdout)
        self.assertEqual(said["sent"]["blobs"], said["blobs"] - some)
        self.assertIn(b"one", self.get(shield, "/").body)

    def test_blobs_are_sent_side_by_side(self):
        shield = self.shield()
        release = self.build("one")
        together = threading.Barrier(CONNECTIONS)
        first = iter(range(CONNECTIONS))

        def before(handler):
            if handler.command == "PUT" and next(first, None) is not None:
                together.wait(30)  # fails unless the others come meanwhile

        done = self.push_to(release, self.relay(shield, before).url)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertFalse(together.broken)

    def test_only_what_the_shield_lacks_is_sent(self):
        shield = self.shield()
        self.assertEqual(self.push_to(self.build("one"), f"http://{shield.ready['listen']}").returncode, DONE)
        relay = self.relay(shield)
        done = self.push_to(self.build("two"), relay.url)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual(len(relay.stored()), 2)  # page and style sheet

    def test_pauses_grow_until_the_shield_is_well_again(self):
        shield = self.shield()
        ill = iter(range(4))

        def before(handler):
            turn = next(ill, None) if handler.path.endswith("/releases") else None
            return None if turn is None else ("hang up", (503, {}, b""), (429, {}, b""), (502, {}, b""))[turn]

        relay = self.relay(shield, before)
        done = self.push_to(self.build("one"), relay.url)
        self.assertEqual(done.returncode, DONE, done.stderr)
        times = [at for at, _, path, _ in relay.seen if path.endswith("/releases")]
        gaps = [after - before for before, after in zip(times, times[1:])]
        self.assertEqual(len(gaps), 4)
        for shorter, longer in zip(gaps, gaps[1:]):
            self.assertGreater(longer, shorter * 1.3, gaps)

    def test_a_pause_that_the_shield_asks_for_is_kept(self):
        shield = self.shield()
        busy = iter(range(1))

        def before(handler):
            return (429, {"Retry-After": "2"}, b"") if handler.command == "PUT" and next(busy, None) is not None else None

        relay = self.relay(shield, before)
        self.assertEqual(self.push_to(self.build("one"), relay.url).returncode, DONE)
        refused = next((at, path) for at, _, path, status in relay.seen if status == 429)
        again = next(at for at, _, path, status in relay.seen if path == refused[1] and status == 201)
        self.assertGreaterEqual(again - refused[0], 1.9)

    def test_a_shield_that_restarts_meanwhile_gets_the_rest(self):
        data = os.path.join(self.folder, "data")
        shield = self.shield(data=data)
        port = int(shield.ready["listen"].rsplit(":", 1)[1])
        once, killed = threading.Lock(), []

        def before(handler):
            with once:
                if handler.command == "PUT" and len(relay.stored()) >= 3 and not killed:
                    shield.kill()
                    killed.append(self.shield(data=data, port=port))

        relay = self.relay(shield, before)
        done = self.push_to(self.build("one"), relay.url, "--activate", "--wait=10s")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual(len(killed), 1)
        self.assertIn(b"one", self.get(killed[0], "/").body)

    def test_visitors_see_one_release_or_the_other(self):
        shield = self.shield()
        address = f"http://{shield.ready['listen']}"
        self.assertEqual(self.push_to(self.build("one"), address, "--activate").returncode, DONE)
        seen = []

        def look():
            page = self.get(shield, "/").body.decode()
            style = self.get(shield, "/" + page.split("href=")[1].split(">")[0].strip("\"'").lstrip("/"))
            seen.append((page.rsplit("<p>", 1)[1], style.status, style.body.decode().split("'")[1]))

        def before(handler):
            if handler.command == "PUT" or handler.path.endswith("/activate"):
                look()

        done = self.push_to(self.build("two"), self.relay(shield, before).url, "--activate", "--wait=10s")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertGreaterEqual(len(seen), 3)
        self.assertEqual(set(seen), {("one", 200, "one")}, "before the activation")
        look()
        self.assertEqual(seen[-1], ("two", 200, "two"))

    def test_a_preview_is_seen_by_those_who_know_its_host_alone(self):
        shield = self.shield()
        address = f"http://{shield.ready['listen']}"
        self.assertEqual(self.push_to(self.build("one"), address, "--activate").returncode, DONE)
        done = self.push_to(self.build("two"), address, "--preview=https://example.com", "--json")
        self.assertEqual(done.returncode, DONE, done.stderr)
        url = json.loads(done.stdout)["preview"]
        self.assertTrue(url.startswith("https://") and url.rstrip("/").endswith(".example.com"), url)
        host = url.split("://")[1].rstrip("/")
        self.assertIn(b"two", self.get(shield, "/", f"Host: {host}").body)
        self.assertIn(b"one", self.get(shield, "/").body)
        self.assertIn(b"one", self.get(shield, "/", "Host: example.com").body)

    def test_waits_for_every_node_and_says_who_is_missing(self):
        nodes = self.file("nodes.tokens", NODE_TOKEN + "\n")
        purge = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/purge", f"--token_file={nodes}")
        follow = [f"--purge=http://{purge.ready['listen']}", f"--purge_token_file={nodes}"]
        shield = self.shield(*follow, "--node=shield-1")
        address = f"http://{shield.ready['listen']}"
        edge = self.edge(f"--shield={address}", *follow, "--node=edge-1")
        release = self.build("one")
        os.kill(edge.pid, signal.SIGSTOP)
        try:
            slept = self.push_to(release, address, "--activate", "--wait=1s", "--json")
        finally:
            os.kill(edge.pid, signal.SIGCONT)
        self.assertEqual(slept.returncode, UNCONFIRMED, slept.stdout + slept.stderr)
        states = {name: node["state"] for name, node in json.loads(slept.stdout)["receipt"]["nodes"].items()}
        self.assertEqual(states["shield-1"], "applied")
        self.assertNotEqual(states["edge-1"], "applied")
        self.assertIn("not every node confirmed", slept.stderr)
        again = self.push_to(release, address, "--activate", "--wait=30s", "--json")
        self.assertEqual(again.returncode, DONE, again.stderr)
        self.assertEqual(json.loads(again.stdout)["sent"]["blobs"], 0)
        self.assertIn(b"one", fetch(f"https://{edge.ready['https']}/").body)


if __name__ == "__main__":
    unittest.main()

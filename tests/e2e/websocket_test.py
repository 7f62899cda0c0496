"""WebSockets through skerry-edge: the handshake, bytes both ways, and every end of it."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from raw import RawClient, RawOrigin, get  # noqa: E402
from skerry import Case, eventually, metric  # noqa: E402

SANITIZED = True

ACCEPT = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"


def handshake(path="/echo", *more):
    lines = [f"GET {path} HTTP/1.1", "Host: a.example", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: https://a.example", "Cookie: session=1", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class WebSocketTest(Case):
    def setUp(self):
        super().setUp()
        self.left = threading.Event()  # the origin has seen the end of a tunnel
        self.server = RawOrigin(self.answer)
        self.addCleanup(self.server.close)

    def answer(self, connection, head):
        path = head.split(" ")[1]
        if path == "/refuses":
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            return True
        if path == "/plain":
            connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 5\r\n\r\nhello")
            return True
        if path == "/other":
            connection.sendall(ACCEPT.replace(b"WebSocket", b"something"))
            return False
        connection.sendall(ACCEPT + b"welcome")
        if path == "/closes":
            return False
        with contextlib.suppress(OSError):
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                if path == "/echo":
                    connection.sendall(piece)
        self.left.set()
        return False

    def start_edge(self, limits=""):
        return self.edge(f"--origin={self.server.url}", f"--config={self.file('edge.toml', '[limits]' + chr(10) + limits)}")

    def open(self, edge, path="/echo", early=b"", tls=False):
        client = RawClient(edge.ready["https" if tls else "http"], alpn="http/1.1" if tls else None)
        self.addCleanup(client.socket.close)
        client.send(handshake(path) + early)
        return client

    def test_bytes_pass_both_ways_at_once_and_nothing_is_stored(self):
        edge = self.start_edge()
        for tls in (False, True):
            client = self.open(edge, tls=tls)
            head = client.read_until(b"welcome").decode()
            self.assertTrue(head.startswith("HTTP/1.1 101 "), head)
            for line in ("connection: upgrade", "upgrade: websocket", "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "via: 1.1 skerry-edge"):
                self.assertIn(f"\r\n{line}\r\n", head)
            self.assertNotRegex(head, "content-length|transfer-encoding|connection: close")
            asked = self.server.heads[-1].lower()
            for line in ("connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", "cookie: session=1", "x-forwarded-for: 127.0.0.1"):
                self.assertIn(f"\r\n{line}", asked)
            sent = os.urandom(3_000_000)
            threading.Thread(target=client.socket.sendall, args=(sent,)).start()
            got = b""
            while len(got) < len(sent):
                got += client.receive()
            self.assertEqual(got, sent)
        self.assertEqual(len(self.server.heads), 2)
        self.assertEqual(metric(edge.ready["admin"], "skerry_websockets"), 2)
        self.assertEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 0)

    def test_what_a_client_says_too_early_waits_for_the_answer(self):
        client = self.open(self.start_edge(), early=b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n")
        client.read_until(b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n")  # the echo
        self.assertEqual(len(self.server.heads), 1)

    def test_another_answer_is_passed_on_and_the_connection_goes_on(self):
        client = self.open(self.start_edge(), "/refuses")
        self.assertTrue(client.read_until(b"no").startswith(b"HTTP/1.1 403 "))
        client.send(b"GET /plain HTTP/1.1\r\nHost: a.example\r\n\r\n")
        client.read_until(b"hello")

    def test_an_upgrade_to_something_else_is_502(self):
        text = self.open(self.start_edge(), "/other").read_until(b"}")
        self.assertTrue(text.startswith(b"HTTP/1.1 502 "), text)
        self.assertIn(b"\r\nproxy-status: skerry-edge; error=http_protocol_error\r\n", text)

    def test_only_a_proper_handshake_is_one(self):
        edge = self.start_edge()
        proper = handshake("/plain")
        for data in (proper.replace(b"Upgrade: websocket", b"Upgrade: h2c"), proper.replace(b"keep-alive, Upgrade", b"keep-alive"),
                     proper.replace(b"websocket", b"websocket, h2c"), proper.replace(b"Sec-WebSocket-Key", b"X-Key"),
                     proper.replace(b"GET", b"HEAD"), proper.replace(b"HTTP/1.1", b"HTTP/1.0")):
            with RawClient(edge.ready["http"]) as client:
                client.send(data)
                self.assertRegex(client.read_until(b"\r\n\r\n"), rb"^HTTP/1.1 200 ")
        with RawClient(edge.ready["http"]).begin_h2() as client:
            client.send(get(1, "/plain"))
            self.assertEqual(client.h2_until(lambda h2: 1 in h2.ended).statuses, {1: 200})
        for head in self.server.heads:
            self.assertNotRegex(head.lower(), r"\r\n(upgrade|connection):")

    def test_the_end_of_one_side_is_the_end_of_the_other(self):
        edge = self.start_edge()
        self.assertTrue(self.open(edge, "/closes").read_all().endswith(b"welcome"))
        client = self.open(edge)
        client.read_until(b"welcome")
        client.socket.shutdown(socket.SHUT_WR)
        self.assertTrue(self.left.wait(20))
        eventually(lambda: metric(edge.ready["admin"], "skerry_websockets") == 0)

    def test_silence_ends_a_websocket_and_a_byte_now_and_then_keeps_it(self):
        edge = self.start_edge('websocket_idle = "2s"\nresponse_rate = 100000\nrequest_rate = 100000')
        client = self.open(edge)
        client.read_until(b"welcome")
        for _ in range(10):
            client.send(b"x")
            client.read_until(b"x")
            time.sleep(0.4)
        self.assertEqual(client.read_all(), b"")
        self.assertTrue(self.left.wait(20))

    def test_a_websocket_outlives_the_time_outs_of_ordinary_answers(self):
        config = self.file("edge.toml", '[upstream]\nfirst_byte = "1s"\nbetween_bytes = "1s"\n[limits]\nbody_time = "1s"\nidle = "1s"\n')
        client = self.open(self.edge(f"--origin={self.server.url}", f"--config={config}"))
        client.read_until(b"welcome")
        time.sleep(3)
        client.send(b"still there?")
        client.read_until(b"still there?")

    def test_there_are_only_so_many(self):
        edge = self.start_edge("websockets = 1")
        opened = [self.open(edge) for _ in range(8)]
        statuses = [re.match(rb"HTTP/1.1 (\d+)", client.read_until(b"\r\n\r\n")).group(1) for client in opened]
        self.assertIn(b"503", statuses)
        self.assertIn(statuses.count(b"101"), (1, 2))  # one for each of two workers
        for client in opened:
            client.socket.close()
        eventually(lambda: metric(edge.ready["admin"], "skerry_websockets") == 0)
        self.open(edge).read_until(b"welcome")

    def test_a_slow_reader_holds_the_origin_back(self):
        def pour(connection, _head):
            connection.sendall(ACCEPT)
            connection.settimeout(1)
            self.poured = 0
            with contextlib.suppress(OSError):
                while self.poured < 64 << 20:
                    self.poured += connection.send(b"x" * 65536)
            self.left.set()
            return False

        self.server.script = pour
        client = RawClient(self.start_edge().ready["http"], receive_buffer=16_384)
        self.addCleanup(client.socket.close)
        client.send(handshake())
        client.read_until(b"\r\n\r\n")
        self.assertTrue(self.left.wait(20))
        self.assertLess(self.poured, 16 << 20)

    def test_behind_a_shield_that_speaks_http2_it_goes_over_connections_of_its_own(self):
        certificate, key = os.path.join(self.folder, "shield.crt"), os.path.join(self.folder, "shield.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=shield",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        tokens = self.file("tokens", "a-token-of-thirty-two-bytes-0123\n")
        shield = self.start("skerry-shield", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/shield", f"--cert={certificate}", f"--key={key}",
                            f"--token_file={tokens}", f"--origin={self.server.url}", "--workers=1")
        edge = self.edge(f"--shield=https://{shield.ready['listen']}", f"--shield_ca={certificate}")
        client = self.open(edge, tls=True)
        self.assertTrue(client.read_until(b"welcome").startswith(b"HTTP/1.1 101 "))
        client.send(b"through both")
        client.read_until(b"through both")
        self.assertNotIn("skerry-", self.server.heads[-1].lower().replace("skerry-edge", "").replace("skerry-shield", ""))
        self.assertTrue(self.open(edge, "/refuses").read_until(b"no").startswith(b"HTTP/1.1 403 "))
        self.assertIn(" 200 ", self.open(edge, "/plain").read_until(b"hello").decode("latin-1").split("\n")[0])

    def test_draining_ends_websockets_in_bounded_time(self):
        edge = self.edge(f"--origin={self.server.url}", "--drain=1s")
        client = self.open(edge)
        client.read_until(b"welcome")
        edge.process.send_signal(signal.SIGTERM)
        self.assertEqual(edge.process.wait(30), 0)


if __name__ == "__main__":
    unittest.main()

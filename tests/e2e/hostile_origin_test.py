"""Origins that are broken or hostile: what they say is passed on right or not at all, never stored, and bounded.

Each row of a table is a case of its own: the bytes an origin says, and what the client must see. Behind every case
stands that the next request asks the origin again, and that other paths are served.
"""
import concurrent.futures
import contextlib
import os
import re
import socket
import sys
import threading
import time
import unittest
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import raw  # noqa: E402
from raw import RawClient, RawH2Origin, RawOrigin, frame, hpack  # noqa: E402
from skerry import Case, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 600

MIB = 1024 * 1024
MEMORY = 64 * MIB if "san" not in os.environ.get("SKERRY_OUT", "") else 500 * MIB
CONFIG = """
[upstream]
connect = "1s"
first_byte = "2s"
between_bytes = "2s"
"""
# All of it may be stored, were it in order.
OK = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Type: text/plain\r\n"
FINE = OK + b"Content-Length: 5\r\n\r\nhello"
PROTOCOL, TOO_LONG, BROKEN_OFF = "http_protocol_error", "http_response_header_section_size", "connection_terminated"


def length(count, body):
    return OK + b"Content-Length: %d\r\n\r\n" % count + body


def chunked(body):
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + body


class Seen:
    """An answer as it came over HTTP/1.1: whether it was complete is told by its framing."""

    def __init__(self, data):
        head, _, self.rest = data.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 1"):
            head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        self.status = int(self.head.split(" ")[1]) if self.head.startswith("HTTP/1.1 ") else 0
        said = re.search(r"\r\ncontent-length: (\d+)", self.head)
        if said:
            self.complete = len(self.rest) == int(said.group(1))
        else:
            self.complete = self.rest.endswith(b"0\r\n\r\n") and "transfer-encoding: chunked" in self.head

    def field(self, name):
        found = re.search(rf"\r\n{name}: ([^\r]*)", self.head)
        return found.group(1) if found else ""


class Fixture(Case):
    """One origin and one edge for all cases of a class; what the origin says stands under its path."""

    @classmethod
    def setUpClass(cls):
        cls.stage = Case()
        cls.stage.setUp()
        cls.says = {"/ok": FINE}
        cls.origin_server = cls.make_origin()
        cls.stage.addCleanup(cls.origin_server.close)
        cls.node = cls.stage.edge(*cls.flags())
        cls.http = cls.node.ready["http"]

    @classmethod
    def tearDownClass(cls):
        alive = cls.node.process.poll() is None
        if not alive:
            print(cls.node.log()[-8000:])
        cls.stage.doCleanups()
        assert alive, "the edge has died"

    @classmethod
    def make_origin(cls):
        return RawOrigin(cls.answer)

    @classmethod
    def flags(cls):
        return [f"--origin={cls.origin_server.url}", f"--config={cls.stage.file('edge.toml', CONFIG)}"]

    @classmethod
    def answer(cls, connection, head):
        """Bytes are said, then the connection is closed; a function does what it likes."""
        says = cls.says.get(head.split(" ")[1], FINE)
        if callable(says):
            return says(connection)
        connection.sendall(says)
        if says is FINE:
            return True
        # Closed in order, so that everything arrives.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(raw.PATIENCE)
            while connection.recv(65536):
                pass
        return False

    def ask(self, path, method="GET", body=b"", fields=""):
        fields += f"Content-Length: {len(body)}\r\n" if body else ""
        with RawClient(self.http) as client:
            client.send(f"{method} {path} HTTP/1.1\r\nHost: a.example\r\n{fields}Connection: close\r\n\r\n".encode() + body)
            return Seen(client.read_all())

    def ask_h2(self, path):
        with RawClient(self.http).begin_h2() as client:
            client.send(raw.get(1, path))
            return client.h2_until(lambda h2: 1 in h2.resets or 1 in h2.ended)

    def served(self):
        self.assertEqual(self.ask("/ok").status, 200)

    def refused(self, name, says, error, status=502):
        """An answer of our own in place of the origin's, each time anew."""
        path = "/" + name
        self.says[path] = says
        for asked in (1, 2):
            seen = self.ask(path)
            self.assertEqual((seen.status, seen.complete), (status, True), seen.head)
            self.assertEqual(seen.field("proxy-status"), f"skerry-edge; error={error}")
            self.assertIn("application/problem+json", seen.field("content-type"))
            self.assertNotIn("stored", seen.field("cache-status"))
            self.assertGreaterEqual(self.origin_server.count(path), asked)
        self.served()

    def cut(self, name, says, fetches=1):
        """A body that cannot be completed looks so over both protocols, each time anew."""
        path = "/" + name
        self.says[path] = says
        seen = self.ask(path)
        # Where it broke before anything had left, the client hears so, or nothing at all.
        if seen.status == 502:
            self.assertRegex(seen.field("proxy-status"), "^skerry-edge; error=")
        else:
            self.assertIn((seen.status, seen.complete), ((200, False), (0, False)), seen.head)
        seen = self.ask_h2(path)
        if seen.statuses == {1: 200}:
            self.assertEqual(seen.resets, {1: raw.INTERNAL_ERROR})
        else:
            self.assertEqual(seen.statuses, {1: 502})
        self.assertEqual(self.origin_server.count(path), 2 * fetches)
        self.served()


HEADS_REFUSED = [
    # name, what the origin says before it closes, error of Proxy-Status
    ("nothing", b"", BROKEN_OFF),
    ("half_a_status_line", b"HTTP/1.1 20", BROKEN_OFF),
    ("half_a_head", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", BROKEN_OFF),
    ("http_09", b"<html>\r\n<body>hello</body>\r\n\r\n</html>", PROTOCOL),
    ("noise", os.urandom(3000).replace(b"\n", b"") + b"\r\n\r\n", PROTOCOL),
    ("tls_alert", b"\x15\x03\x01\x00\x02\x02\x16\r\n\r\n", PROTOCOL),
    ("another_protocol", b"220 mail.example ESMTP\r\n\r\n", PROTOCOL),
    ("lower_case_version", FINE.replace(b"HTTP", b"http"), PROTOCOL),
    ("version_2", FINE.replace(b"HTTP/1.1", b"HTTP/2.0"), PROTOCOL),
    ("version_1_9", FINE.replace(b"HTTP/1.1", b"HTTP/1.9"), PROTOCOL),
    ("status_of_two_digits", FINE.replace(b" 200 ", b" 20 "), PROTOCOL),
    ("status_of_four_digits", FINE.replace(b" 200 ", b" 2000 "), PROTOCOL),
    ("status_with_letters", FINE.replace(b" 200 ", b" 2x0 "), PROTOCOL),
    ("status_099", FINE.replace(b" 200 ", b" 099 "), PROTOCOL),
    ("status_missing", FINE.replace(b" 200 OK", b""), PROTOCOL),
    ("empty_line_first", b"\r\n" + FINE, PROTOCOL),
    ("bare_lf", FINE.replace(b"600\r\n", b"600\n"), PROTOCOL),
    ("bare_lf_only", FINE.replace(b"\r\n", b"\n"), PROTOCOL),
    ("bare_cr", FINE.replace(b"600\r\n", b"600\rX: y\r\n"), PROTOCOL),
    ("folded_field", FINE.replace(b"600\r\n", b"600\r\n private\r\n"), PROTOCOL),
    ("folded_with_tab", FINE.replace(b"600\r\n", b"600\r\n\tprivate\r\n"), PROTOCOL),
    ("blank_before_the_colon", FINE.replace(b"Cache-Control:", b"Cache-Control :"), PROTOCOL),
    ("blank_before_the_name", FINE.replace(b"Cache-Control:", b" Cache-Control:"), PROTOCOL),
    ("no_colon", FINE.replace(b"\r\n\r\n", b"\r\nnonsense\r\n\r\n"), PROTOCOL),
    ("empty_name", FINE.replace(b"\r\n\r\n", b"\r\n: x\r\n\r\n"), PROTOCOL),
    ("nul_in_a_value", FINE.replace(b"600", b"600\0"), PROTOCOL),
    ("control_in_a_value", FINE.replace(b"600", b"600\x0b"), PROTOCOL),
    ("an_upgrade_nobody_wanted", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", PROTOCOL),
    ("length_and_chunks", OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", PROTOCOL),
    ("two_lengths", OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", PROTOCOL),
    ("list_of_lengths", OK + b"Content-Length: 5, 6\r\n\r\nhello!", PROTOCOL),
    ("length_with_plus", OK + b"Content-Length: +5\r\n\r\nhello", PROTOCOL),
    ("length_with_minus", OK + b"Content-Length: -5\r\n\r\nhello", PROTOCOL),
    ("length_in_hex", OK + b"Content-Length: 0x5\r\n\r\nhello", PROTOCOL),
    ("length_with_unit", OK + b"Content-Length: 5 bytes\r\n\r\nhello", PROTOCOL),
    ("length_empty", OK + b"Content-Length:\r\n\r\nhello", PROTOCOL),
    ("length_beyond_64_bits", OK + b"Content-Length: 18446744073709551621\r\n\r\nhello", PROTOCOL),
    ("chunks_in_version_10", chunked(b"5\r\nhello\r\n0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), PROTOCOL),
    ("unasked_304", b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", PROTOCOL),
    ("unasked_206", b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello", PROTOCOL),
    ("gzip_coding", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", PROTOCOL),
    ("chunked_twice", OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", PROTOCOL),
    ("chunked_not_last", OK + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", PROTOCOL),
    ("interim_and_then_nothing", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", BROKEN_OFF),
    ("interim_and_then_noise", b"HTTP/1.1 103 Early Hints\r\n\r\nnoise\r\n\r\n", PROTOCOL),
    ("many_interim_answers", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100 + FINE, TOO_LONG),
    ("a_long_field", OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n", TOO_LONG),
    ("many_fields", OK + b"X: y\r\n" * 1000 + b"\r\n", TOO_LONG),
]

TOLERATED = [
    # name, what the origin says, the body that comes through
    ("two_equal_lengths", OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    ("no_reason", FINE.replace(b" OK", b" "), b"hello"),
    ("no_blank_behind_the_status", FINE.replace(b" OK", b""), b"hello"),
    ("until_the_end", OK + b"\r\nhello", b"hello"),
    ("version_10", FINE.replace(b"HTTP/1.1", b"HTTP/1.0"), b"hello"),
    ("chunk_extension", chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n"), b"hello"),
    ("some_interim_answers", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + FINE, b"hello"),
]

BODIES_CUT = [
    # name, what the origin says before it closes
    ("shorter_than_its_length", length(6, b"hello")),
    ("much_shorter_than_its_length", length(10_000_000, b"x" * 30_000)),
    ("length_of_everything", length(2**63 - 1, b"hello")),
    ("no_last_chunk", chunked(b"5\r\nhello\r\n")),
    ("no_end_of_the_last_chunk", chunked(b"5\r\nhello\r\n0\r\n")),
    ("end_within_a_chunk", chunked(b"5\r\nhel")),
    ("end_within_a_size", chunked(b"5\r\nhello\r\n1")),
    ("size_no_number", chunked(b"5\r\nhello\r\nxyz\r\n")),
    ("size_with_prefix", chunked(b"5\r\nhello\r\n0x5\r\nhello\r\n0\r\n\r\n")),
    ("size_with_minus", chunked(b"5\r\nhello\r\n-5\r\nhello\r\n0\r\n\r\n")),
    ("size_beyond_64_bits", chunked(b"5\r\nhello\r\n10000000000000005\r\nhello\r\n0\r\n\r\n")),
    ("size_ends_in_bare_lf", chunked(b"5\r\nhello\r\n5\nhello\r\n0\r\n\r\n")),
    ("chunk_longer_than_its_size", chunked(b"3\r\nhello\r\n0\r\n\r\n")),
    ("chunk_without_end", chunked(b"5\r\nhello0\r\n\r\n")),
    ("endless_extension", chunked(b"5\r\nhello\r\n5;" + b"x" * 200_000)),
    ("trailer_without_colon", chunked(b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n")),
    ("trailer_folded", chunked(b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n")),
    ("endless_trailers", chunked(b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 50_000)),
]


class Http1OriginTest(Fixture):
    def tolerated(self, name, says, body):
        self.says["/" + name] = says
        for _ in range(2):
            seen = self.ask("/" + name)
            self.assertEqual((seen.status, seen.complete), (200, True), seen.head)
            self.assertIn(body, seen.rest)
        self.assertIn("hit", seen.field("cache-status"))
        self.assertEqual(self.origin_server.count("/" + name), 1)

    def test_a_connection_reset_in_a_body_is_cut(self):
        def reset(connection):
            connection.sendall(length(100_000, b"x" * 50_000))
            time.sleep(0.05)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False

        self.cut("reset_in_the_body", reset)

    def test_a_body_of_another_digest_is_fetched_again_once_and_then_cut(self):
        self.cut("another_digest", OK + b"Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\nContent-Length: 5\r\n\r\nhello", fetches=2)

    # ---- Time

    def silent(self, first):
        def say(connection):
            connection.sendall(first)
            with contextlib.suppress(OSError):
                connection.settimeout(raw.PATIENCE)
                connection.recv(1)
            return False

        return say

    def test_an_origin_that_says_nothing_is_504(self):
        self.refused("says_nothing", self.silent(b""), "http_response_timeout", 504)

    def test_a_head_that_stops_is_504(self):
        self.refused("head_stops", self.silent(OK), "http_response_timeout", 504)

    def test_a_head_that_drips_is_504(self):
        def drip(connection):
            with contextlib.suppress(OSError):
                for byte in OK + b"X: y\r\n" * 1000:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)
            return False

        self.refused("head_drips", drip, "http_response_timeout", 504)

    def test_interim_answers_do_not_buy_time(self):
        def interims(connection):
            with contextlib.suppress(OSError):
                for _ in range(20):
                    connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
                    time.sleep(0.3)
            return False

        self.refused("interims_for_ever", interims, "http_response_timeout", 504)

    def test_a_body_that_stops_is_cut(self):
        self.cut("body_stops", self.silent(length(10, b"hello")))

    @contextlib.contextmanager
    def full_backlog(self):
        """The URL of an origin where the kernel lets further handshakes wait."""
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"

    def test_an_origin_that_does_not_accept_is_504(self):
        with self.full_backlog() as url:
            edge = self.edge(f"--origin={url}", f"--config={self.file('edge.toml', CONFIG)}")
            with RawClient(edge.ready["http"]) as client:
                client.send(b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                seen = Seen(client.read_all())
        self.assertEqual((seen.status, seen.field("proxy-status")), (504, "skerry-edge; error=connection_timeout"))

    def test_each_time_has_an_option_of_its_own(self):
        def slow_head(connection):
            time.sleep(0.8)
            connection.sendall(FINE)
            return True

        type(self).says.update({"/silent": self.silent(b""), "/stops": self.silent(length(10, b"hello")), "/slow": slow_head})

        def ask(url, short, path):
            times = {"connect": "30s", "first_byte": "30s", "between_bytes": "30s", short: "300ms"}
            config = "[upstream]\n" + "".join(f'{name} = "{value}"\n' for name, value in times.items())
            edge = self.edge(f"--origin={url}", f"--config={self.file('edge.toml', config)}", cache=os.path.join(self.folder, path.strip("/") + short))
            with RawClient(edge.ready["http"]) as client:
                client.send(f"GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n".encode())
                begun = time.monotonic()
                return Seen(client.read_all()), time.monotonic() - begun

        url = self.origin_server.url
        seen, seconds = ask(url, "first_byte", "/silent")
        self.assertEqual((seen.status, seconds < 10), (504, True))
        seen, seconds = ask(url, "between_bytes", "/stops")
        self.assertEqual((seen.status, seen.complete, seconds < 10), (200, False, True))
        self.assertEqual(ask(url, "between_bytes", "/slow")[0].status, 200)
        self.assertEqual(ask(url, "connect", "/slow")[0].status, 200)
        with self.full_backlog() as full:
            seen, seconds = ask(full, "connect", "/")
        self.assertEqual((seen.status, seconds < 10), (504, True))

    # ---- Connections that were kept

    def test_a_kept_connection_that_ends_is_replaced_once_for_safe_methods_only(self):
        def answer_once():
            """Every connection answers its first request and closes upon its second."""
            served = set()

            def answer(connection):
                if connection.fileno() in served:
                    served.discard(connection.fileno())
                    return False
                served.add(connection.fileno())
                connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 5\r\n\r\nhello")
                return True

            return answer

        origin = RawOrigin(lambda connection, _head, answer=answer_once(): answer(connection))
        self.addCleanup(origin.close)
        edge = self.edge(f"--origin={origin.url}")
        client = RawClient(edge.ready["http"])  # one connection, so one worker and its connections upstream
        self.addCleanup(client.socket.close)

        def ask(method):
            client.send(f"{method} /again HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n".encode())
            data = client.read_until(b"\r\n\r\n")
            while not Seen(data).complete:
                data += client.receive()
            return Seen(data)

        self.assertEqual(ask("GET").status, 200)
        self.assertEqual(len(origin.heads), 1)
        self.assertEqual(ask("GET").status, 200)  # on the kept connection, then on a fresh one
        self.assertEqual(len(origin.heads), 3)
        seen = ask("POST")  # may have been done already: nobody repeats it
        self.assertEqual((seen.status, seen.field("proxy-status")), (502, f"skerry-edge; error={BROKEN_OFF}"))
        self.assertEqual(len(origin.heads), 4)

    def test_bytes_behind_an_answer_are_never_the_next_answer(self):
        evil = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 4\r\n\r\nevil"

        def at_once(connection):
            connection.sendall(FINE + evil)
            return True

        def later(connection):
            connection.sendall(FINE)
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                connection.sendall(evil)
            return True

        for name, says in (("at_once", at_once), ("later", later)):
            self.says[f"/behind_{name}"] = says
            self.assertEqual(self.ask(f"/behind_{name}").rest, b"hello")
            time.sleep(0.4 if name == "later" else 0)
            for i in range(4):
                self.assertEqual(self.ask(f"/victim_{name}_{i}").rest, b"hello")

    def test_a_body_where_none_may_be_is_never_the_next_answer(self):
        for status in (b"204 No Content", b"304 Not Modified"):
            says = b"HTTP/1.1 " + status + b"\r\nContent-Length: 4\r\n\r\nevil"
            self.says["/none_" + status[:3].decode()] = lambda connection, says=says: connection.sendall(says) is None
            asked = self.ask("/none_" + status[:3].decode(), fields='If-None-Match: "x"\r\n')
            self.assertEqual((asked.status, asked.rest), (int(status[:3]), b""))
            for i in range(4):
                self.assertEqual(self.ask(f"/behind_{status[:3].decode()}_{i}").rest, b"hello")

    # ---- Much of everything

    def costs_little(self, ask):
        before = raw.memory_peak(self.node.process.pid)
        ask()
        self.assertLess(raw.memory_peak(self.node.process.pid) - before, MEMORY)
        self.served()

    def endless(self, first, piece, most=256 * MIB):
        def say(connection):
            with contextlib.suppress(OSError):
                connection.settimeout(raw.PATIENCE)
                connection.sendall(first)
                sent = 0
                while sent < most:
                    connection.sendall(piece)
                    sent += len(piece)
            return False

        return say

    def test_an_endless_head_is_refused(self):
        self.costs_little(lambda: self.refused("endless_head", self.endless(OK, b"X: " + b"y" * 1000 + b"\r\n"), TOO_LONG))
        self.costs_little(lambda: self.refused("endless_field", self.endless(OK + b"X: ", b"y" * 10_000), TOO_LONG))

    def test_endless_interim_answers_are_refused(self):
        self.costs_little(lambda: self.refused("endless_interims", self.endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), TOO_LONG))

    def test_an_endless_body_waits_for_its_reader(self):
        def ask():
            with RawClient(self.http, receive_buffer=65536) as client:
                client.send(b"GET /endless_body HTTP/1.1\r\nHost: a.example\r\n\r\n")
                client.read_until(b"xxxx")
                time.sleep(1)  # in which the origin would have sent all of it

        self.says["/endless_body"] = self.endless(OK.replace(b"max-age=600", b"no-store") + b"\r\n", b"x" * 65536)
        self.costs_little(ask)

    def test_a_compression_bomb_is_passed_on_as_it_is(self):
        deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(deflate.compress(bytes(MIB)) for _ in range(512)) + deflate.flush()
        self.says["/bomb"] = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb

        def ask():
            # A miss, hits, and clients that have never said that they accept it: nobody decodes.
            for more in ("", "Accept-Encoding: gzip\r\n", "Accept-Encoding: br\r\n", "Accept-Encoding: identity\r\n") * 3:
                seen = self.ask("/bomb", fields=more)
                self.assertEqual((seen.status, seen.rest == bomb), (200, True))

        self.costs_little(ask)

    def test_many_waiters_of_a_broken_answer_hear_of_it_all(self):
        gate = threading.Event()

        def broken(connection):
            gate.wait(raw.PATIENCE)
            connection.sendall(b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n")
            return False

        self.says["/waiters"] = broken
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            asked = [pool.submit(self.ask, "/waiters") for _ in range(30)]
            time.sleep(0.3)
            gate.set()
            self.assertEqual({one.result().status for one in asked}, {502})
        self.served()


for _name, _says, _error in HEADS_REFUSED:
    setattr(Http1OriginTest, f"test_refuses_{_name}", lambda self, name=_name, says=_says, error=_error: self.refused(name, says, error))
for _name, _says, _body in TOLERATED:
    setattr(Http1OriginTest, f"test_tolerates_{_name}", lambda self, name=_name, says=_says, body=_body: self.tolerated(name, says, body))
for _name, _says in BODIES_CUT:
    setattr(Http1OriginTest, f"test_cuts_{_name}", lambda self, name=_name, says=_says: self.cut(name, says))


# ---- HTTP/2: what stands in the place of a shield

def response(stream, *fields, status="200", end=False):
    block = hpack((":status", status), ("cache-control", "max-age=600"), *fields)
    return frame(raw.HEADERS, raw.END_HEADERS | (raw.END_STREAM if end else 0), stream, block)


def data(stream, body, end=True):
    return frame(raw.DATA, raw.END_STREAM if end else 0, stream, body)


def rst(stream, code):
    return frame(raw.RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def goaway(last, code=raw.NO_ERROR):
    return frame(raw.GOAWAY, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big"))


H2_REFUSED = [
    # name, what is said on stream s, error of Proxy-Status
    ("reset", lambda s: rst(s, raw.INTERNAL_ERROR), BROKEN_OFF),
    ("upper_case_name", lambda s: response(s, ("X-Upper", "x"), end=True), PROTOCOL),
    ("no_status", lambda s: frame(raw.HEADERS, 5, s, hpack(("cache-control", "max-age=600"))), PROTOCOL),
    ("status_099", lambda s: response(s, status="099", end=True), PROTOCOL),
    ("status_101", lambda s: response(s, status="101", end=True), PROTOCOL),
    ("status_with_letters", lambda s: response(s, status="2x0", end=True), PROTOCOL),
    ("two_statuses", lambda s: response(s, (":status", "404"), end=True), PROTOCOL),
    ("pseudo_field_of_requests", lambda s: response(s, (":path", "/"), end=True), PROTOCOL),
    ("connection", lambda s: response(s, ("connection", "close"), end=True), PROTOCOL),
    ("transfer_encoding", lambda s: response(s, ("transfer-encoding", "chunked"), end=True), PROTOCOL),
    ("value_with_lf", lambda s: response(s, ("x", "a\nb"), end=True), PROTOCOL),
    ("value_with_nul", lambda s: response(s, ("x", "a\0b"), end=True), PROTOCOL),
    ("two_lengths", lambda s: response(s, ("content-length", "5"), ("content-length", "6")) + data(s, b"hello"), PROTOCOL),
    ("length_with_plus", lambda s: response(s, ("content-length", "+5")) + data(s, b"hello"), PROTOCOL),
    ("length_and_no_body", lambda s: response(s, ("content-length", "5"), end=True), PROTOCOL),
    ("data_before_headers", lambda s: data(s, b"hello"), PROTOCOL),
    ("interim_that_ends", lambda s: frame(raw.HEADERS, 5, s, hpack((":status", "103"))), PROTOCOL),
    ("many_interim_answers", lambda s: frame(raw.HEADERS, 4, s, hpack((":status", "103"))) * 100 + response(s, end=True), TOO_LONG),
    ("many_fields", lambda s: response(s, *((f"x{i}", "y") for i in range(1000)), end=True), TOO_LONG),
    ("hpack_noise", lambda s: frame(raw.HEADERS, 5, s, b"\xff\xff\xff\xff\x0f"), PROTOCOL),
    ("frame_too_large", lambda s: frame(raw.DATA, 0, s, b"x" * 20_000), PROTOCOL),
    ("push", lambda s: frame(raw.PUSH_PROMISE, 4, s, b"\0\0\0\2" + hpack(*raw.request_fields())), PROTOCOL),
    ("continuation_for_ever", lambda s: frame(raw.HEADERS, 0, s, hpack((":status", "200"))) + frame(raw.CONTINUATION, 0, s, hpack(("x", "y"))) * 1000, PROTOCOL),
    ("ping_within_headers", lambda s: frame(raw.HEADERS, 0, s, b"\x88") + frame(raw.PING, 0, 0, b"12345678"), PROTOCOL),
    ("goaway_with_error", lambda s: goaway(s, raw.INTERNAL_ERROR) + rst(s, raw.INTERNAL_ERROR), BROKEN_OFF),
    ("http_1", lambda s: FINE, PROTOCOL),
]
H2_CUT = [
    ("body_reset", lambda s: response(s) + data(s, b"hello", False) + rst(s, raw.INTERNAL_ERROR)),
    ("body_cancelled", lambda s: response(s) + data(s, b"hello", False) + rst(s, raw.CANCEL)),
    ("body_reset_without_error", lambda s: response(s) + data(s, b"hello", False) + rst(s, raw.NO_ERROR)),
    ("shorter_than_its_length", lambda s: response(s, ("content-length", "6")) + data(s, b"hello")),
    ("longer_than_its_length", lambda s: response(s, ("content-length", "4")) + data(s, b"hello")),
    ("broken_trailers", lambda s: response(s) + data(s, b"hello", False) + frame(raw.HEADERS, 5, s, hpack((":status", "200")))),
    ("trailers_that_do_not_end", lambda s: response(s) + data(s, b"hello", False) + frame(raw.HEADERS, 4, s, hpack(("x", "y")))),
    ("body_and_then_noise", lambda s: response(s) + data(s, b"hello", False) + frame(raw.HEADERS, 5, s, b"\xff\xff\xff\xff\x0f")),
]


class Http2OriginTest(Fixture):
    @classmethod
    def make_origin(cls):
        cls.says = {}
        # Any certificate will do that the edge is told to trust: another edge's own.
        folder = os.path.join(cls.stage.folder, "certificate")
        cls.stage.edge("--origin=http://127.0.0.1:1", cache=folder).terminate()
        cls.certificate = os.path.join(folder, "development.crt")
        origin = RawH2Origin(cls.answer_h2, cls.certificate, os.path.join(folder, "development.key"))
        origin.count = origin.paths.count
        return origin

    @classmethod
    def flags(cls):
        return [f"--shield={cls.origin_server.url}", f"--shield_ca={cls.certificate}", f"--config={cls.stage.file('edge.toml', CONFIG)}"]

    @classmethod
    def answer_h2(cls, connection, stream, path):
        says = cls.says.get(path)
        if says is None:
            connection.sendall(response(stream, ("content-length", "5")) + data(stream, b"hello"))
            return True
        done = says(connection, stream)
        return True if done is None else done

    def served(self):
        self.assertEqual(self.ask("/fine").rest, b"hello")

    @staticmethod
    def saying(make):
        return lambda connection, stream: connection.sendall(make(stream))

    def test_a_stream_that_was_refused_is_asked_for_again_once(self):
        said = []

        def refuse(connection, stream):
            said.append(stream)
            connection.sendall(rst(stream, raw.REFUSED_STREAM) if len(said) == 1 else response(stream) + data(stream, b"again"))

        self.says["/refused_once"] = refuse
        self.assertIn(b"again", self.ask("/refused_once").rest)
        self.assertEqual(self.origin_server.count("/refused_once"), 2)
        self.says["/refused_always"] = lambda connection, stream: connection.sendall(rst(stream, raw.REFUSED_STREAM))
        self.assertEqual(self.ask("/refused_always").status, 502)
        self.assertEqual(self.origin_server.count("/refused_always"), 2)

    def test_a_request_that_goaway_leaves_out_is_asked_for_again_elsewhere(self):
        said = []

        def leave(connection, stream):
            said.append(stream)
            if len(said) > 1:
                connection.sendall(response(stream) + data(stream, b"elsewhere"))
                return True
            connection.sendall(goaway(0))
            return False

        self.says["/left_out"] = leave
        with RawClient(self.http) as client:  # one connection, so one worker and its connections upstream
            client.send(b"GET /not_yet_stored HTTP/1.1\r\nHost: a.example\r\n\r\n")
            client.read_until(b"hello")  # over one that is surely open
            connections = self.origin_server.connections
            client.send(b"GET /left_out HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
            self.assertIn(b"elsewhere", Seen(client.read_all()).rest)
        self.assertEqual(self.origin_server.connections, connections + 1)

    def test_what_goaway_includes_is_still_taken(self):
        def last(connection, stream):
            connection.sendall(response(stream) + data(stream, b"the ", False) + goaway(stream))
            time.sleep(0.2)
            connection.sendall(data(stream, b"last"))
            return False

        self.says["/last"] = last
        self.assertEqual(self.ask_h2("/last").bodies, {1: b"the last"})
        self.served()

    def test_a_connection_that_ends_in_a_body_is_cut(self):
        def leave(connection, stream):
            connection.sendall(response(stream) + data(stream, b"hello", False))
            time.sleep(0.05)
            return False

        self.cut("closed_in_the_body", leave)

    def test_silence_is_504(self):
        self.refused("silent", lambda connection, stream: None, "http_response_timeout", 504)

    def test_floods_from_an_origin_are_bounded(self):
        peak = raw.memory_peak(self.node.process.pid)
        for name, flood in (("pings", frame(raw.PING, 0, 0, b"12345678")), ("settings", raw.settings()), ("empty_data", None)):
            def pour(connection, stream, flood=flood):
                piece = (flood or data(stream, b"", False)) * 1000
                with contextlib.suppress(OSError):
                    connection.settimeout(1)
                    connection.sendall(response(stream))
                    for _ in range(1000):
                        connection.sendall(piece)
                return False

            self.says["/" + name] = pour
            self.assertFalse(self.ask("/" + name).complete)
        self.assertLess(raw.memory_peak(self.node.process.pid) - peak, MEMORY)
        self.served()


for _name, _make, _error in H2_REFUSED:
    setattr(Http2OriginTest, f"test_refuses_{_name}",
            lambda self, name=_name, make=_make, error=_error: self.refused(name, self.saying(make), error))
for _name, _make in H2_CUT:
    setattr(Http2OriginTest, f"test_cuts_{_name}", lambda self, name=_name, make=_make: self.cut(name, self.saying(make)))


if __name__ == "__main__":
    unittest.main()

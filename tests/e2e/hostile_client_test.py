"""Clients that break the rules, are greedy or never finish: refused, bounded, and nobody else notices.

Each row of a table is a case of its own: the bytes that are sent, and what must come back. Behind every case stands
that the origin has seen nothing of it and that the next client is served.
"""
import os
import re
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import raw  # noqa: E402
from raw import RawClient, RawOrigin, frame, get, headers, hpack, request_fields, settings, window_update  # noqa: E402
from skerry import Case, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 600

MIB = 1024 * 1024
# What a flood may cost beyond what the edge had before. Sanitizers keep freed memory for a while.
MEMORY = 48 * MIB if "san" not in os.environ.get("SKERRY_OUT", "") else 400 * MIB
STATUS_LINE = re.compile(rb"HTTP/1\.1 \d\d\d ")
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"


def answer(connection, head):
    path = head.split(" ")[1]
    body = b"x" * 4_000_000 if path.startswith("/large") else b"hello"
    connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return True


class Fixture(Case):
    """One origin and one edge for all cases of a class."""
    config = ""

    @classmethod
    def setUpClass(cls):
        cls.stage = Case()
        cls.stage.setUp()
        cls.origin_server = RawOrigin(answer)
        cls.stage.addCleanup(cls.origin_server.close)
        flags = [f"--origin={cls.origin_server.url}"]
        if cls.config:
            flags.append(f"--config={cls.stage.file('edge.toml', cls.config)}")
        cls.node = cls.stage.edge(*flags)
        cls.http, cls.https, cls.admin = (cls.node.ready[name] for name in ("http", "https", "admin"))
        cls.served()

    @classmethod
    def tearDownClass(cls):
        alive = cls.node.process.poll() is None
        if not alive:
            print(cls.node.log()[-8000:])
        cls.stage.doCleanups()
        assert alive, "the edge has died"

    def setUp(self):
        super().setUp()
        self.before = len(self.origin_server.heads)

    @classmethod
    def served(cls):
        """Another client gets its answer."""
        with RawClient(cls.http) as client:
            client.send(b"GET /ok HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
            text = client.read_all()
        assert text.startswith(b"HTTP/1.1 200 ") and text.endswith(b"hello"), text

    def assert_untouched(self):
        self.assertEqual(self.origin_server.heads[self.before:], [])
        self.served()

    def count(self, name):
        return metric(self.admin, name)


# ---- HTTP/1.1: what is refused, and how

def h1(*fields, method="GET", target="/bad", version="HTTP/1.1", host="Host: a.example", body=b""):
    lines = [f"{method} {target} {version}", *([host] if host else []), *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


POST = {"method": "POST", "target": "/bad"}
H1_REFUSED = [
    # name, bytes, status
    ("no_host", h1(host=""), 400),
    ("two_hosts", h1("Host: b.example"), 400),
    ("two_equal_hosts", h1("Host: a.example"), 400),
    ("host_with_path", h1(host="Host: a.example/x"), 400),
    ("host_with_user", h1(host="Host: me@a.example"), 400),
    ("host_with_blank", h1(host="Host: a.example b"), 400),
    ("host_list", h1(host="Host: a.example, b.example"), 400),
    ("host_bad_port", h1(host="Host: a.example:99999"), 400),
    ("absolute_form_with_another_host", h1(target="http://b.example/bad"), 400),
    ("absolute_form_with_user", h1(target="http://me@a.example/bad"), 400),
    ("absolute_form_of_another_scheme", h1(target="https://a.example/bad"), 421),
    ("authority_form", h1(target="a.example:80"), 400),
    ("asterisk_for_get", h1(target="*"), 400),
    ("relative_target", h1(target="bad"), 400),
    ("fragment", h1(target="/bad#x"), 400),
    ("blank_in_target", h1(target="/bad bad"), 400),
    ("tab_in_target", h1(target="/bad\tbad"), 400),
    ("nul_in_target", h1(target="/bad\0"), 400),
    ("two_blanks_in_the_request_line", h1(target=" /bad"), 400),
    ("trailing_blank_in_the_request_line", h1(version="HTTP/1.1 "), 400),
    ("leading_blank", b" " + h1(), 400),
    ("method_with_colon", h1(method="GE:T"), 400),
    ("lower_case_version", h1(version="http/1.1"), 400),
    ("version_2", h1(version="HTTP/2.0"), 505),
    ("version_1_2", h1(version="HTTP/1.2"), 505),
    ("version_09", b"GET /bad\r\n\r\n", 400),
    ("trace", h1(method="TRACE"), 405),
    ("connect", h1(method="CONNECT", target="a.example:443", host="Host: a.example:443"), 405),
    ("bare_lf_after_the_request_line", b"GET /bad HTTP/1.1\nHost: a.example\r\n\r\n", 400),
    ("bare_lf_after_a_field", b"GET /bad HTTP/1.1\r\nHost: a.example\nX: y\r\n\r\n", 400),
    ("bare_lf_ends_the_head", b"GET /bad HTTP/1.1\r\nHost: a.example\r\n\n", 400),
    ("bare_cr_in_a_field", h1("X: a\rb"), 400),
    ("cr_cr_lf", b"GET /bad HTTP/1.1\r\r\nHost: a.example\r\n\r\n", 400),
    ("folded_field", h1("X: a\r\n b"), 400),
    ("folded_with_tab", h1("X: a\r\n\tb"), 400),
    ("folded_first_line", b"GET /bad HTTP/1.1\r\n Host: a.example\r\n\r\n", 400),
    ("blank_before_the_colon", h1("X : y"), 400),
    ("tab_before_the_colon", h1("X\t: y"), 400),
    ("no_colon", h1("nonsense"), 400),
    ("empty_name", h1(": y"), 400),
    ("name_with_blank", h1("X Y: z"), 400),
    ("name_with_bracket", h1("X[]: z"), 400),
    ("name_beyond_ascii", h1("X\xe9: z"), 400),
    ("nul_in_a_value", h1("X: a\0b"), 400),
    ("control_in_a_value", h1("X: a\x01b"), 400),
    ("delete_in_a_value", h1("X: a\x7fb"), 400),
    ("unknown_expectation", h1("Expect: tea"), 417),
    ("long_target", h1(target="/" + "x" * 20_000), 414),
    ("endless_target", b"GET /" + b"x" * 200_000, 414),
    ("long_field", h1("X: " + "x" * 40_000), 431),
    ("endless_field", b"GET /bad HTTP/1.1\r\nX: " + b"x" * 200_000, 431),
    ("long_fields_together", h1(*(f"X-{i}: {'x' * 5000}" for i in range(8))), 431),
    ("many_fields", h1(*(f"X-{i}: x" for i in range(120))), 431),
    ("many_empty_fields", h1(*(["X:"] * 10_000)), 431),
    # Requests within requests. Behind each stands one that must never be taken for another.
    ("length_and_chunks", h1("Content-Length: 6", "Transfer-Encoding: chunked", **POST, body=b"0\r\n\r\n"), 400),
    ("chunks_and_length", h1("Transfer-Encoding: chunked", "Content-Length: 6", **POST, body=b"0\r\n\r\n"), 400),
    ("two_lengths", h1("Content-Length: 6", "Content-Length: 5", **POST), 400),
    ("two_equal_lengths", h1("Content-Length: 5", "Content-Length: 5", **POST, body=b"12345"), 400),
    ("list_of_lengths", h1("Content-Length: 5, 5", **POST, body=b"12345"), 400),
    ("length_with_plus", h1("Content-Length: +5", **POST, body=b"12345"), 400),
    ("length_with_minus", h1("Content-Length: -1", **POST), 400),
    ("length_in_hex", h1("Content-Length: 0x5", **POST, body=b"12345"), 400),
    ("length_with_blank", h1("Content-Length: 1 0", **POST, body=b"12345"), 400),
    ("length_empty", h1("Content-Length:", **POST), 400),
    ("length_with_letters", h1("Content-Length: 5a", **POST), 400),
    ("length_beyond_64_bits", h1("Content-Length: 18446744073709551617", **POST), 400),
    ("length_too_large", h1("Content-Length: 16777217", **POST), 413),
    ("coding_and_version_10", h1("Transfer-Encoding: chunked", version="HTTP/1.0", **POST, body=b"0\r\n\r\n"), 400),
    ("two_codings", h1("Transfer-Encoding: chunked", "Transfer-Encoding: identity", **POST, body=b"0\r\n\r\n"), 400),
    ("two_equal_codings", h1("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", **POST, body=b"0\r\n\r\n"), 400),
    ("list_of_codings", h1("Transfer-Encoding: chunked, chunked", **POST, body=b"0\r\n\r\n"), 501),
    ("gzip_coding", h1("Transfer-Encoding: gzip, chunked", **POST, body=b"0\r\n\r\n"), 501),
    ("identity_coding", h1("Transfer-Encoding: identity", **POST), 501),
    ("empty_coding", h1("Transfer-Encoding:", **POST), 501),
    ("coding_with_vertical_tab", h1("Transfer-Encoding: \x0bchunked", **POST, body=b"0\r\n\r\n"), 400),
    ("coding_in_quotes", h1('Transfer-Encoding: "chunked"', **POST, body=b"0\r\n\r\n"), 501),
    ("coding_with_parameter", h1("Transfer-Encoding: chunked;a=b", **POST, body=b"0\r\n\r\n"), 501),
    ("coding_name_with_blank", h1("Transfer-Encoding : chunked", **POST, body=b"0\r\n\r\n"), 400),
    ("folded_coding", h1("Transfer-Encoding:\r\n chunked", **POST, body=b"0\r\n\r\n"), 400),
]

# The head is in order, so it may have gone on its way; the body may never look complete.
CHUNKS_REFUSED = [
    ("size_with_prefix", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("size_with_plus", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("size_with_minus", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("size_empty", b"\r\nhello\r\n0\r\n\r\n"),
    ("size_no_number", b"zz\r\nhello\r\n0\r\n\r\n"),
    ("size_beyond_64_bits", b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    ("size_wraps_around", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("size_with_leading_blank", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("size_ends_in_bare_lf", b"5\nhello\r\n0\r\n\r\n"),
    ("size_ends_in_bare_cr", b"5\rhello\r\n0\r\n\r\n"),
    ("data_longer_than_its_size", b"3\r\nhello\r\n0\r\n\r\n"),
    ("data_ends_in_bare_lf", b"5\r\nhello\n0\r\n\r\n"),
    ("data_without_end", b"5\r\nhello0\r\n\r\n"),
    ("extension_with_bare_lf", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("extension_without_end", b"5;" + b"x" * 100_000),
    ("last_chunk_ends_in_bare_lf", b"5\r\nhello\r\n0\n\n"),
    ("trailer_without_colon", b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
    ("trailer_folded", b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"),
    ("trailer_ends_in_bare_lf", b"5\r\nhello\r\n0\r\nX: a\n\r\n"),
    ("trailers_without_end", b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 50_000),
    ("trailer_with_nul", b"5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n"),
]


class Http1Test(Fixture):
    def refused(self, data, status):
        with RawClient(self.http) as client:
            client.send(data + SMUGGLED)
            text = client.read_all()
        self.assertTrue(text.startswith(b"HTTP/1.1 %d " % status), text[:200])
        self.assertEqual(len(STATUS_LINE.findall(text)), 1, text[:600])
        self.assertIn(b"application/problem+json", text)
        self.assertIn(b"\r\nconnection: close\r\n", text)
        self.assert_untouched()

    def refused_chunks(self, body):
        for delay in (False, True):  # at once with the head, or when the request is on its way
            with RawClient(self.http) as client:
                client.send(h1("Transfer-Encoding: chunked", **POST, body=b"" if delay else body + SMUGGLED))
                if delay:
                    self.wait_for_heads(self.before + 1)
                    client.send(body + SMUGGLED)
                text = client.read_all()
            self.assertIn(text[:13], (b"HTTP/1.1 400 ", b""))
            self.assertLessEqual(len(STATUS_LINE.findall(text)), 1)
            heard = [bytes(part) for part in self.origin_server.heard if b"POST /bad " in part]
            for part in heard:
                self.assertNotIn(b"smuggled", part)
                self.assertFalse(part.endswith(b"\r\n0\r\n\r\n"), part)
        self.served()

    def wait_for_heads(self, count):
        end = time.monotonic() + raw.PATIENCE
        while len(self.origin_server.heads) < count and time.monotonic() < end:
            time.sleep(0.01)

    def test_refusals_are_counted(self):
        before = self.count("skerry_bad_requests_total")
        self.refused(h1(host=""), 400)
        self.assertEqual(self.count("skerry_bad_requests_total"), before + 1)

    def test_tls_makes_no_difference(self):
        with RawClient(self.https, alpn="http/1.1") as client:
            client.send(h1("Content-Length: 5", "Transfer-Encoding: chunked", **POST) + SMUGGLED)
            self.assertTrue(client.read_all().startswith(b"HTTP/1.1 400 "))
        self.assert_untouched()

    def test_bytes_that_are_no_http_end_the_connection(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500), b"\0" * 1000, b"SSH-2.0-OpenSSH_9.2\r\n\r\n"):
            with RawClient(self.http) as client:
                client.send(data)
                self.assertIn(client.read_all()[:13], (b"HTTP/1.1 400 ", b""))
            with RawClient(self.https) as client:
                client.send(data)
                self.assertNotIn(b"HTTP", client.read_all())
        self.assert_untouched()

    def test_a_body_that_grows_too_long_is_refused(self):
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with RawClient(self.http) as client:
            client.send(h1("Transfer-Encoding: chunked", **POST))
            while client.send(chunk * 16):
                if client.receive(0.001):
                    break
        heard = b"".join(bytes(part) for part in self.origin_server.heard if b"POST /bad " in part)
        self.assertFalse(heard.endswith(b"\r\n0\r\n\r\n"))
        self.served()

    def test_pipelined_requests_beyond_the_buffer_wait_in_the_clients_socket(self):
        peak = raw.memory_peak(self.node.process.pid)
        request = b"GET /ok HTTP/1.1\r\nHost: a.example\r\nX: " + b"x" * 1000 + b"\r\n\r\n"
        with RawClient(self.http) as client:
            client.socket.settimeout(0.5)
            sent = 0
            try:
                while sent < 64 * MIB:  # and reads nothing
                    client.socket.sendall(request * 64)
                    sent += len(request) * 64
            except OSError:
                pass
        self.assertLess(raw.memory_peak(self.node.process.pid) - peak, MEMORY)
        self.served()


for _name, _bytes, _status in H1_REFUSED:
    setattr(Http1Test, f"test_refuses_{_name}", lambda self, data=_bytes, status=_status: self.refused(data, status))
for _name, _bytes in CHUNKS_REFUSED:
    setattr(Http1Test, f"test_refuses_chunk_{_name}", lambda self, data=_bytes: self.refused_chunks(data))


# ---- HTTP/2: requests that are malformed, connections that are

def with_fields(*more, **pseudo):
    return headers(1, [*request_fields("/bad", **pseudo), *more])


def post(stream=1, *more):
    return headers(stream, [*request_fields("/bad", method="POST"), *more], raw.END_HEADERS)


H2_REFUSED = [
    # name, bytes, outcome: a status, ("reset", code) or ("goaway", code)
    ("upper_case_name", with_fields(("X-Upper", "x")), ("reset", raw.PROTOCOL_ERROR)),
    ("empty_name", with_fields(("", "x")), ("reset", raw.PROTOCOL_ERROR)),
    ("name_with_blank", with_fields(("x y", "x")), ("reset", raw.PROTOCOL_ERROR)),
    ("name_with_colon", with_fields(("x:y", "x")), ("reset", raw.PROTOCOL_ERROR)),
    ("value_with_lf", with_fields(("x", "a\nhost: b")), ("reset", raw.PROTOCOL_ERROR)),
    ("value_with_cr", with_fields(("x", "a\rb")), ("reset", raw.PROTOCOL_ERROR)),
    ("value_with_nul", with_fields(("x", "a\0b")), ("reset", raw.PROTOCOL_ERROR)),
    ("path_with_crlf", headers(1, request_fields("/bad HTTP/1.1\r\nX: y")), ("reset", raw.PROTOCOL_ERROR)),
    ("unknown_pseudo_field", with_fields((":proto", "x")), ("reset", raw.PROTOCOL_ERROR)),
    ("pseudo_field_of_responses", with_fields((":status", "200")), ("reset", raw.PROTOCOL_ERROR)),
    ("pseudo_field_behind_others", headers(1, [*request_fields("/bad")[:3], ("x", "y"), (":path", "/bad")]), ("reset", raw.PROTOCOL_ERROR)),
    ("two_paths", with_fields((":path", "/other")), ("reset", raw.PROTOCOL_ERROR)),
    ("no_method", headers(1, request_fields("/bad")[1:]), ("reset", raw.PROTOCOL_ERROR)),
    ("no_scheme", headers(1, [f for f in request_fields("/bad") if f[0] != ":scheme"]), ("reset", raw.PROTOCOL_ERROR)),
    ("no_path", headers(1, request_fields("/bad")[:3]), ("reset", raw.PROTOCOL_ERROR)),
    ("empty_path", headers(1, request_fields("")), ("reset", raw.PROTOCOL_ERROR)),
    ("no_authority_and_no_host", headers(1, [f for f in request_fields("/bad") if f[0] != ":authority"]), ("reset", raw.PROTOCOL_ERROR)),
    ("connection", with_fields(("connection", "close")), ("reset", raw.PROTOCOL_ERROR)),
    ("keep_alive", with_fields(("keep-alive", "5")), ("reset", raw.PROTOCOL_ERROR)),
    ("upgrade", with_fields(("upgrade", "h2c")), ("reset", raw.PROTOCOL_ERROR)),
    ("transfer_encoding", with_fields(("transfer-encoding", "chunked")), ("reset", raw.PROTOCOL_ERROR)),
    ("te_other_than_trailers", with_fields(("te", "gzip")), ("reset", raw.PROTOCOL_ERROR)),
    ("method_no_token", with_fields(method="GE T"), ("reset", raw.PROTOCOL_ERROR)),
    ("two_lengths", with_fields(("content-length", "5"), ("content-length", "6")), ("reset", raw.PROTOCOL_ERROR)),
    ("length_with_plus", with_fields(("content-length", "+0")), ("reset", raw.PROTOCOL_ERROR)),
    ("length_without_body", with_fields(("content-length", "5")), ("reset", raw.PROTOCOL_ERROR)),
    ("path_without_slash", headers(1, request_fields("bad")), ("reset", raw.PROTOCOL_ERROR)),
    ("path_with_blank", headers(1, request_fields("/bad bad")), ("reset", raw.PROTOCOL_ERROR)),
    ("path_with_fragment", headers(1, request_fields("/bad#x")), 400),
    ("authority_with_user", with_fields(authority="me@a.example"), 400),
    ("authority_bad_port", with_fields(authority="a.example:1:2"), 400),
    ("another_host", with_fields(("host", "b.example")), 400),
    ("another_scheme", with_fields(scheme="https"), 421),
    ("trace", with_fields(method="TRACE"), 405),
    ("connect", headers(1, [(":method", "CONNECT"), (":authority", "a.example:443")]), 405),
    ("unknown_expectation", with_fields(("expect", "tea")), 417),
    ("long_path", frame(raw.HEADERS, raw.END_STREAM, 1, hpack(*request_fields("/" + "x" * 16_390))[:16_384])
     + frame(raw.CONTINUATION, raw.END_HEADERS, 1, hpack(*request_fields("/" + "x" * 16_390))[16_384:]), 414),
    ("many_fields", with_fields(*((f"x-{i}", "x") for i in range(120))), 431),
    ("many_cookie_crumbs", with_fields(*(("cookie", "a=b") for _ in range(120))), 431),
    ("body_too_large", post(1, ("content-length", "16777217")), 413),

    ("http1_on_an_h2_connection", h1(), ("goaway", raw.FRAME_SIZE_ERROR)),
    ("data_on_stream_0", frame(raw.DATA, 0, 0, b"x"), ("goaway", raw.PROTOCOL_ERROR)),
    ("headers_on_stream_0", frame(raw.HEADERS, 5, 0, hpack(*request_fields())), ("goaway", raw.PROTOCOL_ERROR)),
    ("headers_on_an_even_stream", get(2, "/bad"), ("goaway", raw.PROTOCOL_ERROR)),
    ("data_on_an_idle_stream", frame(raw.DATA, 0, 1, b"x"), ("goaway", raw.PROTOCOL_ERROR)),
    ("reset_of_an_idle_stream", frame(raw.RST_STREAM, 0, 1, b"\0\0\0\x08"), ("goaway", raw.PROTOCOL_ERROR)),
    ("update_of_an_idle_stream", window_update(1, 1), ("goaway", raw.PROTOCOL_ERROR)),
    ("push_promise", frame(raw.PUSH_PROMISE, 4, 1, b"\0\0\0\x02" + hpack(*request_fields())), ("goaway", raw.PROTOCOL_ERROR)),
    ("continuation_alone", frame(raw.CONTINUATION, 4, 1, hpack(*request_fields())), ("goaway", raw.PROTOCOL_ERROR)),
    ("ping_within_headers", frame(raw.HEADERS, 1, 1, b"\x82") + frame(raw.PING, 0, 0, b"12345678"), ("goaway", raw.PROTOCOL_ERROR)),
    ("continuation_of_another_stream", frame(raw.HEADERS, 1, 1, b"\x82") + frame(raw.CONTINUATION, 4, 3, b"\x87"), ("goaway", raw.PROTOCOL_ERROR)),
    ("padding_longer_than_the_frame", post() + frame(raw.DATA, raw.PADDED, 1, b"\xff12"), ("goaway", raw.PROTOCOL_ERROR)),
    ("frame_too_large", post() + frame(raw.DATA, 0, 1, b"x" * 16_385), ("goaway", raw.FRAME_SIZE_ERROR)),
    ("ping_of_seven_bytes", frame(raw.PING, 0, 0, b"1234567"), ("goaway", raw.FRAME_SIZE_ERROR)),
    ("settings_of_five_bytes", frame(raw.SETTINGS, 0, 0, b"\0\4\0\0\0"), ("goaway", raw.FRAME_SIZE_ERROR)),
    ("settings_ack_with_payload", frame(raw.SETTINGS, raw.ACK, 0, b"\0\4\0\0\0\0"), ("goaway", raw.FRAME_SIZE_ERROR)),
    ("settings_on_a_stream", frame(raw.SETTINGS, 0, 1, b""), ("goaway", raw.PROTOCOL_ERROR)),
    ("push_of_2", settings(push=2), ("goaway", raw.PROTOCOL_ERROR)),
    ("window_beyond_31_bits", settings(window=0x80000000), ("goaway", raw.FLOW_CONTROL_ERROR)),
    ("frame_size_too_small", settings(frame_size=16_383), ("goaway", raw.PROTOCOL_ERROR)),
    ("window_update_of_nothing", window_update(0, 0), ("goaway", raw.PROTOCOL_ERROR)),
    ("window_overflow", window_update(0, 0x7fffffff), ("goaway", raw.FLOW_CONTROL_ERROR)),
    ("window_overflow_of_a_stream", post() + window_update(1, 0x7fffffff), ("reset", raw.FLOW_CONTROL_ERROR)),
    ("hpack_unknown_index", frame(raw.HEADERS, 5, 1, b"\xff\xff\xff\xff\x0f"), ("goaway", raw.COMPRESSION_ERROR)),
    ("hpack_index_0", frame(raw.HEADERS, 5, 1, b"\x80"), ("goaway", raw.COMPRESSION_ERROR)),
    ("hpack_string_cut_short", frame(raw.HEADERS, 5, 1, b"\x00\x7f\xff\xff\x7fa"), ("goaway", raw.COMPRESSION_ERROR)),
    ("hpack_bad_huffman", frame(raw.HEADERS, 5, 1, b"\x82\x87\x84\x41\x81\x00"), ("goaway", raw.COMPRESSION_ERROR)),
    ("hpack_table_too_large", frame(raw.HEADERS, 5, 1, b"\x3f\xff\xff\x07" + hpack(*request_fields())), ("goaway", raw.COMPRESSION_ERROR)),
]

# What is sent over and over; the number says how often at most.
PATH_A = b"\x82\x86\x84\x01\x01a"  # GET http a /: by the static table
BOMB = b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000  # a field for the dynamic table, 4 KB for one byte from then on
H2_FLOODS = [
    ("rapid_reset", lambda i: frame(raw.HEADERS, 5, 2 * i + 1, PATH_A) + frame(raw.RST_STREAM, 0, 2 * i + 1, b"\0\0\0\x08"), 10_000),
    ("made_you_reset", lambda i: frame(raw.HEADERS, 4, 2 * i + 1, PATH_A) + window_update(2 * i + 1, 0x7fffffff), 10_000),
    ("settings", lambda i: settings(window=i), 10_000),
    ("empty_settings", lambda i: settings(), 10_000),
    ("ping", lambda i: frame(raw.PING, 0, 0, b"12345678"), 10_000),
    ("priority", lambda i: frame(raw.PRIORITY, 0, 2 * i + 1, b"\0\0\0\0\1"), 10_000),
    ("priority_update", lambda i: frame(raw.PRIORITY_UPDATE, 0, 0, b"\0\0\0\1u=1"), 10_000),
    ("window_update", lambda i: window_update(0, 1), 10_000),
    ("unknown_frame", lambda i: frame(0xbb, 0, 0, b"x" * 50), 10_000),
    ("empty_data", lambda i: frame(raw.DATA, 0, 1), 10_000),
    ("only_padding", lambda i: frame(raw.DATA, raw.PADDED, 1, b"\x02\0\0"), 10_000),
    ("malformed_requests", lambda i: frame(raw.HEADERS, 5, 2 * i + 1, PATH_A + b"\x00\x01X\x01y"), 10_000),
    ("hpack_bomb", lambda i: frame(raw.HEADERS, 5, 2 * i + 1, PATH_A + (BOMB if i == 0 else b"\xbe" * 16_000)), 500),
    ("malformed_hpack_bomb", lambda i: frame(raw.HEADERS, 5, 2 * i + 1, PATH_A + (BOMB if i == 0 else b"\x00\x01X\x01y" + b"\xbe" * 16_000)), 1000),
]


class Http2Test(Fixture):
    def client(self, first=None):
        client = RawClient(self.http).begin_h2(first)
        self.addCleanup(client.socket.close)
        return client

    def refused(self, data, outcome):
        client = self.client()
        client.send(data)
        if isinstance(outcome, int):
            said = client.h2_until(lambda h2: h2.statuses)
            self.assertEqual(said.statuses, {1: outcome}, vars(said))
            self.assertIsNone(said.goaway)
        elif outcome[0] == "reset":
            said = client.h2_until(lambda h2: h2.resets)
            self.assertEqual((said.resets, said.statuses), ({1: outcome[1]}, {}))
            self.assertIsNone(said.goaway)
        else:
            said = client.h2_until(lambda h2: h2.closed)
            self.assertEqual(said.goaway, outcome[1])
            self.assertEqual(said.statuses, {})
        if not said.closed:  # the connection goes on
            client.send(get(3, "/ok"))
            client.h2_until(lambda h2: 3 in h2.ended)
            self.assertEqual(client.h2.statuses[3], 200)
        heads = [head for head in self.origin_server.heads[self.before:] if not head.startswith("POST /bad ")]
        self.assertEqual(heads, [])
        for heard in self.origin_server.heard:
            self.assertFalse(b"POST /bad " in heard and heard.endswith(b"\r\n0\r\n\r\n"))
        self.served()

    def flooded(self, make, most):
        before = self.count("skerry_glitch_closures_total")
        peak = raw.memory_peak(self.node.process.pid)
        client = self.client()
        client.send(post(1) if make(0)[3:4] == b"\0" else b"")
        for i in range(0, most, 10):
            if not client.send(b"".join(make(j) for j in range(i, i + 10))) or client.h2_poll().closed:
                break
        said = client.h2_until(lambda h2: h2.closed)
        self.assertEqual(said.goaway, raw.ENHANCE_YOUR_CALM, vars(said))
        self.assertEqual(self.count("skerry_glitch_closures_total"), before + 1)
        self.assertLess(raw.memory_peak(self.node.process.pid) - peak, MEMORY)
        self.served()

    def test_a_head_that_continues_for_ever_is_refused(self):
        for payload in (b"", b"\x82", hpack(("x", "y" * 8000)) * 2):
            peak = raw.memory_peak(self.node.process.pid)
            client = self.client()
            client.send(frame(raw.HEADERS, 1, 1, PATH_A))
            for _ in range(5000):
                if not client.send(frame(raw.CONTINUATION, 0, 1, payload)) or client.h2_poll().closed:
                    break
            said = client.h2_until(lambda h2: h2.closed)
            self.assertEqual(said.goaway, raw.ENHANCE_YOUR_CALM)
            self.assertLess(raw.memory_peak(self.node.process.pid) - peak, MEMORY)
        self.assert_untouched()

    def test_a_body_that_contradicts_its_length_is_never_passed_on_as_complete(self):
        for data in (b"1234", b"123456"):
            client = self.client()
            client.send(post(1, ("content-length", "5")) + frame(raw.DATA, raw.END_STREAM, 1, data))
            said = client.h2_until(lambda h2: h2.resets or h2.statuses)
            self.assertEqual(said.resets, {1: raw.PROTOCOL_ERROR})
        self.assertEqual([part for part in self.origin_server.heard if b"12345" in part], [])
        self.served()

    def test_a_client_that_says_goodbye_a_thousand_times_is_let_go(self):
        client = self.client()
        client.send(frame(raw.GOAWAY, 0, 0, bytes(8)) * 1000)
        self.assertTrue(client.h2_until(lambda h2: h2.closed).closed)
        self.assert_untouched()

    def test_data_beyond_the_window_ends_the_connection(self):
        client = self.client()
        client.send(post(1))
        for _ in range(200):  # windows are 64 KiB and 1 MiB
            if not client.send(frame(raw.DATA, 0, 1, b"x" * 16_384)):
                break
        said = client.h2_until(lambda h2: h2.closed or h2.resets)
        self.assertIn(raw.FLOW_CONTROL_ERROR, (said.goaway, said.resets.get(1)))
        self.served()

    def test_streams_beyond_the_limit_are_refused(self):
        client = self.client(settings(window=0))
        client.send(b"".join(get(2 * i + 1, "/large") for i in range(200)))
        said = client.h2_until(lambda h2: len(h2.resets) >= 72 or h2.closed)
        self.assertTrue(said.closed or set(said.resets.values()) == {raw.REFUSED_STREAM}, vars(said))
        self.served()

    def test_clients_that_ask_for_much_and_read_nothing_cost_little(self):
        peak = raw.memory_peak(self.node.process.pid)
        clients = [self.client(settings(window=0)) for _ in range(50)]
        for client in clients:
            client.send(b"".join(get(2 * i + 1, "/large") for i in range(100)))
        for client in clients:
            client.h2_until(lambda h2: len(h2.statuses) == 100)
        self.assertLess(raw.memory_peak(self.node.process.pid) - peak, MEMORY)
        self.served()


for _name, _bytes, _outcome in H2_REFUSED:
    setattr(Http2Test, f"test_refuses_{_name}", lambda self, data=_bytes, outcome=_outcome: self.refused(data, outcome))
for _name, _make, _most in H2_FLOODS:
    setattr(Http2Test, f"test_ends_a_flood_of_{_name}", lambda self, make=_make, most=_most: self.flooded(make, most))


# ---- Clients that are slow on purpose

class SlowTest(Fixture):
    config = """
[limits]
header_time = "1s"
body_time = "2s"
stalled_write = "2s"
request_rate = 10000
response_rate = 10000
"""

    def test_heads_that_drip_are_given_up(self):
        clients = [RawClient(self.http) for _ in range(50)]
        head = b"GET /bad HTTP/1.1\r\nHost: a.example\r\n" + b"X: y\r\n" * 90
        for i in range(12):  # a line every 0.2 s: the head as a whole has its time, whatever moves
            for client in clients:
                client.send(head[40 + 6 * i:46 + 6 * i] if i else head[:40])
            time.sleep(0.2)
        for client in clients:
            text = client.read_all()
            self.assertTrue(text.startswith(b"HTTP/1.1 408 ") or not text, text)
            client.socket.close()
        self.assert_untouched()

    def test_a_connection_that_says_nothing_is_closed(self):
        with RawClient(self.https, alpn="h2") as client:
            client.send(raw.PREFACE[:10])
            client.h2_until(lambda h2: h2.closed)
        self.assert_untouched()

    def test_h2_heads_that_never_end_are_given_up(self):
        with RawClient(self.http).begin_h2() as client:
            client.send(frame(raw.HEADERS, 1, 1, b"\x82"))
            self.assertTrue(client.h2_until(lambda h2: h2.closed).closed)
        self.assert_untouched()

    def test_bodies_that_stop_or_drip_are_given_up(self):
        for rate in (0, 100):
            with RawClient(self.http) as h1_client, RawClient(self.http).begin_h2() as h2_client:
                h1_client.send(h1("Content-Length: 1000000", **POST))
                h2_client.send(post(1))
                end = time.monotonic() + raw.PATIENCE
                while (h1_client.receive(0.05) is None or 1 not in h2_client.h2_poll().statuses) and time.monotonic() < end:
                    h1_client.send(b"x" * (rate // 10))
                    h2_client.send(frame(raw.DATA, 0, 1, b"x" * (rate // 10)) if rate else b"")
                    time.sleep(0.05)
                self.assertEqual(h2_client.h2.statuses[1], 408)
        self.served()

    def test_a_client_that_opens_its_window_by_crumbs_is_reset(self):
        before = self.count("skerry_stalled_streams_total")
        with RawClient(self.http).begin_h2(settings(window=0)) as client:
            client.send(get(1, "/large"))
            end = time.monotonic() + raw.PATIENCE
            while 1 not in client.h2_poll().resets and time.monotonic() < end:
                client.send(window_update(1, 10))
                time.sleep(0.02)
            self.assertEqual(client.h2.resets, {1: raw.CANCEL})
            self.assertGreater(len(client.h2.bodies[1]), 20)  # it moved
            client.send(settings(window=65535) + get(3, "/ok"))
            client.h2_until(lambda h2: 3 in h2.ended)
        self.assertEqual(self.count("skerry_stalled_streams_total"), before + 1)

    def test_clients_that_read_slowly_or_never_are_closed(self):
        for drip in (0, 100):
            with RawClient(self.http, receive_buffer=4096) as client:
                client.send(h1(target="/large"))
                got, end = 0, time.monotonic() + raw.PATIENCE
                while time.monotonic() < end:
                    if drip:
                        got += len(client.socket.recv(drip))
                    time.sleep(0.05)
                    if self.closed_by_peer(client.socket):
                        break
                self.assertLess(time.monotonic(), end)
                self.assertLess(got, 1_000_000)
        self.served()

    @staticmethod
    def closed_by_peer(sock):
        # TCP_INFO begins with the state: 7 is CLOSE, 8 CLOSE_WAIT.
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in (7, 8)

    def test_a_slow_reader_above_the_rate_gets_everything(self):
        with RawClient(self.http, receive_buffer=16_384) as client:
            client.send(h1("Connection: close", target="/large"))
            got, begun = b"", time.monotonic()
            while True:
                piece = client.socket.recv(16_384)
                if not piece:
                    break
                got += piece
                if time.monotonic() < begun + 4:  # some 160 KB/s, longer than the patience
                    time.sleep(0.1)
        self.assertTrue(got.endswith(b"x" * 4_000_000))


if __name__ == "__main__":
    unittest.main()

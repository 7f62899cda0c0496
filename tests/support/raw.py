"""Bytes that no HTTP library would write: raw clients and raw origins, and HTTP/2 frames made by hand."""
import contextlib
import re
import socket
import ssl
import struct
import threading
import time

PATIENCE = 30  # seconds until something that should have come is given up

# ---- HTTP/2 (RFC 9113)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 3, 4, 5


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(**values):
    names = {"table": HEADER_TABLE_SIZE, "push": ENABLE_PUSH, "streams": MAX_CONCURRENT_STREAMS, "window": INITIAL_WINDOW_SIZE,
             "frame_size": MAX_FRAME_SIZE}
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", names[name], value) for name, value in values.items()))


def window_update(stream, count):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", count))


def _string(text):
    text = text.encode("latin-1") if isinstance(text, str) else text
    size = len(text)
    if size < 127:
        return bytes([size]) + text
    head, size = [127], size - 127
    while size >= 128:
        head.append(size % 128 + 128)
        size //= 128
    return bytes([*head, size]) + text


def hpack(*fields):
    """Literals without indexing and without Huffman coding (RFC 7541 6.2.2)."""
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in fields)


def request_fields(path="/", method="GET", scheme="http", authority="a.example"):
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]


def headers(stream, fields, flags=END_HEADERS | END_STREAM):
    return frame(HEADERS, flags, stream, hpack(*fields))


def get(stream, path="/", **more):
    return headers(stream, request_fields(path, **more))


# Of RFC 7541's Huffman code what stands in statuses and in the paths of tests.
_HUFFMAN = {f"{first + i:0{bits}b}": letter for bits, first, letters in (
    (5, 0, "012aceiost"), (6, 0x16, "-./3456789=A_bdfghlmnpru"), (7, 0x74, "jkqvwxyz")) for i, letter in enumerate(letters)}


def _decode(data):
    """A string of HPACK: its text, and what follows it."""
    size, text = data[0] & 0x7f, data[1:]
    if not data[0] & 0x80:
        return text[:size].decode("latin-1"), text[size:]
    bits, letters, code = "".join(f"{byte:08b}" for byte in text[:size]), "", ""
    for bit in bits:
        code += bit
        if code in _HUFFMAN:
            letters, code = letters + _HUFFMAN[code], ""
    return letters, text[size:]


def _path(block):
    """The path of a request as nghttp2 writes it: behind method, scheme and authority."""
    while block and block[0] != 0x04:
        if block[0] == 0x84:
            return "/"
        block = block[1:] if block[0] & 0x80 else _decode(block[1:])[1]
    return _decode(block[1:])[0] if block else ""


def _status(block):
    """The status at the front of a header block that nghttp2 wrote; 0 if it stands in the dynamic table."""
    static = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
    while block and block[0] & 0xe0 == 0x20:  # a change of the table's size
        at = 1
        if block[0] & 0x1f == 0x1f:
            while block[at] & 0x80:
                at += 1
            at += 1
        block = block[at:]
    if block[0] in static:
        return static[block[0]]
    if block[0] not in (0x08, 0x18, 0x48):
        return 0
    return int(_decode(block[1:])[0])


class H2Answer:
    """What the other side of a connection said until now."""

    def __init__(self):
        self.statuses, self.resets, self.bodies, self.ended = {}, {}, {}, set()
        self.goaway = None   # error code of the last one
        self.closed = False  # the connection has ended
        self.frames = 0
        self._rest = b""
        self._block = None

    def feed(self, data):
        self._rest += data
        while len(self._rest) >= 9:
            size = int.from_bytes(self._rest[:3], "big")
            if len(self._rest) < 9 + size:
                return
            kind, flags, stream = self._rest[3], self._rest[4], int.from_bytes(self._rest[5:9], "big") & 0x7fffffff
            payload, self._rest = self._rest[9:9 + size], self._rest[9 + size:]
            self._take(kind, flags, stream, payload)

    def _take(self, kind, flags, stream, payload):
        self.frames += 1
        if kind == HEADERS and stream not in self.statuses:
            status = _status(payload)
            if status >= 200 or status == 0:
                self.statuses[stream] = status
        if kind == DATA:
            self.bodies[stream] = self.bodies.get(stream, b"") + payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)
        if kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        if kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")


# ---- Clients

class RawClient:
    """One connection to "ADDRESS:PORT"; `alpn` speaks TLS, unchecked."""

    def __init__(self, address, alpn=None, receive_buffer=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if alpn:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols([alpn])
            self.socket = context.wrap_socket(self.socket)
        self.h2 = H2Answer()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.socket.close()

    def send(self, data):
        """False when the other side has closed."""
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def receive(self, seconds=PATIENCE):
        """The next bytes; b"" at the end, None when nothing came in time."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(65536)
        except (TimeoutError, socket.timeout, ssl.SSLWantReadError):
            return None
        except OSError:
            return b""

    def read_all(self):
        """Everything until the other side closes."""
        data = b""
        while True:
            piece = self.receive()
            if piece is None:
                raise AssertionError(f"the connection was not closed; it said {data[:300]!r}")
            if not piece:
                return data
            data += piece

    def read_until(self, text):
        data = b""
        while text not in data:
            piece = self.receive()
            if not piece:
                raise AssertionError(f"no {text!r} in {data[:300]!r}")
            data += piece
        return data

    # HTTP/2
    def begin_h2(self, first=None):
        self.send(PREFACE + (settings() if first is None else first))
        return self

    def h2_until(self, condition, seconds=PATIENCE):
        """Reads until `condition` of the H2Answer holds or the connection ends."""
        end = time.monotonic() + seconds
        while not condition(self.h2) and not self.h2.closed:
            piece = self.receive(max(0.01, end - time.monotonic()))
            if piece is None:
                raise AssertionError(f"not in time: {vars(self.h2)}")
            if not piece:
                self.h2.closed = True
            self.h2.feed(piece)
        return self.h2

    def h2_poll(self):
        """Takes what has come, without waiting."""
        while not self.h2.closed:
            piece = self.receive(0.0001)
            if piece is None:
                break
            self.h2.closed = not piece
            self.h2.feed(piece)
        return self.h2


# ---- Origins

class RawOrigin:
    """An origin that says what it is told to.

    `script(connection, head)` is called for each complete request and writes what it likes; what it returns is whether
    the connection goes on. `heads` lists the requests whose head has come, `heard` the bytes of each connection.
    """

    def __init__(self, script):
        self.script, self.heads, self.heard = script, [], []
        self._lock = threading.Lock()
        self._open = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.heard.append(bytearray())
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, self.heard[-1]), daemon=True).start()

    def _serve(self, connection, heard):
        data = b""

        def more():
            piece = connection.recv(65536)
            heard.extend(piece)
            if not piece:
                raise ConnectionError
            return piece

        with contextlib.suppress(OSError), connection:
            going_on = True
            while going_on:
                while b"\r\n\r\n" not in data:
                    data += more()
                head, data = data.split(b"\r\n\r\n", 1)
                text = head.decode("latin-1")
                with self._lock:
                    self.heads.append(text)
                length = re.search(r"\r\ncontent-length: (\d+)", text, re.IGNORECASE)
                size = int(length.group(1)) if length else 0
                if re.search(r"\r\ntransfer-encoding: chunked", text, re.IGNORECASE):
                    while not (data.startswith(b"0\r\n\r\n") or b"\r\n0\r\n\r\n" in data):
                        data += more()
                    size = data.index(b"0\r\n\r\n") + 5
                while len(data) < size:
                    data += more()
                data = data[size:]
                going_on = self.script(connection, text)
        with self._lock:
            self._open.discard(connection)

    def count(self, path):
        with self._lock:
            return sum(1 for head in self.heads if head.split(" ")[1].split("?")[0] == path)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class RawH2Origin:
    """An origin that speaks HTTP/2 over TLS, frame by frame; `certificate` and `key` are files.

    `script(connection, stream, path)` is called for each HEADERS frame that comes; what it returns is whether the
    connection goes on. `paths` lists what was asked for: lower-case letters, digits and underscores.
    """

    def __init__(self, script, certificate, key, first=None):
        self.script, self.paths, self.connections = script, [], 0
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self.tls.set_alpn_protocols(["h2"])
        self.first = settings() if first is None else first
        self._lock = threading.Lock()
        self._open = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""

        def need(count):
            nonlocal data
            while len(data) < count:
                piece = connection.recv(65536)
                if not piece:
                    raise ConnectionError
                data += piece

        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            connection = stack.enter_context(self.tls.wrap_socket(connection, server_side=True))
            need(len(PREFACE))
            data = data[len(PREFACE):]
            connection.sendall(self.first)
            while True:
                need(9)
                size = int.from_bytes(data[:3], "big")
                need(9 + size)
                kind, stream, payload = data[3], int.from_bytes(data[5:9], "big"), data[9:9 + size]
                if kind == SETTINGS and not data[4] & ACK:
                    connection.sendall(frame(SETTINGS, ACK, 0))
                data = data[9 + size:]
                if kind == HEADERS:
                    path = _path(payload)
                    with self._lock:
                        self.paths.append(path)
                    if not self.script(connection, stream, path):
                        return
        with self._lock:
            self._open.discard(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def memory_peak(pid):
    """Bytes: the most that a process ever had resident."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) * 1024

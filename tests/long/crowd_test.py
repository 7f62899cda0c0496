#!/usr/bin/env python3
"""10,000 idle connections and 1,000 busy ones side by side: none is refused, none fails, and the idle ones still work."""
import os
import re
import resource
import socket
import ssl
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, fetch, metric  # noqa: E402

TIMEOUT_SECONDS = 1200

IDLE = 10_000
BUSY = 1_000
REQUESTS = 100_000
BODY = b"x" * 1024


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!I", len(payload))[1:] + bytes((kind, flags)) + struct.pack("!I", stream) + payload


class IdleClient:
    """An HTTP/2 connection that asks once in a while."""

    def __init__(self, context, address, path):
        host, port = address.rsplit(":", 1)
        self._socket = context.wrap_socket(socket.create_connection((host, int(port)), 60), server_hostname="localhost")
        self._stream = 1
        # :method GET, :scheme https, :authority and :path as literals that are not indexed.
        self._block = b"\x82\x87" + b"\x01" + bytes((len(address),)) + address.encode() + b"\x04" + bytes((len(path),)) + path.encode()
        self._socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))

    def _read(self, size):
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed by the server")
            data += more
        return data

    def ask(self):
        """Bytes of the answer's body."""
        stream, self._stream = self._stream, self._stream + 2
        self._socket.sendall(frame(1, 5, stream, self._block))
        body = 0
        while True:
            head = self._read(9)
            payload = self._read(int.from_bytes(head[:3], "big"))
            kind, flags, of = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == 4 and not flags & 1:
                self._socket.sendall(frame(4, 1, 0))
            elif kind in (3, 7):
                raise ConnectionError(f"frame type {kind}: {payload!r}")
            elif kind == 0:
                body += len(payload)
            if kind in (0, 1) and of == stream and flags & 1:
                return body

    def close(self):
        self._socket.close()


class CrowdTest(Case):
    def setUp(self):
        super().setUp()
        wanted = IDLE + 2 * BUSY + 500
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        if self._limits[1] < wanted:
            self.skipTest(f"needs {wanted} open files, and {self._limits[1]} are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._limits[1], self._limits[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, self._limits)

    def test_idle_and_busy_connections_side_by_side(self):
        origin = self.origin()
        origin.answers["/page"] = (200, {"Cache-Control": "max-age=3600"}, BODY)
        config = self.file("edge.toml", "[limits]\nidle = \"1h\"\n")
        edge = self.edge(f"--config={config}", origin=origin)
        self.assertEqual(fetch(f"https://{edge.ready['https']}/page").status, 200)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        crowd = []
        self.addCleanup(lambda: [client.close() for client in crowd])
        for _ in range(IDLE):
            crowd.append(IdleClient(context, edge.ready["https"], "/page"))
            self.assertEqual(crowd[-1].ask(), len(BODY))
        self.assertGreaterEqual(metric(edge.ready["admin"], "skerry_connections"), IDLE)
        load = ["h2load", "-n", str(REQUESTS), "-c", str(BUSY), "-m", "2", f"https://{edge.ready['https']}/page"]
        busy = subprocess.run(load, capture_output=True, text=True)
        self.assertEqual(busy.returncode, 0, busy.stderr)
        self.assertRegex(busy.stdout, rf"{REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout")
        self.assertEqual(re.search(r"status codes: (\d+) 2xx", busy.stdout).group(1), str(REQUESTS))
        for client in crowd:
            self.assertEqual(client.ask(), len(BODY))
        self.assertEqual(origin.count("/page"), 1)


if __name__ == "__main__":
    unittest.main()

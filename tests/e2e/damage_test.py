"""Bits that flip on the wire between shield and edge, or on the shield's disk: nobody gets them as a whole answer. Real sockets."""
import contextlib
import glob
import os
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shield_test import ReleaseCase, sha  # noqa: E402
from skerry import fetch, metric  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300


class Wire:
    """Passes connections on to `address`; of what comes back, flips a bit in each of the first `times` occurrences of `mark`."""

    def __init__(self, address, mark):
        self.address, self.mark, self.times = address, mark, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            host, port = self.address.rsplit(":", 1)
            far = socket.create_connection((host, int(port)))
            threading.Thread(target=self.copy, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self.copy, args=(far, near, True), daemon=True).start()

    def copy(self, source, target, damage):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if damage and self.times and self.mark in data:
                    self.times -= 1
                    at = data.index(self.mark)
                    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()

    def close(self):
        self.listener.close()


class DamageTest(ReleaseCase):
    def get_bytes(self, edge, path, *fields):
        """(curl's exit code, what it had written)."""
        argv = ["curl", "-sk", "--http2", "-m", "30", f"https://{edge.ready['https']}{path}"]
        for field in fields:
            argv += ["-H", field]
        done = subprocess.run(argv, capture_output=True, check=False)
        return done.returncode, done.stdout

    def wire_to(self, shield, mark):
        wire = Wire(shield.ready["listen"], mark)
        self.addCleanup(wire.close)
        return wire

    def test_a_small_file_that_is_damaged_on_the_wire_is_fetched_again_unseen(self):
        shield = self.shield()
        page = b"<p>before MARK behind</p>" * 40
        self.deploy(shield, {"/index.html": page})
        wire = self.wire_to(shield, b"MARK")
        wire.times = 1
        edge = self.edge(f"--shield={wire.url}")
        self.assertEqual(self.get_bytes(edge, "/"), (0, page))
        self.assertEqual(wire.times, 0)
        self.assertEqual(metric(edge.ready["admin"], "skerry_digest_mismatch_total"), 1)
        self.assertEqual(metric(edge.ready["admin"], "skerry_digest_refetches_total"), 1)
        self.assertEqual(self.get_bytes(edge, "/"), (0, page))

    def test_a_large_file_that_is_damaged_on_the_wire_is_never_complete_nor_kept(self):
        shield = self.shield()
        data = os.urandom(700_000) + b"MARK" + os.urandom(100_000)
        self.deploy(shield, {"/big.bin": data})
        wire = self.wire_to(shield, b"MARK")
        wire.times = 1
        edge = self.edge(f"--shield={wire.url}")
        code, got = self.get_bytes(edge, "/big.bin")
        self.assertEqual(wire.times, 0)
        self.assertNotEqual(code, 0)
        self.assertLess(len(got), len(data))
        self.assertEqual(self.get_bytes(edge, "/big.bin"), (0, data))
        self.assertEqual(metric(edge.ready["admin"], "skerry_digest_refetches_total"), 1)

    def test_a_wire_that_always_damages_gives_nobody_an_answer(self):
        shield = self.shield()
        self.deploy(shield, {"/index.html": b"<p>MARK</p>" * 30, "/big.bin": b"x" * 300_000 + b"MARK"})
        wire = self.wire_to(shield, b"MARK")
        wire.times = 1_000_000
        edge = self.edge(f"--shield={wire.url}")
        for path in ("/", "/big.bin") * 3:
            code, got = self.get_bytes(edge, path)
            self.assertNotEqual((code, len(got)), (0, 330 if path == "/" else 300_004), path)
            self.assertNotIn(bytes([ord("M") ^ 1]) + b"ARK", got)
        self.assertEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 0)
        wire.times = 0
        self.assertEqual(self.get_bytes(edge, "/"), (0, b"<p>MARK</p>" * 30))

    def flip_on_disk(self, data, content, at):
        for path in glob.glob(f"{data}/**/*{sha(content)}*", recursive=True):
            if os.path.getsize(path) != len(content):
                continue
            os.chmod(path, 0o600)
            with open(path, "r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ 4]))
            return
        self.fail(f"no blob of {len(content)} bytes below {data}")

    def test_a_bit_that_flips_on_the_shields_disk_reaches_nobody_as_a_whole_answer(self):
        data = os.path.join(self.folder, "data")
        shield = self.shield(data=data)
        page, big, script, coded = b"page " * 100, os.urandom(800_000), b"let a = 1;\n" * 300, os.urandom(200)
        files = {"/index.html": page, "/big.bin": big,
                 "/app.js": (script, {"variants": [{"coding": "br", "sha256": sha(coded), "size": len(coded)}]})}
        status, said = self.api(shield, "PUT", f"/v1/blobs/{sha(coded)}", coded)
        self.assertEqual(status, 201, said)
        self.deploy(shield, files)
        for content, at in ((page, 7), (big, 700_000), (coded, 9)):
            self.flip_on_disk(data, content, at)
        edge = self.edge(f"--shield=http://{shield.ready['listen']}")
        code, got = self.get_bytes(edge, "/")
        self.assertEqual(code, 0)
        self.assertNotIn(b"page ", got)  # an error, told as one
        self.assertEqual(fetch(f"https://{edge.ready['https']}/").status, 500)
        for _ in range(2):
            code, got = self.get_bytes(edge, "/big.bin")
            self.assertNotEqual(code, 0)
            self.assertTrue(big.startswith(got))
            self.assertLess(len(got), len(big))
        # What is damaged is one form of it: another one serves.
        answer = fetch(f"https://{edge.ready['https']}/app.js", "Accept-Encoding: br")
        self.assertNotEqual(answer.body, b"")
        if answer.field("content-encoding") == "":
            self.assertEqual(answer.body, script)
        self.assertGreaterEqual(metric(shield.ready["admin"], "skerry_store_corrupt_total"), 2)
        self.assertEqual(metric(edge.ready["admin"], "skerry_ram_objects"), 1)
        # Pushing again mends it.
        self.assertEqual(self.api(shield, "PUT", f"/v1/blobs/{sha(coded)}", coded)[0], 201)
        self.deploy(shield, files)
        self.assertEqual(self.get_bytes(edge, "/"), (0, page))
        self.assertEqual(self.get_bytes(edge, "/big.bin"), (0, big))


if __name__ == "__main__":
    unittest.main()

"""Real programs on loopback, for tests: skerry binaries, a scripted origin, clients.

Nothing here uses a fixed port or ends a process it did not start.
"""
import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.abspath(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out", "release")))
START_SECONDS = 60  # sanitizer builds on a busy machine


def binary(name):
    return os.path.join(OUT, name)


class Program:
    """One skerry program, started and waited for until its ready file is there."""

    def __init__(self, name, *flags, env=None):
        self.folder = tempfile.mkdtemp(prefix=name + "-")
        self.ready_file = os.path.join(self.folder, "ready.json")
        self.log_path = os.path.join(self.folder, "log")
        self._log = open(self.log_path, "wb")
        self.argv = [binary(name), *flags, f"--ready_file={self.ready_file}"]
        self.process = subprocess.Popen(self.argv, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL,
                                        cwd=self.folder, env={**os.environ, **(env or {})})
        self.ready = None
        self.pid = self.process.pid  # another one after hand_over

    def hand_over(self, seconds=START_SECONDS):
        """USR2: a new process serves and the old one has ended."""
        old = self.pid
        os.kill(old, signal.SIGUSR2)
        eventually(lambda: self._ready_pid() not in (None, old), seconds, f"another process is ready:\n{self.log()[-2000:]}")
        self.wait_ready()
        self.pid = self.ready["pid"]
        eventually(lambda: self.ended(old), seconds, "the old process has ended")

    def _ready_pid(self):
        if not os.path.exists(self.ready_file):
            return None
        with open(self.ready_file, encoding="utf-8") as file:
            return json.load(file)["pid"]

    def ended(self, pid):
        if pid == self.process.pid:
            return self.process.poll() is not None
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    def wait_ready(self, seconds=START_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.path.exists(self.ready_file):
                with open(self.ready_file, encoding="utf-8") as file:
                    self.ready = json.load(file)
                return self
            if self.process.poll() is not None:
                raise AssertionError(f"{self.argv} ended with {self.process.returncode}:\n{self.log()}")
            time.sleep(0.02)
        raise AssertionError(f"{self.argv} was not ready in {seconds} s:\n{self.log()}")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def terminate(self, seconds=START_SECONDS):
        """TERM, as a service manager does; answers the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(START_SECONDS)

    def close(self):
        self.kill()
        if not self.ended(self.pid):
            os.kill(self.pid, signal.SIGKILL)
            eventually(lambda: self.ended(self.pid), what="the last process has ended")
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Origin:
    """An application under script: `answers[path]` is a function of the request handler, or (status, headers, body).

    `asked` lists what arrived: (method, path, {lower-case field: value}, body).
    """

    def __init__(self):
        self.answers = {}
        self.asked = []
        self._lock = threading.Lock()
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    body = self._read_chunks()
                with origin._lock:
                    origin.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = origin.answers.get(self.path.split("?")[0], (404, {}, b"no such page\n"))
                if callable(answer):
                    answer = answer(self)
                if answer is None:
                    return  # the script has written by itself
                status, headers, content = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if not any(name.lower() in ("content-length", "transfer-encoding") for name in headers) and status not in (204, 304):
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD" and status not in (204, 304):
                    self.wfile.write(content)

            def _read_chunks(self):
                body = b""
                while True:
                    size = int(self.rfile.readline().split(b";")[0], 16)
                    body += self.rfile.read(size)
                    self.rfile.readline()
                    if size == 0:
                        return body

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = handle_any

            def log_message(self, *_args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512
            open_connections = set()

            def process_request(self, request, client_address):
                self.open_connections.add(request)
                super().process_request(request, client_address)

            def shutdown_request(self, request):
                self.open_connections.discard(request)
                super().shutdown_request(request)

            def handle_error(self, request, client_address):
                if not isinstance(sys.exc_info()[1], ConnectionError):
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, path):
        with self._lock:
            return sum(1 for asked in self.asked if asked[1] == path)

    def close(self):
        """As if the origin's process had ended: connections that were kept open end too."""
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.server.open_connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class CrowdOrigin:
    """An application for crowds: what a subclass's `answer(handler)` writes is the answer to a GET; nothing is recorded.

    Programs that are killed in the middle of an answer are nothing to speak of.
    """

    def __init__(self):
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                origin.answer(self)

            def log_message(self, *_args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *_args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        raise NotImplementedError

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Answer:
    def __init__(self, status, fields, body, version):
        self.status, self.fields, self.body, self.version = status, fields, body, version

    def field(self, name):
        return ", ".join(value for key, value in self.fields if key == name)


def fetch(url, *fields, method=None, body=None, http="--http2", more=()):
    """One request by curl, certificates unchecked; raises when curl reports a failure."""
    with tempfile.TemporaryDirectory() as folder:
        head, content = os.path.join(folder, "head"), os.path.join(folder, "body")
        command = ["curl", "-sk", http, "-m", "30", "-D", head, "-o", content, "-w", "%{http_code} %{http_version}"]
        for field in fields:
            command += ["-H", field]
        if method == "HEAD":
            command += ["--head"]
        elif method:
            command += ["-X", method]
        if body is not None:
            command += ["--data-binary", "@-"]
        done = subprocess.run([*command, *more, url], input=body, capture_output=True, check=False)
        if done.returncode:
            raise AssertionError(f"curl {url}: exit {done.returncode}: {done.stderr.decode()}")
        status, version = done.stdout.decode().split()
        with open(head, encoding="latin-1") as file:
            blocks = [block for block in file.read().replace("\r\n", "\n").split("\n\n") if block.strip()]
        lines = blocks[-1].split("\n")[1:] if blocks else []
        pairs = [(line.split(":", 1)[0].lower(), line.split(":", 1)[1].strip()) for line in lines if ":" in line]
        data = b""
        if os.path.exists(content):
            with open(content, "rb") as file:
                data = file.read()
        return Answer(int(status), pairs, data, version)


def metric(admin, name):
    """The sum of a metric over its labels, from an admin listener."""
    text = fetch(f"http://{admin}/metrics", http="--http1.1").body.decode()
    total, found = 0.0, False
    for line in text.splitlines():
        if line.startswith(name) and line[len(name)] in " {":
            total, found = total + float(line.rsplit(" ", 1)[1]), True
    if not found:
        raise AssertionError(f"no metric {name}")
    return total


def eventually(condition, seconds=20, what="condition"):
    """Waits for something that another process does by itself."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Case(unittest.TestCase):
    """Ends what a test started, in reverse order, and shows the logs of a failed test."""

    def setUp(self):
        self._stack = contextlib.ExitStack()
        self.addCleanup(self._stack.close)
        self.folder = tempfile.mkdtemp(prefix="skerry-test-")
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._programs = []

    def tearDown(self):
        outcome = getattr(self._outcome, "result", None)
        failed = outcome and any(test is self for test, _ in outcome.failures + outcome.errors)
        if failed:
            for program in self._programs:
                print(f"--- log of {program.argv[0]}\n{program.log()[-4000:]}")

    def origin(self):
        origin = Origin()
        self._stack.callback(origin.close)
        return origin

    def start(self, name, *flags, wait=True, env=None):
        program = Program(name, *flags, env=env)
        self._programs.append(program)
        self._stack.callback(program.close)
        return program.wait_ready() if wait else program

    def edge(self, *flags, origin=None, cache=None):
        """An edge with every listener on a free port."""
        flags = ["--https=127.0.0.1:0", "--http=127.0.0.1:0", "--admin=127.0.0.1:0", "--ram_cache=64MiB",
                 "--disk_cache=256MiB", f"--cache_dir={cache or os.path.join(self.folder, 'cache')}", "--workers=2", *flags]
        if origin is not None:
            flags.append(f"--origin={origin.url}")
        return self.start("skerry-edge", *flags)

    def file(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def run_program(self, name, *flags, seconds=30):
        """A program that is expected to end by itself: (exit code, what it printed)."""
        done = subprocess.run([binary(name), *flags], capture_output=True, text=True, timeout=seconds, check=False, cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

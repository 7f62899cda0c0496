#!/usr/bin/env python3
"""skerry-purge as a process: every path of purge-api/openapi.json answers as it says, records survive kill -9,
mistakes give one clear message and an exit code."""
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "skerry-purge")
SANITIZED = True
TOKEN = "right-token"

with open(os.path.join(ROOT, "purge-api/openapi.json"), encoding="utf-8") as source:
    API = json.load(source)


def misfits(value, schema, where="body"):
    """Where `value` does not fit `schema`; the part of JSON Schema that the API uses."""
    if "$ref" in schema:
        return misfits(value, API["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], where)
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{where}: {value!r} is none of {schema['enum']}"]
    types = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    kind = schema.get("type")
    if kind and (not isinstance(value, types[kind]) or (kind == "integer" and isinstance(value, bool))):
        return [f"{where}: {value!r} is no {kind}"]
    found = []
    if kind == "object":
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        found += [f"{where}: no {name}" for name in schema.get("required", []) if name not in value]
        for name, its in value.items():
            if name in properties:
                found += misfits(its, properties[name], f"{where}.{name}")
            elif others is False:
                found.append(f"{where}: unknown {name}")
            elif isinstance(others, dict):
                found += misfits(its, others, f"{where}.{name}")
    if kind == "array":
        for index, its in enumerate(value):
            found += misfits(its, schema.get("items", {}), f"{where}[{index}]")
    if kind == "integer" and value < schema.get("minimum", value):
        found.append(f"{where}: {value} is too small")
    if kind == "string" and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} is not {schema['pattern']}")
    return found


class Service:
    def __init__(self, directory, *flags):
        self.directory = directory
        self.ready = os.path.join(directory, "ready")
        self.token_file = os.path.join(directory, "tokens")
        if not os.path.exists(self.token_file):
            with open(self.token_file, "w", encoding="utf-8", opener=lambda path, how: os.open(path, how, 0o600)) as out:
                out.write(f"# who may purge\n{TOKEN}\n")
        if os.path.exists(self.ready):
            os.remove(self.ready)
        self.process = subprocess.Popen(
            [BINARY, "--listen=127.0.0.1:0", f"--data_dir={directory}/data", f"--token_file={self.token_file}", f"--ready_file={self.ready}", *flags],
            stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not os.path.exists(self.ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("skerry-purge did not start: " + self.process.communicate()[1])
            time.sleep(0.01)
        with open(self.ready, encoding="utf-8") as said:
            self.address = json.load(said)["listen"]
        self.url = "http://" + self.address

    def ask(self, method, path, body=None, token=TOKEN, timeout=30, **fields):
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            headers = {name.replace("_", "-"): value for name, value in fields.items()}
            if token:
                headers["Authorization"] = "Bearer " + token
            text = json.dumps(body) if isinstance(body, (dict, list)) else body
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            connection.close()

    def json(self, method, path, body=None, **more):
        return json.loads(self.ask(method, path, body, **more)[1])

    def pull(self, node, after=None, **more):
        path = f"/v1/log?node={node}&incarnation=0a"
        if after is not None:
            path += f"&log={self.json('GET', '/v1/nodes')['log']}&after={after}"
        return self.json("GET", path + "".join(f"&{name}={value}" for name, value in more.items()))

    def end(self, signo=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signo)
        said = self.process.communicate(timeout=30)[1]
        return self.process.returncode, said


class PurgeServiceTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.service = Service(self.folder.name)
        self.addCleanup(lambda: self.service.end(signal.SIGKILL))

    def restart(self, signo=signal.SIGKILL):
        self.service.end(signo)
        self.service = Service(self.folder.name)

    def fits(self, path, method, status, text, headers):
        """The answer is one that the API documents."""
        responses = API["paths"][path][method.lower()]["responses"]
        self.assertIn(str(status), responses, f"{method} {path} answers {status}: {text}")
        content = responses[str(status)].get("content")
        if content is None:
            return self.assertEqual(text, "")
        kind = headers["content-type"].split(";")[0]
        self.assertIn(kind, content)
        if "json" in kind:
            self.assertEqual(misfits(json.loads(text), content[kind]["schema"]), [])

    def check(self, path, method, status, body=None, actual=None, **more):
        answer = self.service.ask(method, actual or path, body, **more)
        self.assertEqual(answer[0], status, answer[1])
        self.fits(path, method, *answer)
        return answer[1]

    def test_every_documented_answer_has_the_documented_form(self):
        purge = {"urls": ["https://a.example/x"], "tags": ["t"], "prefixes": ["https://a.example/d*"], "hosts": ["b.example"], "mode": "soft", "wait": "1s"}
        self.check("/v1/purges", "POST", 200, purge)
        receipt = json.loads(self.check("/v1/purges", "POST", 202, {"all": True}))
        dry = json.loads(self.check("/v1/purges", "POST", 200, {"all": True, "dry_run": True, "wait": "1s"}))
        self.assertEqual(json.loads(self.check("/v1/purges/{id}", "GET", 200, actual="/v1/purges/" + dry["id"])), dry)
        self.check("/v1/purges", "POST", 400, '{"tags":')
        self.check("/v1/purges", "POST", 401, purge, token=None)
        self.check("/v1/purges", "POST", 403, purge, token="wrong-token")
        self.check("/v1/purges", "POST", 422, {"urls": ["nonsense"]})
        self.check("/v1/purges/{id}", "GET", 200, actual="/v1/purges/" + receipt["id"])
        self.check("/v1/purges/{id}", "GET", 404, actual="/v1/purges/other")
        listed = json.loads(self.check("/v1/purges", "GET", 200, actual="/v1/purges?host=b.example&limit=10"))
        self.assertEqual([past["seq"] for past in listed["purges"]], [2, 1])
        self.check("/v1/purges", "GET", 400, actual="/v1/purges?limit=many")
        self.check("/v1/purges", "GET", 401, token=None)
        self.check("/v1/activations", "POST", 202, {"site": "s", "release": "r", "tags": ["x"]})
        self.check("/v1/activations", "POST", 422, {"site": "s"})
        self.check("/v1/log", "GET", 200, actual="/v1/log?node=e&incarnation=0a")
        self.check("/v1/log", "GET", 400, actual="/v1/log?node=e")
        self.check("/v1/log", "GET", 409, actual="/v1/log?node=e&incarnation=0a&log=ffff&after=1")
        log = json.loads(self.check("/v1/nodes", "GET", 200))["log"]
        answer = json.loads(self.check("/v1/log", "GET", 200, actual=f"/v1/log?node=e&incarnation=0a&log={log}&after=1"))
        self.assertEqual([record["seq"] for record in answer["records"]], [2, 3])
        self.check("/v1/nodes/{name}", "DELETE", 400, actual="/v1/nodes/e?incarnation=it")
        self.check("/v1/nodes/{name}", "DELETE", 204, actual="/v1/nodes/e?incarnation=0a")
        self.assertEqual(json.loads(self.check("/v1/nodes", "GET", 200))["nodes"][0]["state"], "ended")
        self.check("/v1/log", "GET", 409, actual="/v1/log?node=e&incarnation=0a")
        self.check("/v1/nodes/{name}", "DELETE", 204, actual="/v1/nodes/e")
        self.check("/v1/nodes/{name}", "DELETE", 404, actual="/v1/nodes/e")
        for path in ("/livez", "/readyz", "/metrics"):
            self.check(path, "GET", 200, token=None)

    def test_what_the_schema_refuses_is_refused(self):
        schema = API["paths"]["/v1/purges"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        for body in ({"tags": "a"}, {"tags": [1]}, {"regex": "x"}, {"all": 1}, {"all": True, "mode": "x"},
                     {"prefixes": ["https://a.example/x"]}, {"prefixes": ["https://a.example/x?y*"]}, {"all": True, "wait": "5"}):
            self.assertTrue(misfits(body, schema), body)
            self.assertEqual(self.service.ask("POST", "/v1/purges", body)[0], 422, body)

    def test_ten_thousand_urls_are_one_record(self):
        urls = [f"https://www.shop.example/products/{number}" for number in range(10_000)]
        self.assertEqual(self.service.ask("POST", "/v1/purges", {"urls": urls})[0], 202)
        self.assertEqual(self.service.json("GET", "/v1/nodes")["head"], 1)

    def test_accepted_purges_receipts_and_nodes_survive_kill_9(self):
        self.service.pull("edge")
        ids = [self.service.json("POST", "/v1/purges", {"tags": [f"t{number}"]}, Idempotency_Key=f"k{number}")["id"] for number in range(20)]
        self.service.pull("edge", 10)
        self.restart()
        records = self.service.pull("edge", 10)["records"]
        self.assertEqual([record["tags"] for record in records], [[f"t{number}"] for number in range(10, 20)])
        again = self.service.json("POST", "/v1/purges", {"tags": ["t3"]}, Idempotency_Key="k3")
        self.assertEqual((again["id"], again["state"]), (ids[3], "complete"))
        self.assertEqual(self.service.json("GET", f"/v1/purges/{ids[15]}")["nodes"]["edge"]["state"], "pending")
        self.service.pull("edge", 20)
        self.assertEqual(self.service.json("GET", f"/v1/purges/{ids[15]}")["state"], "complete")

    def test_concurrent_requests_have_one_order_without_gaps(self):
        seqs = []
        def send(number):
            seqs.append(self.service.json("POST", "/v1/purges", {"tags": [f"t{number}"]})["seq"])
        threads = [threading.Thread(target=send, args=(number,)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(seqs), list(range(1, 51)))

    def test_a_node_that_was_killed_is_fenced_after_its_lease_and_not_before(self):
        self.service.end()
        self.service = Service(self.folder.name, "--lease=1s")
        self.service.pull("edge")
        begun = time.monotonic()
        status, text, _ = self.service.ask("POST", "/v1/purges", {"tags": ["t"], "wait": "20s"})
        took = time.monotonic() - begun
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text)["nodes"]["edge"]["state"], "fenced")
        self.assertGreater(took, 0.9)

    def test_tokens_are_read_again_at_hup(self):
        with open(self.service.token_file, "w", encoding="utf-8") as out:
            out.write("other-token\n")
        self.service.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while self.service.ask("GET", "/v1/nodes", token="other-token")[0] != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(self.service.ask("GET", "/v1/nodes")[0], 403)

    def test_the_log_says_who_has_purged_how_much_and_what_was_refused_is_not_in_it(self):
        who = hashlib.sha256(f"Bearer {TOKEN}".encode()).hexdigest()[:12]
        self.service.ask("POST", "/v1/purges", {"urls": ["https://a.example/1", "https://a.example/2"], "tags": ["t"], "mode": "soft"})
        self.service.ask("POST", "/v1/purges", {"all": True}, token="wrong-token")
        self.service.ask("POST", "/v1/purges", {"urls": ["nonsense"]})
        past = self.service.json("GET", "/v1/purges")["purges"]
        self.assertEqual([one["who"] for one in past], [who])
        lines = [line for line in self.service.end()[1].splitlines() if "purge: accepted" in line]
        self.assertEqual(len(lines), 1, lines)
        for part in (f"by={who}", "kind=purge", "mode=soft", "urls=2", "tags=1", "hosts=0", "all=no"):
            self.assertIn(part, lines[0])

    def test_term_ends_with_0_and_answers_what_waits(self):
        self.service.pull("edge")
        answers = []
        waits = threading.Thread(target=lambda: answers.append(self.service.ask("POST", "/v1/purges", {"tags": ["t"], "wait": "30s"})[0]))
        waits.start()
        deadline = time.monotonic() + 20
        while self.service.json("GET", "/v1/nodes")["head"] == 0:
            self.assertLess(time.monotonic(), deadline)
        code, _ = self.service.end()
        waits.join()
        self.assertEqual((code, answers), (0, [202]))

    def command(self, *arguments):
        return subprocess.run([BINARY, "purge", *arguments], capture_output=True, text=True, timeout=60)

    def test_the_command_prints_nodes_and_exits_by_the_outcome(self):
        here = ("--to", self.service.url, "--token_file", self.service.token_file)
        done = self.command(*here, "--tag", "t", "--wait", "1s")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("complete", done.stdout)
        self.service.pull("edge")
        late = self.command(*here, "--url", "https://a.example/x", "--wait", "100ms")
        self.assertEqual(late.returncode, 4)
        self.assertRegex(late.stdout, r"edge +pending")
        self.assertEqual(self.command(*here, "--all", "--wait", "0").returncode, 0)
        listed = subprocess.run([BINARY, "list", *here, "--url", "https://a.example/x"], capture_output=True, text=True, timeout=60)
        self.assertRegex(listed.stdout, r"(?s)3 .* everything\n2 .* https://a.example/x\n")
        self.assertEqual(json.loads(self.command(*here, "--host", "a.example", "--wait", "0", "--json").stdout)["state"], "accepted")


ZONES = """[adapters]
zones = ["z1: www.example.com"]
"""


class AdapterTest(unittest.TestCase):
    """Purges in the words of other systems become records of the log."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, config):
        path = os.path.join(self.folder.name, "purge.toml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(config)
        service = Service(self.folder.name, f"--config={path}")
        self.addCleanup(lambda: service.end(signal.SIGKILL))
        return service

    def redis(self):
        socket_file = socket.socket()
        socket_file.bind(("127.0.0.1", 0))
        port = socket_file.getsockname()[1]
        socket_file.close()
        process = subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"],
                                   cwd=self.folder.name, stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        def command(*words):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(f"*{len(words)}\r\n".encode() + b"".join(f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words))
                return connection.makefile("rb").readline().decode().strip()
        def answers():
            try:
                return command("PING") == "+PONG"
            except OSError:
                return False
        self.until(answers)
        return port, command

    def until(self, condition):
        deadline = time.monotonic() + 30
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        return found

    def records(self, service, count):
        listed = self.until(lambda: (past := service.json("GET", "/v1/purges")["purges"]) and len(past) >= count and past)
        return [(past["who"], past["first"]) for past in reversed(listed)]

    def test_requests_of_other_apis(self):
        service = self.start(ZONES)
        status, text, _ = service.ask("POST", "/client/v4/zones/z1/purge_cache", {"files": ["https://www.example.com/a"]})
        self.assertEqual((status, json.loads(text)["success"]), (200, True))
        status, text, _ = service.ask("POST", "/service/z1/purge/product-7", token=None, **{"Fastly-Key": TOKEN})
        self.assertEqual((status, json.loads(text)["status"]), (200, "ok"))
        self.assertEqual(service.ask("POST", "/client/v4/zones/z1/purge_cache", {"files": ["https://other.example/a"]})[0], 422)
        self.assertEqual([first for _, first in self.records(service, 2)], [["https://www.example.com/a"], ["product-7"]])

    def test_a_redis_stream_is_delivered_once_also_what_came_while_the_service_was_away(self):
        port, command = self.redis()
        config = (f'[redis]\naddress = "127.0.0.1:{port}"\nstream = "changes"\n'
                  'urls = ["https://www.example.com/products/{id}"]\ntags = ["{tags}"]\n')
        service = self.start(config)
        self.until(lambda: command("XADD", "changes", "NOMKSTREAM", "*", "other", "x") not in ("$-1", "*-1", "_"))
        command("XADD", "changes", "*", "id", "7")
        command("XADD", "changes", "*", "data", '{"tags":["a","b"]}')
        self.assertEqual(self.records(service, 2), [("redis", ["https://www.example.com/products/7"]), ("redis", ["a", "b"])])
        service.end(signal.SIGKILL)
        command("XADD", "changes", "*", "id", "8")
        again = self.start(config)
        self.assertEqual(self.records(again, 3)[2], ("redis", ["https://www.example.com/products/8"]))
        self.assertEqual(again.end()[0], 0)

    def test_a_redis_channel_is_heard(self):
        port, command = self.redis()
        service = self.start(f'[redis]\naddress = "127.0.0.1:{port}"\nchannel = "cache_invalidation"\ntags = ["{{message}}"]\n')
        self.until(lambda: command("PUBLISH", "cache_invalidation", "product-7") == ":1")
        self.assertEqual(self.records(service, 1)[0], ("redis", ["product-7"]))


if __name__ == "__main__":
    unittest.main()

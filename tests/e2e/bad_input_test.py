"""Mistakes, for every program to which they apply: one table of what is done, how it ends, what the message must say.

Exit codes: 0 done; 1 failed (bad input files, wrong token, refusal by a server); 2 usage, configuration, no site folder,
certificate, port in use. APIs answer application/problem+json. Afterwards nothing has changed: not the files in the
folder that the case was given, and not what the services that run meanwhile know.
"""
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, binary, fetch  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300

EDGE, SHIELD, PURGE, PIPELINE = "skerry-edge", "skerry-shield", "skerry-purge", "skerry-pipeline"
DAEMONS = (EDGE, SHIELD, PURGE)
TOKEN, WRONG_TOKEN = "a-token-that-is-known", "a-token-nobody-knows"
DONE, FAILED, USAGE = 0, 1, 2

# Programs that do not start. {names} are places of the test: see BadStart.places.
# what | programs | flags added or replaced | configuration file | words of the message
STARTS = [
    ("wrong flag", DAEMONS, {"--drian": "5s"}, None, ["--drian: unknown flag", "did you mean --drain?"]),
    ("a word that is no flag", DAEMONS, {"start": None}, None, ["start: unexpected argument", "--help"]),
    ("a flag twice", DAEMONS, {"--drain=5s": None, "--drain": "6s"}, None, ["--drain: given twice"]),
    ("a flag that is for the file", (SHIELD,), {"--releases_keep_least": "1"}, None, ["configuration file, as releases.keep_least"]),
    ("no unit", DAEMONS, {"--drain": "5"}, None, ["--drain: ", 'such as "10s"', '"5" without a unit']),
    ("wrong unit", DAEMONS, {"--drain": "5parsec"}, None, ['--drain: unknown unit "parsec"', "units are ms, s, m, h, d"]),
    ("wrong unit that looks like a right one", (EDGE, SHIELD), {"--ram_cache": "512MB"}, None, ['unknown unit "MB"', 'did you mean "512MiB"?']),
    ("out of range", DAEMONS, {"--drain": "9d"}, None, ["--drain: out of range", "0 to 1h"]),
    ("no address", DAEMONS, {"--admin": "localhost"}, None, ["--admin: ", "ADDRESS:PORT", "127.0.0.1:8443"]),
    ("unknown key", DAEMONS, {}, '# one\ndrian = "5s"\n', ["bad.toml:2:1: ", 'unknown key "drian"', 'did you mean "drain"?']),
    ("unknown key in a table", (EDGE,), {}, '[limits]\nidel = "5s"\n', ["bad.toml:2:1: ", "limits.idel", 'did you mean "limits.idle"?']),
    ("unknown key in a section", (EDGE,), {}, '[[site]]\nname = "a"\nhosts = ["a"]\n[[site.rule]]\nmatch = ["*"]\nedge_tll = "1s"\n',
     ["bad.toml:6:1: ", 'did you mean "edge_ttl"?']),
    ("key in the wrong table", (PURGE,), {}, "queue = 5\n", ["bad.toml:1:1: ", '"queue" in [limits]']),
    ("wrong unit in the file", DAEMONS, {}, '# one\ndrain = "5 lightyears"\n', ["bad.toml:2:9: drain: unknown unit", "units are ms, s, m, h, d"]),
    ("wrong type in the file", DAEMONS, {}, "drain = true\n", ["bad.toml:1:9: drain: expected a duration"]),
    ("a file that is no TOML", DAEMONS, {}, "drain = \n", ["bad.toml:1:", "expected value"]),
    ("no such file", DAEMONS, {"--config": "{folder}/none.toml"}, None, ["--config: ", "none.toml", "No such file"]),
    ("two mistakes are told at once", DAEMONS, {}, 'drian = "5s"\ndrain = 7\n', ["bad.toml:1:1: ", "bad.toml:2:9: "]),
    ("port of another process", DAEMONS, {"{listen}": "{taken}"}, None, ["{listen}: cannot listen on {taken}: Address already in use", "choose another port"]),
    ("port of the same program", DAEMONS, {"{listen}": "{own}"}, None, ["{listen}: cannot listen on {own}: Address already in use", "choose another port"]),
    ("admin port in use", DAEMONS, {"--admin": "{taken}"}, None, ["--admin: cannot listen on {taken}: Address already in use"]),
    ("port in use, from a file", (EDGE,), {"--https": None}, 'https = "{taken}"\n', ["bad.toml:1:9: https: cannot listen on {taken}"]),
    ("an address of another machine", (PURGE, SHIELD), {"--listen": "192.0.2.1:0", "--cert": "{good}.crt", "--key": "{good}.key"}, None,
     ["--listen: cannot listen on 192.0.2.1:0", "no interface of this machine"]),
    ("clear text outside loopback", (PURGE, SHIELD), {"--listen": "0.0.0.0:0"}, None, ["--listen: clear text only on loopback", "--cert and --key"]),
    ("clear text outside loopback", (EDGE,), {"--http": "0.0.0.0:0"}, None, ["--http: clear text only on loopback"]),
    ("clear text to a shield elsewhere", (EDGE,), {"--shield": "http://192.0.2.1:80"}, None, ["--shield: clear text only on loopback", "https://"]),
    ("no certificate file", DAEMONS, {"--cert": "{folder}/none.crt", "--key": "{good}.key"}, None, ["--cert: ", "none.crt: cannot be opened: No such file"]),
    ("no key file", DAEMONS, {"--cert": "{good}.crt", "--key": "{folder}/none.key"}, None, ["--key: ", "none.key: cannot be opened: No such file"]),
    ("a certificate that is a folder", DAEMONS, {"--cert": "{folder}", "--key": "{good}.key"}, None, ["--cert: ", "is a folder"]),
    ("a certificate that is text", DAEMONS, {"--cert": "{text}", "--key": "{good}.key"}, None, ["--cert: ", "no certificate in PEM form"]),
    ("a certificate cut off", DAEMONS, {"--cert": "{good}.cut", "--key": "{good}.key"}, None, ["--cert: ", "no certificate in PEM form"]),
    ("the key of another certificate", DAEMONS, {"--cert": "{good}.crt", "--key": "{other}.key"}, None, ["--key: ", "does not belong to the certificate in"]),
    ("a key with a passphrase", DAEMONS, {"--cert": "{good}.crt", "--key": "{good}.enc"}, None, ["--key: ", "encrypted; decrypt it first"]),
    ("a certificate without its key", DAEMONS, {"--cert": "{good}.crt"}, None, ["--cert: ", "give both or neither"]),
    ("a certificate that no listener uses yet", (EDGE,), {"--https": None, "--http": "127.0.0.1:0", "--cert": "{folder}/none.crt", "--key": "{good}.key"}, None,
     ["--cert: ", "none.crt"]),
    ("no token file", (SHIELD, PURGE), {"--token_file": "{folder}/none"}, None, ["--token_file: ", "none: cannot be read: No such file"]),
    ("an empty token file", (SHIELD, PURGE), {"--token_file": "{comment}"}, None, ["--token_file: ", "holds no token; write one a line"]),
    ("a short token", (SHIELD, PURGE), {"--token_file": "{short}"}, None, ["--token_file: ", ":2: a token has at least 8 characters"]),
    ("no node token file", (EDGE, SHIELD), {"--purge": "http://127.0.0.1:1", "--purge_token_file": "{folder}/none", "--node": "n"}, None,
     ["--purge_token_file: ", "none: cannot be read"]),
    ("a purge service without a token", (EDGE, SHIELD), {"--purge": "http://127.0.0.1:1", "--node": "n"}, None, ["--purge: needs ", "--purge_token_file=FILE"]),
    ("an upstream that is no URL", (EDGE, SHIELD), {"--origin": "localhost:80"}, None, ["--origin: ", "localhost:80", "http://HOST[:PORT]"]),
    ("a folder that is a file", DAEMONS, {"{store}": "{text}"}, None, ["{store}: ", "is no folder; name another place"]),
    ("a store that another process has", DAEMONS, {"{store}": "{own_store}"}, None, ["{store}: ", "is in use by another process"]),
    ("a ready file in no folder", DAEMONS, {"--ready_file": "{folder}/none/ready"}, None, ["--ready_file: there is no folder ", "make it first"]),
    ("an access log in no folder", (EDGE, SHIELD), {"--access_log": "{folder}/none/log"}, None, ["--access_log: there is no folder "]),
    ("nothing to serve", (EDGE,), {"--origin": None}, None, ["nothing to serve", "--origin=URL", "--shield=URL"]),
    ("what is required", (SHIELD, PURGE), {"{store}": None}, None, ["data_dir is required"]),
]

# Requests that are refused. The body is what the test holds under that name, or the text itself.
# what | program | method and path | body | token | status | words of `detail` (or `member`)
REQUESTS = [
    ("no token", PURGE, "POST /v1/purges", '{"all":true}', None, 401, ["Authorization: Bearer", "--token_file"]),
    ("wrong token", PURGE, "POST /v1/purges", '{"all":true}', WRONG_TOKEN, 403, ["--token_file"]),
    ("malformed JSON", PURGE, "POST /v1/purges", '{"all":', TOKEN, 400, ["line 1, column 8"]),
    ("JSON of another form", PURGE, "POST /v1/purges", "[1]", TOKEN, 400, ["expected a JSON object"]),
    ("unknown member", PURGE, "POST /v1/purges", '{"al":true}', TOKEN, 422, ["unknown member", "urls, tags"]),
    ("wrong type", PURGE, "POST /v1/purges", '{"urls":"x"}', TOKEN, 422, ["list of strings"]),
    ("no URL", PURGE, "POST /v1/purges", '{"urls":["nonsense"]}', TOKEN, 422, ["nonsense", "http:// or https://"]),
    ("10,001 URLs", PURGE, "POST /v1/purges", "too_many_urls", TOKEN, 422, ["10001", "at most 10000", "several requests"]),
    ("nothing named", PURGE, "POST /v1/purges", "{}", TOKEN, 422, ["urls, tags, prefixes, hosts"]),
    ("wrong unit", PURGE, "POST /v1/purges", '{"all":true,"wait":"5parsec"}', TOKEN, 422, ['"10s"']),
    ("wrong mode", PURGE, "POST /v1/purges", '{"all":true,"mode":"harder"}', TOKEN, 422, ['"hard" or "soft"']),
    ("an activation without a release", PURGE, "POST /v1/activations", '{"site":"s"}', TOKEN, 422, ["release"]),
    ("unknown path", PURGE, "POST /v1/purge", '{"all":true}', TOKEN, 404, ["/v1/purges"]),
    ("wrong method", PURGE, "PUT /v1/purges", '{"all":true}', TOKEN, 405, ["POST"]),
    ("no token", SHIELD, "POST /v1/sites/demo/releases", "manifest", None, 401, ["Authorization: Bearer", "--token_file"]),
    ("wrong token", SHIELD, "POST /v1/sites/demo/releases", "manifest", WRONG_TOKEN, 403, ["--token_file"]),
    ("wrong token for a blob", SHIELD, "PUT /v1/blobs/{sha256 of x}", "x", WRONG_TOKEN, 403, ["--token_file"]),
    ("malformed JSON", SHIELD, "POST /v1/sites/demo/releases", "{nonsense", TOKEN, 400, ["line 1, column 3"]),
    ("a manifest cut off", SHIELD, "POST /v1/sites/demo/releases", "cut_manifest", TOKEN, 400, ["line "]),
    ("a manifest of another version", SHIELD, "POST /v1/sites/demo/releases", '{"version":9,"entries":[]}', TOKEN, 400, ["version: 9 is not supported", "version 1"]),
    ("a manifest with a wrong digest", SHIELD, "POST /v1/sites/demo/releases", "bad_digest_manifest", TOKEN, 400, ["entries[0].sha256"]),
    ("a manifest that leads out of its folder", SHIELD, "POST /v1/sites/demo/releases", "escaping_manifest", TOKEN, 400, ["entries[0].path"]),
    ("a bad site name", SHIELD, "POST /v1/sites/UPPER/releases", "manifest", TOKEN, 400, ["site's name"]),
    ("a blob of other bytes", SHIELD, "PUT /v1/blobs/{sha256 of x}", "y", TOKEN, 422, ["{sha256 of y}, not {sha256 of x}"]),
    ("a blob's name that is no digest", SHIELD, "PUT /v1/blobs/abc", "y", TOKEN, 400, ["64 lower-case hex digits"]),
    ("activation of an unknown release", SHIELD, f"POST /v1/sites/demo/releases/{'0' * 32}/activate", "{}", TOKEN, 404, ["no release"]),
    ("activation with malformed JSON", SHIELD, f"POST /v1/sites/demo/releases/{'0' * 32}/activate", "{", TOKEN, 400, ['{"wait":"10s"}']),
    ("activation with a wrong unit", SHIELD, f"POST /v1/sites/demo/releases/{'0' * 32}/activate", '{"wait":"5parsec"}', TOKEN, 400, ['unknown unit "parsec"']),
]

# Commands that end by themselves. A row's words are said on standard error, nothing on standard output.
BUILD = ["build", "{site}", "--out={folder}/out", "--cache_dir=off"]
PUSH = ["push", "{release}", "--to=http://{shield}", "--site=demo", "--token_file={tokens}"]
SEND = ["purge", "--to=http://{purge}", "--token_file={tokens}"]
# what | program | line | exit | words
COMMANDS = [
    ("no command", PIPELINE, [], USAGE, ["build, push, releases"]),
    ("wrong command", PIPELINE, ["bild", "{site}"], USAGE, ["bild: unknown command", "did you mean build?"]),
    ("wrong flag", PIPELINE, [*BUILD, "--jbos=3"], USAGE, ["build: --jbos: unknown flag", "did you mean --jobs?"]),
    ("out of range", PIPELINE, [*BUILD, "--jobs=0"], USAGE, ["--jobs", "1 to 256"]),
    ("what is required", PIPELINE, ["build", "{site}"], USAGE, ["--out is required"]),
    ("missing site folder", PIPELINE, ["build", "{folder}/none", "--out={folder}/out"], USAGE, ["no site folder", "none", "build the site first"]),
    ("an empty site folder", PIPELINE, ["build", "{empty}", "--out={folder}/out"], USAGE, ["no files in the site folder", "build the site first"]),
    ("a site folder that is a file", PIPELINE, ["build", "{text}", "--out={folder}/out"], USAGE, ["no site folder"]),
    ("output inside the site", PIPELINE, ["build", "{site}", "--out={site}/out"], USAGE, ["inside each other", "beside the site"]),
    ("an output that is no release", PIPELINE, ["build", "{site}", "--out={thesis}", "--cache_dir=off"], USAGE, ["something else than a release"]),
    ("a build cache that is a file", PIPELINE, ["build", "{site}", "--out={folder}/out", "--cache_dir={text}"], USAGE, ["--cache_dir", "is no folder"]),
    ("unknown key and wrong unit", PIPELINE, [*BUILD, "--config={toml}"], USAGE,
     ["site.toml:2:10: budgets.script: unknown unit", "B, KiB, MiB", "site.toml:4:1: unknown key", 'did you mean "images.widths"?']),
    ("no such configuration", PIPELINE, [*BUILD, "--config={folder}/none.toml"], USAGE, ["none.toml", "No such file"]),
    ("a missing reference", PIPELINE, ["build", "{torn}", "--out={folder}/out", "--cache_dir=off"], FAILED, ["index.html:2", "gone.png", "allow_missing"]),
    ("a broken picture", PIPELINE, ["build", "{blurred}", "--out={folder}/out", "--cache_dir=off"], FAILED, ["a.jpg: ", "exclude"]),
    ("a former release that is none", PIPELINE, [*BUILD, "--previous={site}"], FAILED, ["no release in", "manifest.json"]),
    ("wrong flag", PIPELINE, [*PUSH, "--actvate"], USAGE, ["push: --actvate: unknown flag", "did you mean --activate?"]),
    ("wrong unit", PIPELINE, [*PUSH, "--wait=5parsec"], USAGE, ["--wait=5parsec", 'unknown unit "parsec"']),
    ("a bad site name", PIPELINE, ["push", "{release}", "--to=http://{shield}", "--site=a b", "--token_file={tokens}"], USAGE, ["--site=a b", "no site name"]),
    ("no URL", PIPELINE, ["push", "{release}", "--to=nonsense", "--site=demo", "--token_file={tokens}"], USAGE, ["--to=nonsense", "https://HOST"]),
    ("a token in clear text", PIPELINE, ["push", "{release}", "--to=http://shield.example", "--site=demo", "--token_file={tokens}"], USAGE, ["clear text", "https://"]),
    ("no token file", PIPELINE, ["push", "{release}", "--to=http://{shield}", "--site=demo", "--token_file={folder}/none"], USAGE, ["--token_file", "none"]),
    ("wrong token", PIPELINE, ["push", "{release}", "--to=http://{shield}", "--site=demo", "--token_file={wrong}"], FAILED, ["refused the token", "--token_file"]),
    ("nobody there", PIPELINE, ["push", "{release}", "--to=http://127.0.0.1:1", "--site=demo", "--token_file={tokens}"], FAILED,
     ["no answer from http://127.0.0.1:1", "is the shield running there?"]),
    ("no release", PIPELINE, ["push", "{site}", "--to=http://{shield}", "--site=demo", "--token_file={tokens}"], FAILED, ["no release here", "`build` one first"]),
    ("wrong token", PIPELINE, ["releases", "--to=http://{shield}", "--site=demo", "--token_file={wrong}"], FAILED, ["refused the token", "--token_file"]),
    ("no such release", PIPELINE, ["rollback", "0" * 32, "--to=http://{shield}", "--site=demo", "--token_file={tokens}"], FAILED, ["404", "no release"]),
    ("no release to compare", PIPELINE, ["diff", "{site}", "{release}"], FAILED, ["manifest.json", "name a release directory"]),
    ("no release to verify", PIPELINE, ["verify", "http://{shield}", "--release={site}"], FAILED, ["manifest.json", "name a release directory"]),
    ("a manifest cut off", PIPELINE, ["push", "{cut}", "--to=http://{shield}", "--site=demo", "--token_file={tokens}"], FAILED,
     ["manifest.json is corrupt; build again", "line "]),
    ("a manifest of another version", PIPELINE, ["push", "{newer}", "--to=http://{shield}", "--site=demo", "--token_file={tokens}"], FAILED,
     ["manifest.json", "version: 9 is not supported"]),
    ("a file of other bytes", PIPELINE, ["push", "{flipped}", "--to=http://{shield}", "--site=demo", "--token_file={tokens}"], FAILED,
     ["index.html does not match its name in the manifest", "Nothing was sent"]),
    ("a file that is missing", PIPELINE, ["push", "{lost}", "--to=http://{shield}", "--site=demo", "--token_file={tokens}"], FAILED, ["index.html", "Nothing was sent"]),
    ("wrong flag", PURGE, [*SEND, "--al"], USAGE, ["purge: --al: unknown flag", "did you mean --all?"]),
    ("what is required", PURGE, ["purge", "--all"], USAGE, ["--to is required"]),
    ("wrong unit", PURGE, [*SEND, "--all", "--wait=5parsec"], USAGE, ["--wait: expected a duration such as 10s"]),
    ("no URL of a service", PURGE, ["purge", "--to=nonsense", "--token_file={tokens}", "--all"], USAGE, ["--to=nonsense", "https://HOST"]),
    ("a token in clear text", PURGE, ["purge", "--to=http://purge.example", "--token_file={tokens}", "--all"], USAGE, ["clear text", "https://"]),
    ("no token file", PURGE, ["purge", "--to=http://{purge}", "--token_file={folder}/none", "--all"], USAGE, ["--token_file: ", "none: cannot be read"]),
    ("wrong token", PURGE, ["purge", "--to=http://{purge}", "--token_file={wrong}", "--all"], FAILED, ["403", "wrong token", "--token_file"]),
    ("nobody there", PURGE, ["purge", "--to=http://127.0.0.1:1", "--token_file={tokens}", "--all"], FAILED, ["http://127.0.0.1:1", "connect"]),
    ("nothing named", PURGE, SEND, USAGE, ["urls, tags, prefixes, hosts"]),
    ("no URL", PURGE, [*SEND, "--url=nonsense"], USAGE, ["urls[0]", "nonsense", "http:// or https://"]),
    ("10,001 URLs", PURGE, [*SEND, "--file={many}"], USAGE, ["10001", "at most 10000", "several requests"]),
    ("no file of URLs", PURGE, [*SEND, "--file={folder}/none"], USAGE, ["--file: ", "none cannot be read: No such file"]),
    ("a file of URLs that is a folder", PURGE, [*SEND, "--file={site}"], USAGE, ["--file: ", "Is a directory"]),
]


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot(folder):
    """Every file below a folder with its digest, every folder with its name."""
    seen = {}
    for top, folders, files in os.walk(folder):
        for name in folders:
            seen[os.path.join(top, name)] = "folder"
        for name in files:
            with open(os.path.join(top, name), "rb") as file:
                seen[os.path.join(top, name)] = hashlib.sha256(file.read()).hexdigest()
    return seen


class BadInputCase(Case):
    """A folder `given` that no mistake may change, beside one for what runs meanwhile."""

    def setUp(self):
        super().setUp()
        self.given = os.path.join(self.folder, "given")
        self.running = os.path.join(self.folder, "running")
        os.mkdir(self.given)
        os.mkdir(self.running)
        self.places = {"folder": self.given, "tokens": self.put("tokens", TOKEN + "\n"), "wrong": self.put("wrong", WRONG_TOKEN + "\n"),
                       "text": self.put("text", "hello\n")}

    def put(self, name, content):
        return self.file(os.path.join("given", name), content)

    def make(self, name):
        path = os.path.join(self.given, name)
        os.mkdir(path)
        return path

    def placed(self, text):
        for name, value in self.places.items():
            text = text.replace("{" + name + "}", value)
        return text

    def service(self, program, *flags):
        return self.start(program, "--listen=127.0.0.1:0", f"--data_dir={self.running}/{program}", f"--token_file={self.places['tokens']}", *flags)

    def refused(self, program, line, code, words):
        """It ends with that code, says these words on standard error, nothing else, and leaves `given` as it was."""
        before = snapshot(self.given)
        done = subprocess.run([binary(program), *line], capture_output=True, text=True, timeout=60,
                              check=False, cwd=self.given, stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        for said in done.stderr.splitlines():
            self.assertTrue(said.startswith((program, " ")), f"not ours: {said}")
        self.assertEqual(snapshot(self.given), before)


class StartTest(BadInputCase):
    def setUp(self):
        super().setUp()
        for name in ("good", "other"):
            base = os.path.join(self.given, name)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-keyout", base + ".key", "-out", base + ".crt"], check=True, capture_output=True)
            self.places[name] = base
        good = self.places["good"]
        subprocess.run(["openssl", "pkey", "-in", good + ".key", "-aes256", "-passout", "pass:secret", "-out", good + ".enc"], check=True, capture_output=True)
        with open(good + ".crt", encoding="utf-8") as file:
            self.put("good.cut", file.read()[:200])
        self.places["comment"] = self.put("comment", "# nobody yet\n")
        self.places["short"] = self.put("short", "# who\nabc\n")
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        self.places["taken"] = f"127.0.0.1:{taken.getsockname()[1]}"

    def own(self, program):
        """What the same program, running, has: its address and its store."""
        if program == EDGE:
            store = f"{self.running}/edge"
            return {"listen": "--https", "store": "--cache_dir", "own_store": store,
                    "own": self.start(EDGE, "--origin=http://127.0.0.1:1", "--https=127.0.0.1:0", f"--cache_dir={store}", "--workers=2").ready["https"]}
        flags = ["--workers=2"] if program == SHIELD else []
        return {"listen": "--listen", "store": "--data_dir", "own_store": f"{self.running}/{program}", "own": self.service(program, *flags).ready["listen"]}

    def line(self, program, more, config):
        flags = {"--listen": "127.0.0.1:0", "--data_dir": "{folder}/data", "--token_file": "{tokens}"}
        if program == EDGE:
            flags = {"--origin": "http://127.0.0.1:1", "--https": "127.0.0.1:0", "--cache_dir": "{folder}/cache"}
        if config is not None:
            flags["--config"] = self.put("bad.toml", self.placed(config))
        for name, value in more.items():
            name = self.placed(name)
            if value is None and name in flags:
                del flags[name]
            else:
                flags[name] = value
        return [self.placed(name if value is None else f"{name}={value}") for name, value in flags.items()]

    def check(self, program):
        self.places.update(self.own(program))
        for what, programs, more, config, words in STARTS:
            if program in programs:
                with self.subTest(what=what):
                    self.refused(program, self.line(program, more, config), USAGE, [self.placed(word) for word in words])

    def test_skerry_edge(self):
        self.check(EDGE)

    def test_skerry_shield(self):
        self.check(SHIELD)

    def test_skerry_purge(self):
        self.check(PURGE)

    def test_check_config_finds_the_same_and_starts_nothing(self):
        for program in DAEMONS:
            for _, programs, more, config, words in STARTS:
                if program in programs and config is not None and "cannot listen" not in str(words):
                    self.refused(program, [*self.line(program, more, config), "--check_config"], USAGE, words)
            before = snapshot(self.given)
            code, printed = self.run_program(program, *self.line(program, {}, None), "--check_config")
            self.assertEqual((code, printed), (DONE, f"{program}: flags: ok\n"))
            self.assertEqual(snapshot(self.given), before)

    def test_a_ready_file_of_a_process_that_has_gone_is_not_believed(self):
        stale = os.path.join(self.running, "ready")
        with open(stale, "w", encoding="utf-8") as file:
            file.write('{"pid":1}')
        before = snapshot(self.given)
        # A start that is refused leaves it: it may be that of a process which runs.
        code, _ = self.run_program(PURGE, *self.line(PURGE, {"--listen": "{taken}", "--ready_file": stale}, None))
        self.assertEqual((code, os.path.exists(stale)), (USAGE, True))
        self.assertEqual(snapshot(self.given), before)


class RequestTest(BadInputCase):
    def setUp(self):
        super().setUp()
        digest = sha("x")
        entry = {"path": "/index.html", "sha256": digest, "size": 1, "type": "text/html", "cache": "page", "variants": []}

        def manifest(**more):
            return json.dumps({"version": 1, "entries": [{**entry, **more}]})
        self.bodies = {"too_many_urls": json.dumps({"urls": [f"https://a.example/{number}" for number in range(10_001)]}), "manifest": manifest(),
                       "cut_manifest": manifest()[:60], "bad_digest_manifest": manifest(sha256="short"), "escaping_manifest": manifest(path="/../etc/passwd")}
        self.places |= {"sha256 of x": digest, "sha256 of y": sha("y")}
        self.shield = self.service(SHIELD)
        self.purge = self.service(PURGE)
        # Something that could be lost or changed.
        for method, path, body in (("POST", "/v1/sites/demo/releases", manifest(sha256=sha("z"))), ("PUT", f"/v1/blobs/{sha('z')}", "z")):
            self.assertEqual(self.ask(self.shield, method, path, body, TOKEN).status, 201)
        self.assertEqual(self.ask(self.purge, "POST", "/v1/purges", '{"tags":["t"]}', TOKEN).status, 202)

    def ask(self, service, method, path, body=None, token=None):
        fields = ["Content-Type: application/json"] + ([f"Authorization: Bearer {token}"] if token else [])
        return fetch(f"http://{service.ready['listen']}{path}", *fields, method=method, body=None if body is None else body.encode(), http="--http1.1")

    def state(self):
        releases = self.ask(self.shield, "GET", "/v1/sites/demo/releases", token=TOKEN).body
        blobs = snapshot(os.path.join(self.running, SHIELD, "blobs"))
        head = json.loads(self.ask(self.purge, "GET", "/v1/nodes", token=TOKEN).body)["head"]
        return releases, blobs, head

    def test_every_refusal_is_a_problem_that_names_cause_and_remedy(self):
        before = self.state()
        self.assertEqual(before[2], 1)
        for what, program, request, body, token, status, words in REQUESTS:
            with self.subTest(program=program, what=what):
                method, path = self.placed(request).split(" ", 1)
                answer = self.ask(self.shield if program == SHIELD else self.purge, method, path, self.bodies.get(body, body), token)
                self.assertEqual((answer.status, answer.field("content-type")), (status, "application/problem+json"), answer.body)
                problem = json.loads(answer.body)
                self.assertEqual(problem["status"], status)
                for word in words:
                    self.assertIn(self.placed(word), f"{problem['detail']} {problem.get('member', '')}")
        self.assertEqual(self.state(), before)


class CommandTest(BadInputCase):
    def setUp(self):
        super().setUp()
        self.shield = self.service(SHIELD)
        self.purge = self.service(PURGE)
        self.places |= {"shield": self.shield.ready["listen"], "purge": self.purge.ready["listen"]}
        for name in ("site", "empty", "torn", "blurred", "thesis"):
            self.places[name] = self.make(name)
        self.put("site/index.html", "<p>hello")
        self.put("torn/index.html", "<p>\n<img src=gone.png>")
        self.put("blurred/index.html", "<p>hello")
        self.put("blurred/a.jpg", "\xff no picture")
        self.put("thesis/thesis.txt", "years of work")
        self.places["toml"] = self.put("site.toml", '[budgets]\nscript = "1 parsec"\n[images]\nwidht = [1]\n')
        self.places["many"] = self.put("many", "".join(f"https://a.example/{number}\n" for number in range(10_001)))
        release = os.path.join(self.given, "release")
        code, printed = self.run_program(PIPELINE, "build", self.places["site"], f"--out={release}", "--cache_dir=off")
        self.assertEqual(code, DONE, printed)
        for name in ("cut", "newer", "flipped", "lost"):
            self.places[name] = os.path.join(self.given, name)
            shutil.copytree(release, self.places[name])
        self.places["release"] = release
        with open(os.path.join(release, "manifest.json"), encoding="utf-8") as file:
            manifest = file.read()
        self.put("cut/manifest.json", manifest[:60])
        self.put("newer/manifest.json", manifest.replace('"version":1', '"version":9'))
        self.put("flipped/files/index.html", "<p>hallo")
        os.remove(os.path.join(self.given, "lost", "files", "index.html"))

    def known(self):
        """What the services know: nothing may reach them."""
        token = f"Authorization: Bearer {TOKEN}"
        releases = fetch(f"http://{self.places['shield']}/v1/sites/demo/releases", token, http="--http1.1").status
        nodes = json.loads(fetch(f"http://{self.places['purge']}/v1/nodes", token, http="--http1.1").body)
        return releases, nodes["head"], snapshot(os.path.join(self.running, SHIELD, "blobs"))

    def test_every_command_says_what_is_wrong_and_does_nothing(self):
        before = self.known()
        self.assertEqual(before[:2], (404, 0))
        for what, program, line, code, words in COMMANDS:
            with self.subTest(program=program, what=what):
                self.refused(program, [self.placed(word) for word in line], code, [self.placed(word) for word in words])
        self.assertEqual(self.known(), before)


if __name__ == "__main__":
    unittest.main()

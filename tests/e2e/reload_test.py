"""HUP: certificate, configuration and tokens are taken over together, or everything stays as it was and the log says why."""
import os
import signal
import socket
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import Case, eventually, fetch  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300

TOKENS = ("the-first-token", "the-second-token")


def tls(address):
    """A TLS connection over which HTTP/1.1 can be spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, port = address.rsplit(":", 1)
    return context.wrap_socket(socket.create_connection((host, int(port)), 20))


def served(address):
    """The certificate that a new connection is shown."""
    with tls(address) as connection:
        return connection.getpeercert(binary_form=True)


class ReloadCase(Case):
    def certificate(self, name):
        """Makes NAME.crt and NAME.key; answers the certificate as a connection shows it."""
        base = os.path.join(self.folder, name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                        "-keyout", base + ".key", "-out", base + ".crt"], check=True, capture_output=True)
        with open(base + ".crt", encoding="utf-8") as file:
            return ssl.PEM_cert_to_DER_cert(file.read())

    def replace(self, name, by):
        for ending in (".crt", ".key"):
            os.replace(os.path.join(self.folder, by + ending), os.path.join(self.folder, name + ending))

    def identity(self):
        base = os.path.join(self.folder, "www")
        return [f"--cert={base}.crt", f"--key={base}.key"]

    def reload(self, program, says):
        """HUP, until the log says so once more."""
        before = program.log().count(says)
        program.process.send_signal(signal.SIGHUP)
        eventually(lambda: program.log().count(says) > before, what=f"the log says {says}")
        self.assertIsNone(program.process.poll())


class EdgeReloadTest(ReloadCase):
    RULE = '[[site]]\nname = "%s"\nhosts = ["%s"]\norigin = "%s"\n[[site.rule]]\nmatch = ["*"]\nset_fields = ["X-Version: %s"]\n'

    def setUp(self):
        super().setUp()
        self.app = self.origin()
        self.app.answers["/a"] = (200, {"Cache-Control": "no-store"}, b"hello")
        self.first = self.certificate("www")
        self.write("one")
        self.edge_ = self.edge(f"--config={self.config}", *self.identity())

    def write(self, version, more="", before=""):
        self.config = self.file("edge.toml", before + self.RULE % ("s", "*", self.app.url, version) + more)

    def get(self, *fields):
        return fetch(f"https://{self.edge_.ready['https']}/a", *fields)

    def version(self):
        return self.get().field("x-version")

    def test_new_connections_get_the_new_certificate_and_old_ones_go_on(self):
        address = self.edge_.ready["https"]
        self.assertEqual(served(address), self.first)
        with tls(address) as open_before:
            second = self.certificate("renewed")
            self.replace("www", "renewed")
            self.reload(self.edge_, "configuration and certificate reloaded")
            self.assertEqual({served(address) for _ in range(8)}, {second})
            open_before.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(open_before.recv(100).startswith(b"HTTP/1.1 200"))

    def test_a_certificate_that_is_wrong_changes_nothing_not_even_the_rules(self):
        self.write("two")
        self.file("www.crt", "no certificate\n")
        self.reload(self.edge_, "not reloaded; everything stays as it was")
        self.assertIn("holds no certificate", self.edge_.log())
        self.assertEqual(served(self.edge_.ready["https"]), self.first)
        self.assertEqual(self.version(), "one")

    def test_a_configuration_that_is_wrong_changes_nothing_not_even_the_certificate(self):
        self.certificate("renewed")
        self.replace("www", "renewed")
        self.write("two", more='set_feilds = ["X: y"]\n')
        self.reload(self.edge_, "not reloaded; everything stays as it was")
        self.assertIn("edge.toml:8:1", self.edge_.log())
        self.assertIn("set_fields", self.edge_.log())
        self.assertEqual(served(self.edge_.ready["https"]), self.first)
        self.assertEqual(self.version(), "one")

    def test_a_mended_configuration_is_taken_over_after_a_refused_one(self):
        self.file("edge.toml", "origin = 7\n")
        self.reload(self.edge_, "not reloaded")
        self.write("three")
        self.reload(self.edge_, "configuration and certificate reloaded")
        self.assertEqual(self.version(), "three")

    def test_a_new_site_with_an_origin_of_its_own_is_served(self):
        other = self.origin()
        other.answers["/a"] = (200, {"Cache-Control": "no-store"}, b"the other application")
        self.write("one", more=self.RULE % ("other", "other.example", other.url, "other"))
        self.reload(self.edge_, "configuration and certificate reloaded")
        for _ in range(8):  # on every worker
            self.assertEqual(self.get("Host: other.example").body, b"the other application")
        self.assertEqual(self.get().body, b"hello")

    def test_what_needs_a_restart_is_named_at_every_reload(self):
        self.write("two", before='drain = "7s"\n')
        for _ in range(2):
            self.reload(self.edge_, "restart only option=drain")
        self.assertEqual(self.version(), "two")

    def test_serving_on_partition_is_not_begun_behind_the_purge_services_back(self):
        self.write("two", more='on_partition = "serve"\n')
        self.reload(self.edge_, "not reloaded")
        self.assertIn("on_partition", self.edge_.log())
        self.assertEqual(self.version(), "one")


class DevelopmentCertificateTest(ReloadCase):
    def test_it_stays_the_same_over_restart_and_reload(self):
        cache = os.path.join(self.folder, "cache")
        edge = self.edge("--origin=http://127.0.0.1:1", cache=cache)
        shown = served(edge.ready["https"])
        self.reload(edge, "configuration and certificate reloaded")
        self.assertEqual(served(edge.ready["https"]), shown)
        self.assertEqual(edge.terminate(), 0)
        self.assertEqual(served(self.edge("--origin=http://127.0.0.1:1", cache=cache).ready["https"]), shown)


class ServiceReloadTest(ReloadCase):
    """skerry-shield and skerry-purge: certificate and tokens."""

    def begin(self, program, *flags):
        self.tokens = self.file("tokens", TOKENS[0] + "\n")
        self.first = self.certificate("www")
        return self.start(program, "--listen=127.0.0.1:0", f"--data_dir={self.folder}/{program}", f"--token_file={self.tokens}", *self.identity(), *flags)

    def known(self, service, path):
        """Which of the tokens is believed."""
        return [fetch(f"https://{service.ready['listen']}{path}", f"Authorization: Bearer {token}").status not in (401, 403) for token in TOKENS]

    def check(self, program, path, *flags):
        service = self.begin(program, *flags)
        address = service.ready["listen"]
        self.assertEqual(self.known(service, path), [True, False])
        # A wrong certificate: the tokens stay, too.
        self.file("tokens", TOKENS[1] + "\n")
        self.file("www.crt", "no certificate\n")
        self.reload(service, "not reloaded; everything stays as it was")
        self.assertEqual((served(address), self.known(service, path)), (self.first, [True, False]))
        # Wrong tokens: the certificate stays, too.
        second = self.certificate("renewed")
        self.replace("www", "renewed")
        self.file("tokens", "short\n")
        self.reload(service, "not reloaded; everything stays as it was")
        self.assertIn("at least 8 characters", service.log())
        self.assertEqual((served(address), self.known(service, path)), (self.first, [True, False]))
        # Both are right.
        self.file("tokens", TOKENS[1] + "\n")
        self.reload(service, "certificate and tokens reloaded")
        self.assertEqual((served(address), self.known(service, path)), (second, [False, True]))
        self.assertEqual(service.terminate(), 0)

    def test_skerry_shield(self):
        self.check("skerry-shield", "/v1/sites/demo/releases", "--workers=2")

    def test_skerry_purge(self):
        self.check("skerry-purge", "/v1/nodes")


if __name__ == "__main__":
    unittest.main()

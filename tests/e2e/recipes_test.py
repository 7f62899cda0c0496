"""docs/recipes.md: every TOML block is a valid configuration and does what its recipe says."""
import os
import re
import signal
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import ROOT, Case, eventually, fetch  # noqa: E402

TIMEOUT_SECONDS = 300

HEAD = 'origin = "http://127.0.0.1:3000"\n[[site]]\nname = "www"\nhosts = ["*"]\n'
PAGE = {"Cache-Control": "max-age=60", "Content-Type": "text/html"}


def recipes():
    """{heading: [blocks]} of docs/recipes.md; a block of rules gets a site above it."""
    found, heading = {}, ""
    with open(os.path.join(ROOT, "docs/recipes.md"), encoding="utf-8") as file:
        text = file.read()
    for title, block in re.findall(r"^## ([^\n]+)$|^```toml\n(.*?)^```$", text, re.M | re.S):
        if title:
            heading = title
        else:
            whole = block if not block.startswith("[[site.rule]]") else HEAD + block
            found.setdefault(heading, []).append(whole)
    return found


def country_database(networks):
    """A MaxMind DB of IPv4 networks: {"127.0.0.1/32": "DE"}; https://maxmind.github.io/MaxMind-DB/."""
    def text(value):
        return bytes([2 << 5 | len(value)]) + value.encode()

    nodes, data = [[None, None]], b""
    for network, country in networks.items():
        address, prefix = network.split("/")
        number = int.from_bytes(bytes(int(part) for part in address.split(".")), "big")
        bits = [0] * 96 + [number >> (31 - i) & 1 for i in range(int(prefix))]
        at = 0
        for bit in bits[:-1]:
            if nodes[at][bit] is None:
                nodes[at][bit] = ("node", len(nodes))
                nodes.append([None, None])
            at = nodes[at][bit][1]
        nodes[at][bits[-1]] = ("data", len(data))
        data += b"\xe1" + text("country") + b"\xe1" + text("iso_code") + text(country)
    tree = b""
    for node in nodes:
        for side in node:
            kind, value = side or ("none", 0)
            record = {"none": len(nodes), "node": value, "data": len(nodes) + 16 + value}[kind]
            tree += struct.pack(">I", record)[1:]
    about = b"\xe9" + text("node_count") + b"\xc4" + struct.pack(">I", len(nodes)) + text("record_size") + b"\xa2\x00\x18"
    about += text("ip_version") + b"\xa2\x00\x06" + text("database_type") + text("Test-Country") + text("languages") + b"\x00\x04"
    about += text("binary_format_major_version") + b"\xa2\x00\x02"
    about += text("binary_format_minor_version") + b"\xa2\x00\x00" + text("build_epoch") + b"\x08\x02" + b"\x01" * 8
    about += text("description") + b"\xe0"
    return tree + b"\x00" * 16 + data + b"\xab\xcd\xefMaxMind.com" + about


class RecipesTest(Case):
    def configure(self, text, origin):
        """The block with this test's origin and hosts."""
        text = text.replace("http://127.0.0.1:3000", origin.url)
        text = re.sub(r'^hosts = .*$', 'hosts = ["*"]', text, flags=re.M)
        database = os.path.join(self.folder, "countries.mmdb")
        if not os.path.exists(database):
            self.countries(database, "DE")
        text = re.sub(r'^country_database = .*$', f'country_database = "{database}"', text, flags=re.M)
        return self.file("edge.toml", text)

    def countries(self, path, here):
        with open(path + ".new", "wb") as file:
            file.write(country_database({"127.0.0.0/8": here, "192.0.2.0/24": "FR"}))
        os.rename(path + ".new", path)

    def serve(self, heading, origin, block=0):
        return self.start_with(recipes()[heading][block], origin)

    def start_with(self, text, origin):
        return self.edge("--config=" + self.configure(text, origin), cache=tempfile.mkdtemp(dir=self.folder))

    def get(self, edge, path, *fields, scheme="https", **more):
        return fetch(f"{scheme}://{edge.ready[scheme]}{path}", *fields, **more)

    def hit(self, answer):
        return "skerry-edge; hit" in answer.field("cache-status")

    def test_every_block_is_a_valid_configuration(self):
        origin = self.origin()
        blocks = [(heading, block) for heading, many in recipes().items() for block in many]
        self.assertGreater(len(blocks), 20)
        for heading, block in blocks:
            code, said = self.run_program("skerry-edge", "--check_config", "--config=" + self.configure(block, origin))
            self.assertEqual(code, 0, f"{heading}: {said}\n{block}")

    def test_hashed_static_files(self):
        origin = self.origin()
        origin.answers["/assets/app.9f2c0a1b.css"] = (200, {"Cache-Control": "max-age=0"}, b"css")
        edge = self.serve("Hashed static files", origin)
        first = self.get(edge, "/assets/app.9f2c0a1b.css")
        self.assertEqual(first.field("cache-control"), "max-age=31536000, immutable")
        self.assertTrue(self.hit(self.get(edge, "/assets/app.9f2c0a1b.css")))

    def test_html_pages(self):
        origin = self.origin()
        origin.answers["/"] = (200, {"ETag": '"1"', "Content-Type": "text/html"}, b"page")
        edge = self.serve("HTML pages", origin)
        self.get(edge, "/")
        again = self.get(edge, "/", 'If-None-Match: "1"')
        self.assertEqual((again.status, again.field("cache-control")), (304, "no-cache"))
        self.assertTrue(self.hit(again))

    def test_private_pages_and_bypass(self):
        origin = self.origin()
        origin.answers["/cart"] = lambda request: (200, PAGE, request.headers.get("Cookie", "").encode())
        edge = self.serve("Private pages", origin)
        for who in (b"who=1", b"who=2"):
            answer = self.get(edge, "/cart", "Cookie: " + who.decode())
            self.assertEqual((answer.body, answer.field("cache-control")), (who, "no-store"))
        origin.answers["/blog/a"] = lambda request: (200, PAGE, b"for " + request.headers.get("Cookie", "all").encode())
        edge = self.serve("Past the cache for some requests", origin)
        self.assertEqual(self.get(edge, "/blog/a").body, b"for all")
        self.assertEqual(self.get(edge, "/blog/a", "Cookie: session=7").body, b"for session=7")
        self.assertEqual(self.get(edge, "/blog/a", "Cookie: other=7").body, b"for all")

    def test_errors_are_kept_for_a_while_but_never_over_a_stale_page(self):
        origin = self.origin()
        origin.answers["/search"] = (500, {}, b"down")
        edge = self.serve("Errors for thirty seconds", origin)
        self.get(edge, "/search")
        kept = self.get(edge, "/search")
        self.assertEqual((kept.status, self.hit(kept), origin.count("/search")), (500, True, 1))
        edge = self.serve("Missing pages for two minutes", origin)
        for _ in range(3):
            self.assertEqual(self.get(edge, "/products/none").status, 404)
        self.assertEqual(origin.count("/products/none"), 1)

    def test_by_country_and_the_database_is_read_again_at_hup(self):
        origin = self.origin()
        origin.answers["/prices/a"] = lambda request: (200, PAGE, request.headers["X-Country"].encode())
        edge = self.serve("By country", origin)
        self.assertEqual(self.get(edge, "/prices/a", "X-Country: US").body, b"DE")
        self.assertTrue(self.hit(self.get(edge, "/prices/a")))
        self.countries(os.path.join(self.folder, "countries.mmdb"), "CH")
        edge.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.get(edge, "/prices/a").body == b"CH", what="the new database")

    def test_by_device_tier_and_field(self):
        origin = self.origin()
        origin.answers["/"] = lambda request: (200, {**PAGE, "Vary": "User-Agent"}, request.headers["X-Device"].encode())
        edge = self.serve("By device", origin)
        for _ in range(2):
            phone = self.get(edge, "/", "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148")
            self.assertEqual((phone.body, phone.field("vary")), (b"mobile", "User-Agent, user-agent, sec-ch-ua-mobile"))
            self.assertEqual(self.get(edge, "/", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)").body, b"desktop")
        self.assertEqual(origin.count("/"), 2)
        origin.answers["/catalogue/a"] = lambda request: (200, PAGE, request.headers["X-Tier"].encode())
        edge = self.serve("By tier of user", origin)
        for value, tier in (("gold", b"gold"), ("platinum", b"default"), ("made-up", b"default")):
            self.assertEqual(self.get(edge, "/catalogue/a", f"Cookie: plan={value}").body, tier)
        self.assertEqual(origin.count("/catalogue/a"), 2)

    def test_what_is_in_the_edges_key_is_in_the_shields_and_reaches_the_origin(self):
        origin = self.origin()
        origin.answers["/"] = lambda request: (200, PAGE, " ".join(request.headers[name] for name in ("X-Device", "X-Env")).encode())
        token = self.file("node.token", "a-node-token-of-some-length\n")
        shield = self.start("skerry-shield", "--listen=127.0.0.1:0", f"--token_file={token}", f"--data_dir={self.folder}/shield",
                            f"--origin={origin.url}", f"--purge_token_file={token}")
        rules = '[[site.rule]]\nmatch = ["*"]\nkey.device = true\nrequest_set_fields = ["X-Env: live"]\n'
        for _ in range(2):  # the second edge has an empty cache
            edge = self.edge("--config=" + self.configure(HEAD.split("\n", 1)[1] + rules, origin), f"--purge_token_file={token}",
                             f"--shield=http://{shield.ready['listen']}", cache=tempfile.mkdtemp(dir=self.folder))
            for agent, device in (("iPhone", b"mobile live"), ("X11", b"desktop live"), ("X12", b"desktop live")):
                answer = self.get(edge, "/", f"User-Agent: {agent}", "Host: www.example.com")
                self.assertEqual(answer.body, device)
        self.assertEqual(origin.count("/"), 2)

    def test_a_single_page_application(self):
        origin = self.origin()
        origin.answers["/index.html"] = (200, PAGE, b"<app>")
        edge = self.serve("A single-page application", origin)
        page = self.get(edge, "/users/42", "Sec-Fetch-Mode: navigate")
        self.assertEqual((page.status, page.body), (200, b"<app>"))
        self.assertEqual(self.get(edge, "/users/42", "Accept: application/json").status, 404)
        self.assertEqual(self.get(edge, "/app.3f2a.js", "Sec-Fetch-Mode: navigate").status, 404)
        self.assertEqual(self.get(edge, "/users/43", "Accept: text/html").body, b"<app>")
        self.assertEqual(origin.count("/index.html"), 1)

    def test_error_pages(self):
        origin = self.origin()
        origin.answers["/errors/404.html"] = (200, PAGE, b"not here")
        origin.answers["/errors/sorry.html"] = (200, {"Cache-Control": "max-age=600"}, b"sorry")
        origin.answers["/broken"] = (503, {}, b"down")
        edge = self.serve("Error pages of your own", origin)
        missing = self.get(edge, "/none")
        self.assertEqual((missing.status, missing.body, missing.field("cache-control")), (404, b"not here", "no-cache"))
        broken = self.get(edge, "/broken")
        self.assertEqual((broken.status, broken.body, broken.field("cache-control")), (503, b"sorry", "no-store"))
        origin.close()
        gone = self.get(edge, "/other")
        self.assertEqual((gone.status, gone.body), (502, b"sorry"))

    def test_redirects(self):
        origin = self.origin()
        edge = self.serve("Redirects", origin)
        base = f"https://{edge.ready['https']}"
        for path, status, location in (("/about-us?a=1", 308, base + "/about?a=1"),
                                       ("/blog/2024/x", 301, "https://blog.example.com/2024/x"),
                                       ("/sale?a=1", 302, base + "/campaigns/spring?from=sale")):
            answer = self.get(edge, path)
            self.assertEqual((answer.status, answer.field("location")), (status, location))
        edge = self.serve("From http to https", origin)
        answer = self.get(edge, "/a?b", scheme="http", http="--http1.1")
        self.assertEqual((answer.status, answer.field("location")), (308, "https://127.0.0.1/a?b"))
        self.assertEqual(origin.asked, [])

    def test_fields_and_security_fields(self):
        origin = self.origin()
        origin.answers["/widgets/a"] = lambda request: (200, {**PAGE, "X-Powered-By": "app"}, request.headers["X-Environment"].encode())
        edge = self.serve("Fields", origin)
        answer = self.get(edge, "/widgets/a")
        self.assertEqual((answer.body, answer.field("access-control-allow-origin"), answer.field("x-powered-by")), (b"production", "*", ""))
        origin.answers["/"] = origin.answers["/embed/a"] = (200, PAGE, b"page")
        edge = self.serve("Security fields", origin)
        page, embed = self.get(edge, "/"), self.get(edge, "/embed/a")
        self.assertEqual((page.field("x-frame-options"), embed.field("x-frame-options")), ("DENY", ""))
        self.assertIn("partner.example", embed.field("content-security-policy"))

    def test_the_table_of_presets_is_what_is_sent(self):
        origin = self.origin()
        origin.answers["/"] = (200, PAGE, b"page")
        with open(os.path.join(ROOT, "docs/recipes.md"), encoding="utf-8") as file:
            rows = re.findall(r"^\| `([\w-]+)`[^|]*\| `security\.\w+` \| `(.+?)` \| `(.+?)` \|$", file.read(), re.M)
        self.assertEqual(len(rows), 5)
        for column, preset in ((1, "basic"), (2, "strict")):
            edge = self.start_with(HEAD + f'security.preset = "{preset}"\n', origin)
            answer = self.get(edge, "/")
            for row in rows:
                self.assertEqual(answer.field(row[0].lower()), row[column], f"{preset}: {row[0]}")

    def test_a_mistake_is_named_with_its_line_and_the_nearest_key(self):
        path = self.file("edge.toml", HEAD + '[[site.rule]]\nmatch = ["/a"]\nbrowser_tl = "1m"\n')
        code, said = self.run_program("skerry-edge", "--check_config", f"--config={path}")
        self.assertEqual(code, 2)
        self.assertIn('edge.toml:7:1: unknown key "browser_tl"; did you mean "browser_ttl"?', said)


if __name__ == "__main__":
    unittest.main()

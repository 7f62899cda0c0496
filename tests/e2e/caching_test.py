"""What reaches an origin and a client on real sockets: unkeyed input, several ranges, trailers, HEAD and POST."""
import email
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from raw import RawClient, RawOrigin  # noqa: E402
from skerry import Case, fetch  # noqa: E402

SANITIZED = True
TIMEOUT_SECONDS = 300

# Sent by clients, in no key and not on the allow-list.
UNKEYED = ["Cookie: id=1", "User-Agent: x", "Referer: https://evil.example/", "Origin: https://evil.example", "Forwarded: for=1;host=evil",
           "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "X-Forwarded-Port: 1", "X-Original-URL: /admin",
           "X-Rewrite-URL: /admin", "X-Host: evil.example", "X-HTTP-Method-Override: DELETE", "X-Real-IP: 1.2.3.4", "True-Client-IP: 1.2.3.4",
           "Range: bytes=0-1", "If-None-Match: *", "If-Modified-Since: Sat, 01 Jan 2022 00:00:00 GMT", "Cache-Control: no-cache",
           "Pragma: no-cache", "Prefer: x", "DNT: 1", "Save-Data: on", "Via: 1.1 x", "Content-Type: text/x", "Max-Forwards: 0",
           "Skerry-Node: n", "Skerry-Node-Token: t", "Skerry-Scheme: http", "X-Anything: y"]


class CachingTest(Case):
    def raw_origin(self, script):
        origin = RawOrigin(script)
        self._stack.callback(origin.close)
        return origin

    def test_an_origin_hears_the_same_bytes_whatever_unkeyed_fields_a_client_sends(self):
        answer = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nok"
        origin = self.raw_origin(lambda connection, _head: connection.sendall(answer) or True)
        edge = self.edge(origin=origin)

        def heard(path, *fields, http, body=None):
            fetch(f"https://{edge.ready['https']}{path}", *fields, http=http, method="GET", body=body)
            return [head.replace(path, "/PATH") for head in origin.heads if head.split(" ")[1] == path]

        for http in ("--http2", "--http1.1"):
            plain = heard(f"/plain{http}", http=http)
            self.assertEqual(len(plain), 1)
            self.assertNotIn("user-agent", plain[0].lower())
            for number, field in enumerate(UNKEYED):
                self.assertEqual(heard(f"/a{number}{http}", field, http=http), plain, field)
            self.assertEqual(heard(f"/all{http}", *UNKEYED, http=http), plain)
            self.assertEqual(heard(f"/body{http}", http=http, body=b"x" * 100), plain)

    def test_spellings_of_a_url_are_one_request_and_coded_slashes_another(self):
        origin = self.origin()
        for path in ("/b/~u", "/b%2F~u"):
            origin.answers[path] = (200, {"Cache-Control": "max-age=60"}, path.encode())
        edge = self.edge(origin=origin)
        for path in ("/a/../b/%7Eu", "/./b/~%75", "/b/~u", "/%62/~u"):
            answer = fetch(f"https://{edge.ready['https']}{path}", more=["--path-as-is"])
            self.assertEqual((answer.status, answer.body), (200, b"/b/~u"), path)
        self.assertEqual([asked[1] for asked in origin.asked], ["/b/~u"])
        self.assertEqual(fetch(f"https://{edge.ready['https']}/b%2f~u", more=["--path-as-is"]).body, b"/b%2F~u")

    def test_several_ranges_are_one_multipart_body(self):
        origin = self.origin()
        whole = bytes(range(256)) * 40
        origin.answers["/a"] = (200, {"Cache-Control": "max-age=60", "Content-Type": "application/x-bytes", "ETag": '"1"'}, whole)
        edge = self.edge(origin=origin)
        for http in ("--http2", "--http1.1", "--http2"):  # a miss, then hits
            answer = fetch(f"https://{edge.ready['https']}/a", "Range: bytes=0-9,5000-5009,-5", http=http)
            self.assertEqual(answer.status, 206)
            self.assertEqual(int(answer.field("content-length")), len(answer.body))
            head = f"Content-Type: {answer.field('content-type')}\r\n\r\n".encode()
            parts = email.message_from_bytes(head + answer.body).get_payload()
            self.assertEqual([part["content-range"] for part in parts], ["bytes 0-9/10240", "bytes 5000-5009/10240", "bytes 10235-10239/10240"])
            for piece in (whole[0:10], whole[5000:5010], whole[-5:]):
                self.assertIn(b"\r\n\r\n" + piece + b"\r\n--", answer.body)
        self.assertEqual(origin.count("/a"), 1)

    def test_trailers_come_with_the_body_and_with_hits(self):
        answer = (b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n"
                  b"2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n")
        origin = self.raw_origin(lambda connection, _head: connection.sendall(answer) or True)
        edge = self.edge(origin=origin)
        for kind in ("fwd=uri-miss", "hit"):
            with RawClient(edge.ready["http"]) as client:
                client.send(b"GET /a HTTP/1.1\r\nhost: a.example\r\nte: trailers\r\nconnection: close, te\r\n\r\n")
                text = client.read_all()
            head, body = text.split(b"\r\n\r\n", 1)
            self.assertIn(kind.encode(), head)
            self.assertNotIn(b"x-sum: 7", head)
            self.assertTrue(body.endswith(b"0\r\nx-sum: 7\r\n\r\n"), text)
        self.assertEqual(origin.count("/a"), 1)

    def test_head_updates_and_post_fills_what_is_stored(self):
        origin = self.origin()
        says = {"Cache-Control": "max-age=0", "ETag": '"1"', "X-Turn": "1"}

        def page(request):
            if request.command == "POST":
                return 200, {"Cache-Control": "max-age=60", "Content-Location": "/a", "X-Turn": "post"}, b"new"
            if request.headers.get("If-None-Match") and request.command == "GET":
                return 304, says, b""
            return 200, says, b"body"

        origin.answers["/a"] = page
        edge = self.edge("--profile=rfc", origin=origin)
        url = f"https://{edge.ready['https']}/a"
        fetch(url)
        says.update({"Cache-Control": "max-age=60", "X-Turn": "2"})
        self.assertEqual(fetch(url, method="HEAD").field("x-turn"), "2")
        hit = fetch(url)
        self.assertEqual((hit.body, hit.field("x-turn")), (b"body", "2"))
        self.assertIn("hit", hit.field("cache-status"))
        self.assertEqual([asked[0] for asked in origin.asked], ["GET", "HEAD"])
        self.assertEqual(fetch(url, method="POST", body=b"change").body, b"new")
        after = fetch(url)
        self.assertEqual((after.body, after.field("x-turn")), (b"new", "post"))
        self.assertEqual(len(origin.asked), 3)


if __name__ == "__main__":
    unittest.main()

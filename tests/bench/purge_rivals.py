#!/usr/bin/env python3
"""Purges side by side: skerry (one edge, purge service), Varnish (PURGE, bans, xkey) and nginx (ngx_cache_purge), 10,000 URLs.

Each keeps the same 10,000 small objects of one origin in memory (nginx: on a tmpfs) and is told over one connection that
they are gone, in the way its users do: a request a URL, or one for a tag that all have. Then the objects are asked for
again: what is still served from the cache is counted, it must be nothing. Prints a table; docs/purge-protocol.md keeps it.

    python3 tests/bench/purge_rivals.py        Debian: varnish varnish-modules libnginx-mod-http-cache-purge nginx
Systems that are not installed are left out. Nothing of this is needed by the build or by ./dev test.
"""
import concurrent.futures
import glob
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import skerry  # noqa: E402

COUNT = 10_000
HOST = "www.shop.example"
PATHS = [f"/products/category-{number % 100}/item-{number}.html" for number in range(COUNT)]


class Origin(skerry.CrowdOrigin):
    """Answers everything with 100 bytes and a tag, and counts."""

    def __init__(self):
        self.asked = 0
        super().__init__()

    def answer(self, handler):
        self.asked += 1
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nxkey: everything\r\nCache-Tag: everything\r\n"
                            b"Content-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + b"x" * 100)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_ms(pids):
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
                total += int(stat.read().split()[0])
    return total / 1e6


def family(pid):
    """A process and its children."""
    pids = [pid]
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8") as stat:
                    if int(stat.read().rsplit(")", 1)[1].split()[1]) in pids:
                        pids.append(int(name))
            except OSError:
                pass
    return pids


def ask_all(port):
    """Each path once, over four connections."""

    def some(part):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for path in part:
            connection.request("GET", path, headers={"Host": HOST})
            connection.getresponse().read()
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(some, [PATHS[i::4] for i in range(4)]))


def each(port, method, fields=None, paths=tuple(PATHS)):
    """A request a path, one behind the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for path in paths:
        connection.request(method, path, headers={"Host": HOST, **(fields or {})})
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300 and answer.status != 404 and answer.status != 412:
            raise AssertionError(f"{method} {path}: {answer.status}")
    connection.close()


VCL = """vcl 4.1;
%s
backend default { .host = "127.0.0.1"; .port = "%d"; }
sub vcl_recv {
  if (req.method == "PURGE") {
%s
    return (purge);
  }
  if (req.method == "BAN") {
    ban("obj.http.x-url == " + req.url + " && obj.http.x-host == " + req.http.host);
    return (synth(200, "banned"));
  }
}
sub vcl_backend_response { set beresp.http.x-url = bereq.url; set beresp.http.x-host = bereq.http.host; }
"""
XKEY = """    if (req.http.xkey) {
      set req.http.n = xkey.purge(req.http.xkey);
      return (synth(200, "purged " + req.http.n));
    }"""


def wait_for(port):
    def there():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    skerry.eventually(there, 30, f"somebody listens at {port}")


class Varnish:
    def __init__(self, folder, origin):
        self.port = free_port()
        xkey = bool(shutil.which("varnishd")) and any(
            os.path.exists(os.path.join(place, "libvmod_xkey.so")) for place in (*glob.glob("/usr/lib/*/varnish/vmods"), "/usr/lib/varnish/vmods"))
        path = os.path.join(folder, "rivals.vcl")
        with open(path, "w", encoding="utf-8") as file:
            file.write(VCL % ("import xkey;" if xkey else "", origin.port, XKEY if xkey else ""))
        os.chmod(folder, 0o755)
        self.process = subprocess.Popen(["varnishd", "-F", "-n", os.path.join(folder, "varnish"), "-a", f"127.0.0.1:{self.port}", "-f", path,
                                         "-s", "malloc,256m", "-T", "none", "-j", "none"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port)
        self.ways = [("Varnish", "PURGE a URL", lambda: each(self.port, "PURGE")), ("Varnish", "ban a URL", lambda: each(self.port, "BAN"))]
        if xkey:
            self.ways.append(("Varnish", "xkey: one tag", lambda: each(self.port, "PURGE", {"xkey": "everything"}, PATHS[:1])))

    def close(self):
        self.process.terminate()
        self.process.wait(30)


NGINX = """load_module /usr/lib/nginx/modules/ngx_http_cache_purge_module.so;
daemon off; worker_processes 1; pid %(folder)s/pid; error_log %(folder)s/error.log;
events { worker_connections 512; }
http {
  access_log off; keepalive_requests 1000000;
  proxy_cache_path %(folder)s/cache keys_zone=pages:64m levels=1:2 max_size=1g;
  client_body_temp_path %(folder)s/a; proxy_temp_path %(folder)s/b; fastcgi_temp_path %(folder)s/c; uwsgi_temp_path %(folder)s/d; scgi_temp_path %(folder)s/e;
  upstream app { server 127.0.0.1:%(origin)d; keepalive 8; }
  server {
    listen 127.0.0.1:%(port)d;
    location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache pages; proxy_cache_key $host$uri;
    }
    # Debian 12's module ends the process by a segmentation fault where PURGE is allowed inside "location /".
    location ~ ^/purge(/.*) { proxy_cache_purge pages $host$1; }
  }
}
"""


class Nginx:
    def __init__(self, folder, origin):
        self.port = free_port()
        place = tempfile.mkdtemp(prefix="rivals-", dir="/dev/shm")
        self.place = place
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(("user root;\n" if os.geteuid() == 0 else "") + NGINX % {"folder": place, "origin": origin.port, "port": self.port})
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", path, "-p", place], stderr=subprocess.DEVNULL)
        wait_for(self.port)
        self.ways = [("nginx, ngx_cache_purge", "a request a URL", lambda: each(self.port, "GET", paths=["/purge" + path for path in PATHS]))]

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.place, ignore_errors=True)


class Skerry:
    def __init__(self, folder, origin):
        tokens = os.path.join(folder, "tokens")
        with open(tokens, "w", encoding="utf-8", opener=lambda path, how: os.open(path, how, 0o600)) as file:
            file.write("token-of-everyone\n")
        self.service = skerry.Program("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={folder}/log", f"--token_file={tokens}").wait_ready()
        to = self.service.ready["listen"]
        self.edge = skerry.Program("skerry-edge", "--http=127.0.0.1:0", f"--origin=http://127.0.0.1:{origin.port}", "--ram_cache=256MiB",
                                   "--disk_cache=1GiB", f"--cache_dir={folder}/cache", "--workers=1", "--node=edge", f"--purge=http://{to}",
                                   f"--purge_token_file={tokens}").wait_ready()
        self.process = self.edge.process
        self.port = int(self.edge.ready["http"].rsplit(":", 1)[1])
        self.to = to
        self.ways = [("skerry", "one purge of 10,000 URLs, durable and confirmed", lambda: self.purge(urls=[f"https://{HOST}{path}" for path in PATHS])),
                     ("skerry", "one tag, durable and confirmed", lambda: self.purge(tags=["everything"]))]

    def purge(self, **selectors):
        connection = http.client.HTTPConnection(self.to, timeout=60)
        connection.request("POST", "/v1/purges", json.dumps({**selectors, "wait": "30s"}), {"Authorization": "Bearer token-of-everyone"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise AssertionError(answer.read())
        answer.read()
        connection.close()

    def close(self):
        self.edge.close()
        self.service.close()


def main():
    origin = Origin()
    makers = [Skerry]
    if shutil.which("varnishd"):
        makers.append(Varnish)
    if os.path.exists("/usr/lib/nginx/modules/ngx_http_cache_purge_module.so"):
        makers.append(Nginx)
    print("| system | way | ms | its CPU, ms | still served from the cache |\n|---|---|---|---|---|")
    for make in makers:
        folder = tempfile.mkdtemp(prefix="rivals-")
        server = make(folder, origin)
        try:
            for system, way, purge in server.ways:
                ask_all(server.port)
                asked = origin.asked
                ask_all(server.port)
                if origin.asked != asked:
                    raise AssertionError(f"{system} has not kept everything: {origin.asked - asked} fetched again")
                pids = family(server.process.pid)
                cpu, begun = cpu_ms(pids), time.perf_counter()
                purge()
                took = (time.perf_counter() - begun) * 1e3
                cpu = cpu_ms(pids) - cpu
                ask_all(server.port)
                print(f"| {system} | {way} | {took:.0f} | {cpu:.0f} | {COUNT - (origin.asked - asked)} |", flush=True)
        finally:
            server.close()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

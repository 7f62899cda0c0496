#!/usr/bin/env python3
"""The demo: a site build goes through the pipeline to the shield, an edge serves it, a purge is proved.

    ./dev run            starts everything on loopback and keeps it running until Ctrl-C
    ./dev run --once     does the same steps and ends; exit 0 when all went well, else 1

Programs come from $SKERRY_OUT (out/release); photographs and site from tests/demo/build_site.py.
"""
import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import skerry  # noqa: E402

PAGE = "/"
BUILD_CACHE = os.path.join(ROOT, "out", "demo-build-cache")  # pictures are encoded once, not at every start
TERMINAL = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text, code):
    return f"\033[{code}m{text}\033[0m" if TERMINAL else text


class StepFailed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise StepFailed(what)


def size(count):
    for unit in ("B", "KiB", "MiB"):
        if count < 1024 or unit == "MiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


class Demo:
    def __init__(self, folder, site_port, admin_port):
        self.folder = folder
        self.started = []
        self.step = 0
        self.tokens = {name: self._token(name) for name in ("upload", "node", "purge")}
        self.site_port, self.admin_port = site_port, admin_port
        self.shield = self.purge = self.edge = None

    def _token(self, name):
        path = os.path.join(self.folder, f"{name}.token")
        with open(path, "w", encoding="utf-8") as file:
            os.chmod(path, 0o600)
            file.write(secrets.token_hex(16) + "\n")
        return path

    # --- what a person sees

    def say(self, title):
        self.step += 1
        print(f"\n{paint(f'{self.step}. {title}', '1')}", flush=True)

    def table(self, head, rows):
        widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
        print("   " + paint("  ".join(str(cell).ljust(width) for cell, width in zip(head, widths)).rstrip(), "2"))
        for row in rows:
            print("   " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)

    # --- programs

    def start(self, name, *flags):
        program = skerry.Program(name, *flags)
        self.started.append(program)
        return program.wait_ready()

    def start_edge(self):
        edge = self.start("skerry-edge", f"--https=127.0.0.1:{self.site_port}", f"--admin=127.0.0.1:{self.admin_port}",
                          f"--cache_dir={self.folder}/edge", "--ram_cache=128MiB", "--disk_cache=512MiB",
                          f"--shield=http://{self.shield.ready['listen']}", f"--purge=http://{self.purge.ready['listen']}",
                          f"--purge_token_file={self.tokens['node']}", "--node=edge-1", f"--access_log={self.folder}/access.log")
        # The same ports after a restart.
        self.site_port = int(edge.ready["https"].rsplit(":", 1)[1])
        self.admin_port = int(edge.ready["admin"].rsplit(":", 1)[1])
        return edge

    def run(self, name, *arguments):
        # On a terminal its progress bar is for the person who waits.
        done = subprocess.run([skerry.binary(name), *arguments], stdout=subprocess.PIPE, stderr=None if TERMINAL else subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise StepFailed(f"{name} {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr or ''}")
        return json.loads(done.stdout)

    @property
    def origin(self):
        return f"https://127.0.0.1:{self.site_port}"

    def fetch(self, path, *fields):
        return skerry.fetch(self.origin + path, *fields)

    def api(self, path, body=None):
        with open(self.tokens["purge"], encoding="utf-8") as file:
            token = file.read().strip()
        answer = skerry.fetch(f"http://{self.purge.ready['listen']}{path}", f"Authorization: Bearer {token}", "Content-Type: application/json",
                              http="--http1.1", method="POST" if body is not None else None,
                              body=json.dumps(body).encode() if body is not None else None)
        expect(answer.status in (200, 202), f"{path}: {answer.status} {answer.body.decode()}")
        return json.loads(answer.body)

    # --- the steps

    def start_services(self):
        self.say("Shield, purge service and edge start on loopback")
        nodes = self._all_tokens()
        self.purge = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/purge", f"--token_file={nodes}")
        self.shield = self.start("skerry-shield", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/shield", f"--token_file={self.tokens['upload']}",
                                 f"--purge=http://{self.purge.ready['listen']}", f"--purge_token_file={self.tokens['node']}", "--node=shield-1")
        self.edge = self.start_edge()
        self.table(("program", "pid", "listens"), [
            ("skerry-purge", self.purge.ready["pid"], self.purge.ready["listen"]),
            ("skerry-shield", self.shield.ready["pid"], self.shield.ready["listen"]),
            ("skerry-edge", self.edge.ready["pid"], f"{self.edge.ready['https']} (HTTP/2), {self.edge.ready['admin']} (admin)")])

    def _all_tokens(self):
        path = os.path.join(self.folder, "purge-service.tokens")
        with open(path, "w", encoding="utf-8") as file:
            os.chmod(path, 0o600)
            for name in ("node", "purge"):
                with open(self.tokens[name], encoding="utf-8") as token:
                    file.write(token.read())
        return path

    def deploy(self, version, previous=None):
        self.say(f"Version {version} of the site goes through the pipeline and is pushed")
        dist = os.path.join(self.folder, f"dist-{version}")
        subprocess.run([sys.executable, "-B", os.path.join(HERE, "build_site.py"), dist, *(["--second"] if version == 2 else [])],
                       check=True, stdout=subprocess.DEVNULL)
        release = os.path.join(self.folder, f"release-{version}")
        more = [f"--previous={previous}"] if previous else []
        more.append(f"--config={os.path.join(HERE, 'skerry.toml')}")
        built = self.run("skerry-pipeline", "build", dist, f"--out={release}", f"--cache_dir={BUILD_CACHE}", "--json", *more)
        pushed = self.run("skerry-pipeline", "push", release, f"--to=http://{self.shield.ready['listen']}", "--site=demo",
                          f"--token_file={self.tokens['upload']}", "--activate", "--wait=10s", "--json")
        print(f"   built in {built['seconds']:.1f} s ({built['cache']['hits']} of {built['cache']['hits'] + built['cache']['misses']} results from the "
              f"build cache); sent {pushed['sent']['blobs']} of {pushed['blobs']} blobs, {size(pushed['sent']['bytes'])}")
        self.show_release(release, pushed)
        return release

    def show_release(self, release, pushed):
        with open(os.path.join(release, "manifest.json"), encoding="utf-8") as file:
            entries = json.load(file)["entries"]
        kinds = {}
        for entry in entries:
            kinds.setdefault("files", []).append(entry["size"])
            for variant in entry.get("variants", []):
                kinds.setdefault(variant.get("coding") or variant.get("type"), []).append(variant["size"])
        self.table(("kind", "number", "bytes"), [(kind, len(sizes), size(sum(sizes))) for kind, sizes in kinds.items()])
        receipt = pushed["receipt"]
        expect(receipt["state"] == "complete", f"the activation is not complete: {json.dumps(pushed)}")
        nodes = ", ".join(f"{name} {node['state']}" for name, node in sorted(receipt["nodes"].items()))
        print(f"   release {pushed['release'][:12]} is active: {nodes}")

    def manifest(self, release):
        with open(os.path.join(release, "manifest.json"), encoding="utf-8") as file:
            return json.load(file)["entries"]

    def look(self, release, first):
        self.say("A page and its hashed assets over HTTP/2: first a miss, then hits")
        entries = self.manifest(release)
        asset = next(e for e in entries if e["type"] == "text/css" and e["cache"] == "immutable")
        # The pipeline leaves a format out at the widths where another one is smaller.
        photo = next(e for e in entries if e["type"] == "image/jpeg" and
                     any(v.get("type") == "image/avif" and v["width"] == e["width"] for v in e.get("variants", [])))
        script = next((e for e in entries if "javascript" in e["type"] and e["cache"] == "immutable"), asset)
        rows = []
        for path, fields in ((PAGE, ["Accept-Encoding: br"]), (asset["path"], ["Accept-Encoding: br"]), (script["path"], ["Accept-Encoding: br"]),
                             (photo["path"], ["Accept: image/avif,image/webp,*/*"])):
            for turn in ("first", "again"):
                answer = self.fetch(path, *fields)
                expect(answer.status == 200 and answer.version == "2", f"{path}: {answer.status} over HTTP/{answer.version}")
                status = answer.field("cache-status").split("skerry-edge;")[-1].strip()
                hit = status.startswith("hit")
                expect(hit or turn == "first", f"{path} again was no hit: {status}")
                expect(not hit or turn == "again" or not first, f"{path} was a hit before anybody had asked for it")
                coding = answer.field("content-encoding") or answer.field("content-type")
                rows.append((path, turn, "hit" if hit else "miss", coding, size(len(answer.body))))
            expect(path == photo["path"] or answer.field("content-encoding") == "br", f"{path} came without Brotli")
        expect(rows[-1][3] == "image/avif", f"{photo['path']} came as {rows[-1][3]}")
        self.table(("path", "", "edge", "as", "bytes"), rows)
        return asset["path"]

    def edge_says(self, path):
        return self.fetch(path, "Accept-Encoding: br").field("cache-status").split("skerry-edge;")[-1].strip()

    def purge_tag(self, path):
        self.say("A purge by tag, and the receipt with both nodes")
        before = self.edge_says(path)
        expect(before.startswith("hit"), f"{path} before the purge: {before}")
        receipt = self.api("/v1/purges", {"tags": ["skerry-site:demo"], "wait": "10s"})
        expect(receipt["state"] == "complete", f"not complete: {receipt}")
        expect(set(receipt["nodes"]) == {"edge-1", "shield-1"}, f"nodes: {list(receipt['nodes'])}")
        self.table(("node", "state", "position"), [(name, node["state"], node["seq"]) for name, node in sorted(receipt["nodes"].items())])
        after = self.edge_says(path)
        expect(after.startswith("fwd=") and "purged" in after, f"{path} after the purge: {after}")
        print(f"   {path} before the purge: {before}\n   {path} after the purge:  {after}")
        return receipt

    def new_page_is_served(self, before):
        after = self.fetch(PAGE).body
        expect(after != before, "the old page is still served after the second deploy was confirmed")
        again = self.fetch(PAGE)
        print(f"   the new page is served: {len(before)} B → {len(after)} B; now {again.field('cache-status').split('skerry-edge;')[-1].strip()}")

    def crash(self, asset, receipt):
        self.say("The edge is killed (-9) and started again")
        admin = f"127.0.0.1:{self.admin_port}"
        self.fetch(asset)
        skerry.eventually(lambda: skerry.metric(admin, "skerry_store_unflushed_bytes") == 0, 30, "the store's last bytes are in a file")
        self.edge.kill()
        begun = time.monotonic()
        self.edge = self.start_edge()
        print(f"   ready again after {time.monotonic() - begun:.2f} s")
        answer = skerry.eventually(lambda: (lambda a: a if "skerry-edge; hit" in a.field("cache-status") else None)(self.fetch(asset, "Accept-Encoding: br")), 10,
                                   f"{asset} is a hit from disk")
        tier = skerry.fetch(f"http://{admin}/metrics", http="--http1.1").body.decode()
        expect('skerry_cache_hits_total{tier="disk"}' in tier, "no hit came from disk")
        print(f"   {asset}: {answer.field('cache-status').split('skerry-edge;')[-1].strip()}, from disk")
        applied = skerry.metric(admin, "skerry_purge_applied_seq")
        expect(applied >= receipt["seq"], f"the purge at {receipt['seq']} is no longer applied ({applied})")
        print(f"   the purge log is applied up to {applied:.0f}: the purge at {receipt['seq']} is still in force")

    def close(self):
        for program in reversed(self.started):
            try:
                program.terminate(20)
            except subprocess.TimeoutExpired:
                pass
            program.close()


def walk(demo):
    demo.start_services()
    first = demo.deploy(1)
    asset = demo.look(first, first=True)
    receipt = demo.purge_tag(PAGE)
    before = demo.fetch(PAGE).body
    second = demo.deploy(2, previous=first)
    demo.new_page_is_served(before)
    asset = demo.look(second, first=False)
    demo.crash(asset, receipt)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", action="store_true", help="end after the last step")
    parser.add_argument("--port", type=int, default=0, help="of the site (a free one)")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="skerry-demo-")
    demo = Demo(folder, arguments.port, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        walk(demo)
        print(paint("\nAll steps went well.", "32"))
        if not arguments.once:
            print(f"""
   site        {demo.origin}/          (development certificate: {folder}/edge/development.crt)
   admin page  http://127.0.0.1:{demo.admin_port}/
   access log  {folder}/access.log

   Try:  curl -k --http2 -sD- -o/dev/null {demo.origin}/
         curl -k --http2 -s -H 'Accept-Encoding: br' -o/dev/null -w '%{{size_download}}\\n' {demo.origin}/
   Ctrl-C ends everything.""", flush=True)
            signal.pause()
        return 0
    except (StepFailed, AssertionError, subprocess.CalledProcessError) as failure:
        print(paint(f"\nFailed: {failure}", "31"), file=sys.stderr)
        for program in demo.started:
            print(f"--- {program.argv[0]}\n{program.log()[-2000:]}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        demo.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

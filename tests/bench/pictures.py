#!/usr/bin/env python3
"""The table of docs/pipeline.md about pictures, measured again: CPU, memory, bytes, scores, probes.

  tests/bench/pictures.py [--photos=DIR] [--format=avif --target=60]

Photographs are those of Debian's lomiri-wallpapers-16.04 (without analogpattern) and Kleiber of lomiri-wallpapers-20.04, from
/usr/share/backgrounds, or fetched with apt into a folder that is deleted afterwards. Beside it vipsthumbnail, where it is installed.
Times are CPU seconds (user and system) of one run: compare those of one run on a quiet machine. Bytes and scores are exact.
"""
import argparse
import glob
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release"))
BINARY, PYRAMID = os.path.join(OUT, "skerry-pipeline"), os.path.join(OUT, "pyramid_bench")
PACKAGES = ["lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04"]
JOB = ["life_by_Aitzol_Berasategi.jpg", "seeding_by_Clements_Engelhardt.jpg"]  # 6 and 16 MP
LARGE = "Kleiber_by_Lukas_Baubkus.jpg"
EIGHT = [3840, 2048, 1920, 1200, 1080, 828, 750, 640]


def find_photos(work):
    found = glob.glob("/usr/share/backgrounds/*_by_*.jpg")
    if not found:
        subprocess.run(["apt-get", "download", *PACKAGES], cwd=work, check=True, capture_output=True)
        for package in glob.glob(work + "/*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, work + "/packages"], check=True)
        found = glob.glob(work + "/packages/usr/share/backgrounds/*_by_*.jpg")
    newer = {"Fossa_by_Jasper_Roks.jpg", "Infinite-Sea_by_Aury88.jpg", "Painting-Colors_by__herobrine7gamer.jpg"}
    return sorted(path for path in found if os.path.basename(path) not in newer and "analogpattern" not in path)


def measured(command):
    """CPU seconds, peak MB and what it printed. The peak is that of the largest child so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: over a budget, which photographs are
        sys.exit(f"{command[0]}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, after.ru_maxrss / 1024, done.stdout


class Bench:
    def __init__(self, work, photos):
        self.work, self.photos = work, photos

    def site(self, name, photos):
        folder = os.path.join(self.work, name)
        os.makedirs(folder)
        for photo in photos:
            shutil.copy(photo, folder)
        return folder

    def build(self, site, out, images, *more):
        config = os.path.join(self.work, out + ".toml")
        with open(config, "w") as file:
            file.write("[images]\n" + images)
        out = os.path.join(self.work, out)
        cpu, memory, printed = measured([BINARY, "build", site, f"--out={out}", f"--config={config}", "--json", *more])
        with open(out + "/manifest.json") as file:
            return cpu, memory, json.loads(printed), file.read()

    def large(self):
        photo = [path for path in self.photos if path.endswith(LARGE)]
        if not photo:
            return
        print("20 MP to 8 widths:", measured([PYRAMID, photo[0], *EIGHT])[2].strip())
        if shutil.which("vipsthumbnail"):
            cpu = sum(measured(["vipsthumbnail", photo[0], "--size", f"{width}x", "-o", f"{self.work}/v{width}.v"])[0] for width in EIGHT)
            print(f"  vipsthumbnail, a run for each: {cpu:.2f} s CPU")

    def job(self):
        photos = [path for path in self.photos if os.path.basename(path) in JOB]
        site = self.site("two", photos)
        images = "widths = [100, 400, 800]\nmax_width = 1200\ntarget = 61\n"
        manifests = []
        for jobs in (1, 2, 8):
            cpu, memory, report, manifest = self.build(site, f"job{jobs}", images, "--cache_dir=off", f"--jobs={jobs}")
            manifests.append(manifest)
            if jobs == 1:
                print(f"{len(photos)} photographs x 4 widths x 3 formats: {cpu:.2f} s CPU, at most {memory:.0f} MB, search {report['search']}")
        print("bytes with 1, 2 and 8 threads:", "identical" if len(set(manifests)) == 1 else "DIFFERENT")

    def rebuild(self):
        site = self.site("many", [])
        for i in range(900):
            shutil.copy(self.photos[i % len(self.photos)], f"{site}/{i}.jpg")
        kib = sum(os.path.getsize(file) for file in glob.glob(site + "/*")) / 900 / 1024
        cache = f"--cache_dir={self.work}/cache"
        replaced = 'widths = [40]\nmax_width = 80\nformats = ["webp"]\n'
        kept = 'widths = [40]\nformats = ["fallback"]\n'
        # The release holds JPEGs of 80 pixels, or the photographs themselves.
        for what, images in (("replaced", replaced), ("kept", kept)):
            self.build(site, "cold", images, cache)
            time.sleep(max(0.0, os.stat(site).st_ctime + 3 - time.time()))  # what changed just now is read again
            self.build(site, "warm", images, cache)
            cpu, _, report, _ = self.build(site, "warm", images, cache)
            print(f"rebuild of 900 pictures without change, {kib:.0f} KiB each, originals {what}: {cpu / 900 * 1e3:.2f} ms CPU each, cache {report['cache']}", flush=True)

    def corpus(self, kind, target):
        site = self.site("corpus", self.photos)
        word = "fallback" if kind == "jpeg" else kind
        images = f'widths = [100, 400, 800]\nmax_width = 1200\nformats = ["{word}"]\ntarget = {target}\n'
        cpu, _, report, manifest = self.build(site, "scores", images, "--cache_dir=off")
        rows = {}
        for entry in json.loads(manifest)["entries"]:
            for variant in entry.get("variants", ()):
                score = entry.get("notes", {}).get(f"score {kind} {variant.get('width')}")
                if score:
                    rows.setdefault(variant["width"], []).append((variant["size"], float(score)))
        print(f"{kind} at target {target}: {cpu:.1f} s CPU, search {report['search']}")
        for width, files in sorted(rows.items()):
            scores = [score for _, score in files]
            print(f"  {width:5} {len(files):3} files {sum(size for size, _ in files):9} B, worst {min(scores):.1f}, spread {max(scores) - min(scores):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", help="a folder of JPEG files instead of Debian's")
    parser.add_argument("--format", choices=["avif", "webp", "jpeg"], help="only this format's bytes and scores")
    parser.add_argument("--target", type=int, help="for --format")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skerry-pictures-") as work:
        photos = sorted(glob.glob(given.photos + "/*.jpg")) if given.photos else find_photos(work)
        print(f"{len(photos)} photographs, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors", flush=True)
        bench = Bench(work, photos)
        if given.format:
            return bench.corpus(given.format, given.target or 60)
        for part in (bench.large, bench.job, bench.rebuild):
            part()
            sys.stdout.flush()


if __name__ == "__main__":
    main()

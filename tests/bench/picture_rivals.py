#!/usr/bin/env python3
"""The bars of docs/pipeline.md about pictures: sharp, vipsthumbnail, cwebp, avifenc and ours on the same photographs in one run.

  npm install --prefix /elsewhere sharp
  tests/bench/picture_rivals.py --sharp=/elsewhere --score=/elsewhere/ssimulacra2 [--parts=job,avif,webp,jpeg,large,rebuild]

`--score` is the reference program of SSIMULACRA 2 (github.com/cloudinary/ssimulacra2), which judges everybody's files, ours too. What a
file is compared with is the photograph fully decoded, turned, and scaled by libvips' Lanczos 3 to the size of the file. Photographs are those
of pictures.py. A rival that is not installed is left out. Times are CPU seconds, user and system.
"""
import argparse
import concurrent.futures
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

import pictures

WIDTHS = [100, 400, 800, 1200]
JUDGED = [400, 800, 1200]
EXTENSIONS = {"avif": "avif", "webp": "webp", "jpeg": "jpg"}
# What our worst score is looked for between: around sharp's.
TARGETS = {"avif": [58, 60, 61], "webp": [65, 67], "jpeg": [65, 68, 71]}

# One decoding a photograph, each width from the next wider one: the cheapest way sharp offers.
SHARP_SHARED = """
import sharp from 'sharp'; import fs from 'node:fs'; import path from 'node:path'
const [source, out, formats] = process.argv.slice(2)
sharp.cache(false)
for (const file of fs.readdirSync(source).sort()) {
  let wider = null
  for (const width of [1200, 800, 400, 100]) {
    const from = wider ? sharp(wider.data, { raw: wider.info }) : sharp(path.join(source, file)).rotate()
    const { data, info } = await from.resize({ width }).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    wider = { data, info: { width: info.width, height: info.height, channels: info.channels } }
    for (const format of formats.split(',')) {
      const name = path.join(out, `${path.parse(file).name}-${width}.${format === 'jpeg' ? 'jpg' : format}`)
      await sharp(data, { raw: wider.info })[format]().toFile(name)
    }
  }
}
"""
SHARP_LARGE = """
import sharp from 'sharp'
sharp.cache(false)
const [source, way, ...widths] = process.argv.slice(2)
let wider = null
for (const width of widths.map(Number)) {
  const from = wider ? sharp(wider.data, { raw: wider.info }) : sharp(source)
  const made = await from.resize(width).raw().toBuffer({ resolveWithObject: true })
  if (way === 'shared') wider = { data: made.data, info: made.info }
}
"""


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


class Judge:
    """The reference score of a file against its photograph."""

    def __init__(self, program, work):
        self.program, self.work = program, work
        self.known = {}

    def original(self, photo, width, height):
        path = os.path.join(self.work, f"{os.path.basename(photo)}-{width}x{height}.png")
        if not os.path.exists(path):
            turned = f"{path}.{os.getpid()}.v"
            run("vips", "autorot", photo, turned)
            own = float(run("vipsheader", "-f", "width", turned))
            own_height = float(run("vipsheader", "-f", "height", turned))
            run("vips", "resize", turned, path + ".8.v", repr(width / own), "--vscale", repr(height / own_height), "--kernel", "lanczos3")
            run("vips", "cast", path + ".8.v", path + "[strip]", "uchar")
            os.unlink(turned)
            os.unlink(path + ".8.v")
        return path

    def shown(self, file):
        png = file + ".png"
        if file.endswith(".avif"):
            run("avifdec", file, png)
        elif file.endswith(".webp"):
            run("dwebp", "-quiet", file, "-o", png)
        else:
            run("vips", "copy", file, png + "[strip]")
        return png

    def score(self, photo, file):
        png = self.shown(file)
        width, height = (int(run("vipsheader", "-f", side, png)) for side in ("width", "height"))
        score = float(run(self.program, self.original(photo, width, height), png).split()[0])
        os.unlink(png)
        return score

    def rows(self, files):
        """{width: (bytes, worst, best)} of [(photo, width, file)]."""
        # A photograph at a time, so that its original is made once.
        by_photo = {}
        for photo, width, file in files:
            by_photo.setdefault(photo, []).append((width, file))

        def all_of(photo):
            return [(width, os.path.getsize(file), self.score(photo, file)) for width, file in by_photo[photo]]

        rows = {}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as crew:
            for found in crew.map(all_of, by_photo):
                for width, size, score in found:
                    rows.setdefault(width, []).append((size, score))
        return {width: (sum(s for s, _ in row), min(s for _, s in row), max(s for _, s in row)) for width, row in sorted(rows.items())}


class Rivals:
    def __init__(self, work, photos, given):
        self.work, self.photos, self.given = work, photos, given
        self.judge = Judge(given.score, work)
        self.bench = pictures.Bench(work, photos)
        self.count = 0

    def folder(self, name):
        self.count += 1
        path = os.path.join(self.work, f"{self.count}-{name}")
        os.makedirs(path)
        return path

    def linked(self, photos):
        folder = self.folder("site")
        for photo in photos:
            os.link(photo, os.path.join(folder, os.path.basename(photo))) if os.stat(photo).st_dev == os.stat(folder).st_dev else shutil.copy(photo, folder)
        return folder

    def files(self, out, photos, kind):
        for photo in photos:
            stem = os.path.splitext(os.path.basename(photo))[0]
            for width in WIDTHS:
                path = os.path.join(out, f"{stem}-{width}.{EXTENSIONS[kind]}")
                if os.path.exists(path):
                    yield photo, width, path

    # Each makes `kinds` of `photos` and tells where they are, what it cost in CPU and the peak of memory in MB.

    def sharp(self, photos, kinds):
        if not self.given.sharp:
            return None
        script = os.path.join(self.given.sharp, "skerry-bench.mjs")
        with open(script, "w", encoding="utf-8") as file:
            file.write(SHARP_SHARED)
        out = self.folder("sharp")
        cpu, memory = self.measured(["node", script, self.linked(photos), out, ",".join(kinds)])
        return out, cpu, memory

    def vipsthumbnail(self, photos, kinds):
        if not shutil.which("vipsthumbnail"):
            return None
        out, cpu, memory = self.folder("vipsthumbnail"), 0.0, 0.0
        for photo in photos:
            for width in WIDTHS:
                for kind in kinds:
                    name = f"{os.path.splitext(os.path.basename(photo))[0]}-{width}.{EXTENSIONS[kind]}"
                    one, peak = self.measured(["vipsthumbnail", photo, "--size", f"{width}x", "-o", f"{out}/{name}[strip]"])
                    cpu, memory = cpu + one, max(memory, peak)
        return out, cpu, memory

    def encoders(self, photos, kinds):
        """cwebp and avifenc as they come, avifenc at the quantizer that sharp's quality stands for; what they read costs extra."""
        out, cpu, memory = self.folder("encoders"), 0.0, 0.0
        for photo in photos:
            stem = os.path.splitext(os.path.basename(photo))[0]
            for width in WIDTHS:
                png = f"{out}/{stem}-{width}.png"
                cpu += self.measured(["vipsthumbnail", photo, "--size", f"{width}x", "-o", png + "[strip,compression=1]"])[0]
                for kind in kinds:
                    name = f"{out}/{stem}-{width}.{EXTENSIONS[kind]}"
                    avif = ["avifenc", "-s", "6", "-j", "1", "-y", "420", "--min", "0", "--max", "63", "-a", "end-usage=q", "-a", "cq-level=28", png, name]
                    command = {"avif": avif, "webp": ["cwebp", "-quiet", png, "-o", name]}.get(kind)
                    if command and shutil.which(command[0]):
                        one, peak = self.measured(command)
                        cpu, memory = cpu + one, max(memory, peak)
        return out, cpu, memory

    def ours(self, photos, kinds, target):
        """The files, what they cost, the report's line about the search."""
        words = ", ".join(f'"{"fallback" if kind == "jpeg" else kind}"' for kind in kinds)
        config = os.path.join(self.work, "ours.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[images]\nwidths = [100, 400, 800]\nmax_width = 1200\nformats = [{words}]\ntarget = {target}\n")
        out = self.folder("ours")
        usage = ["/usr/bin/time", "-f", "%U %S %M", "-o", out + ".usage", pictures.BINARY, "build", self.linked(photos), f"--out={out}", f"--config={config}", "--json", "--cache_dir=off", "--jobs=1"]
        done = subprocess.run(usage, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 3):
            sys.exit(done.stderr)
        with open(out + ".usage", encoding="utf-8") as file:
            user, system, peak = map(float, file.read().split()[-3:])
        files = {kind: [] for kind in kinds}
        with open(out + "/manifest.json", encoding="utf-8") as file:
            entries = json.load(file)["entries"]
        for entry in entries:
            photo = next(photo for photo in photos if os.path.basename(photo) == os.path.basename(entry.get("source", entry["path"])))
            if entry.get("width") == 1200 and "jpeg" in kinds:
                files["jpeg"].append((photo, 1200, out + "/files" + entry["path"]))
            for variant in entry.get("variants", ()):
                kind = variant.get("type", "").removeprefix("image/")
                if kind in files:
                    files[kind].append((photo, variant["width"], out + "/files" + variant["path"]))
            # Where a format saves nothing beside JPEG, its browsers get the JPEG.
            for kind in kinds:
                if entry.get("width") == 1200 and (photo, 1200) not in {one[:2] for one in files[kind]}:
                    files[kind].append((photo, 1200, out + "/files" + entry["path"]))
        return files, user + system, peak / 1024, json.loads(done.stdout)["search"]

    def measured(self, command):
        usage = self.work + "/usage"
        subprocess.run(["/usr/bin/time", "-f", "%U %S %M", "-o", usage, *map(str, command)], check=True, capture_output=True)
        with open(usage, encoding="utf-8") as file:
            user, system, peak = map(float, file.read().split()[-3:])
        return user + system, peak / 1024

    def show(self, name, rows):
        for width, (size, worst, best) in rows.items():
            print(f"  {name:24} {width:5} {size:9} B  worst {worst:5.1f}  spread {best - worst:4.1f}", flush=True)

    def kind(self, kind):
        """One format over all photographs: bytes at the worst score that each rival's own setting has."""
        print(f"{kind}, {len(self.photos)} photographs:", flush=True)
        rivals = {}
        for name in ("sharp", "vipsthumbnail", "encoders"):
            made = getattr(self, name)(self.photos, [kind])
            files = list(self.files(made[0], self.photos, kind)) if made else []
            if files:
                rivals[name] = self.judge.rows(files)
                self.show(f"{name} {made[1]:.1f} s", rivals[name])
        ours = {}
        spread = 0
        for target in TARGETS[kind]:
            files, cpu, _, search = self.ours(self.photos, [kind], target)
            ours[target] = self.judge.rows(files[kind])
            spread = max([spread] + [best - worst for width, (_, worst, best) in ours[target].items() if width in JUDGED])
            self.show(f"ours {target}, {cpu:.1f} s", ours[target])
            print(f"    search {search}: {search['probes'] / max(search['files'], 1):.2f} encodings a file" if "files" in search else f"    search {search}")
        print(f"  largest spread of ours: {spread:.1f}")
        for name, rows in rivals.items():
            self.compare(name, rows, ours)

    def compare(self, name, rows, ours):
        """Our bytes at the rival's worst score of each width, between two targets by the logarithm."""
        theirs_sum, ours_sum, words = 0, 0, []
        for width in JUDGED:
            points = sorted((made[width][1], made[width][0]) for made in ours.values() if width in made)
            size, worst, _ = rows[width]
            (s0, b0), (s1, b1) = self.around(points, worst)
            at = math.exp(math.log(b0) + (worst - s0) * (math.log(b1) - math.log(b0)) / (s1 - s0))
            theirs_sum, ours_sum = theirs_sum + size, ours_sum + at
            beyond = "" if points[0][0] <= worst <= points[-1][0] else " (extrapolated)"
            words.append(f"{width}: {at / size:.3f}{beyond}")
        print(f"  bytes at the worst score of {name}: {ours_sum / theirs_sum:.3f} of theirs ({', '.join(words)})", flush=True)

    @staticmethod
    def around(points, score):
        points = [point for i, point in enumerate(points) if i == 0 or point[0] > points[i - 1][0]]
        index = next((i for i, point in enumerate(points) if point[0] >= score), len(points) - 1)
        index = min(max(index, 1), len(points) - 1)
        return points[index - 1], points[index]

    def job(self):
        photos = [path for path in self.photos if os.path.basename(path) in pictures.JOB]
        print("2 photographs (6 and 16 MP) x 4 widths x 3 formats:", flush=True)
        kinds = list(EXTENSIONS)
        for name in ("sharp", "vipsthumbnail", "encoders"):
            made = getattr(self, name)(photos, kinds)
            if made:
                found = [file for kind in kinds for file in self.files(made[0], photos, kind)]
                print(f"  {name}: {made[1]:.1f} s CPU, {made[2]:.0f} MB, {len(found)} files, {sum(os.path.getsize(path) for _, _, path in found)} B")
                for kind in kinds:
                    if files := list(self.files(made[0], photos, kind)):
                        self.show(f"{name} {kind}", self.judge.rows(files))
        files, cpu, memory, search = self.ours(photos, kinds, self.given.target)
        found = [file for kind in kinds for file in files[kind]]
        print(f"  ours at target {self.given.target}: {cpu:.1f} s CPU, {memory:.0f} MB, {len(found)} files, {sum(os.path.getsize(path) for _, _, path in found)} B, search {search}")
        for kind in kinds:
            self.show(f"ours {kind}", self.judge.rows(files[kind]))

    def large(self):
        photo = next((path for path in self.photos if path.endswith(pictures.LARGE)), None)
        if photo and self.given.sharp:
            script = os.path.join(self.given.sharp, "skerry-bench-large.mjs")
            with open(script, "w", encoding="utf-8") as file:
                file.write(SHARP_LARGE)
            for way in ("each", "shared"):
                cpu, memory = self.measured(["node", script, photo, way, *pictures.EIGHT])
                print(f"20 MP to 8 widths, sharp, {way}: {cpu:.2f} s CPU with node's start, {memory:.0f} MB", flush=True)
        self.bench.large()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sharp", help="the folder in which npm installed it")
    parser.add_argument("--score", help="the reference program", default=shutil.which("ssimulacra2"))
    parser.add_argument("--photos", help="a folder of JPEG files instead of Debian's")
    parser.add_argument("--target", type=int, default=71, help="ours in the job of two photographs")
    parser.add_argument("--parts", default="large,job,avif,webp,jpeg,rebuild")
    given = parser.parse_args()
    if not given.score:
        sys.exit("--score=PROGRAM: the reference program of SSIMULACRA 2 is needed")
    with tempfile.TemporaryDirectory(prefix="skerry-rivals-") as work:
        photos = sorted(os.path.join(given.photos, name) for name in os.listdir(given.photos)) if given.photos else pictures.find_photos(work)
        print(f"{len(photos)} photographs, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors", flush=True)
        rivals = Rivals(work, photos, given)
        for part in given.parts.split(","):
            if part in EXTENSIONS:
                rivals.kind(part)
            elif part == "rebuild":
                rivals.bench.rebuild()
            else:
                getattr(rivals, part)()
            sys.stdout.flush()


if __name__ == "__main__":
    main()

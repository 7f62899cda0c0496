#!/usr/bin/env python3
"""What a returning visitor loads after an upgrade: 19 bundles of npm, each from one version to a later one.

    tests/bench/upgrades.py [--work=FOLDER]      needs skerry-pipeline in $SKERRY_OUT or out/release, npm and its registry

Two sites are built, one with the former and one with the later version of every bundle, the second with the first as
--previous. Printed are the bytes of each file, as br 11 and as dcz, and their sums. The tarballs stay in FOLDER.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PIPELINE = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "skerry-pipeline")
BAR = 620_000 / 2_505_837  # of br 11

UPGRADES = [
    ("react-dom", "umd/react-dom.production.min.js", "18.2.0", "18.3.1"),
    ("react-dom", "cjs/react-dom-client.production.js", "19.0.0", "19.1.0"),
    ("bootstrap", "dist/css/bootstrap.min.css", "5.2.3", "5.3.0"),
    ("bootstrap", "dist/js/bootstrap.bundle.min.js", "5.2.3", "5.3.0"),
    ("three", "build/three.module.js", "0.150.0", "0.151.0"),
    ("vue", "dist/vue.global.prod.js", "3.4.21", "3.5.0"),
    ("monaco-editor", "min/vs/editor/editor.main.js", "0.44.0", "0.45.0"),
    ("antd", "dist/antd.min.js", "5.11.0", "5.12.0"),
    ("jquery", "dist/jquery.min.js", "3.6.4", "3.7.1"),
    ("chart.js", "dist/chart.umd.js", "4.3.0", "4.4.0"),
    ("d3", "dist/d3.min.js", "7.8.5", "7.9.0"),
    ("lodash", "lodash.min.js", "4.17.20", "4.17.21"),
    ("echarts", "dist/echarts.min.js", "5.4.2", "5.4.3"),
    ("swiper", "swiper-bundle.min.js", "10.2.0", "10.3.0"),
    ("leaflet", "dist/leaflet.js", "1.9.3", "1.9.4"),
    ("katex", "dist/katex.min.js", "0.16.8", "0.16.9"),
    ("video.js", "dist/video.min.js", "8.5.2", "8.6.1"),
    ("htmx.org", "dist/htmx.min.js", "1.9.9", "1.9.10"),
    ("moment", "min/moment-with-locales.min.js", "2.29.4", "2.30.1"),
]


def tarball(work, name, version):
    path = os.path.join(work, f"{name}-{version}.tgz")
    if not os.path.exists(path):
        subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=work, check=True, stdout=subprocess.DEVNULL)
    return path


def member(work, name, version, file):
    with tarfile.open(tarball(work, name, version)) as archive:
        return archive.extractfile("package/" + file).read()


def write_site(folder, files):
    os.makedirs(os.path.join(folder, "lib"), exist_ok=True)
    tags = []
    for name, data in files.items():
        with open(os.path.join(folder, "lib", name), "wb") as file:
            file.write(data)
        tags.append(f'<link rel="stylesheet" href="/lib/{name}">' if name.endswith(".css") else f'<script src="/lib/{name}"></script>')
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as page:
        page.write("<!doctype html><title>upgrades</title>\n" + "\n".join(tags))


def build(site, out, *more):
    code = subprocess.run([PIPELINE, "build", site, f"--out={out}", "--cache_dir=off", *more], check=False, stdout=subprocess.DEVNULL).returncode
    if code not in (0, 3):  # 3: over a budget, but built
        raise SystemExit(f"build ended with {code}")
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as file:
        return {entry["source"]: entry for entry in json.load(file)["entries"] if "source" in entry}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", help="where tarballs and sites are kept (default: a temporary folder)")
    work = parser.parse_args().work or tempfile.mkdtemp(prefix="skerry-upgrades-")
    os.makedirs(work, exist_ok=True)
    sites = ({}, {})
    for number, (name, file, *versions) in enumerate(UPGRADES):
        for site, version in zip(sites, versions):
            # A source map that is not there would be looked for.
            data = member(work, name, version, file)
            site[f"{number:02}-{name.replace('.', '-')}{os.path.splitext(file)[1]}"] = data
    for which, site in zip(("before", "after"), sites):
        write_site(os.path.join(work, which), site)
    build(os.path.join(work, "before"), os.path.join(work, "before.release"))
    after = build(os.path.join(work, "after"), os.path.join(work, "after.release"), f"--previous={work}/before.release")
    sums = [0, 0, 0]
    print(f"{'bundle':34} {'versions':18} {'bytes':>10} {'br 11':>9} {'dcz':>8}")
    for (name, file, old, new), (key, data) in zip(UPGRADES, sites[1].items()):
        entry = after["/lib/" + key]
        sizes = {variant["coding"]: variant["size"] for variant in entry["variants"]}
        assert entry["sha256"] == hashlib.sha256(data).hexdigest(), f"{name}: the pipeline changed the bundle"
        row = (entry["size"], sizes["br"], sizes.get("dcz", sizes["br"]))
        sums = [total + size for total, size in zip(sums, row)]
        print(f"{name + ' ' + os.path.basename(file):34.34} {old + ' ' + new:18} {row[0]:10,} {row[1]:9,} {row[2]:8,}")
    print(f"{'all':34} {'':18} {sums[0]:10,} {sums[1]:9,} {sums[2]:8,}")
    share = sums[2] / sums[1]
    print(f"dcz is {share:.3f} of br 11; the bar is {BAR:.3f}")
    return 0 if share <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())

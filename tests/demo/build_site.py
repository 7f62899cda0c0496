#!/usr/bin/env python3
"""Builds the demo site with Vite, offline, into a folder.

usage: build_site.py OUT [--second]

    --second    the site of the second deploy: an entry is edited and the style sheet changed

Needs `npm ci` in tests/demo/site and the photographs of Debian's package lomiri-wallpapers-16.04. The photographs are put
beside the pages as they are: scaling them down is the pipeline's work (tests/demo/skerry.toml).
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SITE = os.path.join(HERE, "site")
WALLPAPERS = "/usr/share/backgrounds"

# What the pages call a photograph, and what the package calls it.
PHOTOS = {
    "aizkorri.jpg": "aitzgorri_by_Aitzol_Berasategi.jpg",
    "bridge.jpg": "Bridge_by_Sander_Klootwijk.jpg",
    "dandelions.jpg": "seeding_by_Clements_Engelhardt.jpg",
    "dogs.jpg": "friends_by_Aitzol_Berasategi.jpg",
    "dragonfly.jpg": "Dragonfly_by_Bolly.jpg",
    "fig.jpg": "Picture_0B_by_freespace.jpg",
    "picos.jpg": "picosdeeuropa_by_Aitzol_Berasategi.jpg",
    "stream.jpg": "life_by_Aitzol_Berasategi.jpg",
    "sunset.jpg": "sunset_by_Aitzol_Berasategi.jpg",
}

# (file, before, after): what changed between the two deploys.
SECOND_DEPLOY = (
    (
        "index.html",
        "<h1>Walks taken slowly, written down the same evening</h1>",
        "<h1>Walks taken slowly, written down the same evening</h1>\n"
        "<p><strong>New this week:</strong> the snow on the <a href=\"/walks/picos/\">path in the Picos</a> is gone. We went back "
        "with proper shoes, found a puddle, and crossed it in triumph.</p>",
    ),
    (
        "walks/picos/index.html",
        "<p>At the first snow we stopped.",
        "<p>(On our second visit, three weeks later, there was none.)</p>\n<p>At the first snow we stopped.",
    ),
    ("src/styles/main.css", "--larch: #b4622a;", "--larch: #a34a1c;"),
)


def fail(message):
    sys.exit(f"build_site.py: {message}")


def copy_photos(folder):
    os.makedirs(folder)
    for name, original in PHOTOS.items():
        source = os.path.join(WALLPAPERS, original)
        if not os.path.exists(source):
            fail(f"no photograph {source}; install Debian's package lomiri-wallpapers-16.04 (./dev run does)")
        shutil.copyfile(source, os.path.join(folder, name))


def edit_for_second_deploy(work):
    for name, before, after in SECOND_DEPLOY:
        path = os.path.join(work, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.count(before) != 1:
            fail(f"{name} no longer holds the text that the second deploy changes: {before[:60]}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(before, after))


def build(out, second=False):
    """Leaves the built site in `out`, which is emptied first."""
    vite = os.path.join(SITE, "node_modules/vite/bin/vite.js")
    if not os.path.exists(vite):
        fail(f"Vite is missing; run `npm ci` in {SITE} (./dev run does)")
    with tempfile.TemporaryDirectory(prefix="skerry-demo-") as work:
        shutil.copytree(SITE, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist"))
        os.symlink(os.path.join(SITE, "node_modules"), os.path.join(work, "node_modules"))
        copy_photos(os.path.join(work, "public/photos"))
        if second:
            edit_for_second_deploy(work)
        done = subprocess.run(
            ["node", vite, "build", "--outDir", os.path.abspath(out), "--emptyOutDir", "--logLevel", "warn"],
            cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode:
            fail(f"vite build failed:\n{done.stdout}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out")
    arguments.add_argument("--second", action="store_true")
    given = arguments.parse_args()
    build(given.out, given.second)


if __name__ == "__main__":
    main()

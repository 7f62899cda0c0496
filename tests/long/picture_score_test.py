#!/usr/bin/env python3
"""The score that pictures are searched by, beside butteraugli: do the two put the same files in the same order?

Photographs are those of Debian's lomiri-wallpapers-16.04, scaled to 400 pixels and coded at many settings by Debian's own
cwebp, avifenc and cjpeg. Skipped where butteraugli_main (libjxl-tools) or an encoder is missing.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "skerry-pipeline")
PHOTOS = sorted(glob.glob("/usr/share/backgrounds/*_by_*.jpg"))
PROGRAMS = ["butteraugli_main", "vips", "vipsthumbnail", "cwebp", "dwebp", "avifenc", "avifdec"]
PHOTOS_COMPARED = 6
TIMEOUT_SECONDS = 1200


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def ranks(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    rank = [0.0] * len(values)
    for place, index in enumerate(order):
        rank[index] = float(place)
    return rank


def spearman(a, b):
    a, b = ranks(a), ranks(b)
    mean = (len(a) - 1) / 2
    above = sum((x - mean) * (y - mean) for x, y in zip(a, b))
    return above / sum((x - mean) ** 2 for x in a)


@unittest.skipUnless(PHOTOS and all(map(shutil.which, PROGRAMS)), "needs photographs and " + ", ".join(PROGRAMS))
class PictureScore(unittest.TestCase):
    def coded(self, original, folder):
        """PNG files of what browsers would show."""
        for quality in (20, 40, 60, 75, 85, 93):
            name = f"{folder}/w{quality}"
            run("cwebp", "-quiet", "-q", quality, original, "-o", name + ".webp")
            run("dwebp", "-quiet", name + ".webp", "-o", name + ".png")
            yield name + ".png"
            name = f"{folder}/j{quality}"
            run("vips", "jpegsave", original, name + ".jpg", "--Q", quality)
            run("vips", "copy", name + ".jpg", name + ".png")
            yield name + ".png"
        for quantizer in (16, 24, 32, 40, 48):
            name = f"{folder}/a{quantizer}"
            run("avifenc", "-s", 8, "-j", 1, "--min", 0, "--max", 63, "-a", "end-usage=q", "-a", f"cq-level={quantizer}", original, name + ".avif")
            run("avifdec", name + ".avif", name + ".png")
            yield name + ".png"

    def test_the_order_is_that_of_butteraugli(self):
        found = []
        for photo in PHOTOS[:PHOTOS_COMPARED]:
            with tempfile.TemporaryDirectory(prefix="skerry-score-") as folder:
                original = f"{folder}/original.png"
                run("vipsthumbnail", photo, "--size", "400x", "-o", original + "[strip]")
                ours, theirs = [], []
                for file in self.coded(original, folder):
                    ours.append(float(run(BINARY, "score", original, file)))
                    theirs.append(-float(re.search(r"3-norm:\s*([\d.]+)", run("butteraugli_main", original, file)).group(1)))
                found.append(spearman(ours, theirs))
                print(f"{os.path.basename(photo)}: {len(ours)} files, rank correlation {found[-1]:.3f}", flush=True)
        self.assertGreaterEqual(sum(found) / len(found), 0.9)
        self.assertGreaterEqual(min(found), 0.8)


if __name__ == "__main__":
    unittest.main()

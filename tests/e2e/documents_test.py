"""The commands that README.md and docs/first-deploy.md show do what the text around them says.

Every block marked ```sh is run as it stands, in one shell, but for ports (free ones), folders (a test's own) and
`./dev build` (done).
"""
import contextlib
import os
import random
import re
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from skerry import OUT, ROOT, Case  # noqa: E402

PORTS = ("3000", "8080", "8443", "9443", "9400", "9401", "9500")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def blocks(path, language):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", read(path), re.DOTALL | re.MULTILINE)
    return [text for its, text in found if its == language]


def free_ports(count):
    """Below those that the kernel gives to whoever binds 0 or connects: nobody takes them before we do."""
    held = []
    while len(held) < count:
        with contextlib.suppress(OSError):
            held.append(socket.create_server(("127.0.0.1", random.randrange(20000, 32000))))
    ports = [str(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def once_it_answers(url):
    """Shell that waits until somebody serves there."""
    return f"for turn in $(seq 600); do curl -sf -o /dev/null {url} && break; sleep 0.05; done\n"


class DocumentsTest(Case):
    def setUp(self):
        super().setUp()
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))

    def placed(self, text):
        """The text with this test's ports and folders."""
        ours = {"./dev build\n": "", "$PWD/../release": OUT, "out/release": OUT, "out/try": f"{self.folder}/try",
                "out/first-steps": f"{self.folder}/cache", "configs/edge-first-steps.toml": f"{self.folder}/first-steps.toml"}
        shown = "|".join(map(re.escape, ours)) + r"|\b(?:" + "|".join(PORTS) + r")\b"
        return re.sub(shown, lambda found: ours.get(found.group()) or self.ports.get(found.group(), ""), text)

    def run_blocks(self, path, ready):
        """What each block printed. `ready` is asked for before the second one."""
        script = "set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
        for number, block in enumerate(blocks(path, "sh")):
            if number == 1:
                script += "".join(once_it_answers(url) for url in ready)
            script += "echo '<<<>>>'\n" + block
        done = subprocess.run(["bash", "-c", self.placed(script)], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, check=False, env={**os.environ, "XDG_CACHE_HOME": self.folder, "TMPDIR": self.folder})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [printed.strip() for printed in done.stdout.split("<<<>>>\n")[1:]]

    def test_the_readmes_five_minutes(self):
        self.file("first-steps.toml", self.placed(read("configs/edge-first-steps.toml")))
        _, asked, counted = self.run_blocks("README.md", ["http://127.0.0.1:9443/readyz", "http://127.0.0.1:3000/"])
        shown = [block.strip() for block in blocks("README.md", "") if "cache-status" in block]
        # A second may pass between the two.
        self.assertEqual([re.sub(r"ttl=\d+", "ttl=60", asked)], shown)
        self.assertEqual(counted.splitlines()[0], "HTTP/2 200")
        self.assertIn('skerry_cache_hits_total{tier="ram"} 1', counted)

    def test_a_first_deploy(self):
        printed = self.run_blocks("docs/first-deploy.md", ["http://127.0.0.1:9443/readyz", "http://127.0.0.1:9401/readyz"])
        _, nodes, pushed, asked, purged, deployed, rolled_back, _ = printed
        self.assertIn('"edge-1"', nodes)
        self.assertIn('"shield-1"', nodes)
        self.assertIn("activation 1 is complete", pushed)
        self.assertIn("High water at six.", asked)
        self.assertIn("skerry-edge; hit", asked.splitlines()[-1])
        self.assertRegex(purged, r"edge-1 +applied")
        self.assertRegex(purged, r"shield-1 +applied")
        self.assertIn("skerry-edge; fwd=uri-miss", purged.splitlines()[-1])
        self.assertRegex(deployed, r"sent +1 ")
        self.assertIn("at seven", deployed.splitlines()[-1])
        self.assertRegex(rolled_back, r"sent +0 ")
        self.assertIn("at six", rolled_back.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()

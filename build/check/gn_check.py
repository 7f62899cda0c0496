"""`gn check`: no include without a dependency, no private header of another target."""
import subprocess

import tree


def problems():
    done = subprocess.run(["gn", "check", tree.OUT], cwd=tree.ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else [done.stdout.strip() + done.stderr.strip()]

"""docs/options.md and docs/schema/ are what the programs' option tables say; `build/options.py` writes them."""
import os
import subprocess
import sys

import tree


def problems():
    writer = os.path.join(tree.ROOT, "build/options.py")
    done = subprocess.run([sys.executable, "-B", writer, "--check"], capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode else []

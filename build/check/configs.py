"""The examples in configs/ are valid: PROGRAM-NAME.toml passes `skerry-PROGRAM --check_config`."""
import os
import subprocess

import tree

_PROGRAMS = ("edge", "shield", "purge")


def problems():
    found = []
    for path in tree.files(".toml"):
        folder, name = os.path.split(path)
        program = name.split("-")[0]
        if folder != "configs":
            continue
        if program == "pipeline":
            continue  # pipeline's own tests load these
        if program not in _PROGRAMS:
            found.append(f"{path}: named PROGRAM-NAME.toml, PROGRAM one of {', '.join(_PROGRAMS)}, pipeline")
            continue
        binary = os.path.join(tree.OUT, f"skerry-{program}")
        if not os.access(binary, os.X_OK):
            found.append(f"{path}: {os.path.relpath(binary, tree.ROOT)} is not built: ./dev build")
            continue
        done = subprocess.run([binary, "--check_config", f"--config={path}"], cwd=tree.ROOT, capture_output=True, text=True, timeout=20)
        if done.returncode:
            found.append(f"{path}: exit code {done.returncode}\n    " + done.stderr.strip())
    return found

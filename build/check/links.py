"""Links between the documents lead somewhere."""
import os
import re

import tree

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def problems():
    found = []
    for path in tree.files(".md"):
        text = _FENCE.sub("", tree.read(path))
        for target in _LINK.findall(text):
            if re.match(r"[a-z]+:", target) or target.startswith("#"):
                continue
            goal = os.path.normpath(os.path.join(tree.ROOT, os.path.dirname(path), target.split("#")[0]))
            if not os.path.exists(goal):
                found.append(f"{path}: link to {target}, which is not there")
    return found

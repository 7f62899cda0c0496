"""Every .h and .cc is in a target: `gn check` does not see files that no target lists."""
import tree


def problems():
    listed = set()
    for target in tree.targets().values():
        listed.update(target.get("sources", []))
        if isinstance(target.get("public"), list):
            listed.update(target["public"])
    return [f"{path} is in no target" for path in tree.files(".h", ".cc") if "//" + path not in listed]

"""Every target says who may use it, and every library which of its headers are public."""
import tree


def problems():
    found = []
    for label, target in tree.targets().items():
        folder = label[2:].split(":")[0]
        # //:default and //:tests are for everyone; wrappers of libraries are made by one template.
        if folder == "" or folder == "third_party/googletest" or target["type"] == "group":
            continue
        if target["visibility"] == ["*"]:
            found.append(f"{label} has no visibility")
        if target["type"] in ("source_set", "static_library") and target.get("public") == "*":
            found.append(f"{label} does not list its public headers (public = [ … ])")
    return found

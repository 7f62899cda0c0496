"""Every fuzzer has seeds in tests/fuzz/NAME/, and every folder there its fuzzer."""
import os

import tree


def problems():
    found = []
    fuzzers = {label.split(":")[1].removesuffix("_fuzzer") for label in tree.targets() if label.endswith("_fuzzer")}
    corpora = os.path.join(tree.ROOT, "tests/fuzz")
    folders = set(os.listdir(corpora)) if os.path.isdir(corpora) else set()
    for name in sorted(fuzzers):
        if name not in folders or not os.listdir(os.path.join(corpora, name)):
            found.append(f"{name}_fuzzer has no seeds in tests/fuzz/{name}/")
    found += [f"tests/fuzz/{name}/ has no target {name}_fuzzer" for name in sorted(folders - fuzzers)]
    return found

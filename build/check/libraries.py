"""A library stays in the room that wraps it, and out of public headers."""
import tree

# Begin of an include -> rooms or folders that may have it.
_OWNERS = {
    "nghttp2/": ("core/http/",),
    "boost/beast": ("core/http/",),
    "openssl/": ("core/base/", "core/net/"),
    "rocksdb/": ("core/cache/disk/", "origin-shield/", "purge-api/"),
    "vips/": ("pipeline/",),
    "webp/": ("pipeline/",),
    "avif/": ("pipeline/",),
    "gumbo": ("pipeline/",),
    "gflags/": ("core/config/",),
    "maxminddb": ("edge/",),
    "toml++/": ("core/config/",),
    "spdlog/": ("core/base/",),
    "prometheus/": ("core/base/",),
    "simdjson": ("core/cache/purge/", "purge-api/accept/"),
}
# Heavy, or with names of their own: never in what another room includes.
_NEVER_PUBLIC = ("boost/", "spdlog/", "rocksdb/", "nlohmann/", "toml++/", "gflags/", "nghttp2/", "openssl/", "prometheus/", "curl/", "simdjson")


def problems():
    found = []
    public = {header[2:] for target in tree.targets().values() if isinstance(target.get("public"), list) for header in target["public"]}
    for path in tree.files(".h", ".cc"):
        for line, header, quoted in tree.includes(path):
            if quoted:
                continue
            for begin, owners in _OWNERS.items():
                if header.startswith(begin) and not path.startswith((*owners, "tests/")):
                    found.append(f"{path}:{line}: <{header}> belongs to " + ", ".join(owners))
            if path in public and header.startswith(_NEVER_PUBLIC):
                found.append(f"{path}:{line}: <{header}> in a public header")
    return found

"""What pages and style sheets refer to, read in another way than the pipeline does: html.parser and one regular expression.

references(path, text) -> (url, is it loaded with the page?); resolve(path, url) -> site path, or None for other origins.
"""
import html.parser
import posixpath
import re
import urllib.parse

LOADED = {
    ("audio", "src"), ("embed", "src"), ("image", "href"), ("image", "xlink:href"), ("img", "src"), ("input", "src"),
    ("object", "data"), ("script", "src"), ("source", "src"), ("track", "src"), ("use", "href"), ("use", "xlink:href"),
    ("video", "poster"), ("video", "src"),
}
LINKED = {("a", "href"), ("area", "href"), ("iframe", "src")}
LOADING_RELS = {"stylesheet", "icon", "apple-touch-icon", "manifest", "modulepreload", "preload"}
CSS_URL = re.compile(
    r"""/\*.*?\*/|url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]*))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')""", re.DOTALL | re.IGNORECASE)


def css_references(text):
    for found in CSS_URL.finditer(text):
        url = next((group for group in found.groups() if group is not None), None)
        if url:
            yield url


class _Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.in_style = False

    def handle_starttag(self, tag, attrs):
        self.in_style = tag == "style"
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if (tag, name) in LOADED:
                self.found.append((value, True))
            elif (tag, name) in LINKED:
                self.found.append((value, False))
            elif name in ("srcset", "imagesrcset"):
                self.found += [(part.split()[0], True) for part in value.split(",") if part.split()]
            elif name == "style":
                self.found += [(url, True) for url in css_references(value)]
        if tag == "link" and "href" in given:
            rels = set(given.get("rel", "").lower().split())
            self.found.append((given["href"], bool(rels & LOADING_RELS)))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.in_style = False

    def handle_endtag(self, tag):
        self.in_style = False

    def handle_data(self, data):
        if self.in_style:
            self.found += [(url, True) for url in css_references(data)]


def references(path, text):
    if path.endswith(".css"):
        return [(url, True) for url in css_references(text)]
    page = _Page()
    page.feed(text)
    return page.found


def resolve(path, url):
    absolute = urllib.parse.urljoin("http://site" + urllib.parse.quote(path), url)
    parts = urllib.parse.urlsplit(absolute)
    if parts.scheme != "http" or parts.netloc != "site":
        return None
    target = urllib.parse.unquote(parts.path)
    return posixpath.join(target, "index.html") if target.endswith("/") else target

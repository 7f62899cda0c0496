"""Functions fit on a screen and files in a head: more than 60 or 700 lines need splitting.

A longer function that is better whole (one switch over a protocol's codes) has a line in the comment above it that
begins with `// Long:` and says why.
"""
import re

import tree

LONGEST_FUNCTION = 60
LONGEST_FILE = 700
_BLANKED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
_SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b[^()=]*$")


def _blank(text):
    """The text without comments and literals, the lines kept."""
    return _BLANKED.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def functions(text):
    """(first line, last line) of each function body that stands in a namespace or class."""
    code = _blank(re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda found: re.sub(r"[^\n]", " ", found.group()), text))
    open_blocks = []  # (is it a scope, is it a function, line)
    line = 1
    prelude = ""
    begun = 1  # line of the prelude's first word
    for character in code:
        if character == "{":
            in_scope = all(scope for scope, _, _ in open_blocks)
            scope = bool(_SCOPE.search(prelude)) and in_scope
            function = in_scope and not scope and ")" in prelude and not prelude.rstrip().endswith("=")
            open_blocks.append((scope, function, begun))
            prelude = ""
        elif character == "}":
            if open_blocks:
                _, function, first = open_blocks.pop()
                if function:
                    yield first, line
            prelude = ""
        elif character == ";":
            prelude = ""
        else:
            if not prelude.strip() and not character.isspace():
                begun = line
            prelude += character
        if character == "\n":
            line += 1


def _says_why(lines, first):
    above = first - 2
    while above >= 0 and lines[above].lstrip().startswith("//"):
        if lines[above].lstrip().startswith("// Long:"):
            return True
        above -= 1
    return False


def problems():
    found = []
    for path in tree.files(".h", ".cc"):
        text = tree.read(path)
        lines = text.splitlines()
        if len(lines) > LONGEST_FILE:
            found.append(f"{path} has {len(lines)} lines; {LONGEST_FILE} is the limit")
        for first, last in functions(text):
            if last - first + 1 > LONGEST_FUNCTION and not _says_why(lines, first):
                found.append(f"{path}:{first}: a function of {last - first + 1} lines; split it, or say why above it: // Long: …")
    return found

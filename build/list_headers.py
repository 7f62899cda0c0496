#!/usr/bin/env python3
"""Lists the headers below folders of /usr/include, a path a line, for GN.

usage: list_headers.py FOLDER...
"""
import os
import sys

for folder in sys.argv[1:]:
    for top, _, files in sorted(os.walk(f"/usr/include/{folder}")):
        for name in sorted(files):
            if name.endswith((".h", ".hpp", ".ipp")):
                print(f"{top}/{name}")

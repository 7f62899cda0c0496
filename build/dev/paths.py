"""Where things are in the tree."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def in_tree(*parts):
    return os.path.join(ROOT, *parts)


def out(variant="release"):
    return os.path.join(ROOT, "out", variant)

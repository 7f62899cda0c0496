"""What people see: headings, colours, tables. Colour and progress only on a terminal; NO_COLOR is respected."""
import os
import sys

ON_TERMINAL = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
_COLOURS = {"green": "32", "red": "31", "yellow": "33", "bold": "1", "dim": "2"}


class Failure(Exception):
    """Ends the command with a message and an exit code: 1 it failed, 2 it was asked wrongly or cannot run here."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def colour(name, text):
    if not ON_TERMINAL or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{_COLOURS[name]}m{text}\033[0m"


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(colour("bold", text))


def progress(text):
    """Replaces the last line on a terminal; nothing elsewhere."""
    if ON_TERMINAL:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else 80
        print(f"\r\033[K{text[:width - 1]}", end="", flush=True)


def progress_done():
    if ON_TERMINAL:
        print("\r\033[K", end="", flush=True)

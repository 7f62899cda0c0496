"""A disk that fails or is slow on command, under a program that knows nothing of it: faulty_disk.c, built on the spot."""
import os
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faulty_disk.c")


class FaultyDisk:
    """The files below `folder`, for programs started with `env`; `scratch` is for what this needs itself."""

    def __init__(self, scratch, folder):
        library, self._orders = os.path.join(scratch, "faulty_disk.so"), os.path.join(scratch, "orders")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        self.order("")
        self.env = {"LD_PRELOAD": library, "FAULTY_DISK": folder, "FAULTY_DISK_ORDERS": self._orders}

    def order(self, words):
        """From now on: "write" and "read" fail, "slow" reads take their time, "stuck" writes wait; "" ends it all."""
        fresh = self._orders + ".new"
        with open(fresh, "w", encoding="ascii") as file:
            file.write(words)
        os.rename(fresh, self._orders)


def works_with(binary):
    """The sanitizers' runtimes answer the calls before a preloaded library can."""
    symbols = subprocess.run(["nm", "-D", "--defined-only", binary], capture_output=True, text=True, check=False).stdout
    return "__asan_init" not in symbols and "__tsan_init" not in symbols

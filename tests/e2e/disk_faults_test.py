"""A disk that is full, out of file descriptors, or not what was written: clients of the running edge notice nothing. Real files."""
import glob
import hashlib
import http.client
import os
import random
import resource
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from faulty_disk import FaultyDisk, works_with  # noqa: E402
from skerry import Case, binary, eventually, metric  # noqa: E402

ALONE = True  # a bar is a time
TIMEOUT_SECONDS = 300
SIZE = 200_000


def body_of(path):
    block = hashlib.sha256(path.encode()).digest() * 32
    return (block * (SIZE // len(block) + 1))[:SIZE]


class DiskFaultsTest(Case):
    def setUp(self):
        super().setUp()
        self.server = self.origin()
        self.serial = 0

    def offer(self, path):
        self.server.answers[path] = (200, {"Cache-Control": "public, max-age=3600", "ETag": f'"{path}"'}, body_of(path))
        return path

    def new_paths(self, count):
        self.serial += count
        return [self.offer(f"/o/{number}.bin") for number in range(self.serial - count, self.serial)]

    def start_edge(self, cache, env=None):
        edge = self.start("skerry-edge", "--https=127.0.0.1:0", "--http=127.0.0.1:0", "--admin=127.0.0.1:0", "--workers=1", "--ram_cache=16MiB",
                          "--disk_cache=256MiB", f"--cache_dir={cache}", f"--origin={self.server.url}", env=env)
        host, port = edge.ready["http"].rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=20)
        self._stack.callback(self.connection.close)
        return edge

    def get(self, path):
        """The right bytes, or the test fails; answers what Cache-Status says."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        self.assertEqual(answer.status, 200, path)
        self.assertTrue(body == body_of(path), f"wrong bytes for {path}")
        return answer.getheader("Cache-Status", "")

    def get_all(self, paths):
        return sum("; hit" in self.get(path) for path in paths)

    def fill(self, edge, paths):
        """The same, and all of it is stored, however slow the disk is: never do 16 MiB wait for it, from which on none are admitted."""
        there = metric(edge.ready["admin"], "skerry_disk_objects")
        for begin in range(0, len(paths), 50):
            some = paths[begin:begin + 50]
            self.get_all(some)
            there += len(some)
            eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") >= there, 60, "all is on disk")

    def flushed(self, edge, objects):
        eventually(lambda: metric(edge.ready["admin"], "skerry_disk_objects") >= objects, what="all is on disk")
        eventually(lambda: metric(edge.ready["admin"], "skerry_store_unflushed_bytes") == 0, what="all is flushed")

    def stores_again(self, edge):
        """Seconds until something new was stored."""
        before, begun = metric(edge.ready["admin"], "skerry_disk_objects"), time.monotonic()

        def stored():
            self.get_all(self.new_paths(1))
            return metric(edge.ready["admin"], "skerry_disk_objects") > before
        eventually(stored, 30, "something is stored again")
        return time.monotonic() - begun

    def store_files(self, cache):
        return sorted(path for path in glob.glob(f"{cache}/store/*") if os.path.isfile(path))

    def test_flipped_bits_cut_and_missing_files_are_misses_while_it_runs(self):
        cache = os.path.join(self.folder, "cache")
        edge = self.start_edge(cache)
        paths = self.new_paths(300)  # four times the memory
        self.fill(edge, paths)
        self.flushed(edge, 300)
        chance = random.Random(7)
        for path in self.store_files(cache):
            if not path.endswith(".seg"):
                continue
            with open(path, "r+b") as file:
                size = os.path.getsize(path)
                for _ in range(size // 400_000):
                    at = chance.randrange(size)
                    file.seek(at)
                    byte = file.read(1)[0]
                    file.seek(at)
                    file.write(bytes([byte ^ 1 << chance.randrange(8)]))
        self.assertLess(self.get_all(paths), 300)
        self.assertGreater(metric(edge.ready["admin"], "skerry_store_corrupt_total"), 10)
        for path in self.store_files(cache):
            if path.endswith(".seg"):
                os.truncate(path, os.path.getsize(path) // 2)
        self.get_all(paths)
        for path in self.store_files(cache):
            os.remove(path)
        self.get_all(paths)
        self.assertIsNone(edge.process.poll())

    def test_a_damaged_store_is_a_miss_or_begun_anew_at_the_next_start(self):
        cache = os.path.join(self.folder, "cache")
        edge = self.start_edge(cache)
        paths = self.new_paths(40)
        self.get_all(paths)
        self.flushed(edge, 40)
        self.assertEqual(edge.terminate(), 0)
        whole = os.path.join(self.folder, "whole")
        shutil.copytree(cache, whole)
        chance = random.Random(5)
        names = [os.path.basename(path) for path in self.store_files(whole)]
        harms = [(name, harm) for name in names for harm in ("flip", "cut", "delete") if name not in ("LOG", "LOG.old", "OWNER")]
        if "SKERRY_FULL" not in os.environ:
            harms = harms[::3] + harms[1::9]  # DamageTest does each of them, without a process around it
        for name, harm in harms:
            with self.subTest(file=name, harm=harm):
                shutil.rmtree(cache)
                shutil.copytree(whole, cache)
                path = f"{cache}/store/{name}"
                size = os.path.getsize(path)
                if harm == "delete" or size == 0:
                    os.remove(path)
                elif harm == "cut":
                    os.truncate(path, size // 2)
                else:
                    with open(path, "r+b") as file:
                        at = chance.randrange(size)
                        file.seek(at)
                        byte = file.read(1)[0]
                        file.seek(at)
                        file.write(bytes([byte ^ 4]))
                edge = self.start_edge(cache)
                self.get_all(paths)
                log = edge.log()
                self.assertEqual(edge.terminate(), 0)
                if glob.glob(f"{cache}/store.broken-*"):
                    self.assertIn("the store is damaged; it was moved aside and a new one begun", log)

    def small_file_system(self, megabytes):
        folder = os.path.join(self.folder, "small")
        os.makedirs(folder)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False)
        if done.returncode:
            self.skipTest("mount is refused here; RepairTest makes the same claims on a made-up full disk")
        self._stack.callback(subprocess.run, ["umount", "-l", folder], check=False)
        return folder

    def test_a_full_disk_costs_no_client_an_answer_and_is_written_to_again(self):
        small = self.small_file_system(96)
        edge = self.start_edge(os.path.join(small, "cache"))
        paths = self.new_paths(100)
        self.get_all(paths)
        self.flushed(edge, 100)
        with open(os.path.join(small, "filler"), "wb") as filler:  # somebody else takes the rest
            try:
                while True:
                    filler.write(bytes(1 << 16))
                    filler.flush()
            except OSError:
                pass
        hot = self.new_paths(5)
        for _ in range(6):
            self.get_all(self.new_paths(30))
            self.get_all(hot)
        self.assertEqual(self.get_all(hot), 5, "served from memory")
        self.get_all(paths)
        self.assertRegex(edge.log(), "disk: (the file system is full|writing failed)")
        os.remove(os.path.join(small, "filler"))
        self.assertLess(self.stores_again(edge), 10)
        self.assertRegex(edge.log(), "disk: (the file system has room|writing works) again")
        self.assertIsNone(edge.process.poll())

    def test_a_disk_that_answers_errors_costs_no_client_an_answer_and_is_written_to_again(self):
        if not works_with(binary("skerry-edge")):
            self.skipTest("a sanitizer's build; RepairTest makes the same claims with a disk that is made up inside")
        cache = os.path.join(self.folder, "cache")
        disk = FaultyDisk(self.folder, cache)
        edge = self.start_edge(cache, env=disk.env)
        paths = self.new_paths(100)
        self.get_all(paths)
        self.flushed(edge, 100)
        hot = self.new_paths(5)
        for words in ("write", "write read"):
            disk.order(words)
            for _ in range(6):
                self.get_all(self.new_paths(30))
                self.get_all(hot)
            self.assertEqual(self.get_all(hot), 5, "served from memory")
            self.get_all(paths)
            self.assertIn("disk: writing failed; serving goes on, nothing is stored", edge.log())
            disk.order("")
            self.assertLess(self.stores_again(edge), 10)
            self.get_all(paths)
        self.assertIn("disk: writing works again", edge.log())
        self.assertIsNone(edge.process.poll())

    def test_a_disk_that_stands_still_holds_up_nobody_and_what_was_not_stored_is_at_the_next_request(self):
        if not works_with(binary("skerry-edge")):
            self.skipTest("a sanitizer's build; DiskTest makes the same claims with an appender that waits")
        cache = os.path.join(self.folder, "cache")
        disk = FaultyDisk(self.folder, cache)
        edge = self.start_edge(cache, env=disk.env)
        self._stack.callback(disk.order, "")
        disk.order("stuck")
        paths = self.new_paths(300)
        self.get_all(paths)  # 60 MB, of which not more than 32 MiB may wait: admission stops at half of it
        self.assertEqual(metric(edge.ready["admin"], "skerry_disk_objects"), 0)
        waiting = metric(edge.ready["admin"], "skerry_store_unflushed_bytes")
        self.assertTrue(14 << 20 < waiting < 20 << 20, waiting)
        disk.order("")
        self.flushed(edge, 60)
        self.assertLess(metric(edge.ready["admin"], "skerry_disk_objects"), 100)
        for begin in range(0, len(paths), 50):
            self.get_all(paths[begin:begin + 50])
            self.flushed(edge, 0)
        self.assertEqual(self.get_all(paths), 300, "in memory or on disk")

    def test_out_of_file_descriptors_it_proxies_and_stores_again_when_there_are_some(self):
        cache = os.path.join(self.folder, "cache")
        edge = self.start_edge(cache)
        paths = self.new_paths(20)
        self.get_all(paths)
        self.flushed(edge, 20)
        before = resource.prlimit(edge.pid, resource.RLIMIT_NOFILE)
        # Only what it has: neither a new file nor a new connection.
        resource.prlimit(edge.pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{edge.pid}/fd")), before[1]))
        hot = self.new_paths(5)
        for _ in range(6):
            self.get_all(self.new_paths(30))  # several segments
            self.get_all(hot)
        self.assertEqual(self.get_all(hot), 5)
        self.get_all(paths)
        resource.prlimit(edge.pid, resource.RLIMIT_NOFILE, before)
        self.assertLess(self.stores_again(edge), 10)
        self.get_all(paths)
        self.assertIsNone(edge.process.poll())


if __name__ == "__main__":
    unittest.main()

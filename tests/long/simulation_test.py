#!/usr/bin/env python3
"""A million random schedules keep the promise of a receipt (tests/simulation); `./dev test` runs the first 20,000."""
import concurrent.futures
import os
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.environ.get("SKERRY_OUT", os.path.join(ROOT, "out/release")), "simulation_test")
SCHEDULES = 1_000_000
PART = 50_000


def run(first):
    settings = {"SKERRY_SIMULATION_FIRST": str(first), "SKERRY_SIMULATION_SCHEDULES": str(PART)}
    done = subprocess.run([BINARY, "--gtest_filter=SimulationTest.NoReceiptIsBroken"], env={**os.environ, **settings}, capture_output=True, text=True)
    return done.returncode, done.stdout


class SimulationTest(unittest.TestCase):
    def test_a_million_schedules_keep_the_promise(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for code, said in pool.map(run, range(1, SCHEDULES + 1, PART)):
                self.assertEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main()

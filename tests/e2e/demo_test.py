"""What `./dev run` shows a newcomer works: all steps of the demo, once."""
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
DEMO = os.path.join(HERE, "..", "demo", "run.py")

TIMEOUT_SECONDS = 300


class DemoTest(unittest.TestCase):
    def test_all_steps_go_well(self):
        done = subprocess.run([sys.executable, "-B", DEMO, "--once"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("All steps went well.", done.stdout)


if __name__ == "__main__":
    unittest.main()

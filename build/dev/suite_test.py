"""What ./dev test counts, and that nothing which went wrong is counted as passed."""
import contextlib
import io
import json
import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import suite


def script(text, timeout=20):
    return suite.Job("script", [sys.executable, "-c", text], suite._count_script, timeout)


def run(*jobs):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        passed = suite.run(list(jobs), "release")
    return passed, printed.getvalue().splitlines()


class TotalsTest(unittest.TestCase):
    def test_the_last_line_adds_up_all_jobs(self):
        passed, lines = run(script("print('ok 1\\nok 2 # SKIP no network')"), script("print('ok 1')"))
        self.assertTrue(passed)
        self.assertEqual(lines[-1], "2 passed, 0 failed, 1 skipped")

    def test_a_failure_fails_the_whole_and_shows_its_output(self):
        passed, lines = run(script("print('ok 1\\nnot ok 2 the reason')"))
        self.assertFalse(passed)
        self.assertEqual(lines[-1], "1 passed, 1 failed, 0 skipped")
        self.assertTrue(any("the reason" in line for line in lines))

    def test_the_columns_line_up(self):
        short, long = script("print('ok')"), script("print('ok')")
        long.name = "a much longer name"
        _, lines = run(short, long)
        self.assertEqual(lines[0].index("1 passed"), lines[1].index("1 passed"))


class ScriptTest(unittest.TestCase):
    def counted(self, text, timeout=20):
        outcome = suite._run_one(script(text, timeout), dict(os.environ))
        return outcome.passed, outcome.failed, outcome.skipped

    def unittest_file(self, body):
        return "import unittest\nclass T(unittest.TestCase):\n" + body + "unittest.main(argv=['x'])\n"

    def test_cases_of_unittest_are_counted(self):
        body = "  def test_a(self): pass\n  def test_b(self): self.fail()\n  def test_c(self): self.skipTest('')\n  def test_d(self): 1/0\n"
        self.assertEqual(self.counted(self.unittest_file(body)), (1, 2, 1))
        self.assertEqual(self.counted(self.unittest_file("  def test_a(self): pass\n")), (1, 0, 0))

    def test_a_script_without_cases_has_failed(self):
        self.assertEqual(self.counted("print('hello')"), (0, 1, 0))
        self.assertEqual(self.counted(self.unittest_file("  pass\n")), (0, 1, 0))

    def test_a_script_that_dies_after_its_cases_has_failed(self):
        self.assertEqual(self.counted("import os; print('ok 1', flush=True); os.abort()"), (1, 1, 0))

    def test_a_script_that_hangs_is_ended_and_has_failed(self):
        started = time.monotonic()
        self.assertEqual(self.counted("import time; print('ok 1', flush=True); time.sleep(600)", timeout=1), (0, 1, 0))
        self.assertLess(time.monotonic() - started, 15)

    def test_what_a_script_leaves_running_is_ended(self):
        text = "import subprocess; p = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); print('pid', p.pid); print('not ok 1')"
        outcome = suite._run_one(script(text), dict(os.environ))
        pid = int(outcome.output.split()[1])
        for _ in range(200):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                    if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except FileNotFoundError:
                return
            time.sleep(0.02)
        self.fail(f"process {pid} still runs")


class GtestTest(unittest.TestCase):
    def counted(self, report, code):
        with tempfile.TemporaryDirectory() as folder:
            job = suite.Job("x_test", [], suite._count_gtest, report=os.path.join(folder, "x.json"))
            if report is not None:
                with open(job.report, "w", encoding="utf-8") as out:
                    json.dump(report, out)
            return suite._count_gtest(job, code, "")

    def cases(self, *cases):
        return {"testsuites": [{"testsuite": list(cases)}]}

    PASSED = {"name": "a", "result": "COMPLETED"}
    FAILED = {"name": "b", "result": "COMPLETED", "failures": [{}]}
    SKIPPED = {"name": "c", "result": "SKIPPED"}

    def test_cases_are_counted(self):
        self.assertEqual(self.counted(self.cases(self.PASSED, self.FAILED, self.SKIPPED), 1), (1, 1, 1))

    def test_a_binary_that_dies_before_its_report_has_failed(self):
        self.assertEqual(self.counted(None, -11), (0, 1, 0))

    def test_a_bad_end_after_good_cases_has_failed(self):
        self.assertEqual(self.counted(self.cases(self.PASSED), 1), (1, 1, 0))

    def test_a_binary_without_cases_has_failed(self):
        self.assertEqual(self.counted(self.cases(), 0), (0, 1, 0))


if __name__ == "__main__":
    unittest.main()

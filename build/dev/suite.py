"""Runs tests and counts cases: GoogleTest binaries, fuzzers' corpora, checkers, end-to-end scripts.

A script under tests/e2e/ or tests/long/ is NAME_test.py: a unittest module with unittest.main(), or a program that
prints "ok …" and "not ok …" lines. It finds the binaries in $SKERRY_OUT. Lines at its top level tell how to run it:
    SANITIZED = True         also under ./dev asan and ./dev tsan
    ALONE = True             nothing runs beside it: it measures time
    TIMEOUT_SECONDS = 300    instead of 180
"""
import concurrent.futures
import dataclasses
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from paths import ROOT, in_tree, out
from terminal import colour, progress, progress_done, say

DEFAULT_TIMEOUT = 180
FULL_TIMEOUT = 3600  # ./dev test --full: tests may take their long form
PARALLEL = 2  # end-to-end tests start four processes each; CI has 2 cores


@dataclasses.dataclass
class Job:
    name: str
    command: list
    count: callable  # (job, exit code, output) -> (passed, failed, skipped)
    timeout: int = DEFAULT_TIMEOUT
    alone: bool = False
    report: str = ""  # a file the job writes, for `count`


@dataclasses.dataclass
class Outcome:
    job: Job
    passed: int
    failed: int
    skipped: int
    seconds: float
    output: str


def _count_exit_code(_job, code, _output):
    return (1, 0, 0) if code == 0 else (0, 1, 0)


def _count_gtest(job, code, _output):
    try:
        with open(job.report, encoding="utf-8") as report:
            suites = json.load(report)["testsuites"]
    except (OSError, ValueError, KeyError):
        return 0, 1, 0  # it died before it could report
    passed = failed = skipped = 0
    for case in (case for suite in suites for case in suite["testsuite"]):
        if case.get("failures"):
            failed += 1
        elif case.get("result") == "COMPLETED":
            passed += 1
        else:
            skipped += 1
    if failed == 0 and (code != 0 or passed + skipped == 0):
        failed = 1  # a crash or sanitizer report after the last case, or no case at all
    return passed, failed, skipped


def _count_script(_job, code, output):
    """unittest's summary, or TAP lines."""
    passed = failed = skipped = 0
    ran = re.search(r"^Ran (\d+) tests? in ", output, re.MULTILINE)
    if ran:
        verdict = re.search(r"^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", output[ran.end():], re.MULTILINE)
        detail = dict(part.split("=") for part in verdict.group(1).split(", ")) if verdict and verdict.group(1) else {}
        failed = sum(int(detail.get(word, 0)) for word in ("failures", "errors", "unexpected successes"))
        skipped = int(detail.get("skipped", 0))
        passed = max(0, int(ran.group(1)) - failed - skipped)
    else:
        for line in re.finditer(r"^(not )?ok\b(.*)$", output, re.MULTILINE):
            if re.search(r"# skip", line.group(2), re.IGNORECASE):
                skipped += 1
            elif line.group(1):
                failed += 1
            else:
                passed += 1
    if failed == 0 and (code != 0 or passed + skipped == 0):
        failed = 1
    return passed, failed, skipped


def unit_jobs(variant, names, scratch, full):
    jobs = []
    for name in names:
        report = os.path.join(scratch, f"{name}.json")
        command = [os.path.join(out(variant), name), f"--gtest_output=json:{report}", "--gtest_brief=1"]
        jobs.append(Job(name, command, _count_gtest, FULL_TIMEOUT if full else DEFAULT_TIMEOUT, report=report))
    return jobs


def corpus(fuzzer):
    """Seeds of a fuzzer: tests/fuzz/NAME/ for NAME_fuzzer."""
    return in_tree("tests/fuzz", fuzzer.removesuffix("_fuzzer"))


def corpus_jobs(variant, fuzzers):
    return [Job(f"{name} corpus", [os.path.join(out(variant), name), corpus(name)], _count_exit_code) for name in fuzzers]


def checker_jobs():
    """Each checker of build/presubmit.py is a case; the tests of build/ itself follow."""
    presubmit = in_tree("build/presubmit.py")
    names = subprocess.run([sys.executable, "-B", presubmit, "--list"], capture_output=True, text=True, check=True).stdout.split()
    jobs = [Job(f"check {name}", [sys.executable, "-B", presubmit, name], _count_exit_code) for name in names]
    for path in sorted(glob.glob(in_tree("build/**/*_test.py"), recursive=True)):
        jobs.append(Job(os.path.relpath(path, ROOT).removesuffix(".py"), [sys.executable, "-B", path], _count_script))
    return jobs


def script_jobs(full, sanitized_only):
    folders = ["tests/e2e", "tests/long"] if full else ["tests/e2e"]
    jobs = []
    for path in sorted(path for folder in folders for path in glob.glob(in_tree(folder, "**/*_test.py"), recursive=True)):
        with open(path, encoding="utf-8") as source:
            text = source.read()
        if sanitized_only and not re.search(r"^SANITIZED = True$", text, re.MULTILINE):
            continue
        limit = re.search(r"^TIMEOUT_SECONDS = (\d+)\b", text, re.MULTILINE)
        timeout = int(limit.group(1)) if limit else DEFAULT_TIMEOUT
        alone = re.search(r"^ALONE = True$", text, re.MULTILINE) is not None
        name = os.path.relpath(path, ROOT).removesuffix("_test.py").removeprefix("tests/")
        jobs.append(Job(name, [sys.executable, "-B", path], _count_script, FULL_TIMEOUT if full else timeout, alone))
    return jobs


def _run_one(job, environment):
    started = time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(job.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        late = ""
        try:
            code = process.wait(timeout=job.timeout)
        except subprocess.TimeoutExpired:
            late = f"\nended by ./dev after {job.timeout} s\n"
            code = None
        try:
            # Also what it started and left behind; its session is its process group.
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        log.seek(0)
        output = log.read().decode("utf-8", "replace") + late
    if late:
        passed, failed, skipped = 0, 1, 0
    else:
        passed, failed, skipped = job.count(job, code, output)
        if code < 0:
            output += f"\nended by signal {signal.Signals(-code).name}\n"
    return Outcome(job, passed, failed, skipped, time.monotonic() - started, output)


def _print_row(outcome, width):
    counted = outcome.passed + outcome.failed + outcome.skipped
    if outcome.failed:
        result = colour("red", f"{outcome.failed} of {counted} FAILED".ljust(22))
    elif outcome.passed == 0:
        result = colour("yellow", f"{outcome.skipped} skipped".ljust(22))
    else:
        words = f"{outcome.passed} passed" + (f", {outcome.skipped} skipped" if outcome.skipped else "")
        result = colour("green", words.ljust(22))
    progress_done()
    say(f"  {outcome.job.name.ljust(width)}  {result}  {outcome.seconds:7.1f} s")
    if outcome.failed:
        say("\n".join("    | " + line for line in outcome.output.splitlines()[-200:]))


def run(jobs, variant, full=False):
    """Runs all jobs, prints a row for each and, as the last line, the totals. True when nothing failed."""
    environment = dict(os.environ)
    environment["SKERRY_OUT"] = out(variant)
    if variant == "tsan":
        environment.setdefault("TSAN_OPTIONS", "suppressions=" + in_tree("build/config/tsan.supp"))
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [in_tree("tests"), environment.get("PYTHONPATH")]))
    if full:
        environment["SKERRY_FULL"] = "1"
    width = max([len(job.name) for job in jobs] + [10])
    outcomes = []
    together = [job for job in jobs if not job.alone]
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        waiting = {pool.submit(_run_one, job, environment): job for job in together}
        for future in concurrent.futures.as_completed(list(waiting)):
            del waiting[future]
            outcomes.append(future.result())
            _print_row(outcomes[-1], width)
            if waiting:
                progress(f"  {len(outcomes)}/{len(jobs)}: " + ", ".join(job.name for future, job in waiting.items() if future.running()))
    for job in jobs:
        if job.alone:
            progress(f"  {len(outcomes)}/{len(jobs)}: {job.name}")
            outcomes.append(_run_one(job, environment))
            _print_row(outcomes[-1], width)
    passed, failed, skipped = (sum(getattr(outcome, kind) for outcome in outcomes) for kind in ("passed", "failed", "skipped"))
    if failed:
        say("\nFailed: " + ", ".join(outcome.job.name for outcome in outcomes if outcome.failed))
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed == 0

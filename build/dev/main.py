"""The commands of ./dev."""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

import ninja
import packages
import static_nghttp2
import suite
from paths import ROOT, in_tree, out
from terminal import Failure, heading, say


def sources(*endings):
    """Files of the tree with these endings, build results and downloads left out."""
    found = []
    for top, folders, files in os.walk(ROOT):
        folders[:] = sorted(folder for folder in folders if folder not in ("out", "node_modules", ".git", ".cache"))
        found += [os.path.relpath(os.path.join(top, name), ROOT) for name in sorted(files) if name.endswith(endings)]
    return found


def build(options):
    packages.install_for("build")
    packages.install_npm()
    arguments = {"static_nghttp2": static_nghttp2.make()} if options.static_nghttp2 else {}
    ninja.build("release", ["default"], options.jobs, arguments)


def run(options):
    packages.install_for("run")
    ninja.build("release", ["default"], options.jobs)
    demo = in_tree("tests/demo/run.py")
    if not os.path.exists(demo):
        raise Failure("the demo (tests/demo/run.py) is not in the tree yet")
    environment = dict(os.environ, SKERRY_OUT=out("release"))
    arguments = ["--once"] if options.once else []
    os.chdir(ROOT)
    os.execvpe(sys.executable, [sys.executable, "-B", demo, *arguments], environment)


def test(options):
    packages.install_for("test")
    ninja.generate("release")
    fuzzers = ninja.fuzzers("release")
    ninja.build("release", ["default", "tests", *fuzzers], options.jobs)
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as scratch:
        jobs = suite.checker_jobs()
        jobs += suite.unit_jobs("release", ninja.unit_tests("release"), scratch, options.full)
        jobs += suite.corpus_jobs("release", fuzzers)
        jobs += suite.script_jobs(options.full, sanitized_only=False)
        heading("Testing")
        return suite.run(jobs, "release", options.full)


def sanitized(variant):
    def command(options):
        packages.install_for(variant)
        ninja.generate(variant)
        fuzzers = ninja.fuzzers(variant)
        ninja.build(variant, ["default", "tests", *fuzzers], options.jobs)
        with tempfile.TemporaryDirectory(prefix="skerry-test-") as scratch:
            jobs = suite.unit_jobs(variant, ninja.unit_tests(variant), scratch, full=False)
            jobs += suite.corpus_jobs(variant, fuzzers)
            jobs += suite.script_jobs(full=False, sanitized_only=True)
            for job in jobs:
                job.timeout *= 4  # sanitizers slow programs down
            heading(f"Testing out/{variant}")
            return suite.run(jobs, variant)

    return command


def bench(options):
    packages.install_for("bench")
    ninja.generate("release")
    benchmarks = ninja.benchmarks("release")
    if not benchmarks:
        raise Failure("no target ends in _bench")
    ninja.build("release", ["default", *benchmarks], options.jobs)
    for name in benchmarks:
        heading(name)
        if subprocess.run([os.path.join(out("release"), name)], cwd=ROOT).returncode:
            raise Failure(f"{name} failed")
    if options.peers:
        _compare_with_peers(options)


def _compare_with_peers(options):
    """Side by side with other servers, by the program that $SKERRY_PEERS or --peers names. It needs two processors."""
    program = os.path.abspath(options.peers)
    if not os.path.isfile(program):
        raise Failure(f"--peers: no such file: {program}", 2)
    ours = in_tree("tests/bench/peer/peer.json")
    heading(f"skerry-edge beside {options.beside}: {options.scenario}")
    command = [sys.executable, "-B", program, "compare", "--peers", f"{options.beside},{ours}", "--scenario", options.scenario]
    command += ["--rounds", str(options.rounds), "--seconds", str(options.seconds)]
    with tempfile.TemporaryDirectory(prefix="skerry-bench-") as scratch:
        if subprocess.run([*command, "--work", scratch], cwd=ROOT).returncode:
            raise Failure("a figure of the comparison was refused; see above")


def fmt(_options):
    packages.install_for("fmt")
    subprocess.run(["clang-format", "-i", *sources(".h", ".cc")], cwd=ROOT, check=True)
    subprocess.run(["gn", "format", *sources("BUILD.gn", ".gni", ".gn")], cwd=ROOT, check=True)


def _changed_sources():
    """.cc files that differ from main, or from the last commit when this is main."""
    base = subprocess.run(["git", "merge-base", "HEAD", "main"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(["git", "diff", "--name-only", "--diff-filter=d", "HEAD~1" if base == head else base], cwd=ROOT, capture_output=True, text=True)
    new = subprocess.run(["git", "ls-files", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    return sorted(name for name in (changed.stdout + new.stdout).split() if name.endswith(".cc"))


def _tidy(name):
    return subprocess.run(["clang-tidy", "-p", out("clang"), "--quiet", name], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def lint(options):
    strange = [name for name in options.files if not (name.endswith(".cc") and os.path.isfile(in_tree(name)))]
    if strange:
        raise Failure("no .cc file of the tree: " + " ".join(strange), 2)
    packages.install_for("lint")
    ninja.generate("release")
    passed = subprocess.run([sys.executable, "-B", in_tree("build/presubmit.py")], cwd=ROOT).returncode == 0
    ninja.build("clang", ["default"], options.jobs)
    changed = options.files or _changed_sources()
    if changed:
        heading(f"clang-tidy on {len(changed)} {'named' if options.files else 'changed'} files")
        with concurrent.futures.ThreadPoolExecutor(options.jobs or os.cpu_count()) as pool:
            for name, done in zip(changed, pool.map(_tidy, changed)):
                passed &= done.returncode == 0
                say(f"  {name}: {'ok' if done.returncode == 0 else 'see below'}")
                if done.returncode:
                    say(done.stdout)
    return passed


def fuzz(options):
    packages.install_for("fuzz")
    ninja.generate("fuzz")
    fuzzers = ninja.fuzzers("fuzz")
    if options.name:
        wanted = options.name.removesuffix("_fuzzer") + "_fuzzer"
        if wanted not in fuzzers:
            raise Failure(f"no fuzzer {options.name}; there are: " + " ".join(name.removesuffix("_fuzzer") for name in fuzzers), 2)
        fuzzers = [wanted]
    ninja.build("fuzz", fuzzers, options.jobs)
    for name in fuzzers:
        heading(f"{name}, {options.seconds} s")
        found = os.path.join(out("fuzz"), "corpus", name)
        os.makedirs(found, exist_ok=True)
        crashes = os.path.join(out("fuzz"), "crashes", "")
        os.makedirs(crashes, exist_ok=True)
        command = [os.path.join(out("fuzz"), name), f"-max_total_time={options.seconds}", f"-artifact_prefix={crashes}{name}-", "-print_final_stats=1", found]
        if os.path.isdir(suite.corpus(name)):
            command.append(suite.corpus(name))
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode:
            say(done.stdout[-8000:])
            raise Failure(f"{name} found a fault; its input is in {os.path.relpath(crashes, ROOT)}; put it into {os.path.relpath(suite.corpus(name), ROOT)} with the fix")
        say("\n".join("  " + line for line in done.stdout.splitlines() if line.startswith("stat::number_of_executed_units")))


def main():
    parser = argparse.ArgumentParser(prog="./dev", description="Builds, runs and tests Skerry. Missing Debian packages are installed first, and named.")
    parser.set_defaults(jobs=None)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    commands.add_parser("help", help="print this").set_defaults(call=lambda _options: parser.print_help())

    def add(name, call, text):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(call=call)
        if name != "fmt":
            command.add_argument("-j", dest="jobs", type=int, metavar="N", help="compile N files at a time")
        return command

    building = add("build", build, "build the programs into out/release")
    building.add_argument("--static-nghttp2", action="store_true", help="with a libnghttp2 of our own making: docs/static-nghttp2.md")
    add("run", run, "build, and start the demo on loopback").add_argument("--once", action="store_true", help="end after the demo's last step; exit 0 when all went well")
    add("test", test, "build, and run all tests and checkers").add_argument("--full", action="store_true", help="the long ones too: soak, many kills, big simulations")
    benching = add("bench", bench, "build, and run the benchmarks; with --peers also side by side with other servers")
    benching.add_argument("--peers", metavar="PEERS.PY", default=os.environ.get("SKERRY_PEERS"), help="the program that compares servers ($SKERRY_PEERS); tests/README.md says what it must understand")
    benching.add_argument("--beside", default="nginx,h2o", help="whom to compare with (nginx,h2o)")
    benching.add_argument("--scenario", default="hit-1k,hit-16k,hit-1m,304,miss,handshake", help="what to measure, or all")
    benching.add_argument("--rounds", type=int, default=3)
    benching.add_argument("--seconds", type=float, default=2, help="length of one measurement (2)")
    add("fmt", fmt, "format the sources")
    linting = add("lint", lint, "checkers, clang's thread-safety analysis, clang-tidy on changed files, or on those named")
    linting.add_argument("files", nargs="*", metavar="FILE.cc", help="instead of the changed ones")
    add("asan", sanitized("asan"), "tests under address and undefined-behaviour sanitizers")
    add("tsan", sanitized("tsan"), "tests under the thread sanitizer")
    fuzzing = add("fuzz", fuzz, "run the fuzzers, or one")
    fuzzing.add_argument("name", nargs="?", help="a fuzzer, without _fuzzer")
    fuzzing.add_argument("--seconds", type=int, default=60, help="time for each (60)")
    if len(sys.argv) == 1:
        parser.print_help()
        return 2
    options = parser.parse_args()
    try:
        return 0 if options.call(options) in (None, True) else 1
    except Failure as failure:
        say(f"./dev: {failure}")
        return failure.code
    except KeyboardInterrupt:
        return 130


sys.exit(main())

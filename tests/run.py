#!/usr/bin/python3
"""run.py [SUITE...]: runs the test suites and counts. Called by "make test", which has built everything.

guard     rules about the source itself
unit      programs that need nothing but themselves (cmocka)
fuzz      every fuzz target once over its corpus
core      programs against a real slapd (cmocka)
pages     the portal's pages in a browser, with real slapd, signer and httpd (pytest)
helper    pages that work with the card helper, in two browsers (pytest)
services  what programs ask: API, EST, CMP, OCSP, lists, store, mail clients (pytest)
system    all else of tests/system: faults, cards, directory, programs (pytest)

What they write goes to memory (/dev/shm) where there is room, or to TMPDIR where that is set.
The suites run in three lanes side by side. The last line is "N passed, N failed" over all suites; a test that was
skipped, or that never came to its end, counts as failed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else TOP / BUILD
LOGS = BUILD / "test-logs"
PROGRAM_SECONDS = 600
SYSTEM_SECONDS = 45 * 60
# Bytes on the disk: what all suites take, and what is so little that a failure is most likely its fault.
ROOM_WANTED, ROOM_NONE = 2 << 30, 200 << 20
MEMORY = Path("/dev/shm")
# libasan of Debian 12 takes its own signal stack for a fault when a thread ends (use_sigaltstack). Debian's libraries have
# no frame pointers: only the slow unwinding tells whose a leak is.
if os.environ.get("SANITIZE"):
    os.environ.setdefault("ASAN_OPTIONS", "use_sigaltstack=0:fast_unwind_on_malloc=0")
    os.environ.setdefault("LSAN_OPTIONS", "print_suppressions=0:suppressions=%s" % (TOP / "tests/system/leaks-of-others.lsan"))
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
# The lanes end at about the same time. Two of them leave two cores idle for a quarter of it: tests wait for servers, and these for each other.
LANES = [["guard", "unit", "fuzz", "pages"], ["core", "services", "helper"], ["system"]]
# Files of tests/system, a suite each; what is in none is in "system".
BROWSED = {
    "pages": ("test_accessibility.py", "test_bad_fields.py", "test_card_application.py", "test_code_reset.py", "test_content.py",
              "test_examples.py", "test_forms.py", "test_office_*.py", "test_oid_pages.py", "test_open_code.py", "test_papers.py", "test_printed.py",
              "test_public_log.py", "test_xds_pages.py"),
    "helper": ("test_bridge*.py",),
    "services": ("test_api*.py", "test_cmp*.py", "test_est.py", "test_httpd_kinds.py", "test_lists.py", "test_mail_clients.py", "test_ocsp_*.py",
                 "test_operation.py", "test_rollover.py", "test_store.py")}


class Count:
    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed


def run_to_log(command, log, seconds, environment=None):
    """Runs a command with its output in a log file; returns the exit status, or a reason why there is none."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=TOP,
                                   env=dict(os.environ, **(environment or {})))
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return "not finished after %d s" % seconds


def tap(name, command, log, environment=None):
    """A program that writes TAP. Its plan is what it must keep; ending badly is one more failure."""
    count = Count()
    status = run_to_log(command, log, PROGRAM_SECONDS, environment)
    planned = 0
    for line in log.read_text("utf-8", "replace").splitlines():
        plan = re.match(r"1\.\.(\d+)", line)
        result = re.match(r"(not )?ok\b\s*\d*\s*(?:- )?(.*)", line)
        if plan:
            planned += int(plan.group(1))
        elif result and not result.group(1) and "# SKIP" not in line.upper():
            count.passed += 1
        elif result:
            count.failed.append("%s: %s" % (name, result.group(2)))
    missing = planned - count.passed - len(count.failed)
    if missing > 0:
        count.failed += ["%s: a test never came to its end (%s)" % (name, status)] * missing
    if not count.failed and status != 0:
        count.failed.append("%s: ended with %s" % (name, status))
    if planned == 0 and not count.failed:
        count.failed.append("%s: no tests" % name)
    return count


def programs(folder):
    count = Count()
    for source in sorted((TOP / "tests" / folder).glob("test_*.c")):
        name = source.stem
        count.add(tap(name, [str(BUILD / "tests" / folder / name)], LOGS / (name + ".log"),
                      {"CMOCKA_MESSAGE_OUTPUT": "TAP"}))
    return count


def guard():
    return tap("guard", [str(TOP / "tests" / "guard.sh")], LOGS / "guard.log")


def fuzz():
    count = Count()
    for source in sorted((TOP / "tests" / "fuzz").glob("fuzz_*.c")):
        name = source.stem
        folders = subprocess.run([str(TOP / "tests" / "fuzz" / "corpus.sh"), name], stdout=subprocess.PIPE, check=True,
                                 text=True).stdout.split("\n")
        status = run_to_log([str(BUILD / "tests" / "replay" / name)] + [f for f in folders if f],
                            LOGS / (name + ".log"), PROGRAM_SECONDS)
        if status == 0:
            count.passed += 1
        else:
            count.failed.append("%s: ended with %s" % (name, status))
    return count


def browsed(name, files):
    """tests/system, or those of its files, as the suite `name`."""
    count = Count()
    report = LOGS / (name + ".xml")
    report.unlink(missing_ok=True)
    folder = Path(tempfile.gettempdir()) / name  # short: the path of a socket has room for 107 bytes
    own = ["--basetemp=%s" % folder] if MEMORY in folder.parents else []
    status = run_to_log(["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-v", "--durations=15",
                         "--junitxml=%s" % report] + own + files, LOGS / (name + ".log"), SYSTEM_SECONDS)
    if report.exists():
        for case in xml.etree.ElementTree.parse(report).iter("testcase"):
            bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            if bad:
                count.failed.append("%s: %s" % (case.get("name"), bad[0]))
            else:
                count.passed += 1
    if not count.failed and status != 0:
        count.failed.append("%s: pytest ended with %s" % (name, status))
    return count


def files_of(name):
    return [str(f) for pattern in BROWSED[name] for f in sorted((TOP / "tests/system").glob(pattern))]


def system():
    return browsed("system", ["--ignore=%s" % f for name in BROWSED for f in files_of(name)] + ["tests/system"])


SUITES = {"guard": guard, "unit": lambda: programs("unit"), "fuzz": fuzz, "core": lambda: programs("core"),
          "system": system, **{name: lambda name=name: browsed(name, files_of(name)) for name in BROWSED}}


def folder_in_memory():
    """A folder for what the tests write, or None where memory has no room for it. slapd waits for the disk at every write, which is
    most of the time of tests that write much; no test cuts the power, and what is written outlives a process that is killed here too."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return None
    state = os.statvfs(MEMORY)
    free = int(re.search(r"(?m)^MemAvailable: *(\d+) kB$", Path("/proc/meminfo").read_text()).group(1)) << 10
    if min(free, state.f_bavail * state.f_frsize) < ROOM_WANTED or state.f_flag & os.ST_NOEXEC:
        return None
    folder = tempfile.mkdtemp(prefix="xca-", dir=MEMORY)
    os.chmod(folder, 0o711)  # some tests start servers as another user
    return folder


def short_of_room(wanted):
    """Where less than `wanted` bytes are left: a line a disk."""
    found = {}
    for folder in (BUILD, Path(tempfile.gettempdir())):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        left = shutil.disk_usage(there).free
        if left < wanted:
            found.setdefault(there.stat().st_dev, "only %d MB are left on the disk of %s" % (left >> 20, folder))
    return list(found.values())


def show_log_of(name):
    log = LOGS / (name + ".log")
    if log.exists():
        print("--- the end of %s" % log)
        print("\n".join(log.read_text("utf-8", "replace").splitlines()[-60:]))


def run_lane(suites, results, lock):
    for suite in suites:
        begun = time.monotonic()
        try:
            count = SUITES[suite]()
        except Exception as fault:  # a suite that cannot run is a failed one
            count = Count()
            count.failed.append("%s: %s" % (suite, fault))
        with lock:
            results[suite] = count
            print("%-8s %d passed, %d failed (%.0f s)" % (suite, count.passed, len(count.failed),
                                                          time.monotonic() - begun))
            for failure in count.failed:
                print("    FAILED %s" % failure)
            for name in sorted({suite if suite in (*BROWSED, "system") else failure.split(":")[0] for failure in count.failed}):
                show_log_of(name)
            for line in short_of_room(ROOM_NONE) if count.failed else []:
                print("!!! THE DISK IS FULL: %s: that may be why %s failed" % (line, suite))
            sys.stdout.flush()


def run_suites(wanted):
    for line in short_of_room(ROOM_WANTED):
        print("!!! %s: the tests may need %d MB, and fail without" % (line, ROOM_WANTED >> 20), flush=True)
    results, lock = {}, threading.Lock()
    lanes = [threading.Thread(target=run_lane, args=([s for s in lane if s in wanted], results, lock)) for lane in LANES]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    total = Count()
    for count in results.values():
        total.add(count)
    print("%d passed, %d failed" % (total.passed, len(total.failed)))
    return 1 if total.failed or total.passed == 0 else 0


def main():
    wanted = sys.argv[1:] or list(SUITES)
    unknown = [suite for suite in wanted if suite not in SUITES]
    if unknown:
        print("no such suite: %s" % " ".join(unknown))
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    folder = folder_in_memory()
    if folder is None:
        return run_suites(wanted)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    try:
        return run_suites(wanted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

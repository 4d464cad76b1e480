"""The audit log: what an entry costs whoever waits for it, and a log of very many entries verified, read by auditors and taken into the
public log."""

import shutil
import subprocess
import time

from conftest import BUILD
import loaded
from listed import most_memory
from officers import Officer

PAGE_LIMIT = 50.0  # milliseconds a page may take
MEMORY_LIMIT = 100.0


def figure(one, job, count, path="-"):
    """Of tests/bench/audit.c."""
    return (loaded.core(one, "audit-" + job, count, path) or [0.0])[0]


def verified(one, count):
    """Milliseconds and megabytes that xca-admin takes for all of it."""
    began = time.perf_counter()
    done = subprocess.Popen([str(BUILD / "xca-admin"), "--settings", str(one.home / "xca.conf"), "audit", "verify"], stdout=subprocess.PIPE,
                            text=True)
    used = 0.0
    while done.poll() is None:
        used = max(used, most_memory(done.pid))
        time.sleep(0.02)
    took = (time.perf_counter() - began) * 1000
    told = done.stdout.read()
    assert done.returncode == 0 and int(told.split()[1]) >= count, told
    return took, used


def pages(table, median, one, count):
    """An auditor's pages; those of the newest entries, of a rare kind, of an object, and one in the middle."""
    auditor = Officer(one, "audit-1")
    for what, path in (("newest", ""), ("of one case", "?q=00001%020d" % (count // 10)), ("of a rare kind", "?kind=audit-key"),
                       ("of one day", "?since=2024-06-01&until=2024-06-01"), ("an entry", "/%d" % (count // 2))):
        table.row("auditor's page, " + what, median(lambda: auditor.get("/office/audit" + path), 30),
                  "limit of a page", PAGE_LIMIT, 1)


def entry_cost(table, one, durable_add):
    """What waits for an entry waits so long."""
    table.row("audit entry, signed, chained and on the disk", figure(one, "append", 300), "durable add", durable_add)


def measure(table, median, count):
    one = loaded.small("audited", lambda made, ldif: figure(made, "make", count, ldif))
    directory = loaded.Directory(one)
    try:
        took, memory = verified(one, count)
        table.row("xca-admin audit verify", took, "SHA-256 and ECDSA check of as many", figure(one, "peer", count))
        table.row("the same, memory in MB", memory, "limit in MB", MEMORY_LIMIT, 1)
        table.row("public log, from nothing to all", figure(one, "grow", count), "the verification", took)
    finally:
        directory.stop()
    one.start()
    try:
        pages(table, median, one, count)
    finally:
        one.stop()
        shutil.rmtree(one.home.parent, ignore_errors=True)

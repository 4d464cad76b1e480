"""Statistics and the list of ends with few and with many certificates: what a page takes must not depend on their number."""

import base64
import datetime
import shutil
import ssl
import subprocess
import time
import urllib.parse

import ldap
from conftest import BASE, BUILD
import certificates
import loaded
from pages import Pages

LIMIT = 10.0  # milliseconds a page may take
FIRST = {}  # what was measured with the fewest: (their number, milliseconds)


def write(one, ldif, count):
    der = ssl.PEM_cert_to_DER_cert((one.home / "ca/tls.pem").read_text())
    certificates.write(ldif, ["財團法人第%d號基金會" % i for i in range(500)], der, count, datetime.datetime.utcnow())


def signer_counts(one):
    """Milliseconds from the signer's start to the end of its first count, while it does all its other work; and those of one look at all deadlines."""
    directory = loaded.Directory(one)
    log = one.home / "log" / "signer.log"
    try:
        with open(log, "wb") as out:
            began = time.perf_counter()
            signer = subprocess.Popen([str(BUILD / "xca-signer"), "--settings", str(one.home / "xca.conf")], env=one.environment,
                                      stdout=out, stderr=out)
        while "certificates counted" not in log.read_text("utf-8"):
            assert signer.poll() is None and time.perf_counter() < began + 1800, log.read_text("utf-8")
            time.sleep(0.01)
        took = (time.perf_counter() - began) * 1000
        time.sleep(3)  # they are written
        signer.terminate()
        signer.wait(60)
        checked = one.admin("statistics", "--check")
        assert checked.returncode == 0, checked.stderr
        return took, loaded.core(one, "sweep", 3, "-")[0]
    finally:
        directory.stop()


def wait_for_count(log):
    until = time.monotonic() + 600
    while log.read_text("utf-8").count("certificates counted") < 2:
        assert time.monotonic() < until, log.read_text("utf-8")[-1000:]
        time.sleep(0.1)


def measure(table, median, count):
    """Medians of the pages; rows against a limit."""
    one = loaded.small("counted", lambda made, ldif: write(made, ldif, count))
    counting, sweep = signer_counts(one)
    year = datetime.date.today().year
    one.start()
    try:
        wait_for_count(one.home / "log" / "signer.log")  # both cores are the page's
        pages = Pages(one)
        style = median(lambda: pages.get("/static/style.css"))
        found = {"statistics, all years": "/statistics", "statistics, a year": "/statistics?year=%d" % year,
                 "statistics, chart": "/statistics/chart/periods.svg?year=%d" % year,
                 "list of ends, a page": "/expiring?month=%d-%02d" % (year + 1, 3)}
        middle = count // 2  # long accepted
        digest = certificates.digest_of(middle)
        asked = {"by digest": "/certificates/search.cgi?certHash=" + urllib.parse.quote(
                     base64.b64encode(digest).decode().rstrip("="), safe=""),
                 "by address": "/certificates/search.cgi?uri=" + certificates.address_of(middle),
                 "API, by fingerprint": "/api/v1/certificates?fingerprint=" + digest.hex(),
                 "API, status": "/api/v1/certificates/%s/status" % certificates.serial_of(middle)}
        times = {what: median(lambda path=path: pages.get(path)) for what, path in {**found, **asked}.items()}
        directory = one.bind("portal")
        bare = median(lambda: directory.search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(xcaCertHash=%s)" % digest.hex(),
                                                 ["userCertificate;binary"]))
    finally:
        one.stop()
        shutil.rmtree(one.home.parent, ignore_errors=True)
    rows(table, count, times, set(asked), {"style sheet of the same server": style, "bare search of the directory": bare})
    table.about("statistics")
    table.row("signer, a look at all deadlines", sweep, "limit of a second", 1000.0, 1)
    table.row("signer, start until all are counted", counting, "limit of a minute for 100,000", 60000.0 * max(1, count / 100000), 1)


def rows(table, count, times, asked, peers):
    for what, took in times.items():
        table.about("store and API" if what in asked else "statistics")
        table.row(what, took, "limit of a page", LIMIT, 1)
        for peer, theirs in peers.items() if what in asked else ():
            table.row(what, took, peer, theirs)
        first, its = FIRST.setdefault(what, (count, took))
        if first != count:
            table.row(what, took, "the same with %d" % first, its)

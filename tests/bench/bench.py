#!/usr/bin/python3
"""make bench: speed as ratios against a limit or a peer of the same run. Starts an instance of its own with the demo's whole data."""

import http.client
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "system"))
import ldap  # noqa: E402
from conftest import BASE, Instance  # noqa: E402


def median(action, count=300):
    times = []
    for _ in range(count):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def row(job, ours, against, theirs):
    print("%-46s %9.3f ms   %-34s %9.3f ms   ratio %6.3f" % (job, ours, against, theirs, ours / theirs))


def main():
    home = Path(tempfile.mkdtemp(prefix="xca-bench-"))
    one = Instance(home / "instance")
    one.make(TOP / "tools" / "demo" / "data")
    one.start()
    try:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        web = http.client.HTTPSConnection("localhost", one.https, context=context)

        def get(path):
            web.request("GET", path)
            answer = web.getresponse()
            answer.read()
            assert answer.status == 200, (path, answer.status)

        directory = one.bind()
        trip = median(lambda: directory.search_s("cn=full,ou=crl," + BASE, ldap.SCOPE_BASE, attrlist=["xcaCrlNumber"]))
        static = median(lambda: get("/static/style.css"))
        for keyword in ("基金會", "大", "國立臺灣大學"):
            row("search page, keyword " + keyword, median(lambda: get("/organisations?name=" + urllib.parse.quote(keyword)), 100),
                "limit of a search", 50.0)
        row("page /about", median(lambda: get("/about")), "style sheet of the same server", static)
        row("list over HTTP", median(lambda: get("/repository/xca.crl")), "style sheet of the same server", static)
        row("mail client's search by address", median(lambda: directory.search_s(
            "ou=mail," + BASE, ldap.SCOPE_SUBTREE, "(mail=nobody@example.org.tw)")), "bare directory round trip", trip)
    finally:
        one.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()

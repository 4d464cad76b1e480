#!/usr/bin/python3
"""make bench: speed as ratios against a limit or a peer of the same run, at the size of the real tree: 200,000 organisations and
100,000 addresses (--large: 500,000 and 200,000, and longer lists)."""

import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "system"))
import ldap  # noqa: E402
import auditing  # noqa: E402
import counted  # noqa: E402
import listed  # noqa: E402
from conftest import BASE, BUILD  # noqa: E402
import cards  # noqa: E402
import loaded  # noqa: E402
import status  # noqa: E402
import tokens  # noqa: E402
from issuing import Issuing  # noqa: E402
from pages import Pages  # noqa: E402

CHANGE_LIMIT = 300.0  # milliseconds of processor time, with a million revoked
CHANGE_MEMORY = 100.0
SEARCH_LIMIT = 50.0  # milliseconds, with 200,000 organisations
KEYWORDS = (("full name", "財團法人臺北市俊銘基金會"), ("two characters", "基金"), ("one character", "會"), ("rare character", "鑫"),
            ("common characters", "社會福利基金會"), ("none found", "查無此名"))


def median(action, count=300):
    action()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


class Table:
    def __init__(self):
        print("%-52s %10s   %-44s %10s  %8s" % ("job", "ms", "limit or peer", "ms", "ratio"))

    def row(self, job, ours, against, theirs):
        print("%-52s %10.3f   %-44s %10.3f  %8.3f" % (job, ours, against, theirs, ours / theirs), flush=True)


def core_of(settings, environment, *arguments):
    """Figures of tests/bench/core.c."""
    done = subprocess.run([str(BUILD / "tests/bench/core"), str(settings)] + [str(a) for a in arguments], check=True,
                          stdout=subprocess.PIPE, text=True, env=environment)
    return [float(line) for line in done.stdout.split()]


def core(one, *arguments):
    return core_of(one.home / "xca.conf", one.environment, *arguments)


def search(table, one):
    limit = "limit of a search"
    for what, keyword in KEYWORDS:
        table.row("search, %s (%s)" % (what, keyword), core(one, "search", 100, keyword)[0], limit, SEARCH_LIMIT)
    table.row("search, unified number", core(one, "number", 100, "00999990")[0], limit, SEARCH_LIMIT)
    table.row("browse, 100 arcs in the middle of an arc", core(one, "arcs", 100, "2.16.886.104", 550000)[0], limit, SEARCH_LIMIT)


def mail_clients(table, one, count):
    """What mail clients ask, anonymous, beside a bare read of the entry that they get."""
    anonymous = one.bind()
    address = loaded.address(count // 2)
    wanted = ["userCertificate;binary", "mail", "cn"]
    mail = "ou=mail," + BASE

    def ask(text):
        try:
            return anonymous.search_s(mail, ldap.SCOPE_SUBTREE, text, wanted)
        except ldap.SIZELIMIT_EXCEEDED:
            return None

    assert len(ask("(mail=%s)" % address)) == 1
    read = median(lambda: anonymous.search_s("uid=encryption:%s,%s" % (address, mail), ldap.SCOPE_BASE, attrlist=wanted))
    against = "base read of the entry"
    table.row("mail client, address (dirmngr, Thunderbird)", median(lambda: ask("(mail=%s)" % address)), against, read)
    table.row("mail client, unknown address", median(lambda: ask("(mail=nobody@example.org.tw)")), against, read)
    part = address.split("@")[0]
    table.row("mail client, completion (Thunderbird)", median(lambda: ask(
        "(|(cn=*{0}*)(mail=*{0}*)(givenName=*{0}*)(sn=*{0}*))".format(part)), 50), against, read)
    table.row("mail client, completion (Outlook)", median(lambda: ask(
        "(&(mail=*)(|(mail={0}*)(|(cn={0}*)(|(sn={0}*)(givenName={0}*)))))".format(part)), 50), against, read)


def revocation_list(table, one, entries):
    """The signer's list beside openssl ca -gencrl; each the whole process, from its start to the written file."""
    folder = one.home / "peer"
    folder.mkdir(exist_ok=True)
    with open(folder / "index.txt", "w") as index:
        for i in range(entries):
            index.write("R\t400101000000Z\t260101000000Z%s\t41%030X\tunknown\t/CN=x\n" % ("" if i % 2 else ",cessationOfOperation", i))
    (folder / "crlnumber").write_text("01\n")
    (folder / "ca.conf").write_text("[ca]\ndefault_ca = this\n[this]\ndatabase = %s/index.txt\ncrlnumber = %s/crlnumber\n"
                                    "default_md = sha256\ndefault_crl_days = 1\nunique_subject = no\n" % (folder, folder))
    peer = ["openssl", "ca", "-config", str(folder / "ca.conf"), "-gencrl", "-keyfile", str(one.home / "ca/ca.key"), "-cert",
            str(one.home / "ca/ca.pem"), "-out", str(folder / "peer.pem")]
    theirs = median(lambda: subprocess.run(peer, check=True, capture_output=True), 3)
    ours = median(lambda: core(one, "list", entries, folder / "ours.der"), 3)
    shown = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", str(folder / "ours.der"), "-noout", "-text", "-CAfile",
                            str(one.home / "ca/ca.pem")], capture_output=True, text=True)
    assert "verify OK" in shown.stderr and shown.stdout.count("Serial Number:") == entries
    table.row("revocation list of %d entries" % entries, ours, "openssl ca -gencrl over the same", theirs)
    shutil.rmtree(folder)


def change_of_lists(table, one, entries):
    """From a change to its signed lists: its partition's and, where it is below 10 MB, the full one, each with its delta."""
    milliseconds, megabytes = core(one, "change", entries, 32)
    table.row("a change among %d revoked to signed lists, CPU" % entries, milliseconds, "limit", CHANGE_LIMIT)
    table.row("the same, memory in MB", megabytes, "limit in MB", CHANGE_MEMORY)


def signature_time():
    """A bare RSA-4096 signature, by openssl speed."""
    said = subprocess.run(["openssl", "speed", "-seconds", "3", "rsa4096"], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"rsa 4096 bits ([0-9.]+)s", said).group(1)) * 1000


def main():
    large = "--large" in sys.argv[1:]
    organisation_count, mail_count, case_count = (500000, 200000, 2000) if large else (200000, 100000, 200)
    one = loaded.copy(organisation_count, mail_count)
    table = Table()
    directory = loaded.Directory(one)
    try:
        search(table, one)
        mail_clients(table, one, mail_count)
        for entries in (10000, 100000) + ((1000000,) if large else ()):
            revocation_list(table, one, entries)
            change_of_lists(table, one, entries)
        issuing = Issuing(one)
        signature, add = signature_time(), issuing.durable_add()
        each = issuing.throughput(case_count)
        table.row("signer, filed and decided to issued, each of %d" % case_count, each, "RSA-4096 signature", signature)
        table.row("signer, the same", each, "durable add", add)
        latency = issuing.latency(30)
        table.row("signer, second decision to issued", latency, "RSA-4096 signature and one durable add", signature + add)
        tokens.measure(table, one.home, lambda settings, more, *arguments: core_of(settings, dict(one.environment, **more), *arguments)[0])
        auditing.entry_cost(table, one, add)
    finally:
        directory.stop()
    one.start()
    try:
        pages = Pages(one)
        for what, keyword in KEYWORDS[:3]:
            table.row("search page, " + what, median(lambda: pages.search(keyword), 100), "limit of a search", SEARCH_LIMIT)
        style = median(lambda: pages.get("/static/style.css"))
        against = "style sheet of the same server"
        table.row("page /about", median(lambda: pages.get("/about")), against, style)
        table.row("page of an organisation", median(lambda: pages.get("/oid/2.16.886.104.100000")), against, style)
        table.row("page of 100 arcs", median(lambda: pages.get("/oid/2.16.886.104"), 100), against, style)
        table.row("page of the form", median(lambda: pages.get(pages.form_address())), against, style)
        table.row("list over HTTP", median(lambda: pages.get("/repository/xca.crl")), against, style)
        table.row("filing an application, form to case number", pages.filing(50), "three durable adds and a scrypt hash",
                  3 * add + pages.scrypt())
        one.stop()
        cards.measure(table, one, signature)
    finally:
        one.stop()
        shutil.rmtree(one.home, ignore_errors=True)
    for count in (10000,) + ((1000000,) if large else (100000,)):
        auditing.measure(table, median, count)
    status.measure(table, 1000000 if large else 100000)
    for count in (20000,) + ((1000000,) if large else ()):
        listed.measure(table, count)
    counted.compare(table, median, (1000, 100000) + ((1000000,) if large else ()))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""make bench: speed as ratios against a limit or a peer of the same run, with 1,000 and with 100,000 of everything (organisations, mail
addresses, certificates, revoked ones); make bench-large: with 1,000,000 too. Arguments: --large; --sizes N,...; --only GROUP,... (of GROUPS).
At the end one table of it all. A ratio above its goal is marked, and never an error: a machine may be slow or busy."""

import argparse
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
from conftest import BASE  # noqa: E402
import cards  # noqa: E402
import loaded  # noqa: E402
import organisations  # noqa: E402
import status  # noqa: E402
import tokens  # noqa: E402
from issuing import Issuing  # noqa: E402
from loaded import core, core_of  # noqa: E402
from pages import Pages  # noqa: E402
from table import Table  # noqa: E402

GROUPS = ("directory", "pages", "issuance", "lists", "ocsp", "store", "cards", "audit", "tokens")
SIZES = (1000, 100000)
CHANGE_LIMIT = 300.0  # milliseconds of processor time, with a million revoked
CHANGE_MEMORY = 100.0
SEARCH_LIMIT = 50.0  # milliseconds, with 200,000 organisations
KEYWORDS = (("two characters", "基金"), ("one character", "會"), ("rare character", "鑫"), ("common characters", "社會福利基金會"),
            ("none found", "查無此名"))


def median(action, count=300):
    action()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def keywords(example):
    return (("full name", example["name"]),) + KEYWORDS


def search(table, one, example):
    limit = "limit of a search"
    table.about("keyword search")
    for what, keyword in keywords(example):
        table.row("search, " + what, core(one, "search", 100, keyword)[0], limit, SEARCH_LIMIT, 1)
    table.row("search, unified number", core(one, "number", 100, example["ubn"])[0], limit, SEARCH_LIMIT, 1)
    arc, last = example["oid"].rsplit(".", 1)
    table.row("browse, 100 arcs in the middle of an arc", core(one, "arcs", 100, arc, int(last))[0], limit, SEARCH_LIMIT, 1)


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

    table.about("LDAP look-up")
    assert len(ask("(mail=%s)" % address)) == 1
    read = median(lambda: anonymous.search_s("uid=encryption:%s,%s" % (address, mail), ldap.SCOPE_BASE, attrlist=wanted))
    against = "base read of the entry"
    table.row("address (dirmngr, Thunderbird)", median(lambda: ask("(mail=%s)" % address)), against, read)
    table.row("unknown address", median(lambda: ask("(mail=nobody@example.org.tw)")), against, read)
    part = address.split("@")[0]
    table.row("completion (Thunderbird)", median(lambda: ask(
        "(|(cn=*{0}*)(mail=*{0}*)(givenName=*{0}*)(sn=*{0}*))".format(part)), 50), against, read)
    table.row("completion (Outlook)", median(lambda: ask(
        "(&(mail=*)(|(mail={0}*)(|(cn={0}*)(|(sn={0}*)(givenName={0}*)))))".format(part)), 50), against, read)


def revocation_list(table, one, entries):
    """The signer's list beside openssl ca -gencrl; each the whole process, from its start to the written file. Few entries have no
    goal: the signer opens its directory, logs and keys."""
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
    table.row("revocation list with an entry each", ours, "openssl ca -gencrl over the same", theirs, 1 if entries >= 100000 else None)
    shutil.rmtree(folder)


def lists(table, one, entries):
    """From a change to its signed lists: its partition's and, where it is below 10 MB, the full one, each with its delta."""
    table.about("revocation lists")
    revocation_list(table, one, entries)
    milliseconds, megabytes = core(one, "change", entries, 32)
    table.row("a change among the revoked to signed lists, CPU", milliseconds, "limit", CHANGE_LIMIT, 1)
    table.row("the same, memory in MB", megabytes, "limit in MB", CHANGE_MEMORY, 1)


def signature_time():
    """A bare RSA-4096 signature, by openssl speed."""
    said = subprocess.run(["openssl", "speed", "-seconds", "3", "rsa4096"], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"rsa 4096 bits ([0-9.]+)s", said).group(1)) * 1000


def issuance(table, one, costs, count):
    table.about("issuance")
    work = Issuing(one)
    costs["signature"], costs["add"] = signature_time(), work.durable_add()
    each = work.throughput(count)
    table.row("filed and decided to issued, %d waiting, each" % count, each, "RSA-4096 signature", costs["signature"])
    table.row("filed and decided to issued, %d waiting, each" % count, each, "durable add", costs["add"])
    table.row("second decision to issued", work.latency(30), "RSA-4096 signature and one durable add", costs["signature"] + costs["add"])


def pages(table, one, example, costs):
    table.about("pages")
    web = Pages(one, example["oid"])
    for what, keyword in keywords(example)[:3]:
        table.row("search page, " + what, median(lambda: web.search(keyword), 100), "limit of a search", SEARCH_LIMIT, 1)
    style = median(lambda: web.get("/static/style.css"))
    against = "style sheet of the same server"
    table.row("page /about", median(lambda: web.get("/about")), against, style)
    table.row("page of an organisation", median(lambda: web.get("/oid/" + example["oid"])), against, style)
    arc = "/oid/" + example["oid"].rsplit(".", 1)[0]
    assert web.get(arc).count(b"<li><a href=\"/oid/") >= 100
    table.row("page of 100 arcs", median(lambda: web.get(arc), 100), against, style)
    table.row("page of the form", median(lambda: web.get(web.form_address())), against, style)
    table.row("list over HTTP", median(lambda: web.get("/repository/xca.crl")), against, style)
    if "add" in costs:
        table.row("filing an application, form to case number", web.filing(50), "three durable adds and a scrypt hash",
                  3 * costs["add"] + web.scrypt())


def measure_instance(table, wanted, size, once):
    """What is measured on one instance with `size` organisations and addresses."""
    here = {"directory", "pages", "issuance", "lists"} | ({"cards", "tokens"} if once else set())
    if not here & wanted:
        return
    one = loaded.copy(size, size)
    example, costs = organisations.example(size), {}
    try:
        directory = loaded.Directory(one)
        try:
            if "directory" in wanted:
                search(table, one, example)
                mail_clients(table, one, size)
            if "lists" in wanted:
                lists(table, one, size)
            if wanted & {"issuance", "cards"}:
                issuance(table, one, costs, 2000 if size >= 1000000 else 200)
            if once and "tokens" in wanted:
                table.about("keys in tokens", None)
                tokens.measure(table, one.home, lambda settings, more, *arguments: core_of(settings, dict(one.environment, **more), *arguments)[0])
            if once and "audit" in wanted and "add" in costs:
                table.about("audit log", None)
                auditing.entry_cost(table, one, costs["add"])
        finally:
            directory.stop()
            table.size = size
        if "pages" in wanted:
            one.start()
            pages(table, one, example, costs)
            one.stop()
        if once and "cards" in wanted:
            table.about("cards", None)
            cards.measure(table, one, costs["signature"])
    finally:
        one.stop()
        shutil.rmtree(one.home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--sizes", type=lambda text: tuple(int(n) for n in text.split(",")))
    parser.add_argument("--only", type=lambda text: set(text.split(",")), default=set(GROUPS))
    asked = parser.parse_args()
    if asked.only - set(GROUPS):
        parser.error("groups are " + ", ".join(GROUPS))
    sizes = asked.sizes or SIZES + ((1000000,) if asked.large else ())
    table = Table()
    for size in sizes:
        table.size = size
        measure_instance(table, asked.only, size, once=size == sizes[min(1, len(sizes) - 1)])
        if "ocsp" in asked.only:
            table.about("OCSP", size)
            status.measure(table, size)
        if "lists" in asked.only:
            table.about("revocation lists", size)
            listed.measure(table, size)
        if "audit" in asked.only:
            table.about("audit log", size)
            auditing.measure(table, median, size)
        if "store" in asked.only:
            counted.measure(table, median, size)
    table.end()


if __name__ == "__main__":
    main()

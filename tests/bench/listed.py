"""Lists with a great number of revoked certificates, from the change in the directory to the published lists, by the whole signer."""

import datetime
import random
import shutil
import ssl
import subprocess
import time

import ldap
from conftest import BASE, BUILD, Instance, small_data
import certificates
import loaded

PARTITIONS = 32
CHANGE_LIMIT = 300.0  # milliseconds of processor time


def make(count):
    """An instance with `count` revoked certificates, and one that is valid, all of 32 partitions."""
    home = BUILD / "bench" / "listed"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    small_data(home / "data")
    one = Instance(home / "instance")
    one.make(home / "data")
    settings = one.home / "xca.conf"
    settings.write_text(settings.read_text("utf-8").replace("crl-partitions = 4", "crl-partitions = %d" % PARTITIONS), "utf-8")
    ldif = home / "certificates.ldif"
    der = certificates.text("userCertificate;binary", ssl.PEM_cert_to_DER_cert((one.home / "ca/tls.pem").read_text()))
    now = datetime.datetime.utcnow()
    chance = random.Random(count)
    with open(ldif, "w", encoding="utf-8") as out:
        for index in range(count + 1):
            serial = "%04x%028x" % (chance.randrange(0x4000, 0x8000), index)
            revoked = now - datetime.timedelta(days=2, seconds=chance.randrange(10 ** 7))
            out.write("dn: xcaSerial=%s,ou=certificates,%s\nobjectClass: xcaCertificate\nxcaSerial: %s\nxcaUse: signature\n"
                      "xcaPublished: TRUE\nxcaCrlPartitions: %d\n" % (serial, BASE, serial, PARTITIONS))
            end = now + datetime.timedelta(days=chance.randrange(10, 1400), seconds=chance.randrange(86400))
            out.write(der + certificates.time("xcaNotBefore", now - datetime.timedelta(days=400)) + certificates.time("xcaNotAfter", end) +
                      certificates.keys(index, end))
            if index < count:
                out.write("xcaState: revoked\nxcaCrlReason: 5\n" + certificates.time("xcaRevoked", revoked) + "\n")
            else:
                out.write("xcaState: valid\n\n")
    loaded.slapadd(one, loaded.DATABASES[0], ldif)
    ldif.unlink()
    return one, serial


def most_memory(pid):
    """That the process has had, in megabytes; 0 of one that has ended. (What wait4 tells begins with the memory of whoever started it.)"""
    for line in open("/proc/%d/status" % pid):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def lists(directory):
    found = directory.search_s("ou=crl," + BASE, ldap.SCOPE_ONELEVEL, "(&(objectClass=cRLDistributionPoint)(!(cn=root)))",
                               ["cn", "xcaCrlNumber", "xcaCrlEntries", "xcaCrlBytes", "xcaDeltaEntries"])
    return {v["cn"][0].decode(): {k: int(x[0]) for k, x in v.items() if k != "cn"} for _, v in found}


def wait(condition, seconds):
    until = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < until
        time.sleep(0.01)


def measure(table, count):
    one, serial = make(count)
    served = loaded.Directory(one)
    log = open(one.home / "log" / "signer.log", "wb")
    began = time.perf_counter()
    signer = subprocess.Popen([str(BUILD / "xca-signer"), "--settings", str(one.home / "xca.conf")], env=one.environment, stdout=log,
                              stderr=log)
    try:
        admin = one.bind("signer")
        wait(lambda: sum("xcaCrlEntries" in v for v in lists(admin).values()) == PARTITIONS + 1, 900)
        reading = (time.perf_counter() - began) * 1000
        first = lists(admin)
        parted = [v for k, v in first.items() if "-" in k]
        assert sum(v["xcaCrlEntries"] for v in parted) == count
        assert max(v["xcaCrlBytes"] for v in first.values()) < 10000000, first
        assert ("full" in first) == (count * 49 < 9995904), first.keys()
        wait(lambda: b"certificates counted" in (one.home / "log" / "signer.log").read_bytes(), 900)
        time.sleep(5)
        own = "%d-%d" % (PARTITIONS, (int(serial[:4], 16) - 0x4000) * PARTITIONS // 0x4000)
        before, used = first[own]["xcaCrlNumber"], loaded.processor_time(signer.pid)
        began = time.perf_counter()
        admin.modify_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), [
            (ldap.MOD_REPLACE, "xcaState", b"revoked"), (ldap.MOD_REPLACE, "xcaCrlReason", b"4"),
            (ldap.MOD_REPLACE, "xcaRevoked", datetime.datetime.utcnow().strftime("%Y%m%d%H%M%SZ").encode())])
        wait(lambda: lists(admin)[own]["xcaCrlNumber"] > before, 60)
        took = (time.perf_counter() - began) * 1000
        time.sleep(0.2)
        used = loaded.processor_time(signer.pid) - used
        after = lists(admin)
        assert after[own]["xcaCrlEntries"] == first[own]["xcaCrlEntries"] + 1 and after[own]["xcaDeltaEntries"] == 1
        assert sum(after[name]["xcaCrlNumber"] > v["xcaCrlNumber"] for name, v in first.items()) <= 2  # its own and the full one
        table.row("a change among the revoked to published lists", took, "limit", 1000.0, 1)
        table.row("the same, processor time of the signer", used, "limit", CHANGE_LIMIT, 1)
        table.row("signer's start to all its lists", reading, "half of a list's life", 12 * 3600 * 1000.0, 1)
        print("most memory of the signer with %d revoked, statistics of them included: %.0f MB" % (count, most_memory(signer.pid)))
    finally:
        signer.terminate()
        signer.wait(60)
        served.stop()
        shutil.rmtree(one.home.parent, ignore_errors=True)

"""The signer at work on cases that are filed and decided."""

import statistics
import subprocess
import time

import ldap
from conftest import BASE, BUILD
from test_broken_portal import CASES, code_hash, now
from test_signer_killed import file_case, officer, sign


class Issuing:
    def __init__(self, instance):
        self.instance = instance
        self.portal, self.admin = instance.bind("portal"), instance.bind("admin")
        self.hashed = code_hash("Bench-code-1")
        self.officers = {uid: officer(instance, uid) for uid in ("ra-tpe-edu", "central-1")}
        self.filed = 0

    def durable_add(self, count=300):
        """One small entry after the other, each on the disk before the next: milliseconds an add."""
        began = time.perf_counter()
        for index in range(count):
            name = b"%032x" % index
            self.portal.add_s("xcaNonce=%s,ou=nonces,%s" % (name.decode(), BASE), [
                ("objectClass", [b"xcaNonceEntry"]), ("xcaNonce", [name]), ("xcaCaseNumber", [b"0" * 25]), ("xcaFiled", [now()])])
        return (time.perf_counter() - began) * 1000 / count

    def file(self, count):
        numbers = [file_case(self.portal, self.filed + index, self.hashed) for index in range(count)]
        self.filed += count
        shown = self.instance.admin("review", "digest", *numbers)
        assert shown.returncode == 0, shown.stderr
        return numbers, dict(line.split() for line in shown.stdout.splitlines())

    def decide(self, number, digest, stage):
        uid = "ra-tpe-edu" if stage == "first" else "central-1"
        sign(self.portal, number, digest, stage, uid, *self.officers[uid])

    def signer(self):
        log = self.instance.home / "log" / "signer.log"
        with open(log, "ab") as out:
            process = subprocess.Popen([str(BUILD / "xca-signer"), "--settings", str(self.instance.home / "xca.conf")],
                                       env=self.instance.environment, stdout=out, stderr=out)
        return process

    def issued(self):
        return len(self.admin.search_s(CASES, ldap.SCOPE_ONELEVEL, "(xcaState=issued)", ["1.1"]))

    def throughput(self, count):
        """Milliseconds a case when `count` wait with both decisions: from the first that is issued to the last."""
        numbers, digests = self.file(count)
        for number in numbers:
            self.decide(number, digests[number], "first")
            self.decide(number, digests[number], "second")
        before = self.issued()
        signer = self.signer()
        try:
            begun = None
            while True:
                done = self.issued() - before
                if begun is None and done > 0:
                    begun = (time.perf_counter(), done)
                if done == count:
                    return (time.perf_counter() - begun[0]) * 1000 / (count - begun[1])
                assert signer.poll() is None
                time.sleep(0.05)
        finally:
            signer.terminate()
            signer.wait(30)

    def state(self, number):
        return self.admin.search_s("xcaCaseNumber=%s,%s" % (number, CASES), ldap.SCOPE_BASE, attrlist=["xcaState"])[0][1]["xcaState"][0]

    def wait(self, number, state):
        while self.state(number) != state:
            time.sleep(0.0005)

    def latency(self, count):
        """Median time from the second decision's record to the issued certificate, the signer being idle before."""
        numbers, digests = self.file(count)
        signer = self.signer()
        times = []
        try:
            for number in numbers:
                self.decide(number, digests[number], "first")
                self.wait(number, b"reviewed")
                self.decide(number, digests[number], "second")
                began = time.perf_counter()
                self.wait(number, b"issued")
                times.append((time.perf_counter() - began) * 1000)
        finally:
            signer.terminate()
            signer.wait(30)
        return statistics.median(times)

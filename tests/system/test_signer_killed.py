"""The signer is killed at random, again and again, while cases run: none is lost, stuck or doubled, no serial is used twice."""

import datetime
import hashlib
import json
import random
import subprocess
import time

import ldap
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509 import CertificateSigningRequestBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID
from conftest import BASE, BUILD, directory_only
from test_broken_portal import CASES, code_hash, now

CASE_COUNT = 200
KILLS = 200


@pytest.fixture
def alone(tmp_path):
    with directory_only(tmp_path) as one:
        yield one
    assert one.problems() == []


def unified_number(index):
    """The index-th unified number whose check digit is right."""
    for last in range(10):
        number = "%06d%d1" % (500000 + index, last)
        products = [int(digit) * weight for digit, weight in zip(number, (1, 2, 1, 2, 1, 2, 4, 1))]
        if sum(product // 10 + product % 10 for product in products) % 5 == 0:
            return number


def file_case(portal, index, hashed):
    key = ec.generate_private_key(ec.SECP256R1())
    csr = CertificateSigningRequestBuilder().subject_name(Name([NameAttribute(NameOID.COMMON_NAME, "x")])).sign(key, hashes.SHA256())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    number = "04001%020d" % (10**15 + index)
    entry = {"objectClass": "xcaCase", "xcaCaseNumber": number, "xcaKind": "certificate", "xcaState": "filed", "xcaRevision": "1",
             "xcaFiled": now(), "xcaStateChanged": now(), "xcaOrgClass": "foundation", "xcaUse": "signature",
             "o": "財團法人第%d號基金會" % index, "xcaUbn": unified_number(index), "xcaCounty": "臺北市", "xcaDistrict": "信義區", "postalCode": "110",
             "xcaAddress": "市府路1號", "xcaPhone": "02-27208889", "mail": "case%d@example.org.tw" % index, "xcaContactName": "秘書處",
             "xcaContactMail": "contact%d@example.org.tw" % index, "xcaContactCounty": "臺北市", "xcaContactDistrict": "信義區",
             "xcaContactZip": "110", "xcaContactStreet": "市府路1號", "xcaContactPhone": "02-27208889", "xcaWindow": "tpe-edu",
             "xcaCsr": csr.public_bytes(serialization.Encoding.DER), "xcaKeyHash": hashlib.sha256(public).hexdigest(),
             "xcaCodeHash": hashed}
    portal.add_s("xcaCaseNumber=%s,%s" % (number, CASES),
                 [(name, [value if isinstance(value, bytes) else value.encode()]) for name, value in entry.items()])
    return number


def officer(instance, uid):
    password = (instance.home / "officers/password").read_text().strip().encode()
    return pkcs12.load_key_and_certificates((instance.home / "officers" / (uid + ".p12")).read_bytes(), password)[:2]


def sign(portal, number, digest, stage, uid, key, certificate):
    text = ("XCA-STATEMENT-1\ncase: %s\ncontent: sha256:%s\nstage: %s\ndecision: accept\nletter: 1\nreason: \nofficer: %s\ntime: %s\n"
            % (number, digest, stage, uid, datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ"))).encode()
    cms = pkcs7.PKCS7SignatureBuilder().set_data(text).add_signer(certificate, key, hashes.SHA256()).sign(
        serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    name = hashlib.sha256(cms).hexdigest()
    portal.add_s("xcaDecision=%s,xcaCaseNumber=%s,%s" % (name, number, CASES),
                 [("objectClass", [b"xcaDecisionEntry"]), ("xcaDecision", [name.encode()]), ("xcaCms", [cms])])


def states(instance):
    found = instance.bind("admin").search_s(CASES, ldap.SCOPE_ONELEVEL, "(objectClass=xcaCase)", ["xcaCaseNumber", "xcaState", "xcaSerial"])
    return {v["xcaCaseNumber"][0].decode(): v for _, v in found}


def audit_log(instance):
    """The log as xca-admin exports it, verified before."""
    verified = instance.admin("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    exported = instance.admin("audit", "export", "--format", "json")
    assert exported.returncode == 0, exported.stderr
    return [json.loads(line) for line in exported.stdout.splitlines()]


def test_200_kills_while_200_cases_run_lose_and_double_nothing(alone):
    portal = alone.bind("portal")
    hashed = code_hash("Test-code-1")
    officers = {uid: officer(alone, uid) for uid in ("ra-tpe-edu", "central-1")}
    numbers = [file_case(portal, index, hashed) for index in range(CASE_COUNT)]
    shown = alone.admin("review", "digest", *numbers)
    assert shown.returncode == 0, shown.stderr
    digests = dict(line.split() for line in shown.stdout.splitlines())
    command = [str(BUILD / "xca-signer"), "--settings", str(alone.home / "xca.conf")]
    chance = random.Random(20261124)
    log = open(alone.home / "log" / "signer.log", "ab")
    for kill in range(KILLS):
        signer = subprocess.Popen(command, env=alone.environment, stdout=log, stderr=log)
        time.sleep(chance.uniform(0.02, 0.2))
        # the decisions come while the signer lives, and it dies at some point of working on them
        number = numbers[kill % CASE_COUNT]
        sign(portal, number, digests[number], "first", "ra-tpe-edu", *officers["ra-tpe-edu"])
        sign(portal, number, digests[number], "second", "central-1", *officers["central-1"])
        time.sleep(chance.uniform(0, 0.06))
        signer.kill()
        signer.wait()
    done = alone.signer_once()
    assert done.returncode == 0, done.stderr

    ended = states(alone)
    assert {n: ended[n]["xcaState"][0] for n in numbers} == {n: b"issued" for n in numbers}
    found = alone.bind("admin").search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaCertificate)",
                                         ["xcaCaseNumber", "xcaSerial", "xcaOid"])
    assert sorted(v["xcaCaseNumber"][0].decode() for _, v in found) == sorted(numbers)
    assert len({v["xcaSerial"][0] for _, v in found}) == CASE_COUNT
    assert len({v["xcaOid"][0] for _, v in found}) == CASE_COUNT
    assert {v["xcaSerial"][0] for _, v in found} == {ended[n]["xcaSerial"][0] for n in numbers}
    # one organisation a case in the tree
    admin = alone.bind("admin")
    for number in numbers:
        assert len(admin.search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(xcaSourceKey=case:%s)" % number, ["xcaOid"])) == 1
    # each event was told once: one notice that it was filed, one that it was issued, and one mail of a notice at most
    notices = [v["xcaNotice"][0].decode() for _, v in admin.search_s("ou=outbox," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaNoticeEntry)",
                                                                     ["xcaNotice"])]
    assert sorted(n for n in notices if n.endswith("-issued")) == sorted(ended[n]["xcaSerial"][0].decode() + "-issued" for n in numbers)
    assert sorted(n for n in notices if n.endswith("-filed")) == sorted(n + "-1-filed" for n in numbers)
    mails = [mail.stem for mail in (alone.home / "outbox").glob("*.eml")]
    assert set(mails) <= set(notices)
    # the statistics are what a fresh count of the certificates gives
    checked = alone.admin("statistics", "--check")
    assert checked.returncode == 0 and "%d certificates" % CASE_COUNT in checked.stdout, checked.stderr
    # every case reached its end by two decisions that counted, and by no third
    for number in numbers:
        verdicts = [v["xcaVerdict"] for _, v in admin.search_s("xcaCaseNumber=%s,%s" % (number, CASES), ldap.SCOPE_ONELEVEL,
                                                               "(objectClass=xcaDecisionEntry)", ["xcaVerdict"])]
        assert verdicts == [[b"counted"]] * 2
    # the audit log has no gap, no event twice, and tells of each case's two decisions and of its certificate, before it was recorded
    log = audit_log(alone)
    assert [entry["number"] for entry in log] == list(range(1, len(log) + 1))
    assert len({entry["event"] for entry in log}) == len(log)
    ders = {v["xcaSerial"][0].decode(): v["userCertificate;binary"][0] for _, v in
            admin.search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaCertificate)")}
    issued = [entry for entry in log if entry["kind"] == "certificate-issue"]
    assert {entry["serial"]: entry["details"]["sha256"] for entry in issued} == {
        serial: hashlib.sha256(der).hexdigest() for serial, der in ders.items()}
    decided = [(entry["case"], entry["details"]["stage"]) for entry in log if entry["kind"] == "decision"]
    assert sorted(decided) == sorted((n, stage) for n in numbers for stage in ("first", "second"))
    for number in numbers:
        order = [entry["kind"] for entry in log if entry.get("case") == number]
        assert order == ["decision", "decision", "certificate-issue"]

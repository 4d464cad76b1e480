"""Someone has broken into the web server and works with the portal's identity in the directory. Whatever it writes, nothing is
issued, published or revoked by it."""

import base64
import datetime
import hashlib
import secrets
import subprocess
import time

import ldap
import pytest
from conftest import BASE, USER_CODE

CASES = "ou=cases," + BASE


def now():
    return datetime.datetime.utcnow().strftime("%Y%m%d%H%M%SZ").encode()


def code_hash(code):
    salt = secrets.token_bytes(16)
    made = hashlib.scrypt(code.encode(), salt=salt, n=2**15, r=8, p=1, dklen=32, maxmem=2**26)
    return b"scrypt$15$8$1$" + base64.b64encode(salt) + b"$" + base64.b64encode(made)


def request_for(key_and_csr):
    der = subprocess.run(["openssl", "req", "-in", str(key_and_csr[1]), "-outform", "DER"], check=True, capture_output=True).stdout
    public = subprocess.run("openssl req -in '%s' -pubkey -noout | openssl pkey -pubin -outform DER" % key_and_csr[1], shell=True,
                            check=True, capture_output=True).stdout
    return der, hashlib.sha256(public).hexdigest().encode()


def content(key_and_csr, number, **changed):
    der, key_hash = request_for(key_and_csr) if key_and_csr is not None else (None, None)
    entry = {"objectClass": b"xcaCase", "xcaCaseNumber": number.encode(), "xcaKind": b"certificate", "xcaState": b"filed",
             "xcaRevision": b"1", "xcaFiled": now(), "xcaStateChanged": now(), "xcaOrgClass": b"foundation",
             "xcaUse": b"encryption", "o": "財團法人書面審查基金會".encode(), "xcaCounty": "臺北市".encode(),
             "xcaDistrict": "信義區".encode(), "postalCode": b"110", "xcaAddress": "市府路1號".encode(), "xcaPhone": b"02-27208889",
             "mail": b"broken@example.org.tw", "xcaContactName": "秘書處".encode(), "xcaContactMail": b"contact@example.org.tw",
             "xcaContactCounty": "臺北市".encode(), "xcaContactDistrict": "信義區".encode(), "xcaContactZip": b"110",
             "xcaContactStreet": "市府路1號".encode(), "xcaContactPhone": b"02-27208889", "xcaWindow": b"tpe-edu",
             "xcaUbn": b"10458575", "xcaCsr": der, "xcaKeyHash": key_hash, "xcaCodeHash": code_hash(USER_CODE)}
    entry.update(changed)
    return [(name, value if isinstance(value, list) else [value]) for name, value in entry.items() if value is not None]


counter = iter(range(10**12, 10**13))


def new_number():
    return "04001%020d" % next(counter)


@pytest.fixture
def portal(instance):
    return instance.bind("portal")


@pytest.fixture
def filed(portal, key_and_csr):
    number = new_number()
    portal.add_s("xcaCaseNumber=%s,%s" % (number, CASES), content(key_and_csr, number))
    return number


def certificates(instance):
    found = instance.bind("admin").search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaCertificate)", ["xcaState"])
    return {dn: values["xcaState"] for dn, values in found}


def refused(action, *arguments):
    with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT, ldap.NO_SUCH_ATTRIBUTE)):
        action(*arguments)


def test_a_case_cannot_be_filed_in_a_later_state_or_with_the_signers_attributes(portal, key_and_csr):
    for changed in ({"xcaState": b"approved"}, {"xcaState": b"issuing"}, {"xcaSerial": b"ab" * 16},
                    {"xcaAssignedOid": b"2.16.886.104.1"}, {"xcaNotBefore": now()}):
        number = new_number()
        refused(portal.add_s, "xcaCaseNumber=%s,%s" % (number, CASES), content(key_and_csr, number, **changed))


def test_a_state_cannot_be_moved_on(portal, filed):
    dn = "xcaCaseNumber=%s,%s" % (filed, CASES)
    for state in (b"reviewed", b"approved", b"issuing", b"issued", b"completed"):
        refused(portal.modify_s, dn, [(ldap.MOD_REPLACE, "xcaState", state)])
    refused(portal.modify_s, dn, [(ldap.MOD_ADD, "xcaSerial", b"ab" * 16)])
    refused(portal.delete_s, dn)


def test_certificates_lists_officers_and_windows_cannot_be_written(portal, instance):
    officer = instance.bind("admin").search_s("uid=ra-tpe-edu,ou=officers," + BASE, ldap.SCOPE_BASE)[0][1]
    refused(portal.modify_s, "uid=ra-tpe-edu,ou=officers," + BASE, [(ldap.MOD_REPLACE, "xcaRole", b"central")])
    refused(portal.modify_s, "uid=central-1,ou=officers," + BASE,
            [(ldap.MOD_REPLACE, "userCertificate;binary", officer["userCertificate;binary"][0])])
    refused(portal.modify_s, "cn=full,ou=crl," + BASE, [(ldap.MOD_REPLACE, "xcaCrlNumber", b"99")])
    refused(portal.modify_s, "xcaWindow=tpe-edu,ou=windows," + BASE, [(ldap.MOD_REPLACE, "o", b"x")])
    refused(portal.add_s, "xcaAuditNumber=999999,ou=audit," + BASE,
            [("objectClass", [b"xcaAuditEntry"]), ("xcaAuditNumber", [b"999999"]), ("xcaAuditPage", [b"3906"]), ("xcaAuditKind", [b"x"]),
             ("xcaAuditEvent", [b"00" * 32]), ("xcaAuditText", [b"x"]), ("xcaAuditHash", [b"00" * 32]), ("xcaAuditSignature", [b"x"])])
    refused(portal.modify_s, "xcaAuditNumber=2,ou=audit," + BASE, [(ldap.MOD_REPLACE, "xcaAuditText", b"x")])
    refused(portal.delete_s, "xcaAuditNumber=2,ou=audit," + BASE)
    refused(portal.modify_s, "cn=signer-status," + BASE, [(ldap.MOD_REPLACE, "xcaSealKey", bytes(32))])
    refused(portal.add_s, "xcaSerial=%s,ou=certificates,%s" % ("ab" * 16, BASE),
            [("objectClass", [b"xcaCertificate"]), ("xcaSerial", [b"ab" * 16]), ("xcaState", [b"valid"]),
             ("userCertificate;binary", officer["userCertificate;binary"])])
    refused(portal.add_s, "xcaNotice=x,ou=outbox," + BASE,
            [("objectClass", [b"xcaNoticeEntry"]), ("xcaNotice", [b"x"]), ("xcaState", [b"waiting"]), ("xcaTo", [b"a@example.org"]),
             ("xcaSubject", [b"x"]), ("xcaBody", [b"x"]), ("xcaFiled", [now()])])


def put_decision(portal, number, cms):
    name = hashlib.sha256(cms).hexdigest()
    portal.add_s("xcaDecision=%s,xcaCaseNumber=%s,%s" % (name, number, CASES),
                 [("objectClass", [b"xcaDecisionEntry"]), ("xcaDecision", [name.encode()]), ("xcaCms", [cms])])
    return name


def verdict(instance, number, name):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        entry = instance.bind("admin").search_s("xcaDecision=%s,xcaCaseNumber=%s,%s" % (name, number, CASES), ldap.SCOPE_BASE)[0][1]
        if "xcaVerdict" in entry:
            return entry["xcaVerdict"][0].decode()
        time.sleep(0.1)
    return None


def statement(instance, number, stage, officer):
    shown = instance.admin("review", "show", number).stdout
    digest = [line for line in shown.splitlines() if line.startswith("content: sha256 ")][0].split()[-1]
    return ("XCA-STATEMENT-1\ncase: %s\ncontent: sha256:%s\nstage: %s\ndecision: accept\nletter: 1\nreason: \nofficer: %s\ntime: %s\n"
            % (number, digest, stage, officer, datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")))


def test_a_forged_decision_by_a_key_of_ones_own_counts_for_nothing(portal, instance, filed, tmp_path):
    before = certificates(instance)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c",
                    "-subj", "/C=TW/CN=ra-tpe-edu", "-days", "30"], check=True, capture_output=True)
    for stage, officer in (("first", "ra-tpe-edu"), ("second", "central-1")):
        (tmp_path / "text").write_text(statement(instance, filed, stage, officer))
        cms = subprocess.run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-in", tmp_path / "text",
                              "-signer", tmp_path / "c", "-inkey", tmp_path / "k", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        name = put_decision(portal, filed, cms)
        assert verdict(instance, filed, name).startswith("cms.")
    assert instance.case(filed)["xcaState"] == b"filed"
    assert certificates(instance) == before


def first_decision(instance, number):
    done = instance.decide("accept", number, "ra-tpe-edu", "--letter", "北市教字第3號")
    assert done.returncode == 0, done.stderr
    found = instance.bind("admin").search_s("xcaCaseNumber=%s,%s" % (number, CASES), ldap.SCOPE_ONELEVEL, "(objectClass=xcaDecisionEntry)")
    return found[0][1]["xcaCms"][0]


def test_a_decision_replayed_under_another_case_counts_for_nothing(portal, instance, filed, key_and_csr):
    cms = first_decision(instance, filed)
    other = new_number()
    portal.add_s("xcaCaseNumber=%s,%s" % (other, CASES), content(key_and_csr, other))
    name = put_decision(portal, other, cms)
    assert verdict(instance, other, name) == "decision.other-case"
    assert instance.case(other)["xcaState"] == b"filed"


def test_content_cannot_be_changed_once_a_review_has_begun(portal, instance, filed):
    first_decision(instance, filed)
    instance.wait_for_state(filed, "reviewed")
    dn = "xcaCaseNumber=%s,%s" % (filed, CASES)
    for name in ("o", "mail", "xcaCsr", "xcaWindow", "xcaCodeHash", "xcaRevision"):
        refused(portal.modify_s, dn, [(ldap.MOD_REPLACE, name, b"1")])


def test_content_changed_between_signing_and_judging_makes_the_decision_stale(portal, instance, key_and_csr):
    """The officer signs what was shown; the content changes before the signer looks at the case for the first time."""
    import os
    import signal

    filed = new_number()
    os.kill(instance.signer_pid(), signal.SIGSTOP)
    try:
        portal.add_s("xcaCaseNumber=%s,%s" % (filed, CASES), content(key_and_csr, filed))
        done = instance.admin("review", "accept", filed, "--officer", "ra-tpe-edu", "--key",
                              str(instance.home / "officers/ra-tpe-edu.p12"), "--password-file",
                              str(instance.home / "officers/password"), "--letter", "1")
        assert done.returncode == 0 and "hand" in done.stdout
        portal.modify_s("xcaCaseNumber=%s,%s" % (filed, CASES), [(ldap.MOD_REPLACE, "mail", b"attacker@example.org.tw")])
    finally:
        os.kill(instance.signer_pid(), signal.SIGCONT)
    found = instance.bind("admin").search_s("xcaCaseNumber=%s,%s" % (filed, CASES), ldap.SCOPE_ONELEVEL)
    name = found[0][1]["xcaDecision"][0].decode()
    assert verdict(instance, filed, name) == "decision.stale"
    assert instance.case(filed)["xcaState"] == b"filed"


def test_one_officer_cannot_do_both_reviews(instance, filed):
    first_decision(instance, filed)
    again = instance.decide("accept", filed, "ra-tpe-edu", "--letter", "x")
    assert again.returncode != 0
    assert instance.case(filed)["xcaState"] == b"reviewed"


def returned(instance, number):
    """Both officers believe what the case says of itself; the signer does not."""
    before = certificates(instance)
    instance.approve(number)
    instance.wait_for_state(number, "returned")
    assert certificates(instance) == before
    return instance.case(number)["xcaProblem"].decode()


def known_organisation(instance):
    entry = instance.bind("admin").search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(&(xcaOid=*)(xcaOrgClass=foundation))",
                                            ["xcaOid", "o", "xcaOrgClass", "xcaUbn", "xcaCounty", "xcaDistrict"])[0][1]
    return {name: entry.get(name, [None])[0] for name in ("xcaOid", "o", "xcaOrgClass", "xcaUbn", "xcaCounty", "xcaDistrict")}


@pytest.mark.parametrize("lie", [{"o": "財團法人另一個基金會".encode()}, {"xcaUbn": b"10458575"}, {"xcaCounty": "高雄市".encode()}])
def test_a_known_organisation_is_certified_as_the_tree_has_it_or_not_at_all(portal, instance, key_and_csr, lie):
    number = new_number()
    known = known_organisation(instance)
    portal.add_s("xcaCaseNumber=%s,%s" % (number, CASES), content(key_and_csr, number, **dict(known, **lie)))
    assert returned(instance, number) == "case.not-as-checked"


def test_a_known_organisation_as_the_tree_has_it_is_certified(portal, instance, key_and_csr):
    number = new_number()
    portal.add_s("xcaCaseNumber=%s,%s" % (number, CASES), content(key_and_csr, number, **known_organisation(instance)))
    instance.approve(number)
    instance.wait_for_state(number, "issued")


def test_a_key_that_is_not_the_requests_is_not_believed(portal, instance, key_and_csr):
    """It would keep the check of used keys from finding the key that is certified."""
    number = new_number()
    portal.add_s("xcaCaseNumber=%s,%s" % (number, CASES), content(key_and_csr, number, xcaKeyHash=b"ab" * 32))
    assert returned(instance, number) == "case.not-as-checked"


@pytest.mark.parametrize("changed, problem", [
    ({"xcaUbn": b"12345678"}, "ubn.check"), ({"mail": b"no address"}, "email.form"), ({"o": None}, "field.required"),
    ({"xcaOrgClass": b"no-such-class"}, "field.choose"), ({"xcaCsr": b"no request"}, None), ({"xcaCsr": None}, "csr.empty")])
def test_content_that_the_portal_would_refuse_is_refused_by_the_signer(portal, instance, key_and_csr, changed, problem):
    number = new_number()
    portal.add_s("xcaCaseNumber=%s,%s" % (number, CASES), content(key_and_csr, number, **changed))
    found = returned(instance, number)
    assert found == problem or (problem is None and found.startswith("csr."))


def test_a_revocation_that_names_another_organisation_revokes_nothing(portal, instance):
    number = new_number()
    portal.add_s("xcaCaseNumber=%s,%s" % (number, CASES),
                 [("objectClass", [b"xcaCase"]), ("xcaCaseNumber", [number.encode()]), ("xcaKind", [b"revocation"]),
                  ("xcaState", [b"filed"]), ("xcaRevision", [b"1"]), ("xcaFiled", [now()]), ("xcaWindow", [b"tpe-edu"]),
                  ("o", ["財團法人書面審查基金會".encode()]), ("xcaRevokeReason", [b"other"])])
    before = certificates(instance)
    assert instance.decide("accept", number, "ra-tpe-edu", "--letter", "北市教字第1150000001號").returncode == 0
    instance.wait_for_state(number, "returned")
    assert instance.case(number)["xcaProblem"] == b"certificate.not-found" and certificates(instance) == before


def put_request(portal, **more):
    name = secrets.token_hex(16)
    entry = dict({"objectClass": b"xcaRequestEntry", "xcaRequest": name.encode(), "xcaKind": b"accept", "xcaState": b"waiting",
                  "xcaFiled": now()}, **more)
    dn = "xcaRequest=%s,ou=requests,%s" % (name, BASE)
    portal.add_s(dn, [(key, [value]) for key, value in entry.items()])
    return dn


def answer(instance, dn):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        entry = instance.bind("signer").search_s(dn, ldap.SCOPE_BASE)[0][1]
        if "xcaAnswer" in entry:
            return entry["xcaAnswer"][0].decode()
        time.sleep(0.1)
    return None


@pytest.mark.parametrize("more", [{}, {"xcaSealedCode": bytes(60)}, {"xcaSealedCode": bytes(60), "xcaSerial": b"*"},
                                  {"xcaKind": b"issue", "xcaSealedCode": bytes(60), "xcaSerial": b"ab"},
                                  {"xcaKind": b"device-secret", "xcaSealedCode": bytes(60), "xcaCaseNumber": b"0" * 25},
                                  {"xcaKind": b"device-secret-off", "xcaCaseNumber": b"*"},
                                  {"xcaSealedCode": b"x", "xcaCardNumber": b"(&"}, {"xcaSealedCode": bytes(100000)}])
def test_a_request_that_makes_no_sense_is_denied_and_stops_nobody(portal, instance, more):
    dn = put_request(portal, **more)
    assert answer(instance, dn) == "request.unreadable"


def test_a_flood_of_worthless_decisions_does_not_hide_the_true_one(portal, instance, filed):
    for index in range(200):
        put_decision(portal, filed, b"\x30\x82" + secrets.token_bytes(300))
    name = put_decision(portal, filed, bytes(300000))
    assert verdict(instance, filed, name) == "cms.malformed"
    first_decision(instance, filed)
    instance.wait_for_state(filed, "reviewed")


def test_anonymous_reads_nothing_private(instance, filed):
    anonymous = instance.bind()
    for branch in ("cases", "requests", "nonces", "officers", "outbox", "counters", "services"):
        try:
            found = anonymous.search_s("ou=%s,%s" % (branch, BASE), ldap.SCOPE_SUBTREE)
        except ldap.NO_SUCH_OBJECT:
            found = []
        assert found == [], branch
    private = {"xcacodehash", "xcacontactmail", "xcatries", "xcasourcekey", "userpassword", "xcacasenumber", "xcasealedcode", "xcacms"}
    seen = 0
    for filter_text in ("(xcaArc=*)", "(xcaUse=encryption)", "(xcaWindow=tpe-edu)", "(objectClass=inetOrgPerson)"):
        try:
            result = anonymous.search_ext(BASE, ldap.SCOPE_SUBTREE, filter_text, ["*", "+"])
            while True:
                kind, data = anonymous.result(result, all=0)
                if kind != ldap.RES_SEARCH_ENTRY:
                    break
                for dn, values in data:
                    seen += 1
                    assert not private & {name.lower() for name in values}, dn
                    if ",ou=oid," in dn:
                        assert "mail" not in values
        except (ldap.SIZELIMIT_EXCEEDED, ldap.ADMINLIMIT_EXCEEDED):
            pass
    assert seen > 0

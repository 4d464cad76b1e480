"""Mail that does not arrive: a server that refuses it, and one that sends it back. Officers see it, the operator sends it again."""

import subprocess
import time

import ldap
import pytest
from conftest import BASE, BUILD
from officers import Officer
from visiting import Visitor, file_case
from test_office_cases import make_csr

REPORT = """From: MAILER-DAEMON@mx.example.org\r
Subject: Undelivered Mail Returned to Sender\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status;\r
\tboundary="=_x"\r
\r
--=_x\r
Content-Type: text/plain\r
\r
I am sorry.\r
--=_x\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.org\r
\r
Final-Recipient: rfc822; %(to)s\r
Action: %(action)s\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox here\r
\r
--=_x\r
Content-Type: message/rfc822\r
\r
From: xca@localhost\r
Message-ID: <%(id)s@localhost>\r
\r
x\r
--=_x--\r
"""


def bounce(instance, text):
    return subprocess.run([str(BUILD / "xca-admin"), "--settings", str(instance.home / "xca.conf"), "mail", "bounce"], input=text.encode(),
                          env=instance.environment, capture_output=True, timeout=60)


def state(instance, name):
    found = instance.bind("admin").search_s("xcaNotice=%s,ou=outbox,%s" % (name, BASE), ldap.SCOPE_BASE)[0][1]
    return found["xcaState"][0].decode()


def wait_for(instance, name, wanted):
    until = time.monotonic() + 30
    while True:
        try:
            if state(instance, name) == wanted:
                return
        except ldap.NO_SUCH_OBJECT:
            pass
        assert time.monotonic() < until, wanted
        time.sleep(0.2)


@pytest.fixture
def told(instance, tmp_path):
    """A case, the notice that it was filed, and whom that went to."""
    case = file_case(Visitor(instance), make_csr(tmp_path), "returned-%d@example.org.tw" % time.time_ns())
    name = case + "-1-filed"
    wait_for(instance, name, "sent")
    return case, name, instance.case(case)["xcaContactMail"].decode()


def test_what_comes_back_is_shown_to_officers_and_can_be_sent_again(instance, told):
    case, name, to = told
    central = Officer(instance, "central-1")
    before = [n["id"] for n in central.get("/office/mail", Accept="application/json").json()["notices"]]
    assert name not in before
    done = bounce(instance, REPORT % {"to": to, "id": name, "action": "delayed"})
    assert done.returncode == 0 and state(instance, name) == "sent"
    for _ in range(2):  # the same report twice is one
        done = bounce(instance, REPORT % {"to": to, "id": name, "action": "failed"})
        assert done.returncode == 0, done.stderr
        assert state(instance, name) == "failed"
    shown = [n for n in central.get("/office/mail", Accept="application/json").json()["notices"] if n["id"] == name]
    assert len(shown) == 1 and shown[0]["case_number"] == case and shown[0]["to"] == to
    assert shown[0]["reason"] == "bounced 5.1.1 %s: 550 5.1.1 no such mailbox here" % to
    page = central.get("/office/mail")
    assert "550 5.1.1 no such mailbox here" in page.main and "/office/cases/" + case in page.text and "未送達" in page.main
    listed = instance.admin("mail", "list", "--failed").stdout
    assert any(line.startswith("failed\t") and name in line and to in line for line in listed.splitlines())
    shown = instance.admin("mail", "show", name).stdout
    assert "state: failed" in shown and "reason: bounced 5.1.1" in shown and "已收到您的憑證申請資料" in shown
    again = instance.admin("mail", "retry", name)
    assert again.returncode == 0, again.stderr
    wait_for(instance, name, "sent")
    assert name not in instance.admin("mail", "list", "--failed").stdout
    assert instance.admin("mail", "retry", name).returncode == 5  # it has not failed


def test_only_central_officers_and_auditors_see_it(instance):
    for uid, status in (("central-1", 200), ("audit-1", 200), ("ra-tpe-edu", 403), ("card-1", 403)):
        assert Officer(instance, uid).get("/office/mail").status == status, uid
    assert Visitor(instance).get("/office/mail").status == 303


def test_reports_about_nothing_of_ours_change_nothing(instance, told):
    case, name, to = told
    assert bounce(instance, "Subject: out of office\n\nI am away.\n").returncode == 2
    assert bounce(instance, REPORT % {"to": to, "id": "no-such-notice", "action": "failed"}).returncode == 3
    assert bounce(instance, (REPORT % {"to": to, "id": name, "action": "failed"}).replace("@localhost>", "@elsewhere.org>")).returncode == 2
    assert state(instance, name) == "sent"
    assert bounce(instance, REPORT % {"to": to, "id": name, "action": "failed"} + "x" * 3000000).returncode == 0  # read to its end
    assert state(instance, name) == "failed"


def test_the_portal_reads_no_bodies_and_xca_admin_makes_no_mail(instance, told):
    _, name, to = told
    dn = "xcaNotice=%s,ou=outbox,%s" % (name, BASE)
    portal, admin = instance.bind("portal"), instance.bind("admin")
    outbox = "ou=outbox," + BASE
    assert name not in str(portal.search_s(outbox, ldap.SCOPE_ONELEVEL, "(xcaNotice=%s)" % name))  # it was sent
    with pytest.raises(ldap.INSUFFICIENT_ACCESS):  # nor is what was sent sent again without having failed
        admin.modify_s(dn, [(ldap.MOD_DELETE, "xcaState", b"sent"), (ldap.MOD_ADD, "xcaState", b"waiting")])
    bounce(instance, REPORT % {"to": to, "id": name, "action": "failed"})
    seen = portal.search_s(outbox, ldap.SCOPE_ONELEVEL, "(xcaNotice=%s)" % name)[0][1]
    assert "xcaBody" not in seen and seen["xcaTo"] == [to.encode()]
    for change in ([(ldap.MOD_REPLACE, "xcaTo", b"x@example.org")], [(ldap.MOD_REPLACE, "xcaBody", b"x")],
                   [(ldap.MOD_REPLACE, "xcaSubject", b"x")]):
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            admin.modify_s(dn, change)
    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
        portal.modify_s(dn, [(ldap.MOD_DELETE, "xcaState", b"failed"), (ldap.MOD_ADD, "xcaState", b"waiting")])

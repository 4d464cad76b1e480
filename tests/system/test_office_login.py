"""Officers log in by a signature over a challenge, or by a TLS client certificate; sessions end when they should."""

import re
import ssl
import subprocess
import time

import ldap
import pytest
from conftest import BASE, free_ports
from officers import Desk, Officer, Signer
from test_audit import entries
from visiting import Visitor

COOKIE = "__Host-xca-office"


@pytest.fixture(scope="module")
def desk(instance, tmp_path_factory):
    one = Desk(instance, "central-1", tmp_path_factory.mktemp("desk"))
    yield one
    one.close()


def refused(page, text):
    assert page.status == 403 and text in page.main, (page.status, page.main)
    assert COOKIE not in (page.headers.get("Set-Cookie") or "")


@pytest.mark.parametrize("uid, role", [("ra-tpe-edu", "初審註冊窗口"), ("central-1", "複審"), ("card-1", "發卡中心"), ("audit-1", "稽核")])
def test_each_role_logs_in_and_is_shown(instance, uid, role):
    officer = Officer(instance, uid)
    page = officer.get("/office")
    assert page.status == 200 and uid in page.main and role in page.main
    assert page.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_strict_and_is_not_the_name_of_the_session(instance):
    officer = Officer(instance, "central-1", login=False)
    done = officer.login()
    cookie = done.headers["Set-Cookie"]
    assert re.fullmatch(COOKIE + "=[0-9a-f]{64}; Path=/; Secure; HttpOnly; SameSite=Strict", cookie)
    stored = instance.bind("portal").search_s("ou=sessions," + BASE, ldap.SCOPE_ONELEVEL)
    assert officer.session_dn() in [dn for dn, _ in stored]
    assert officer.cookie() not in str(stored)


def test_whoever_is_not_logged_in_is_sent_to_the_login_and_back(instance):
    visitor = Visitor(instance, language="zh")
    page = visitor.get("/office?x=1")
    assert page.status == 303 and page.headers["Location"] == "/office/login?to=/office%3Fx%3D1"
    officer = Officer(instance, "central-1", login=False)
    assert officer.login("?to=/office%3Fx%3D1").headers["Location"] == "/office?x=1"
    assert visitor.get("/office", Accept="application/json").status == 403


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "/officers.evil", "/office\\evil", "/about", "/office/login"])
def test_the_login_leads_to_the_officers_part_alone(instance, to):
    officer = Officer(instance, "central-1", login=False)
    assert officer.login("?to=" + to).headers["Location"] == "/office"


def test_a_session_that_is_made_up_is_none(instance):
    visitor = Visitor(instance)
    for value in ("0" * 64, "", "x" * 64, "0" * 63, "../" * 20, "0" * 5000):
        visitor.cookies[COOKIE] = value
        assert visitor.get("/office").headers["Location"].startswith("/office/login")
    # what the directory holds is no cookie either
    officer = Officer(instance, "central-1")
    visitor.cookies[COOKIE] = officer.session_dn().split(",")[0].split("=")[1]
    assert visitor.get("/office").status == 303


def test_a_challenge_is_good_once(instance):
    officer = Officer(instance, "central-1", login=False)
    page, challenge = officer.challenge()
    form, signed = officer.form_of(page, "/office/login"), officer.signer.sign(challenge)
    assert officer.submit(page, {"signed": signed}, form=form).status == 303
    refused(officer.submit(page, {"signed": signed}, form=form), "已經用過")


def test_a_challenge_of_another_browser_is_refused(instance):
    mine, other = Officer(instance, "central-1", login=False), Officer(instance, "central-1", login=False)
    _, challenge = other.challenge()
    page, _ = mine.challenge()
    refused(mine.submit(page, {"signed": mine.signer.sign(challenge)}, form=mine.form_of(page, "/office/login")), "")


def test_what_is_no_challenge_of_ours_is_refused(instance):
    officer = Officer(instance, "central-1", login=False)
    page, challenge = officer.challenge()
    form = officer.form_of(page, "/office/login")
    for text in ("XCA-LOGIN-1\n", "XCA-STATEMENT-1\n" + challenge.split("\n", 1)[1], challenge.replace("token: 1", "token: 2"),
                 challenge.replace("portal: ", "portal: https://evil.example/"), challenge + "x: y\n", "x" * 5000):
        refused(officer.submit(page, {"signed": officer.signer.sign(text)}, form=form), "")
    for signed in ("", "!!!", "AAAA", "MIIB"):
        page = officer.submit(page, {"signed": signed}, form=form)
        assert page.status in (403, 422) and COOKIE not in (page.headers.get("Set-Cookie") or "")
        assert officer.form_of(page, "/office/login")


def test_a_challenge_grows_old_in_five_minutes(spare):
    officer = Officer(spare, "central-1", login=False)
    page, challenge = officer.challenge()
    form, signed = officer.form_of(page, "/office/login"), officer.signer.sign(challenge)
    spare.restart(6 * 60)
    try:
        officer.connection = None
        refused(officer.submit(page, {"signed": signed}, form=form), "超過五分鐘")
    finally:
        spare.restart()


def test_a_certificate_that_the_directory_does_not_know_is_refused(instance, tmp_path):
    """The same name, even from the same CA: it has to be the officer's certificate to the byte."""
    officer = Officer(instance, "central-1", login=False)
    page, challenge = officer.challenge()
    ca = instance.home / "ca"
    for issuer in (["-CA", ca / "officer-ca.pem", "-CAkey", ca / "officer-ca.key"], []):
        pem = tmp_path / ("own%d.pem" % len(issuer))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pem,
                        "-out", str(pem) + ".crt", "-subj", "/C=TW/CN=central-1", "-addext", "keyUsage=digitalSignature"],
                       check=True, capture_output=True)
        if issuer:
            subprocess.run("openssl req -new -key %s -subj /C=TW/CN=central-1 | openssl x509 -req -CA %s -CAkey %s -days 9 -out %s.crt"
                           % (pem, issuer[1], issuer[3], pem), shell=True, check=True, capture_output=True)
        pem.write_text(pem.read_text() + (tmp_path / (pem.name + ".crt")).read_text())
        foreign = Signer(instance, "central-1")
        foreign.pem = pem
        refused(officer.submit(page, {"signed": foreign.sign(challenge)}, form=officer.form_of(page, "/office/login")), "不屬於任何承辦人")


def test_refused_logins_of_officers_are_in_the_audit_log_ten_an_hour_and_strangers_are_not(spare, tmp_path):
    spare.restart()  # nothing is counted yet
    before = len(entries(spare, kind="officer-login-refused"))
    officer = Officer(spare, "central-2", login=False)
    page, challenge = officer.challenge()
    form = officer.form_of(page, "/office/login")

    def hand_in(text):
        refused(officer.submit(page, {"signed": text}, form=form), "")

    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key",
                    "-out", tmp_path / "own", "-subj", "/C=TW/CN=central-2", "-addext", "keyUsage=digitalSignature"],
                   check=True, capture_output=True)
    stranger, of_our_ca = Signer(spare, "central-2"), Signer(spare, "central-2")
    stranger.pem = tmp_path / "stranger"
    stranger.pem.write_text((tmp_path / "key").read_text() + (tmp_path / "own").read_text())
    of_our_ca.pem = tmp_path / "ours"
    (tmp_path / "extensions").write_text("keyUsage=critical,digitalSignature\n")
    subprocess.run("openssl req -new -key key -subj /C=TW/CN=former | openssl x509 -req -CA %s/officer-ca.pem -CAkey %s/officer-ca.key -days 9 "
                   "-extfile extensions -out former && cat key former >ours" % (spare.home / "ca", spare.home / "ca"),
                   shell=True, check=True, capture_output=True, cwd=tmp_path)
    for _ in range(3):
        hand_in(stranger.sign(challenge))
    hand_in(of_our_ca.sign(challenge))
    for _ in range(12):
        hand_in(officer.signer.sign("x"))
    auditor = Officer(spare, "audit-1")  # this login comes behind them
    until = time.monotonic() + 10
    while not entries(spare, kind="officer-login", actor="officer audit-1"):
        assert time.monotonic() < until
        time.sleep(0.3)
    told = entries(spare, kind="officer-login-refused")[before:]
    assert {e["actor"] for e in told} == {"portal"} and {e["details"]["way"] for e in told} == {"challenge"}
    assert {e["details"]["address"] for e in told} == {"127.0.0.1"}
    assert [(e["details"].get("officer"), e["details"]["reason"]) for e in told] == [(None, "login.unknown")] + [
        ("central-2", "login.malformed")] * 10
    assert len({e["details"]["certificate"] for e in told}) == 2
    page = auditor.get("/office/audit/%d" % told[-1]["number"])
    assert "承辦人登入遭拒" in page.main and "central-2" in page.main


def test_logout_ends_the_session_also_for_a_copy_of_the_cookie(instance):
    officer = Officer(instance, "central-1")
    copy = Visitor(instance)
    copy.cookies = dict(officer.cookies)
    assert copy.get("/office").status == 200
    done = officer.logout()
    assert done.headers["Location"] == "/office/login?out=1" and "Max-Age=0" in done.headers["Set-Cookie"]
    assert "已登出" in officer.get("/office/login?out=1").main
    assert copy.get("/office").headers["Location"].startswith("/office/login")


def test_logout_needs_the_officers_own_form(instance):
    officer = Officer(instance, "central-1")
    assert officer.post("/office/logout", []).status == 403
    assert officer.post("/office/logout", [("token", officer.token(officer.get("/office")))], origin="https://evil.example").status == 403
    assert officer.get("/office").status == 200


def test_a_session_ends_when_idle_and_at_its_end(spare):
    """30 minutes idle, 10 hours at most."""
    try:
        spare.restart()
        officer = Officer(spare, "central-1")
        for minutes, status in ((25, 200), (50, 200), (85, 303)):
            spare.restart(minutes * 60)
            officer.connection = None
            assert officer.get("/office").status == status, minutes
        spare.restart()
        officer = Officer(spare, "central-1")
        connection = spare.bind("portal")
        for offset in (9 * 3600, 10 * 3600 + 60):
            # seen all the time
            connection.modify_s(officer.session_dn(), [(ldap.MOD_REPLACE, "xcaSeen", [time.strftime(
                "%Y%m%d%H%M%SZ", time.gmtime(time.time() + offset)).encode()])])
            connection.unbind_s()
            spare.restart(offset)
            connection = spare.bind("portal")
            officer.connection = None
            last = officer.get("/office")
            assert last.status == (200 if offset < 36000 else 303), offset
        assert "over=1" in last.headers["Location"] and "工作階段已結束" in officer.get(last.headers["Location"]).main
        assert connection.search_s("ou=sessions," + BASE, ldap.SCOPE_ONELEVEL, "(uid=central-1)", ["1.1"]) is not None
    finally:
        spare.restart()


def test_an_officer_who_is_made_inactive_is_out_at_once(instance):
    officer = Officer(instance, "ra-tpe-soc")
    dn = "uid=ra-tpe-soc,ou=officers," + BASE
    instance.bind("admin").modify_s(dn, [(ldap.MOD_REPLACE, "xcaActive", [b"FALSE"])])
    try:
        assert officer.get("/office").status == 303
        refused(officer.login(), "已停用")
    finally:
        instance.bind("admin").modify_s(dn, [(ldap.MOD_REPLACE, "xcaActive", [b"TRUE"])])


def test_the_portal_cannot_change_whose_a_session_is(instance):
    """What the portal may write of a session is when it was seen."""
    officer = Officer(instance, "audit-1")
    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
        instance.bind("portal").modify_s(officer.session_dn(), [(ldap.MOD_REPLACE, "uid", [b"central-1"])])
    for who in ("admin", None):
        with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT, ldap.STRONG_AUTH_REQUIRED)):
            instance.bind(who).delete_s(officer.session_dn())


def test_in_the_browser_with_a_key_file_through_the_bridge(instance, desk):
    """The link of the helper first; challenge shown, confirmed, logged in. Whoever says no stays outside."""
    desk.browser.get(desk.bridge.link)
    desk.get("/office")
    desk.page.begin()
    desk.page.wait_part("confirm")
    assert "portal: " + instance.url in desk.page.part("confirm").text or instance.url in desk.page.part("confirm").text
    desk.page.press("confirm", "[data-do=no]")
    desk.page.wait_part("begin")
    desk.get("/office")
    assert "/office/login" in desk.browser.current_url
    desk.login()
    assert "central-1" in desk.main().text
    desk.press(".office-head form button")
    assert "已登出" in desk.main().text


class ByCertificate(Visitor):
    """A browser with a client certificate, at the host where mod_ssl asks for one."""

    def __init__(self, instance, port, pem=None):
        super().__init__(instance, language="zh")
        self.port, self.pem = port, pem

    def connect(self):
        import http.client
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.pem:
            context.load_cert_chain(self.pem)
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)


@pytest.fixture(scope="module")
def tls_port(spare):
    """The second host of conf/README.md."""
    port = free_ports(1)[0]
    config = spare.home / "httpd.conf"
    before = config.read_text("utf-8")
    host = re.search(r"<VirtualHost 127\.0\.0\.1:%d>.*?</VirtualHost>" % spare.https, before, re.S).group(0)
    host = host.replace(":%d>" % spare.https, ":%d>" % port).replace(
        "XCAPortal On", "XCAPortal On\n    SSLVerifyClient optional\n    SSLVerifyDepth 2\n    SSLCACertificateFile \"%s\"" % (spare.home / "officers.pem"))
    (spare.home / "officers.pem").write_text((spare.home / "ca/officer-ca.pem").read_text() + (spare.home / "ca/root.pem").read_text())
    spare.stop()
    spare.extra_httpd = "Listen 127.0.0.1:%d https\n%s\n" % (port, host)
    yield port


def test_a_tls_client_certificate_logs_in_where_the_operator_has_it(spare, tls_port):
    spare.start()
    # the demo writes httpd.conf at each start: a second httpd serves the second host
    config = spare.home / "second.conf"
    text = (spare.home / "httpd.conf").read_text("utf-8")
    text = re.sub(r"<VirtualHost.*?</VirtualHost>", "", text, flags=re.S)
    text = re.sub(r"(?m)^Listen .*$", "", text).replace("run/httpd.pid", "run/second.pid").replace("httpd-error.log", "second-error.log")
    config.write_text(text + spare.extra_httpd, "utf-8")
    server = subprocess.Popen(["/usr/sbin/apache2", "-f", str(config), "-DFOREGROUND"])
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                anyone = ByCertificate(spare, tls_port)
                page = anyone.get("/office/login")
                break
            except ConnectionRefusedError:
                time.sleep(0.2)
        assert not [f for f in page.forms if f.action == "/office/login/certificate"]
        token = re.search(r'name="token" value="([^"]+)"', page.text).group(1)
        refused(anyone.post("/office/login/certificate", [("token", token)], origin=None), "沒有出示憑證")
        signer = Signer(spare, "central-1")
        officer = ByCertificate(spare, tls_port, signer.pem)
        page = officer.get("/office/login")
        form = next(f for f in page.forms if f.action == "/office/login/certificate")
        done = officer.submit(page, {}, form=form, origin=None)
        assert done.status == 303, done.main
        assert "central-1" in officer.get("/office").main
    finally:
        server.terminate()
        server.wait(20)

"""Officers and windows are changed by orders that central officers sign. Whoever holds the portal's identity makes no officer."""

import base64
import hashlib
import re
import subprocess
import time

import ldap
import pytest
from conftest import BASE
from officers import Desk, Officer, Signer
from applying import by_name
from visiting import Upload


def make_certificate(instance, uid, folder):
    p12 = folder / (uid + ".p12")
    made = instance.admin("officer", "make", "--uid", uid, "--ca-folder", str(instance.home / "ca"), "--password-file",
                          str(instance.home / "officers/password"), "--out", str(p12))
    assert made.returncode == 0, made.stderr
    return made.stdout.encode()


def form(uid, certificate, **more):
    return dict({"subject": uid, "title": "測試承辦人", "person": "P-" + uid, "role": "ra", "window": "tpe-edu",
                 "certificate": Upload(certificate, "officer.pem")}, **more)


def write_order(officer, path, values):
    return officer.submit(officer.get(path), values)


def sign_order(officer, page, **more):
    return officer.sign_order(page, **more)


def order_of(done):
    assert done.status == 303, done.main
    return re.search(r"/office/orders/([0-9a-f]{32})", done.headers["Location"]).group(1)


def sign_too(officer, order):
    page = officer.submit(officer.get("/office/orders/" + order), {}, form=officer.form_of(officer.get("/office/orders/" + order),
                                                                                         "/office/orders/" + order))
    return sign_order(officer, page)


def state(officer, order, signed=""):
    return officer.get("/office/orders/%s%s" % (order, signed), Accept="application/json").json()


def entry(instance, dn):
    try:
        return instance.bind("admin").search_s(dn + "," + BASE, ldap.SCOPE_BASE)[0][1]
    except ldap.NO_SUCH_OBJECT:
        return None


@pytest.fixture(scope="module")
def one(instance):
    return Officer(instance, "central-1")


@pytest.fixture(scope="module")
def two(instance):
    return Officer(instance, "central-2")


def test_two_central_officers_make_an_officer_who_can_work_at_once(instance, one, two, tmp_path):
    certificate = make_certificate(instance, "ra-new", tmp_path)
    order = order_of(sign_order(one, write_order(one, "/office/officers/new", form("ra-new", certificate))))
    waiting = state(one, order)
    assert waiting["order"]["state"] == "waiting" and waiting["order"]["people"] == 1 and waiting["order"]["needed"] == 2
    time.sleep(0.5)
    assert entry(instance, "uid=ra-new,ou=officers") is None
    order_of(sign_too(two, order))
    assert state(two, order, "?signed=1")["order"]["state"] == "done"
    (instance.home / "officers" / "ra-new.p12").write_bytes((tmp_path / "ra-new.p12").read_bytes())
    assert "測試承辦人" in Officer(instance, "ra-new").get("/office").main
    assert "測試承辦人" in one.get("/office/officers").main


def test_one_signature_twice_is_not_two(instance, one, tmp_path):
    certificate = make_certificate(instance, "ra-once", tmp_path)
    page = write_order(one, "/office/officers/new", form("ra-once", certificate))
    order = order_of(sign_order(one, page))
    text = one.to_sign(page)[0]
    later = re.sub(r"time: \d{8}T\d{6}Z", time.strftime("time: %Y%m%dT%H%M%SZ", time.gmtime(time.time() + 60)), text)
    order_of(sign_order(one, page, text=later))
    shown = state(one, order)
    assert shown["order"]["people"] == 1 and [s for s in shown["signatures"] if s.get("wrong") == "order.same-person"]
    time.sleep(0.5)
    assert entry(instance, "uid=ra-once,ou=officers") is None
    assert "我也簽章" not in one.get("/office/orders/" + order).main


def test_a_broken_in_portal_makes_no_officer(instance, one, tmp_path):
    """With the portal's password: neither the entry itself, nor an order with a signature of its own making, changed texts, or one
    central officer's signature put under another order."""
    portal = instance.bind("portal")
    central = entry(instance, "uid=central-1,ou=officers")
    evil = dict(central, uid=[b"evil"])
    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
        portal.add_s("uid=evil,ou=officers," + BASE, list(evil.items()))
    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
        portal.modify_s("uid=ra-tpe-edu,ou=officers," + BASE, [(ldap.MOD_REPLACE, "xcaRole", b"central")])
    certificate = make_certificate(instance, "evil", tmp_path)
    page = write_order(one, "/office/officers/new", form("evil", certificate, role="central", window=""))
    text = one.to_sign(page)[0]
    der = subprocess.run(["openssl", "x509", "-outform", "DER"], input=certificate, capture_output=True, check=True).stdout
    own = one.signer.sign(text)
    evil_signer = Signer(instance, "ra-tpe-edu")
    signatures = [own, evil_signer.sign(text), evil_signer.sign(text.replace("officer: central-1", "officer: central-2")),
                  evil_signer.sign(text.replace("officer: central-1", "officer: ra-tpe-edu")),
                  one.signer.sign(text.replace("officer: central-1", "officer: central-2"))]
    for order in (re.search(r"order: ([0-9a-f]{32})", text).group(1), "f" * 32):
        dn = "xcaOfficeOrder=%s,ou=orders,%s" % (order, BASE)
        portal.add_s(dn, [("objectClass", [b"xcaOfficeOrderEntry"]), ("xcaOfficeOrder", [order.encode()]), ("xcaState", [b"waiting"]),
                          ("xcaFiled", [b"20261125000000Z"]), ("userCertificate;binary", [der])])
        for signed in signatures:
            cms = base64.b64decode(signed)
            name = hashlib.sha256(cms).hexdigest()
            portal.add_s("xcaDecision=%s,%s" % (name, dn), [("objectClass", [b"xcaDecisionEntry"]), ("xcaDecision", [name.encode()]),
                                                          ("xcaCms", [cms])])
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            portal.modify_s(dn, [(ldap.MOD_REPLACE, "xcaState", b"done")])
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            portal.delete_s(dn)
    with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.INVALID_SYNTAX)):
        portal.add_s("xcaOfficeOrder=%s,ou=orders,%s" % ("e" * 32, BASE), [
            ("objectClass", [b"xcaOfficeOrderEntry"]), ("xcaOfficeOrder", [b"e" * 32]), ("xcaState", [b"done"]), ("xcaFiled", [b"20261125000000Z"])])
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = portal.search_s("ou=orders," + BASE, ldap.SCOPE_SUBTREE, "(&(xcaCms=*)(!(xcaVerdict=*)))", ["1.1"])
        if not found:
            break
        time.sleep(0.2)
    assert found == [] and entry(instance, "uid=evil,ou=officers") is None
    counted = portal.search_s("ou=orders," + BASE, ldap.SCOPE_SUBTREE, "(xcaVerdict=counted)", ["xcaVerdict"])
    assert len([dn for dn, _ in counted if "f" * 32 in dn]) == 0


def test_nobody_signs_about_themselves_and_two_always_stay(instance, one, two):
    page = write_order(one, "/office/officers/central-1", {"title": "自己升官"})
    refused = sign_order(one, page)
    assert refused.status == 403 and "自己的異動單" in refused.main
    # the last but one may not go: the demo has two
    order = order_of(sign_order(one, write_order(one, "/office/officers/central-2", {"active": "no"})))
    shown = state(one, order, "?signed=1")
    assert shown["order"]["state"] == "refused" and shown["order"]["problem"] == "order.last-central"
    assert entry(instance, "uid=central-2,ou=officers")["xcaActive"] == [b"TRUE"]


def test_one_signature_makes_an_officer_inactive_and_an_order_that_was_held_back_does_not_undo_it(instance, one, two):
    held = write_order(one, "/office/officers/ra-tpe-soc", {"title": "新職稱"})
    first = one.signer.sign(one.to_sign(held)[0])
    time.sleep(1.1)
    order = order_of(sign_order(two, write_order(two, "/office/officers/ra-tpe-soc", {"active": "no"})))
    assert state(two, order, "?signed=1")["order"]["state"] == "done"
    assert entry(instance, "uid=ra-tpe-soc,ou=officers")["xcaActive"] == [b"FALSE"]
    assert Officer(instance, "ra-tpe-soc", login=False).login().status == 403
    certificate = next(e.get("value") for e in held.elements() if e.get("name") == "certificate")
    done = one.post("/office/orders", [("token", one.token(held)), ("certificate", certificate), ("signed", first)])
    shown = state(one, order_of(done))
    assert shown["signatures"][0]["wrong"] == "order.stale" and shown["order"]["people"] == 0
    # two bring the officer back
    order = order_of(sign_order(one, write_order(one, "/office/officers/ra-tpe-soc", {"active": "yes"})))
    order_of(sign_too(two, order))
    assert state(two, order, "?signed=1")["order"]["state"] == "done"
    assert Officer(instance, "ra-tpe-soc").get("/office").status == 200


def test_the_lists_say_how_many_there_are_and_names_instead_of_identifiers(instance, one):
    officers = one.get("/office/officers", Accept="application/json").json()
    page = one.get("/office/officers").main
    active = sum(1 for o in officers["officers"] if o.get("active"))
    assert officers["count"] == len(officers["officers"]) and "共 %d 位，其中 %d 位在職" % (len(officers["officers"]), active) in page
    assert "臺北市政府教育局 tpe-edu" in page
    page = one.get("/office/windows")
    windows = one.get("/office/windows", Accept="application/json").json()["windows"]
    assert "共 %d 個窗口" % len(windows) in page.main and "沒有在職的承辦人" in page.main
    counts = {w["id"]: w["officers"] for w in windows}
    assert counts["tpe-edu"] >= 1 and counts["kee-soc"] == 0
    assert "學校、財團法人" in page.main and "foundation" not in page.main
    sign = write_order(one, "/office/officers/ra-tpe-soc", {"title": "臺北市政府社會局 承辦人員"})
    assert "臺北市政府社會局 tpe-soc" in sign.main


def test_a_windows_telephone_takes_one_signature_its_classes_two(instance, one, two):
    order = order_of(sign_order(one, write_order(one, "/office/windows/kee-edu", {"phone": "02-2720-8889 轉 1234"})))
    assert state(one, order, "?signed=1")["order"]["state"] == "done"
    assert "02-2720-8889 轉 1234" in one.get("/windows/keelung-city").main
    page = one.get("/office/windows/kee-soc")
    pairs = [(n, v) for n, v in page.form.values() if n != "classes"] + [("classes", "association")]
    done = sign_order(one, one.post("/office/windows/kee-soc", pairs))
    order = order_of(done)
    assert state(one, order)["order"]["needed"] == 2 and state(one, order)["order"]["state"] == "waiting"
    order_of(sign_too(two, order))
    assert state(two, order, "?signed=1")["order"]["state"] == "done"
    assert entry(instance, "xcaWindow=kee-soc,ou=windows")["xcaTakesClass"] == [b"association"]


def test_what_is_wrong_is_told_at_its_field(instance, one, tmp_path):
    certificate = make_certificate(instance, "ra-fields", tmp_path)
    page = write_order(one, "/office/officers/new", {})
    assert page.status == 422 and {"subject", "title", "person", "role", "certificate"} <= set(page.summary())
    for changed, field in (({"subject": "Ünï"}, "subject"), ({"person": "a b"}, "person"), ({"window": ""}, "window"), ({"window": "nowhere"}, "window"),
                           ({"title": "x" * 200}, "title"), ({"certificate": Upload(b"nothing")}, "certificate"),
                           ({"certificate": Upload((instance.home / "ca/tls.pem").read_bytes())}, "certificate")):
        page = write_order(one, "/office/officers/new", dict(form("ra-fields", certificate), **changed))
        assert page.status == 422 and page.error(field), (field, page.main)
        assert page.form.field("title").value
    page = write_order(one, "/office/windows/new", {"subject": "new", "title": "新窗口"})
    assert page.status == 422 and {"county", "classes"} <= set(page.summary())


def test_a_certificate_of_another_officer_is_refused(instance, one, two, tmp_path):
    central = entry(instance, "uid=ra-tpe-edu,ou=officers")["userCertificate;binary"][0]
    order = order_of(sign_order(one, write_order(one, "/office/officers/new", form("ra-double", central))))
    order_of(sign_too(two, order))
    shown = state(two, order, "?signed=1")
    assert shown["order"]["state"] == "refused" and shown["order"]["problem"] == "order.certificate-taken"


@pytest.mark.parametrize("uid", ["ra-tpe-edu", "card-1", "audit-1"])
def test_others_write_no_orders(instance, uid):
    officer = Officer(instance, uid)
    assert officer.get("/office/officers").status == (200 if uid == "audit-1" else 403)
    assert officer.get("/office/officers/new").status == 403
    assert officer.get("/office/windows/tpe-edu").status == 403
    token = officer.token(officer.get("/office"))
    for path in ("/office/officers/new", "/office/windows/new", "/office/orders", "/office/orders/" + "0" * 32):
        assert officer.post(path, [("token", token), ("signed", "AAAA")]).status == 403


@pytest.mark.parametrize("path", ["/office/orders/x", "/office/orders/" + "0" * 32, "/office/officers/nobody", "/office/officers/*", "/office/windows/nowhere"])
def test_what_is_not_there_is_404(one, path):
    assert one.get(path).status == 404


def test_in_the_browser_an_order_is_shown_in_words_by_the_helper(instance, tmp_path):
    desk = Desk(instance, "central-1", tmp_path)
    try:
        desk.login()
        desk.get("/office/windows/kee-edu")
        by_name(desk.browser, "phone").clear()
        by_name(desk.browser, "phone").send_keys("02-12345678")
        desk.press("form.form .primary")
        said = desk.sign()
        assert "Telephone: 02-12345678" in said and "What it changes: window" in said and "Identifier: kee-edu" in said
        assert "已生效" in desk.main().text
    finally:
        desk.close()

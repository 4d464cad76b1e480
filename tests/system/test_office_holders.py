"""憑證廢止 and 用戶代碼重設 as officers file them in the browser: found, filled in, signed through the helper, and what is refused."""

import base64
import re
import subprocess
from urllib.parse import quote

import ldap
import pytest
from selenium.webdriver.common.by import By
from applying import by_name, choose, go, revoke
from bridging import Bridge, settings_of
from conftest import BASE
from officers import Desk, NoReader, Officer
from test_office_cases import make_csr
from visiting import NEW_FORM, Visitor, file_case

LETTER = "北市教字第1150000031號"
CODE = "Test-code-1"


@pytest.fixture
def published(instance, tmp_path):
    """Certificates that are in use: the serial number of a new one at each call. A path of a form: for another organisation."""
    visitor = Visitor(instance)

    def make(name, path=None):
        case = file_case(visitor, make_csr(tmp_path), name + "@holders.example.org.tw", CODE, path)
        instance.approve(case)
        instance.wait_for_state(case, "issued")
        serial = instance.case(case)["xcaSerial"].decode()
        content = visitor.submit(visitor.get("/certificates/accept"), {"serial": serial, "code": CODE})
        visitor.submit(content, {}, "accept")
        instance.wait_for_state(case, "completed")
        return serial
    return make


def state_of(instance, serial):
    return instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]["xcaState"][0].decode()


def add_copy(instance, serial, number, **values):
    """A certificate with this serial number like the given one, but for some values."""
    signer = instance.bind("signer")
    entry = signer.search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]
    entry.update(xcaSerial=[number.encode()], **{attribute: [value.encode()] for attribute, value in values.items()})
    for attribute in ("xcaCaseNumber", "xcaKeyHash"):
        entry.pop(attribute, None)
    signer.add_s("xcaSerial=%s,ou=certificates,%s" % (number, BASE), list(entry.items()))
    return number


def add_card(instance, serial, card):
    """The certificates of a card, as far as the portal sees: their serial numbers, that for signatures first."""
    return [add_copy(instance, serial, "%032x" % (int(serial, 16) ^ i), xcaCardNumber=card, xcaUse=use)
            for i, use in ((1, "signature"), (2, "encryption"))]


def form_page(officer, serial, what="revocations"):
    return officer.get("/office/%s/new?number=%s" % (what, serial))


def file_form(officer, page, **values):
    """Sends the form as a browser would; gives what comes: the page with the statement, or what is wrong."""
    what = "code-resets" if "code-resets" in page.text else "revocations"
    return officer.submit(page, values, form=officer.form_of(page, "/office/%s/new" % what))


def filed(officer, serial, **values):
    given = dict({"revoke_reason": "lost", "letter": LETTER}, **values)
    page = file_form(officer, form_page(officer, serial), **given)
    texts = officer.to_sign(page)
    assert len(texts) == 1, page.main
    return page, texts[0], re.search(r"^case: (\d{25})$", texts[0], re.M).group(1)


def filed_reset(officer, serial, **values):
    given = dict({"contact_name": "秘書處", "contact_phone": "02-27208889", "remark": "週一下午二時至五時"}, **values)
    page = file_form(officer, form_page(officer, serial, "code-resets"), **given)
    texts = officer.to_sign(page)
    assert len(texts) == 1, page.main
    return page, texts[0], re.search(r"^case: (\d{25})$", texts[0], re.M).group(1)


def signed(officer, page, text):
    number = re.search(r"^case: (\d{25})$", text, re.M).group(1)
    return officer.outcome(officer.hand_in(page, [text]))[number]


def test_a_window_officer_files_a_revocation_in_the_browser(instance, published, tmp_path, central):
    """The whole way: search, look, form, signature in the helper's window; suspended; then the central office revokes."""
    serial = published("walked")
    desk = Desk(instance, "ra-tpe-edu", tmp_path)
    try:
        desk.login()
        desk.get("/office")
        go(desk.browser, desk.find(".office-nav a[href='/office/revocations']"))
        by_name(desk.browser, "q").send_keys(serial.upper())
        desk.press(".search .primary")
        desk.press(".results a")
        shown = desk.main().text
        assert "有效" in shown and serial in shown, shown
        desk.press("form.form .primary")
        wrong = desk.main().text
        assert "請選擇一項" in wrong and desk.find("#letter-error").is_displayed()
        choose(desk.browser, desk.find("input[name=revoke_reason][value=damaged]"))
        by_name(desk.browser, "letter").send_keys(LETTER)
        by_name(desk.browser, "contact_name").send_keys("陳秘書")
        desk.press("form.form .primary")
        assert "案件已送件" in desk.main().text
        number = re.search(r"\d{25}", desk.find(".office-statements").text).group(0)
        assert state_of(instance, serial) == "valid"
        digest = instance.admin("review", "digest", number).stdout.split()[1]
        said = desk.sign()
        assert number in said and digest in said and LETTER in said
        instance.wait_for_state(number, "reviewed")
        assert "已採計" in desk.main().text and state_of(instance, serial) == "suspended"
        desk.get("/office/revocations")
        row = next(r for r in desk.main().find_elements(By.CSS_SELECTOR, "tbody tr") if number in r.text)
        assert re.search(r"應辦畢日 20\d\d-\d\d-\d\d", row.text)
        go(desk.browser, row.find_element(By.TAG_NAME, "a"))
        shown = desk.main().text
        assert "應辦畢日" in shown and LETTER in shown and "陳秘書" in shown and "毀損" in shown
    finally:
        desk.close()
    assert central.decide([number], "accept")[number]["counted"]
    instance.wait_for_state(number, "completed")
    assert state_of(instance, serial) == "revoked"


def test_it_is_found_by_serial_number_card_number_name_and_oid(instance, published, ra):
    serial = published("found")
    entry = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]
    for typed in (serial, ":".join(re.findall("..", serial.upper())), entry["xcaOid"][0].decode(), entry["o"][0].decode()[-6:]):
        page = ra.get("/office/revocations?q=" + quote(typed), Accept="application/json").json()
        assert serial in [c["serial"] for c in page["found"]], typed
    card = "Xc00000000000034"
    signature, encryption = add_card(instance, serial, card)
    for typed in (card, card.lower()):
        found = ra.get("/office/revocations?q=" + typed, Accept="application/json").json()["found"]
        assert [c["card_number"] for c in found] == [card], typed
        found = ra.get("/certificates?card=" + typed, Accept="application/json").json()["certificates"]
        assert {c["serial"] for c in found} == {signature, encryption}, typed
    for typed, told in (("Xc1", "卡號"), ("2.16.886.x", "OID"), ("、。", "字"), ("Xc99999999999999", "找不到")):
        assert told in ra.get("/office/revocations?q=" + quote(typed)).main, typed


def test_what_cannot_be_revoked_is_told_and_has_no_form(instance, published, ra):
    serial = published("again")
    _, _, number = filed(ra, serial)
    assert "\nSerial number of the certificate to revoke: %s\n" % serial in instance.admin("review", "show", number).stdout
    again = form_page(ra, serial)
    assert again.status == 409 and number in again.main and not any(f.action.endswith("/new") for f in again.forms)
    gone = published("gone")
    revoke(instance, gone)
    page = form_page(ra, gone)
    assert page.status == 409 and "已經廢止" in page.main and "廢止" in page.main
    old = add_copy(instance, serial, "%032x" % (int(gone, 16) ^ 1), xcaNotBefore="20200101000000Z", xcaNotAfter="20250101000000Z")
    page = form_page(ra, old)
    assert page.status == 409 and "已經到期" in page.main
    assert form_page(ra, "00ff").status == 422 and "查無此憑證" in form_page(ra, "00ff").main
    assert ra.get("/office/revocations/new").status == 303


def test_the_ban_is_told_for_cards_alone(instance, published, ra):
    serial = published("ban")
    page = form_page(ra, serial)
    assert page.status == 200 and "三個月" not in page.main
    add_card(instance, serial, "Xc00000000000031")
    page = form_page(ra, "Xc00000000000031")
    assert page.status == 200 and "三個月內，這個組織不能再申請" in page.main


def test_a_case_about_a_card_is_found_by_its_numbers_and_shows_them(instance, published, ra, central):
    serial, other = published("numbers"), published("othernumbers")
    card = "Xc00000000000032"
    signature, encryption = add_card(instance, serial, card)
    _, _, revocation = filed(ra, card)
    _, _, reset = filed_reset(central, card)
    _, _, beside = filed(ra, other)

    def found(officer, typed):
        page = officer.get("/office/cases?q=" + quote(typed), Accept="application/json").json()
        return {c["number"] for c in page["cases"]}

    colons = ":".join(re.findall("..", encryption.upper()))
    for typed in (card, card.lower(), card.upper(), signature, encryption, colons):
        assert found(central, typed) == {revocation, reset} and found(ra, typed) == {revocation}, typed
    made_for = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (other, BASE), ldap.SCOPE_BASE)[0][1]["xcaCaseNumber"][0].decode()
    assert found(central, other) == {beside, made_for}
    assert found(central, "f" * 32) == found(central, "Xc00000000000033") == set()
    for number in (revocation, reset):
        assert card in central.get("/office/cases/" + number).main
        assert "\nCard number: %s\n" % card in instance.admin("review", "show", number).stdout
    assert "卡號" not in central.get("/office/cases/" + beside).main.split("審核決定")[0]
    # The sheet is there once both officers have signed and the code is set.
    case = "xcaCaseNumber=%s,ou=cases,%s" % (reset, BASE)
    instance.bind("signer").modify_s(case, [(ldap.MOD_REPLACE, "xcaState", [b"issued"])])
    assert card in central.get("/office/call-sheets/" + reset).main
    instance.bind("signer").modify_s(case, [(ldap.MOD_REPLACE, "xcaState", [b"returned"])])


def test_another_windows_organisation_is_told_whose_it_is(instance, published, ra):
    """Not even a form made up by hand files it."""
    serial = published("elsewhere", NEW_FORM)
    entry = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]
    organisation = instance.bind("signer").search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(xcaOid=%s)" % entry["xcaOid"][0].decode())[0][0]
    instance.bind("signer").modify_s(organisation, [(ldap.MOD_REPLACE, "xcaAuthority", ["臺北市政府教育局".encode()])])
    other = Officer(instance, "ra-tpe-soc")
    page = form_page(other, serial)
    assert page.status == 422 and "臺北市政府教育局" in page.main and not any(f.action.endswith("/new") for f in page.forms)
    sent = other.post("/office/revocations/new", [("token", other.token(page)), ("number", serial), ("revoke_reason", "lost"), ("letter", LETTER)])
    assert sent.status == 422 and not other.to_sign(sent)
    assert form_page(ra, serial).status == 200


def test_what_is_missing_is_told_at_its_field_and_nothing_typed_is_lost(instance, published, ra):
    serial = published("missing")
    page = file_form(ra, form_page(ra, serial), letter=LETTER, contact_name="陳秘書")
    assert page.status == 422 and page.error("revoke_reason") and page.form.field("letter").value == LETTER
    page = file_form(ra, page, revoke_reason="other", letter="")
    assert page.status == 422 and page.error("letter") and page.form.field("contact_name").value == "陳秘書"
    page = file_form(ra, page, revoke_reason="other", letter=LETTER)
    assert page.status == 422 and page.error("remark")
    page = file_form(ra, page, revoke_reason="other", remark="不再使用", letter=LETTER, letter_date="2019-01-01")
    assert page.status == 422 and page.error("letter_date")
    page = file_form(ra, page, revoke_reason="other", remark="不再使用", letter=LETTER, letter_date="", contact_email="no")
    assert page.status == 422 and page.error("contact_email")
    admin = instance.bind("admin")
    assert admin.search_s("ou=cases," + BASE, ldap.SCOPE_ONELEVEL, "(xcaTargetSerial=%s)" % serial) == []


def test_the_same_form_again_is_the_same_case(instance, published, ra):
    """A page that is loaded again sends its form again; once it is signed, it leads to the case."""
    serial = published("reload")
    page = form_page(ra, serial)
    first = file_form(ra, page, revoke_reason="abolished", letter=LETTER)
    text = ra.to_sign(first)[0]
    again = file_form(ra, page, revoke_reason="abolished", letter=LETTER)
    number = re.search(r"^case: (\d{25})$", text, re.M).group(1)
    assert number in ra.to_sign(again)[0]
    assert signed(ra, first, text)["counted"]
    instance.wait_for_state(number, "reviewed")
    done = file_form(ra, page, revoke_reason="abolished", letter=LETTER)
    assert done.status == 303 and done.headers["Location"] == "/office/cases/" + number
    assert instance.decide("return", number, "central-1", "--reason", "測試").returncode == 0
    instance.wait_for_state(number, "returned")
    assert state_of(instance, serial) == "valid"


def test_a_forged_or_repeated_statement_revokes_nothing(instance, published, ra, central):
    serial, other = published("forged"), published("kept")
    page, text, number = filed(ra, serial)
    for wrong, told in ((text.replace("stage: first", "stage: second"), "decision.role"),
                        (re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, text), "decision.stale"),
                        (re.sub("officer: .*", "officer: central-1", text), "cms.signer"),
                        (text.replace("letter: " + LETTER, "letter: "), "decision.letter")):
        assert ra.outcome(ra.hand_in(page, [wrong]))[number]["refused"] == told, told
    stranger = Officer(instance, "ra-tpe-soc")
    told = ra.outcome(ra.hand_in(page, [re.sub("officer: .*", "officer: ra-tpe-soc", text)], stranger.signer))[number]
    assert told["refused"] == "decision.other-officer"
    assert stranger.get("/office/cases/" + number).status == 404
    assert state_of(instance, serial) == "valid" and instance.case(number)["xcaState"] == b"filed"
    assert signed(ra, page, text)["counted"]
    instance.wait_for_state(number, "reviewed")
    assert ra.outcome(ra.hand_in(page, [text]))[number]["refused"] == "decision.state"
    # for another case it is worth nothing
    page, fresh, second_number = filed(ra, other)
    portal = instance.bind("portal")
    cms = portal.search_s("xcaCaseNumber=%s,ou=cases,%s" % (number, BASE), ldap.SCOPE_ONELEVEL)[0]
    moved = cms[0].replace(number, second_number)
    portal.add_s(moved, [(k, v) for k, v in cms[1].items() if k != "xcaVerdict"])
    assert signed(ra, page, fresh.replace("accept", "return").replace("reason: ", "reason: 不送了"))["counted"]
    instance.wait_for_state(second_number, "returned")
    assert state_of(instance, other) == "valid"
    central.decide([number], "return", reason="測試")
    instance.wait_for_state(number, "returned")


@pytest.mark.parametrize("uid, looks, files", [("audit-1", ("revocations", "code-resets"), ()), ("card-1", (), ()),
                                               ("central-1", ("revocations", "code-resets"), ("code-resets",)),
                                               ("ra-tpe-edu", ("revocations",), ("revocations",))])
def test_who_files_and_who_may_only_look(instance, published, uid, looks, files):
    serial = published("roles")
    officer = Officer(instance, uid)
    desk = officer.get("/office")
    for what in ("revocations", "code-resets"):
        page = officer.get("/office/" + what)
        assert page.status == (200 if what in looks else 403), what
        assert ("/office/%s\"" % what in desk.text) == (what in looks)
        assert ("送件" in re.sub(r"收到.*?送件", "", page.main)) == (what in files)
        assert form_page(officer, serial, what).status == (200 if what in files else 403)
        sent = officer.post("/office/%s/new" % what, [("token", officer.token(desk)), ("number", serial), ("letter", LETTER)])
        assert sent.status == (422 if what in files else 403)


def test_two_officers_reset_a_code_and_the_original_closes_it(instance, published, central, second, ra):
    serial = published("reset")
    page, text, number = filed_reset(central, serial)
    assert signed(central, page, text)["state"] == "reviewed"
    assert central.decide([number], "accept")[number]["refused"] == "decision.same-person"
    assert form_page(second, serial, "code-resets").status == 409
    listed = second.get("/office/code-resets", Accept="application/json").json()["cases"]
    assert [c["state"] for c in listed if c["number"] == number] == ["reviewed"]
    assert ra.get("/office/cases/" + number).status == 404
    assert "簽發程式會退回" not in second.get("/office/cases/" + number).main  # nothing stands against it
    told = instance.admin("review", "show", number).stdout
    assert "\nSerial number of the certificate: %s\n" % serial in told and "revoke" not in told, told
    assert second.decide([number], "accept")[number]["counted"]
    instance.wait_for_state(number, "issued")
    shown = central.get("/office/cases/" + number)
    assert "正本期限" in shown.main and "正本已到" in shown.main and "秘書處" in shown.main and "週一下午" in shown.main
    done = central.decide([number], "accept")[number]
    assert done["counted"] and done["state"] == "completed"
    assert "xcaEnvelope" not in instance.case(number)


def test_an_original_that_is_not_in_order_revokes(instance, published, central, second):
    serial = published("notinorder")
    page, text, number = filed_reset(central, serial)
    signed(central, page, text)
    second.decide([number], "accept")
    instance.wait_for_state(number, "issued")
    assert central.decide([number], "return", reason="正本印鑑不符")[number]["state"] == "lapsed"
    assert state_of(instance, serial) == "revoked"


def test_what_is_missing_in_a_reset_is_told_at_its_field(published, central):
    page = file_form(central, form_page(central, published("resetfields"), "code-resets"), contact_phone="call me")
    assert page.status == 422 and page.error("contact_name") and page.error("contact_phone")


def issued(instance, serial, central, second):
    """A reset that both officers have signed: its number."""
    page, text, number = filed_reset(central, serial)
    signed(central, page, text)
    assert second.decide([number], "accept")[number]["counted"]
    instance.wait_for_state(number, "issued")
    return number


def test_the_second_officer_opens_the_code_in_the_helpers_window_alone(instance, published, tmp_path, central, second):
    serial = published("telephone")
    number = issued(instance, serial, central, second)
    desk = Desk(instance, "central-2", tmp_path)
    try:
        desk.login()
        desk.get("/office/cases/" + number)
        before = len(desk.bridge.said())
        desk.page.begin()
        desk.bridge.wait_for("Is the one-time code of case %s to be opened" % number, after=before)
        desk.bridge.type("y")
        desk.bridge.wait_for("Have you read it?", after=before)
        said = desk.bridge.said()[before:]
        code = re.search(r"One-time code: ([a-z2-9]{10})\n", said).group(1)
        assert "02-27208889" in said and "秘書處" in said and serial in said
        assert "小幫手的視窗" in desk.page.text()
        desk.bridge.type("y")
        desk.page.wait_part("done")
        assert code not in desk.browser.page_source
        desk.page.press("done")  # once more, and now without agreeing
        desk.bridge.wait_for("to be opened", after=before + len(said))
        desk.bridge.type("n")
        desk.page.wait_part("begin")
        go(desk.browser, desk.find("a[href='/office/call-sheets/%s']" % number))
        assert "秘書處" in desk.main().text and code not in desk.browser.page_source
    finally:
        desk.close()
    told = instance.admin("code-reset", "tell", number, "--officer", "central-2", "--key", str(instance.home / "officers/central-2.p12"),
                          "--password-file", str(instance.home / "officers/password"))
    assert code in told.stdout
    for log in instance.home.glob("log/*"):
        assert code not in log.read_text("utf-8", "replace"), log
    other = central.get("/office/cases/" + number)
    assert "開啟代碼" not in other.main and "由做第二次審核的承辦人開啟" in other.main
    assert central.decide([number], "accept")[number]["state"] == "completed"
    assert second.get("/office/call-sheets/" + number).status == 409


def envelope_of(officer, number):
    page = officer.get("/office/cases/" + number)
    return next(e.get("value") for e in page.elements() if e.get("name") == "envelope")


def test_a_page_cannot_pass_one_code_off_as_another_nor_open_anything_else(instance, published, tmp_path, central, second):
    """What a broken-in portal might ask of the helper of an officer who says yes to everything."""
    numbers = [issued(instance, published(name), central, second) for name in ("swapone", "swaptwo")]
    envelopes = [envelope_of(second, number) for number in numbers]
    password = ("--password-file", instance.home / "officers/password", "--yes")
    helper = Bridge(NoReader, settings_of(instance, tmp_path), "--key", instance.home / "officers/central-2.p12", *password)

    def opened(case, envelope):
        return helper.follow({"operation": "open-code", "case": case, "envelope": envelope})
    try:
        events = opened(numbers[0], envelopes[0])
        assert events[-1]["type"] == "done" and {e["type"] for e in events} == {"here", "done"}
        code = helper.wait_for("One-time code: ").split()[-1]
        assert code not in str(events)
        events = opened(numbers[1], envelopes[0])
        assert events[-1]["id"] == "T_CODE_OTHER_CASE"
        der = base64.b64decode(envelopes[1])
        for wrong in (der[:-1], der[:-1] + bytes([der[-1] ^ 1]), der[:60] + bytes([der[60] ^ 1]) + der[61:], b"\x30\x00", b""):
            assert opened(numbers[1], base64.b64encode(wrong).decode())[-1]["id"] in ("T_ENVELOPE_FORM", "T_ENVELOPE_NOT_YOURS")
        mail = subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER", certificate_of(instance, "central-2", tmp_path)],
                              input=b"secret mail", check=True, capture_output=True).stdout
        assert opened(numbers[1], base64.b64encode(mail).decode())[-1]["id"] == "T_ENVELOPE_FORM"
        assert "secret mail" not in helper.said()
        for order in ({"case": numbers[0]}, {"envelope": envelopes[0]}, {"case": numbers[0] + "0", "envelope": envelopes[0]},
                      {"case": numbers[0], "envelope": "no base64!"}, {"case": numbers[0], "envelope": "A" * 30000}):
            assert helper.ask("POST", "/v1/jobs", dict(order, operation="open-code"))[0] in (400, 422)
    finally:
        helper.stop()
    other = Bridge(NoReader, settings_of(instance, tmp_path), "--key", instance.home / "officers/central-1.p12", *password)
    try:
        assert other.follow({"operation": "open-code", "case": numbers[0], "envelope": envelopes[0]})[-1]["id"] == "T_ENVELOPE_NOT_YOURS"
    finally:
        other.stop()
    for number in numbers:
        central.decide([number], "accept")


def certificate_of(instance, uid, folder):
    path = folder / (uid + ".pem")
    subprocess.run(["openssl", "pkcs12", "-in", instance.home / "officers" / (uid + ".p12"), "-passin",
                    "file:%s" % (instance.home / "officers/password"), "-nokeys", "-clcerts", "-out", path], check=True, capture_output=True)
    return path

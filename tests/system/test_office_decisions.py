"""Decisions at the portal: one, many, conflicts, wrong roles, forgeries; what counts is what the signer finds."""

import os
import re
import signal
import time
import urllib.parse

import ldap
import pytest
from conftest import BASE, TOP
from officers import Desk, Officer, Signer
from applying import by_name, go
from visiting import Visitor, file_case
from test_office_cases import make_csr

LETTER = "北市教字第1150000009號"


@pytest.fixture
def new_case(instance, tmp_path):
    visitor = Visitor(instance)

    def make(name="decide"):
        return file_case(visitor, make_csr(tmp_path), name + "@decide.example.org.tw")
    return make


def test_two_officers_bring_a_case_to_issuance(instance, new_case, ra, central):
    case = new_case()
    first = ra.decide([case], "accept", LETTER)[case]
    assert first["counted"] and first["state"] == "reviewed"
    second = central.decide([case], "accept")[case]
    assert second["counted"]
    instance.wait_for_state(case, "issued")
    shown = central.get("/office/cases/" + case).main
    assert LETTER in shown and "簽章有效，已採計" in shown and "ra-tpe-edu" in shown and "central-1" in shown


def test_a_return_tells_the_applicant_the_reasons(instance, new_case, ra):
    case = new_case("returned")
    told = ra.decide([case], "return", why=["seal", "document"], reason="電話少一碼。\n請更正。")[case]
    assert told["counted"] and told["state"] == "returned"
    reason = instance.case(case)["xcaReturnReason"].decode()
    assert reason.split("\n") == ["申請書的印鑑不清楚，或與登記印鑑不符，請重新用印。", "缺少附件（立案或登記證明文件影本），請補送。", "電話少一碼。", "請更正。"]


def test_one_letter_carries_many_cases_each_signed(instance, new_case, ra, central):
    cases = [new_case("bulk%d" % i) for i in range(5)]
    done = ra.decide(cases, "accept", LETTER)
    assert [done[c]["counted"] for c in cases] == [True] * 5
    portal = instance.bind("portal")
    signatures = [portal.search_s("xcaCaseNumber=%s,ou=cases,%s" % (c, BASE), ldap.SCOPE_ONELEVEL)[0][1]["xcaCms"][0] for c in cases]
    assert len(set(signatures)) == 5 and all(LETTER.encode() in s for s in signatures)
    done = central.decide(cases, "accept")
    assert all(done[c]["counted"] for c in cases)
    for case in cases:
        instance.wait_for_state(case, "issued")


def test_what_is_missing_is_told_at_its_field_and_nothing_typed_is_lost(instance, new_case, ra):
    case = new_case()
    page = ra.write_decision([case], "accept")
    assert page.status == 422 and page.error("letter") and page.summary() == ["letter"]
    page = ra.write_decision([case], "return", letter=LETTER)
    assert page.status == 422 and page.error("reason") and page.form.field("letter").value == LETTER
    page = ra.write_decision([case], "accept", letter="x" * 600)
    assert page.status == 422 and page.error("letter")
    page = ra.write_decision([case], "return", why=["name"], reason="長" * 2000)
    assert page.status == 422 and page.error("reason") and [f.on for f in page.form.fields if f.value == "name"] == [True]
    assert ra.write_decision([], "accept", LETTER).status == 422
    assert ra.write_decision([case] * 41, "accept", LETTER).status == 422
    assert ra.write_decision([case], "approve", LETTER).status == 422
    assert instance.case(case)["xcaState"] == b"filed"


def test_a_selection_without_a_decision_leads_to_the_form(instance, new_case, ra):
    cases = [new_case("a"), new_case("b")]
    page = ra.post("/office/decide", [("token", ra.token(ra.get("/office")))] + [("case", c + ".1") for c in cases])
    assert page.status == 200 and all(c in page.main for c in cases)
    assert [f.value for f in page.form.fields if f.name == "case"] == [c + ".1" for c in cases]
    page = ra.submit(page, {"letter": LETTER, "action": "accept"})
    assert len(ra.to_sign(page)) == 2


def test_an_address_that_takes_a_form_alone_leads_to_a_page_when_it_is_loaded_again(instance, ra):
    """Reload, the language switch, and the way back from a login: all of the portal's addresses, as its table has them."""
    table = (TOP / "mod_xca/portal/route.c").read_text("utf-8")
    posts = [(path, row) for path, row in re.findall(r'\{"POST", "([^"]+)",([^}]*)\}', table) if "ROUTE_DATA" not in row and "ROUTE_API" not in row and "*" not in path]
    assert len(posts) > 15
    for path, _ in posts:
        answer = ra.get(path)
        while answer.status == 303:
            answer = ra.follow(answer)
        others = ("/office/orders", "/office/code-resets/new")  # of central officers
        assert answer.status == (403 if path in others else 200), (path, answer.status)
    assert ra.get("/office").status == 200  # nobody was logged out by that
    assert "還沒有簽章" in ra.follow(ra.get("/office/decide")).main
    assert "重新上傳" in ra.follow(ra.get("/office/sheets/file")).main


def test_the_language_switch_on_the_page_to_sign_leads_to_the_list(instance, new_case):
    ra = Officer(instance, "ra-tpe-edu")
    case = new_case("switch")
    page = ra.post("/office/decide", [("token", ra.token(ra.get("/office"))), ("case", case + ".1")])
    switch = next(a.get("href") for a in page.elements() if a.tag == "a" and a.get("class") == "language")
    page = ra.get(urllib.parse.urljoin("/office/decide", switch))
    while page.status == 303:
        page = ra.follow(page)
    assert page.status == 200 and "cannot be loaded again" in page.main and instance.case(case)["xcaState"] == b"filed"


def test_the_later_of_two_officers_is_told_who_was_first(instance, new_case, ra, central):
    """Both have the page open; both have even signed."""
    case = new_case("conflict")
    other = Officer(instance, "ra-tpe-edu")
    first, second = ra.write_decision([case], "accept", LETTER), other.write_decision([case], "return", reason="不行")
    late = other.to_sign(second)
    assert ra.outcome(ra.hand_in(first, ra.to_sign(first)))[case]["counted"]
    told = other.outcome(other.hand_in(second, late))[case]
    assert told["refused"] == "decision.state"
    page = other.write_decision([case], "return", reason="不行")
    assert page.status == 409 and "可能已由其他承辦人審核" in page.main
    assert instance.case(case)["xcaState"] == b"reviewed"


def test_two_decisions_at_the_same_moment_are_one(instance, new_case, ra):
    """The signer sleeps while both come in: the earlier one counts, the other is told that it was late."""
    case = new_case("moment")
    other = Officer(instance, "ra-tpe-edu")
    first = ra.write_decision([case], "accept", LETTER)
    time.sleep(1.1)  # statements have whole seconds
    second = other.write_decision([case], "return", reason="不行")
    os.kill(instance.signer_pid(), signal.SIGSTOP)
    try:
        done = ra.hand_in(first, ra.to_sign(first)), other.hand_in(second, other.to_sign(second))
        waiting = other.get(done[1].headers["Location"], Accept="application/json").json()
        assert waiting["results"][0]["waits"]
    finally:
        os.kill(instance.signer_pid(), signal.SIGCONT)
    instance.wait_for_state(case, "reviewed")
    told = other.outcome(done[1])[case]
    assert not told["counted"] and told["verdict"] in ("decision.late", "decision.state")
    assert ra.outcome(done[0])[case]["counted"]


def test_a_case_that_was_corrected_meanwhile_is_looked_at_again(instance, tmp_path, ra):
    visitor = Visitor(instance, language="zh")
    case = file_case(visitor, make_csr(tmp_path), "meanwhile@decide.example.org.tw")
    page = ra.write_decision([case + ".1"], "accept", LETTER)
    texts = ra.to_sign(page)
    visitor.submit(visitor.get("/case/edit/" + case), {"contact_phone": "02-11112222"})
    assert ra.outcome(ra.hand_in(page, texts))[case]["refused"] == "decision.stale"
    page = ra.write_decision([case + ".1"], "accept", LETTER)
    assert page.status == 409 and "再看一次內容" in page.main
    page = ra.write_decision([case + ".2"], "accept", LETTER, digest="0" * 64)
    assert page.status == 409
    assert ra.decide([case + ".2"], "accept", LETTER)[case]["counted"]


@pytest.mark.parametrize("uid", ["audit-1", "card-1"])
def test_roles_that_decide_nothing_are_refused(instance, new_case, uid):
    case = new_case("role")
    officer = Officer(instance, uid)
    assert "審核這件案子" not in officer.get("/office/cases/" + case).main
    page = officer.write_decision([case], "accept", LETTER)
    assert page.status == 403
    # signed all the same, and sent
    statement = Officer(instance, "ra-tpe-edu").to_sign(Officer(instance, "ra-tpe-edu").write_decision([case], "accept", LETTER))[0]
    done = officer.post("/office/signed", [("token", officer.token(officer.get("/office"))), ("signed", officer.signer.sign(statement))])
    assert done.status == 403 and instance.case(case)["xcaState"] == b"filed"


def test_an_officer_of_another_window_and_the_wrong_stage_are_refused(instance, new_case, ra, central):
    case = new_case("window")
    assert Officer(instance, "ra-tpe-soc").write_decision([case], "accept", LETTER).status == 404
    assert central.write_decision([case], "accept").status == 409
    statement = ra.to_sign(ra.write_decision([case], "accept", LETTER))[0]
    soc = Officer(instance, "ra-tpe-soc")
    told = soc.outcome(soc.hand_in(soc.get("/office"), [statement.replace("ra-tpe-edu", "ra-tpe-soc")]))
    assert told == {} or told[case].get("refused") == "decision.window"
    assert instance.case(case)["xcaState"] == b"filed"


def signed_by(officer, text, signer, case):
    done = officer.hand_in(officer.get("/office"), [text], signer)
    assert done.status == 303, done.main
    return officer.outcome(done).get(case, {})


def test_forged_decisions_do_not_get_in(instance, new_case, ra, central):
    """Another's key, a changed text, another's statement, a login in its place."""
    case = new_case("forged")
    page = ra.write_decision([case], "accept", LETTER)
    text = ra.to_sign(page)[0]
    for signer, changed, why in ((central.signer, text, "cms.signer"), (ra.signer, text.replace("stage: first", "stage: second"), "decision.role"),
                                 (ra.signer, text.replace("officer: ra-tpe-edu", "officer: ra-tpe-soc"), "cms.signer"),
                                 (central.signer, text.replace("officer: ra-tpe-edu", "officer: central-1"), "decision.role"),
                                 (ra.signer, re.sub("sha256:.", "sha256:g", text), None), (ra.signer, text + "more: x\n", None),
                                 (ra.signer, re.sub("time: .{4}", "time: 2020", text), "decision.time")):
        told = signed_by(ra, changed, signer, case)
        assert "refused" in told or told == {}, (changed, told)
        if why in ("decision.role", "decision.time"):
            assert told.get("refused") in (why, "decision.other-officer", "cms.certificate"), told
    _, challenge = ra.challenge()
    assert signed_by(ra, challenge, ra.signer, case) == {}
    for garbage in ("", "AAAA", "!!"):
        assert ra.post("/office/signed", [("token", ra.token(page)), ("signed", garbage)]).status == 303
    time.sleep(0.5)
    portal = instance.bind("portal")
    assert portal.search_s("xcaCaseNumber=%s,ou=cases,%s" % (case, BASE), ldap.SCOPE_ONELEVEL) == []


def test_a_session_that_was_stolen_cannot_decide(instance, new_case, ra):
    """Whoever has the cookie can look, but has no key: what another key signs is refused."""
    case = new_case("stolen")
    thief = Visitor(instance)
    thief.cookies = dict(ra.cookies)
    assert thief.get("/office/cases/" + case).status == 200
    statement = ra.to_sign(ra.write_decision([case], "accept", LETTER))[0]
    token = ra.token(ra.get("/office"))
    done = thief.post("/office/signed", [("token", token), ("signed", Signer(instance, "central-2").sign(statement))])
    assert "r=%s.cms.signer" % case in done.headers["Location"]
    assert instance.case(case)["xcaState"] == b"filed"


def test_the_same_person_cannot_review_twice(instance, new_case, ra):
    """central-2 is given the number of the person who did the first review."""
    case = new_case("same")
    ra.decide([case], "accept", LETTER)
    admin = instance.bind("admin")
    person = admin.search_s("uid=ra-tpe-edu,ou=officers," + BASE, ldap.SCOPE_BASE)[0][1]["xcaPerson"]
    before = admin.search_s("uid=central-2,ou=officers," + BASE, ldap.SCOPE_BASE)[0][1]["xcaPerson"]
    admin.modify_s("uid=central-2,ou=officers," + BASE, [(ldap.MOD_REPLACE, "xcaPerson", person)])
    try:
        officer = Officer(instance, "central-2")
        assert officer.decide([case], "accept")[case]["refused"] == "decision.same-person"
    finally:
        admin.modify_s("uid=central-2,ou=officers," + BASE, [(ldap.MOD_REPLACE, "xcaPerson", before)])


def test_decisions_need_the_officers_form(instance, new_case, ra):
    case = new_case()
    assert ra.post("/office/decide", [("case", case), ("action", "accept"), ("letter", LETTER)]).status == 403
    token = ra.token(ra.get("/office"))
    for origin in ("https://evil.example", "null"):
        assert ra.post("/office/decide", [("token", token), ("case", case)], origin=origin).status == 403
    stranger = Visitor(instance)
    assert stranger.post("/office/decide", [("token", token), ("case", case)]).status == 403
    assert stranger.get("/office/result?d=" + case).headers["Location"].startswith("/office/login")


def test_the_page_of_the_outcome_tells_only_what_there_is(ra):
    page = ra.get("/office/result?d=x&d=0000100000000000000000001.0123456789abcdef&r=x.<script>&r=-.layout.name&d=&r=")
    assert page.status == 200 and "script" not in page.main


def test_a_revocation_is_approved_in_the_portal(instance, tmp_path, ra, central):
    """Filed by the window with xca-admin, which is its first decision; the second one here."""
    case = file_case(Visitor(instance), make_csr(tmp_path), "revoke@decide.example.org.tw")
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    serial = instance.case(case)["xcaSerial"].decode()
    filed = instance.admin("revoke", "--serial", serial, "--reason", "lost", "--letter", LETTER, "--officer", "ra-tpe-edu", "--key",
                           str(instance.home / "officers/ra-tpe-edu.p12"), "--password-file", str(instance.home / "officers/password"))
    number = re.search(r"^\d{25}$", filed.stdout, re.M).group(0)
    instance.wait_for_state(number, "reviewed")
    page = central.get("/office/cases/" + number).main
    assert serial in page and "遺失" in page
    assert central.decide([number], "accept")[number]["counted"]
    instance.wait_for_state(number, "completed")


@pytest.fixture(scope="module")
def desk(instance, tmp_path_factory):
    one = Desk(instance, "ra-tpe-edu", tmp_path_factory.mktemp("desk"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def upper_desk(instance, desk, tmp_path_factory):
    one = Desk(instance, "central-1", tmp_path_factory.mktemp("upper"))
    yield one
    one.close()


def test_in_the_browser_from_login_to_issuance(instance, new_case, desk, upper_desk):
    """Login, list, case, decision, helper, outcome; then the same at the ministry."""
    case = new_case("browser")
    desk.login()
    go(desk.browser, desk.find(".office-nav a[href='/office/cases']"))
    by_name(desk.browser, "q").send_keys(case)
    desk.press("form.office-filter .primary")
    go(desk.browser, desk.find("a[href='/office/cases/%s']" % case))
    assert "decide.example.org.tw" in desk.main().text
    by_name(desk.browser, "letter").send_keys(LETTER)
    desk.press(".office-decide .primary")
    assert LETTER in desk.main().text and case in desk.main().text
    said = desk.sign()
    assert case in said and LETTER in said and "accept" in said
    assert "已採計" in desk.main().text
    upper_desk.login()
    upper_desk.get("/office/cases/" + case)
    upper_desk.press(".office-decide .primary")
    upper_desk.sign()
    assert "已採計" in upper_desk.main().text
    instance.wait_for_state(case, "issued")


def test_in_the_browser_many_in_one_go(instance, new_case, desk):
    cases = [new_case("go%d" % i) for i in range(3)]
    desk.get("/office/cases?state=filed&sort=newest")
    if "/office/login" in desk.browser.current_url:
        desk.login()
        desk.get("/office/cases?state=filed&sort=newest")
    for case in cases:
        desk.find("input[name=case][value='%s.1']" % case).click()
    go(desk.browser, desk.find("form[action='/office/decide'] .primary"))
    by_name(desk.browser, "letter").send_keys(LETTER)
    go(desk.browser, desk.find("form[action='/office/decide'] .primary"))
    desk.sign(3)
    assert desk.main().text.count("已採計") == 3
    for case in cases:
        instance.wait_for_state(case, "reviewed")


def test_in_the_browser_who_says_no_at_the_helper_has_decided_nothing(instance, new_case, desk):
    case = new_case("no")
    desk.get("/office/cases/" + case)
    if "/office/login" in desk.browser.current_url:
        desk.login("?to=/office/cases/" + case)
    by_name(desk.browser, "letter").send_keys(LETTER)
    desk.press(".office-decide .primary")
    before = len(desk.bridge.said())
    desk.page.begin()
    desk.bridge.wait_for("(y/n)", after=before)
    desk.bridge.type("n")
    desk.page.wait_part("begin")
    assert "/office/decide" in desk.browser.current_url
    assert instance.case(case)["xcaState"] == b"filed"

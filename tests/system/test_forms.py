"""Forms that are replayed, forged, sent twice, sent for another's case, or sent by two browsers at once."""

import hashlib
import hmac
import re
import threading
import time

import ldap
import pytest
from conftest import BASE
from test_bad_fields import new_csr
from visiting import NEW_FORM, Visitor, file_case, filled_in

CODE = "Test-code-1"


def cases(instance):
    found = instance.bind("admin").search_s("ou=cases," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaCase)", ["xcaRevision"])
    return {dn: values["xcaRevision"] for dn, values in found}


def requests(instance):
    return len(instance.bind("admin").search_s("ou=requests," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaRequestEntry)", ["1.1"]))


def token_of(instance, visitor, purpose, when):
    """A token as the portal makes it, of another time."""
    key = (instance.home / "secrets/portal.key").read_bytes()
    key = key.rstrip(b"\r\n") if key.endswith(b"\n") else key
    nonce = "5a" * 16
    text = "xca-form-1\n%s\n%s\n%d\n%s\n" % (purpose, visitor.cookies["xca-visitor"], when, nonce)
    return "%d.%s.%s" % (when, nonce, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())


def test_a_forged_token_is_refused_and_nothing_is_filed(instance):
    visitor, other = Visitor(instance), Visitor(instance)
    page = visitor.get(NEW_FORM)
    others = other.get(NEW_FORM).form.field("token").value
    own = page.form.field("token").value
    time_part, nonce, mac = own.split(".")
    before = cases(instance)
    forged = [others, visitor.get("/case/status").form.field("token").value, own[:-1], own[:-1] + ("0" if own[-1] != "0" else "1"),
              "%d.%s.%s" % (int(time_part) + 1, nonce, mac), "%s.%s.%s" % (time_part, "00" * 16, mac), ".", "..", "9" * 200, "", None,
              b"\xff" * 107, mac]
    for token in forged:
        answer = visitor.submit(page, dict(filled_in(page, new_csr()), token=token))
        assert answer.status == 403 and "安全識別資料" in answer.main, (token, answer.status, answer.main)
        english = Visitor(instance, language="en")
        english.get(NEW_FORM)
        answer = english.submit(page, dict(filled_in(page, new_csr()), token=token))
        assert answer.status == 403 and "security token" in answer.main
    assert cases(instance) == before


@pytest.mark.parametrize("door", ["/case/status", "/case/edit", "/certificates/accept", "/certificates/suspend"])
def test_a_token_of_another_form_opens_no_door(instance, door):
    visitor = Visitor(instance)
    token = visitor.get(NEW_FORM).form.field("token").value
    page = visitor.get(door)
    before = requests(instance)
    answer = visitor.submit(page, {"token": token, "case_number": "00001" + "0" * 20, "serial": "ab" * 16, "number": "ab" * 16,
                                   "code": CODE, "action": "suspend"})
    assert answer.status == 403 and requests(instance) == before


def test_a_form_that_was_open_too_long_comes_back_with_all_that_was_typed(instance):
    visitor = Visitor(instance)
    page = visitor.get(NEW_FORM)
    before = cases(instance)
    for hours in (13, -1):
        old = token_of(instance, visitor, "apply", time.time() - hours * 3600)
        answer = visitor.submit(page, dict(filled_in(page, new_csr(), "slow@example.org.tw"), token=old))
        assert answer.status == 422 and "十二小時" in answer.main
        assert answer.form.field("org_name").value and answer.form.field("email").value == "slow@example.org.tw"
        assert answer.form.field("csr_kept").value and answer.form.field("token").value != old
        assert cases(instance) == before
    done = visitor.submit(answer, {"code": CODE, "code_again": CODE})
    assert done.status == 303 and len(cases(instance)) == len(before) + 1
    # a short form is asked for once more
    door = visitor.get("/case/status")
    assert visitor.submit(door, {"token": token_of(instance, visitor, "case", time.time() - 13 * 3600)}).status == 403


def test_a_form_sent_from_another_site_is_refused(instance):
    visitor = Visitor(instance)
    page = visitor.get(NEW_FORM)
    before = cases(instance)
    own = "https://localhost:%d" % instance.https
    for origin in ("https://evil.example", "null", own.replace("https", "http"), own + ".evil.example", "https://localhost", own + "/", ""):
        answer = visitor.submit(page, filled_in(page, new_csr()), origin=origin or " ")
        assert answer.status == 403 and "別的網站" in answer.main, origin
    assert cases(instance) == before
    # who sends no Origin at all (old browsers, programs) is known by cookie and token
    assert visitor.submit(page, filled_in(page, new_csr()), origin=None).status == 303
    bare = Visitor(instance)
    assert bare.submit(page, filled_in(page, new_csr()), origin=None).status == 403


def test_a_form_sent_many_times_at_once_is_one_case(instance):
    visitor = Visitor(instance)
    page = visitor.get(NEW_FORM)
    fields = filled_in(page, new_csr(), "double@example.org.tw")
    before = cases(instance)
    answers = []

    def send():
        one = Visitor(instance)
        one.cookies = dict(visitor.cookies)
        answers.append(one.submit(page, fields))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status for a in answers] == [303] * 6, [a.main for a in answers]
    assert len({re.search(r"\d{25}", a.headers["Location"]).group() for a in answers}) == 1
    assert len(cases(instance)) == len(before) + 1
    # used once more with other content: the case stays as it was filed, and the page says so
    again = visitor.submit(page, dict(filled_in(page, new_csr(), "changed@example.org.tw")))
    assert again.status == 303 and "filed=before" in again.headers["Location"]
    number = re.search(r"\d{25}", again.headers["Location"]).group()
    assert instance.case(number)["mail"] == b"double@example.org.tw" and len(cases(instance)) == len(before) + 1
    assert visitor.follow(again).status == 200


def test_the_pass_to_one_case_opens_no_other(instance):
    owner, thief = Visitor(instance), Visitor(instance)
    theirs = file_case(owner, new_csr(), "victim@example.org.tw")
    own = file_case(thief, new_csr(), "thief@example.org.tw")
    revisions = cases(instance)
    thief.cookies["xca-case-" + theirs] = thief.cookies["xca-case-" + own]
    attempts = [thief]
    stolen = Visitor(instance)  # the owner's pass without the owner's other cookie
    stolen.cookies["xca-case-" + theirs] = owner.cookies["xca-case-" + theirs]
    attempts.append(stolen)
    for one in attempts:
        for page in ("print", "paper", "letter", "checklist", "window", "edit", "status", "device-secret"):
            answer = one.get("/case/%s/%s" % (page, theirs))
            assert answer.status == 303 and "victim" not in answer.text, (page, answer.main)
            assert theirs not in one.follow(answer).headers.get("Location", "")
        for page in ("letter", "checklist", "device-secret"):
            source = one.get("/case/%s/%s" % (page, own if one is thief else theirs))
            if source.status == 200:
                answer = one.post("/case/%s/%s" % (page, theirs), source.form.values() + [("code", CODE)])
                assert answer.status == 303 and CODE not in answer.text
    edit = thief.get("/case/edit/" + own)
    answer = thief.submit(edit, {"email": "taken@example.org.tw"})
    assert answer.status == 303
    form = thief.get("/case/edit/" + own).form
    answer = thief.post("/case/edit/" + theirs, [(n, "taken@example.org.tw" if n == "email" else v) for n, v in form.values()],
                        as_multipart=True)
    assert answer.status in (403, 422) and "victim" not in answer.text and answer.error("pass_code")
    changed = {dn for dn, revision in cases(instance).items() if revisions[dn] != revision}
    assert changed == {"xcaCaseNumber=%s,ou=cases,%s" % (own, BASE)}


def test_two_browsers_at_one_case_the_later_is_told_and_sees_both(instance):
    first = Visitor(instance)
    number = file_case(first, new_csr(), "two@example.org.tw")
    second = Visitor(instance, language="en")
    assert second.submit(second.get("/case/edit"), {"case_number": number, "code": CODE}).status == 303
    pages = first.get("/case/edit/" + number), second.get("/case/edit/" + number)
    assert first.submit(pages[0], {"contact_name": "第一位", "contact_title": "秘書"}).status == 303
    late = second.submit(pages[1], {"contact_name": "第二位", "remark": "請勿遺失"})
    assert late.status == 409
    for text in ("第一位", "第二位", "請勿遺失", "What you sent"):
        assert text in late.main, late.main
    assert instance.case(number)["xcaContactName"].decode() == "第一位" and instance.case(number)["xcaRevision"] == b"2"
    # from what is there now it goes on
    assert second.submit(second.get("/case/edit/" + number), {"contact_name": "第二位"}).status == 303
    assert instance.case(number)["xcaContactName"].decode() == "第二位"


def test_two_browsers_in_the_same_moment_one_wins(instance):
    visitor = Visitor(instance)
    number = file_case(visitor, new_csr(), "moment@example.org.tw")
    page = visitor.get("/case/edit/" + number)
    statuses = []

    def send(name):
        one = Visitor(instance)
        one.cookies = dict(visitor.cookies)
        statuses.append(one.submit(page, {"contact_name": name}).status)

    threads = [threading.Thread(target=send, args=("聯絡人%d" % i,)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 409, 409, 409, 409]
    assert instance.case(number)["xcaRevision"] == b"2"


def test_a_correction_after_the_review_has_begun_is_told_and_changes_nothing(instance):
    visitor = Visitor(instance)
    number = file_case(visitor, new_csr(), "begun@example.org.tw")
    page = visitor.get("/case/edit/" + number)
    assert instance.decide("accept", number, "ra-tpe-edu", "--letter", "1").returncode == 0
    instance.wait_for_state(number, "reviewed")
    late = visitor.submit(page, {"contact_name": "太晚了"})
    assert late.status == 409 and "太晚了" in late.main
    assert visitor.get("/case/edit/" + number).status == 409
    assert instance.case(number)["xcaContactName"].decode() == "秘書處"


def test_an_old_pass_asks_for_the_code_and_keeps_what_was_typed(instance):
    visitor = Visitor(instance)
    number = file_case(visitor, new_csr(), "pass@example.org.tw")
    page = visitor.get("/case/edit/" + number)
    del visitor.cookies["xca-case-" + number]
    asked = visitor.submit(page, {"contact_name": "新聯絡人"})
    assert asked.status == 422 and asked.error("pass_code") and asked.form.field("contact_name").value == "新聯絡人"
    wrong = visitor.submit(asked, {"pass_code": "wrong-1"})
    assert wrong.status == 403 and wrong.form.field("contact_name").value == "新聯絡人"
    assert visitor.submit(wrong, {"pass_code": CODE}).status == 303
    assert instance.case(number)["xcaContactName"].decode() == "新聯絡人"

"""Officers' lists and the page of a case: what each role sees, filters, search, paging, order, differences, warnings."""

import re
import subprocess
import time
import urllib.parse

import ldap
import pytest
from conftest import BASE
from officers import Officer
from visiting import NEW_FORM, Visitor, file_case, filled_in

WINDOW = "tpe-edu"


def make_csr(folder, count=[0]):
    count[0] += 1
    name = folder / ("request%d" % count[0])
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    str(name) + ".key", "-out", str(name) + ".csr", "-subj", "/CN=request"], check=True, capture_output=True)
    return (folder / (name.name + ".csr")).read_bytes()


@pytest.fixture(scope="module")
def filed(instance, tmp_path_factory):
    """Four cases at one window, one at another, one of a new organisation."""
    folder = tmp_path_factory.mktemp("office")
    visitor = Visitor(instance)
    cases = {name: file_case(visitor, make_csr(folder), name + "@office.example.org.tw") for name in ("a", "b", "c", "d")}
    page = visitor.get(NEW_FORM)
    values = filled_in(page, make_csr(folder), "elsewhere@office.example.org.tw")
    values["window"] = "tpe-soc"
    values["org_name"] = "財團法人臺北市審核名單測試基金會"
    cases["elsewhere"] = visitor.submit(page, values).headers["Location"].split("/")[-1].split("?")[0]
    cases["ubn"] = values["ubn"]
    return cases


def listed(officer, query=""):
    page = officer.get("/office/cases" + query, Accept="application/json")
    assert page.status == 200, page.main
    return page.json()


def numbers(officer, query=""):
    return [c["number"] for c in listed(officer, query)["cases"]]


def test_an_ra_officer_sees_the_cases_of_their_window_alone(instance, filed):
    officer = Officer(instance, "ra-tpe-edu")
    found = listed(officer, "?state=all")
    assert {c["window"] for c in found["cases"]} == {WINDOW}
    assert filed["elsewhere"] not in [c["number"] for c in found["cases"]]
    assert filed["elsewhere"] not in numbers(officer, "?state=all&window=tpe-soc")
    assert numbers(officer, "?q=" + filed["elsewhere"]) == []
    assert officer.get("/office/cases/" + filed["elsewhere"]).status == 404
    assert officer.get("/office/cases/" + filed["a"]).status == 200


def test_central_officers_and_auditors_see_all_windows_and_filter_by_one(instance, filed):
    for uid in ("central-1", "audit-1"):
        officer = Officer(instance, uid)
        assert {filed["a"], filed["elsewhere"]} <= set(numbers(officer, "?state=filed&sort=newest"))
        assert set(c["window"] for c in listed(officer, "?state=all&window=tpe-soc")["cases"]) == {"tpe-soc"}
        assert officer.get("/office/cases/" + filed["elsewhere"]).status == 200


def test_the_card_centre_sees_card_cases_alone(instance, filed):
    officer = Officer(instance, "card-1")
    assert all(c["kind"] == "card" for c in listed(officer, "?state=all&kind=certificate")["cases"])
    assert officer.get("/office/cases/" + filed["a"]).status == 404


def test_the_search_takes_number_name_and_unified_number(instance, filed):
    officer = Officer(instance, "central-1")
    number = filed["elsewhere"]
    for typed in (number, " ".join(re.findall(".{1,5}", number)), "審核名單測試", "臺北市審核名單", "台北市審核名單測試基金會", filed["ubn"],
                  "".join(chr(ord(d) + 0xfee0) for d in filed["ubn"])):
        assert numbers(officer, "?q=" + urllib.parse.quote(typed)) == [number], typed
    for typed in ("查無此名", "*", ")(xcaState=*", "00000000", "2.16.886.1", "。", "x" * 100):
        assert numbers(officer, "?q=" + urllib.parse.quote(typed)) == [], typed


def test_filters_by_state_kind_and_class_count(instance, filed):
    officer = Officer(instance, "central-1")
    found = listed(officer, "?state=filed&class=foundation&kind=certificate")
    assert found["count"] >= 1 and all((c["state"], c["class"], c["kind"]) == ("filed", "foundation", "certificate") for c in found["cases"])
    # what other tests have filed is found too, and nothing else
    assert all((c["state"], c["kind"]) == ("filed", "revocation") for c in listed(officer, "?state=filed&kind=revocation")["cases"])
    assert listed(officer, "?state=nonsense&kind=nonsense&class=nonsense&page=nonsense&before=nonsense")["count"] >= 5


def test_who_waits_longest_comes_first(instance, filed):
    officer = Officer(instance, "ra-tpe-edu")
    found = [c["since"] for c in listed(officer)["cases"]]
    assert found == sorted(found) and len(found) >= 4
    newest = numbers(officer, "?sort=newest")
    assert newest == sorted(newest, key=lambda n: n[4:], reverse=True)


def test_a_correction_is_shown_as_a_difference(instance, filed, tmp_path):
    visitor = Visitor(instance, language="zh")
    number = file_case(visitor, make_csr(tmp_path), "changed@office.example.org.tw")
    page = visitor.get("/case/edit/" + number)
    visitor.submit(page, {"contact_phone": "02-11112222", "contact_title": "<b>主任</b>"})
    officer = Officer(instance, "ra-tpe-edu")
    shown = officer.get("/office/cases/" + number, Accept="application/json").json()
    changes = {c["field"]: c for c in shown["changes"]}
    assert changes["contact_phone"]["before"] == "02-27208889" and changes["contact_phone"]["after"] == "02-11112222"
    assert "before" not in changes["contact_title"] and set(changes) == {"contact_phone", "contact_title"}
    assert "<b>主任</b>" in officer.get("/office/cases/" + number).main
    # returned, corrected again: the difference is to what was returned
    done = instance.decide("return", number, "ra-tpe-edu", "--reason", "請更正電話。")
    assert done.returncode == 0, done.stderr
    instance.wait_for_state(number, "returned")
    page = visitor.get("/case/edit/" + number)
    visitor.submit(page, {"contact_phone": "02-33334444"})
    shown = officer.get("/office/cases/" + number, Accept="application/json").json()
    assert [(c["field"], c["before"], c["after"]) for c in shown["changes"]] == [("contact_phone", "02-11112222", "02-33334444")]
    decision = shown["decisions"][0]
    assert decision["officer"] == "ra-tpe-edu" and decision["reason"] == "請更正電話。" and decision["of_other_content"]


def test_what_to_beware_of_is_told(instance, filed, tmp_path):
    visitor = Visitor(instance)
    page = visitor.get(NEW_FORM)
    values = filled_in(page, make_csr(tmp_path), "twin@office.example.org.tw")
    values.update({"org_name": "財團法人臺北市審核名單測試基金會", "ubn": filed["ubn"]})
    number = visitor.submit(page, values).headers["Location"].split("/")[-1].split("?")[0]
    officer = Officer(instance, "central-1")
    shown = officer.get("/office/cases/" + number, Accept="application/json").json()
    assert "office.warn.open-case" in [w["text"] for w in shown["warnings"]]
    assert filed["elsewhere"] in [c["number"] for c in shown["others"]]
    # the other one, too, and an officer of that window sees that there is one, without its page
    shown = Officer(instance, "ra-tpe-edu").get("/office/cases/" + number, Accept="application/json").json()
    assert filed["elsewhere"] in [c["number"] for c in shown["others"]]


def test_a_known_organisation_of_the_same_name_is_warned_of(instance, tmp_path):
    visitor = Visitor(instance)
    matches = visitor.get("/apply/certificate?keyword=" + urllib.parse.quote("基金會"), Accept="application/json").json()["matches"]
    found = matches[0]
    page = visitor.get(NEW_FORM)
    values = filled_in(page, make_csr(tmp_path), "same@office.example.org.tw")
    values["org_name"] = found["name"]
    number = visitor.submit(page, values).headers["Location"].split("/")[-1].split("?")[0]
    shown = Officer(instance, "central-1").get("/office/cases/" + number, Accept="application/json").json()
    assert [w["oid"] for w in shown["warnings"] if w["text"] == "office.warn.same-name"] == [m["oid"] for m in matches if m["name"] == found["name"]]


def test_an_approved_new_organisation_is_not_warned_of_its_own_oid(instance):
    from test_card_relay import file_card
    number = file_card(instance, xcaWindow=WINDOW.encode())
    instance.approve(number)
    instance.wait_for_state(number, "approved")
    shown = Officer(instance, "central-1").get("/office/cases/" + number, Accept="application/json").json()
    assert "xcaAssignedOid" in instance.case(number)
    assert "office.warn.check" not in [warning["text"] for warning in shown["warnings"]], shown["warnings"]


def test_a_forged_decision_is_shown_as_what_it_is(instance, filed):
    """Put under the case behind the portal's back: an officer sees that the signature does not hold."""
    connection = instance.bind("portal")
    dn = "xcaDecision=%s,xcaCaseNumber=%s,ou=cases,%s" % ("ab" * 32, filed["d"], BASE)
    connection.add_s(dn, [("objectClass", [b"xcaDecisionEntry"]), ("xcaDecision", [b"ab" * 32]), ("xcaCms", [b"no signature"])])
    time.sleep(1)
    shown = Officer(instance, "ra-tpe-edu").get("/office/cases/" + filed["d"], Accept="application/json").json()
    assert shown["decisions"][0]["wrong"] == "cms.malformed" and not shown["decisions"][0]["counted"]
    assert instance.case(filed["d"])["xcaState"] == b"filed"


@pytest.mark.parametrize("path", ["0", "0000100000000000000099999", "../x", "0000100000000000000000000%00", "*"])
def test_no_such_case_is_404(instance, path):
    assert Officer(instance, "central-1").get("/office/cases/" + path).status in (400, 404)


def add_many(instance, first, count, window):
    """Straight into the directory, as if filed one after the other."""
    connection = instance.bind("portal")
    for i in range(count):
        number = "00001%020d" % (first + i)
        connection.add_s("xcaCaseNumber=%s,ou=cases,%s" % (number, BASE), [
            ("objectClass", [b"xcaCase"]), ("xcaCaseNumber", [number.encode()]), ("xcaKind", [b"certificate"]), ("xcaState", [b"filed"]),
            ("xcaRevision", [b"1"]), ("xcaFiled", [b"20261001000000Z"]), ("xcaStateChanged", [b"202610%02d000000Z" % (1 + i % 28)]),
            ("xcaOrgClass", [b"school"]), ("o", [("測試學校%d" % i).encode()]), ("xcaWindow", [window.encode()])])


def test_many_pages_hold_every_case_once(instance):
    """60 cases at a window of their own: three pages, each case once, the longest waiting first."""
    add_many(instance, 10**9, 60, "many-pages")
    officer = Officer(instance, "central-1")
    seen, page = [], "/office/cases?state=filed&window=many-pages"
    for expected in (25, 25, 10):
        shown = officer.get(page)
        found = re.findall(r'href="/office/cases/(\d{25})"', shown.text)
        assert len(found) == expected and "共 60 件" in shown.main
        seen += found
        page = next_page(shown)
    assert page is None and len(set(seen)) == 60
    assert "第 3 頁，共 3 頁" in officer.get("/office/cases?state=filed&window=many-pages&page=99").main


def next_page(shown):
    later = [e.get("href") for e in shown.elements() if e.tag == "a" and (e.text or "") == "下一頁"]
    return later[0] if later else None


def test_more_than_can_be_sorted_is_walked_by_number(spare):
    """1,200 cases: nothing is read as a whole, and still every one comes once, newest first."""
    portal = spare.bind("portal")
    portal.modify_s("cn=case,ou=counters," + BASE, [(ldap.MOD_REPLACE, "xcaCounter", [b"9000"])])
    add_many(spare, 6000, 1200, "walked")
    officer = Officer(spare, "central-1")
    seen, page = [], "/office/cases?state=all&window=walked"
    while page:
        shown = officer.get(page)
        assert "超過 1000 件" in shown.main
        seen += re.findall(r'href="/office/cases/(\d{25})"', shown.text)
        page = next_page(shown)
        assert len(seen) <= 1200
    assert seen == ["00001%020d" % n for n in range(7199, 5999, -1)]
    # what waits is sorted as far as it goes
    waiting = listed(officer, "?state=filed&window=walked")
    assert waiting["more"] and waiting["count"] == 1000 and [c["since"] for c in waiting["cases"]] == sorted(c["since"] for c in waiting["cases"])

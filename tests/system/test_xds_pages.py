"""OID異動: the public page (explanation, empty sheets, a check that keeps nothing) and the officers' page that files a sheet."""

import calendar
import io
import os
import signal
import time
import zipfile

import ldap
import pytest
from selenium.webdriver.common.by import By

from applying import foundation, go, revoke
from conftest import BASE, TOP
from officers import Officer
from test_xds import OURS, file, mail, number_of, org, schools, sheet, unified_number
from visiting import KNOWN_FORM, Upload, Visitor, file_case

LETTER = "北市教字第1150000088號"


def upload(path):
    return Upload(path.read_bytes(), path.name)


@pytest.fixture
def visitor(instance):
    return Visitor(instance, language="zh")


def check(visitor, path, where="/oid/changes"):
    page = visitor.get(where)
    return visitor.submit(page, {"file": upload(path)}, form=next(f for f in page.forms if f.multipart))


def sheets_kept(instance):
    return len(instance.bind("admin").search_s("ou=sheets," + BASE, ldap.SCOPE_ONELEVEL))


def test_the_page_explains_and_gives_the_empty_sheets(visitor):
    page = visitor.get("/oid/changes")
    assert page.status == 200 and "兩週內" in page.main and "7 天" in page.main
    for name, inside in (("XDS_OID_APPLY.xlsx", "xl/workbook.xml"), ("XDS_OID_APPLY.ods", "content.xml")):
        answer = visitor.get("/oid/changes/" + name)
        assert answer.status == 200 and name in answer.headers["Content-Disposition"]
        assert inside in zipfile.ZipFile(io.BytesIO(answer.body)).namelist()
    assert visitor.get("/oid/changes/other.xlsx").status == 404
    assert "/oid/changes" in [a.get("href") for a in visitor.get("/").elements() if a.tag == "a"]


def test_a_sheet_is_checked_and_nothing_is_kept(instance, visitor, tmp_path):
    (name, dn), = schools(instance, 1)
    before = sheets_kept(instance)
    path = sheet(tmp_path, [["裁撤", "", "", "", "", name, "", ""], ["裁撤", "", "", "", "", "沒有這個學校", "", ""],
                            ["新增", "12345678", "臺北市立<b>新設</b>國民小學", "和平東路", "", "", "", OURS]])
    page = check(visitor, path)
    assert page.status == 200, page.main
    assert "1 列正確，2 列需要修正" in page.main and "沒有保存" in page.main
    assert "F3 原組織(團體)全稱 查無這個組織或團體" in page.main
    assert "B4 新組織(團體)統一編號" in page.main and "D4 新組織(團體)地址" in page.main
    assert "臺北市立<b>新設</b>國民小學" in page.main  # as text
    assert org(instance, dn).get("xcaOrgState") is None and sheets_kept(instance) == before
    token = page.form.field("token").value
    body, kind = __import__("visiting").multipart([("token", token), ("file", upload(path))])
    answer = visitor.send("POST", "/oid/changes", body, {"Content-Type": kind, "Accept": "application/json",
                                                          "Origin": "https://localhost:%d" % instance.https})
    rows = answer.json()["sheet"]["rows"]
    assert [r["right"] for r in rows] == [True, False, False] and rows[1]["wrong"][0]["cell"] == "F3"


def test_every_format_is_taken_and_what_is_no_sheet_is_told(instance, visitor, tmp_path):
    for name in ("guide.xls", "guide.xlsx", "guide.ods"):
        page = check(visitor, TOP / "tests/data/sheets" / name)
        assert page.status == 200 and "0 列正確，4 列需要修正" in page.main and "C2 新組織(團體)統一編號" in page.main, page.main
    for name, text in (("macros.xlsx", "巨集"), ("password.ods", "密碼"), ("password.xls", "密碼"), ("entities.xlsx", "實體宣告"), ("empty-bomb.xlsx", "異常龐大"),
                       ("cut.xls", "已損壞"), ("picture.zip", "不是試算表"), ("many-rows.xlsx", "超過 2010 列")):
        page = check(visitor, TOP / "tests/data/sheets" / name)
        assert page.status in (413, 422) and text in page.error("file"), (name, page.main)
    page = visitor.submit(visitor.get("/oid/changes"), {"file": Upload(b"", "")})
    assert page.status == 422 and "請選擇" in page.error("file")


def test_too_many_checks_in_a_short_time_are_refused(instance, tmp_path):
    visitor = Visitor(instance, address="127.0.0.77", language="zh")
    path = sheet(tmp_path, [["裁撤", "", "", "", "", "沒有這個學校", "", ""]])
    page = visitor.get("/oid/changes")
    for _ in range(200):  # each process of the server counts for itself
        answer = visitor.submit(page, {"file": upload(path)})
        page = answer if answer.status == 200 else visitor.get("/oid/changes")
        if answer.status == 429:
            break
    assert answer.status == 429 and "十分鐘" in answer.main


def test_an_officer_files_a_sheet_and_signs_it_in_the_portal(instance, tmp_path):
    ra, central = Officer(instance, "ra-tpe-edu"), Officer(instance, "central-1")
    (renamed, renamed_dn), (abolished, abolished_dn) = schools(instance, 2)
    new = "臺北市立入口網站國民小學"
    path = sheet(tmp_path, [["新增", unified_number(9), new, "", "", "", "", OURS], ["修改", "", renamed + "分校", "", "", renamed, "", ""],
                            ["裁撤", "", "", "", "", abolished, "", ""], ["裁撤", "", "", "", "", "沒有這個學校", "", ""]])
    page = check(ra, path, "/office/sheets")
    assert "3 列正確，1 列需要修正" in page.main and "兩週後廢止" in page.main, page.main
    filing = ra.form_of(page, "/office/sheets/file")
    wrong = ra.submit(page, {"contact_name": "", "contact_email": "nobody"}, form=filing)
    assert wrong.status == 422 and wrong.error("contact_name") and wrong.error("contact_email")
    filing = ra.form_of(wrong, "/office/sheets/file")
    done = ra.submit(wrong, {"contact_name": "承辦人", "contact_email": "desk@example.gov.tw"}, form=filing)
    assert done.status == 303, done.main
    again = ra.submit(wrong, {"contact_name": "承辦人", "contact_email": "desk@example.gov.tw"}, form=filing)
    assert again.headers.get("Location") == done.headers["Location"] or again.status in (403, 409)  # one form, one case
    number = done.headers["Location"].split("/")[-1]
    page = ra.follow(done)
    assert page.status == 200 and all(n in page.main for n in (new, renamed, abolished)) and "OID 異動" in page.main
    assert number in ra.get("/office/cases?q=" + number).main
    reasons = [e.get("value") for e in page.elements() if e.get("name") == "why"]
    assert "letter" in reasons and "key" not in reasons and "seal" not in reasons  # what a sheet of changes has not
    signed = ra.decide([number + ".1"], "accept", LETTER)
    assert signed[number]["counted"]
    assert "簽發程式會退回" not in central.get("/office/cases/" + number).main  # nothing stands against it
    signed = central.decide([number + ".1"], "accept")
    assert signed[number]["counted"]
    instance.wait_for_state(number, "completed")
    assert org(instance, renamed_dn)["o"] == renamed + "分校" and org(instance, abolished_dn)["xcaOrgState"] == "abolished"
    page = central.get("/office/cases/" + number)
    assert "已新增，OID 為 2.16.886.111." in page.main and "已更名" in page.main and "已裁撤" in page.main
    to, body = mail(instance, number + "-done.")
    assert to == "desk@example.gov.tw" and new in body


def test_the_end_that_a_change_brings_is_shown_with_the_certificate(instance, key_and_csr, tmp_path):
    visitor = Visitor(instance, language="zh")
    name, oid = foundation(instance)
    case = file_case(visitor, key_and_csr[1].read_bytes(), "moved@example.org.tw", path=KNOWN_FORM + oid)
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    serial = instance.case(case)["xcaSerial"].decode()
    before = visitor.get("/certificates/" + serial, Accept="application/json").json()["certificate"]
    assert "ends_on" not in before and "主管機關教育部" not in visitor.get("/oid/" + oid).main
    number = number_of(file(instance, sheet(tmp_path, [["改隸", "", "", "", "", name, "", "教育部(高教司)"]])))
    assert instance.decide("accept", number, "central-1").returncode == 0
    instance.wait_for_state(number, "completed")

    said = visitor.get("/certificates/" + serial, Accept="application/json").json()["certificate"]
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 14 * 86400 + 8 * 3600))
    shown = time.strftime("%Y-%m-%d %H:%M", time.gmtime(calendar.timegm(time.strptime(said["ends_on"], "%Y-%m-%dT%H:%M:%SZ")) + 8 * 3600))
    assert shown.startswith(day) and said["ends_why"] == "moved"
    page = visitor.get("/certificates/" + serial)
    assert "預定廢止時間 " + shown in page.main and "改隸" in page.main
    assert "To be revoked on " + shown in Visitor(instance, language="en").get("/certificates/" + serial).main
    found = visitor.get("/certificates?serial=" + serial)
    assert "預定廢止時間 " + shown in found.main
    assert visitor.get("/certificates?serial=" + serial, Accept="application/json").json()["certificates"][0]["ends_on"] == said["ends_on"]
    assert "預定廢止時間 " + shown in Officer(instance, "central-1").get("/office/cases/" + case).main
    assert "主管機關教育部(高教司)" in visitor.get("/oid/" + oid).main
    assert visitor.get("/oid/" + oid, Accept="application/json").json()["organisation"]["authority"] == "教育部(高教司)"
    # revoked since: the day is over
    revoke(instance, serial)
    page = visitor.get("/certificates/" + serial)
    assert "預定廢止時間" not in page.main and "廢止" in page.main


def test_while_rows_are_carried_out_it_is_told_how_many_are_done(spare, tmp_path):
    number = number_of(file(spare, sheet(tmp_path, [["新增", unified_number(2000 + index), "臺北市立進度第%d國民小學" % index, "", "", "", "", OURS]
                                                    for index in range(180)])))
    central = Officer(spare, "central-1")
    assert spare.decide("accept", number, "central-1").returncode == 0
    until = time.monotonic() + 60
    while "xcaRowsDone" not in spare.case(number):  # some are done, then the signer stands still
        assert time.monotonic() < until
    os.kill(spare.signer_pid(), signal.SIGSTOP)
    try:
        done = spare.case(number)["xcaRowsDone"].decode()
        assert spare.case(number)["xcaState"] == b"issuing" and 0 < int(done) < 180
        page = central.get("/office/cases/" + number)
        assert "逐列辦理異動中" in page.main and "已辦理 %s 列，共 180 列" % done in page.main and "簽發中" not in page.main
        assert central.get("/office/cases/" + number, Accept="application/json").json()["case"]["rows_done"] == int(done)
        row = central.get("/office/cases?q=" + number).main
        assert "異動辦理中" in row and done + "/180" in row
        shown = spare.admin("xds", "show", number).stdout
        assert "the changes are being made" in shown and done + "/180" in shown
    finally:
        os.kill(spare.signer_pid(), signal.SIGCONT)
    spare.wait_for_state(number, "completed", 60)


def test_rows_that_changed_meanwhile_are_not_filed_unseen(instance, tmp_path):
    ra = Officer(instance, "ra-tpe-edu")
    (name, dn), = schools(instance, 1)
    page = check(ra, sheet(tmp_path, [["裁撤", "", "", "", "", name, "", ""]]), "/office/sheets")
    instance.bind("admin").modify_s(dn, [(ldap.MOD_REPLACE, "xcaOrgState", [b"abolished"])])
    done = ra.submit(page, {"contact_name": "承辦人", "contact_email": "desk@example.gov.tw"}, form=ra.form_of(page, "/office/sheets/file"))
    assert done.status == 409 and "已經裁撤" in done.main


def test_only_officers_of_a_window_file_sheets(instance, tmp_path):
    assert Visitor(instance).get("/office/sheets").status == 303
    central = Officer(instance, "central-1")
    assert central.get("/office/sheets").status == 403
    assert "/office/sheets" not in [a.get("href") for a in central.get("/office").elements() if a.tag == "a"]
    assert "/office/sheets" in [a.get("href") for a in Officer(instance, "ra-tpe-edu").get("/office").elements() if a.tag == "a"]


def test_a_visitor_has_a_sheet_checked_in_the_browser(instance, browser, tmp_path):
    browser.get(instance.url + "/oid/changes?lang=zh")
    browser.find_element(By.ID, "file").send_keys(str(TOP / "tests/data/sheets/guide.ods"))
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .primary"))
    until = time.monotonic() + 10
    while "4 列需要修正" not in browser.find_element(By.TAG_NAME, "main").text:
        assert time.monotonic() < until
        time.sleep(0.1)
    rows = browser.find_elements(By.CSS_SELECTOR, "main table tbody tr")
    assert len(rows) == 4 and "檢查碼不符" in rows[0].text

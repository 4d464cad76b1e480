"""Changes of OIDs by the XDS sheet with the real programs: xca-admin, the signer (also killed again and again), mail."""

import csv
import email
import email.policy
import io
import random
import subprocess
import time
import zipfile

import ldap
from conftest import BASE, BUILD, TOP
from test_signer_killed import alone, unified_number  # noqa: F401 (a fixture)

HEADINGS = ["異動形式", "統一編號", "全稱", "地址", "電話", "原全稱", "連絡人 Email", "主管機關"]
OURS = "臺北市政府教育局"


def sheet(folder, rows, name="sheet.csv"):
    text = io.StringIO()
    csv.writer(text).writerows([HEADINGS] + rows)
    path = folder / name
    path.write_text("\ufeff" + text.getvalue(), "utf-8")
    return path


def schools(instance, count):
    """Organisations that the window tpe-edu is responsible for, added to the tree for the test."""
    admin = instance.bind("admin")
    made = []
    for index in range(count):
        arc = 300000 + random.randrange(600000)
        name = "臺北市立測試第%d國民小學" % arc
        dn = "xcaArc=%d,xcaArc=111,ou=oid,%s" % (arc, BASE)
        entry = {"objectClass": "xcaArcEntry", "xcaArc": str(arc), "xcaOid": "2.16.886.111.%d" % arc, "o": name, "xcaNameKey": name,
                 "xcaOrgClass": "school", "xcaCounty": "臺北市"}
        admin.add_s(dn, [(k, [v.encode()]) for k, v in entry.items()])
        made.append((name, dn))
    return made


def file(instance, path, *more):
    done = instance.admin("xds", "file", str(path), "--officer", "ra-tpe-edu", "--key", str(instance.home / "officers/ra-tpe-edu.p12"),
                          "--password-file", str(instance.home / "officers/password"), "--letter", "北市教字第1150000077號", "--contact", "承辦人",
                          "--contact-mail", "clerk@example.gov.tw", *more)
    return done


def number_of(done):
    return next(line for line in done.stdout.splitlines() if len(line) == 25 and line.isdigit())


def mail(instance, name):
    until = time.monotonic() + 20
    while True:
        for path in (instance.home / "outbox").glob("%s*eml" % name):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            return message["To"], message.get_content()
        assert time.monotonic() < until, name
        time.sleep(0.1)


def org(instance, dn):
    return {k: v[0].decode() for k, v in instance.bind("admin").search_s(dn, ldap.SCOPE_BASE)[0][1].items()}


def test_the_empty_sheet_is_a_workbook_with_the_headings(instance, tmp_path):
    for name in ("empty.xlsx", "empty.ods"):
        done = instance.admin("xds", "template", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
        assert zipfile.ZipFile(tmp_path / name).testzip() is None
        checked = instance.admin("xds", "check", str(tmp_path / name))
        assert checked.returncode == 2 and "nothing below the headings" in checked.stderr, checked.stderr
    assert zipfile.ZipFile(tmp_path / "empty.ods").infolist()[0].filename == "mimetype"
    again = instance.admin("xds", "template", str(tmp_path / "empty.ods"))
    assert again.returncode == 1  # never overwritten


def test_the_guides_own_sheet_is_checked_cell_by_cell(instance):
    """Also .xls, which the program xca-xls reads. The guide's examples have numbers that fail the check digit."""
    for name in ("guide.xls", "guide.xlsx", "guide.ods"):
        done = instance.admin("xds", "check", str(TOP / "tests/data/sheets" / name))
        assert done.returncode == 2
        assert "! C2 Unified number: The check digit" in done.stdout
        assert "! J3 Former full name: There is no such organisation" in done.stdout
        assert "0 + 4" in done.stdout


def test_a_sheet_is_filed_approved_carried_out_and_told_by_mail(instance, tmp_path):
    (moved, moved_dn), (renamed, renamed_dn), (abolished, abolished_dn) = schools(instance, 3)
    path = sheet(tmp_path, [
        ["新增", unified_number(7), "臺北市立全新測試國民小學", "臺北市大安區和平東路二段106號", "02-27377592", "", "new@example.org.tw", OURS],
        ["改隸", "", "", "", "", moved, "", "教育部(高教司)"],
        ["修改", "", renamed + "分校", "", "", renamed, "new@example.org.tw", ""],
        ["裁撤", "", "", "", "", abolished, "", ""],
        ["裁撤", "", "", "", "", "沒有這個學校", "", ""],
        ["撤銷", "", "", "", "", "", "", ""]])
    done = file(instance, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "! F6 Former full name: There is no such organisation" in done.stdout
    assert "! A7 Kind of change" in done.stdout
    number = number_of(done)
    assert instance.case(number)["xcaSheetRows"] == b"4"
    assert org(instance, abolished_dn).get("xcaOrgState") is None  # one officer alone brings nothing about
    listed = instance.admin("review", "show", number)
    assert "Change of OIDs" in listed.stdout and "Rows: 4" in listed.stdout
    assert instance.decide("accept", number, "central-1").returncode == 0
    instance.wait_for_state(number, "completed")
    shown = instance.admin("xds", "show", number)
    assert shown.stdout.count("\n  = ") == 4, shown.stdout
    assert org(instance, moved_dn)["xcaAuthority"] == "教育部(高教司)"
    assert org(instance, renamed_dn)["o"] == renamed + "分校"
    assert org(instance, abolished_dn)["xcaOrgState"] == "abolished"
    found = instance.bind().search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(o=臺北市立全新測試國民小學)")
    assert [v["xcaOid"][0].decode() for _, v in found][0].startswith("2.16.886.111.")
    to, body = mail(instance, number + "-done.")
    assert to == "clerk@example.gov.tw"
    assert "第 2 列 新增組織及團體「臺北市立全新測試國民小學」：已新增，OID 為 2.16.886.111." in body
    assert "Row 5, abolish, %s: abolished" % abolished in body
    to, body = mail(instance, number + "-done-")
    assert to == "new@example.org.tw" and "第 2 列" in body and "第 4 列" in body and "第 5 列" not in body


def test_a_sheet_can_be_returned_and_only_a_window_files_one(instance, tmp_path):
    (name, dn), = schools(instance, 1)
    path = sheet(tmp_path, [["裁撤", "", "", "", "", name, "", ""]])
    number = number_of(file(instance, path))
    assert instance.decide("return", number, "central-1", "--reason", "公文未到").returncode == 0
    instance.wait_for_state(number, "returned")
    assert org(instance, dn).get("xcaOrgState") is None
    to, body = mail(instance, number + "-1-returned")
    assert to == "clerk@example.gov.tw" and "公文未到" in body and "沒有任何一列辦理" in body
    done = instance.admin("xds", "file", str(path), "--officer", "central-1", "--key", str(instance.home / "officers/central-1.p12"),
                          "--password-file", str(instance.home / "officers/password"), "--letter", "1", "--contact", "x", "--contact-mail",
                          "x@example.org.tw")
    assert done.returncode == 4, done.stderr


def test_a_signer_that_is_killed_in_the_middle_goes_on(alone, tmp_path):  # noqa: F811
    """Kills at random while 100 rows are carried out: each row once, one mail."""
    there = schools(alone, 40)
    rows = [["新增", unified_number(index), "臺北市立新設第%d國民小學" % index, "", "", "", "", OURS] for index in range(60)]
    rows += [["修改", "", name + "分校", "", "", name, "", ""] for name, _ in there[:20]]
    rows += [["裁撤", "", "", "", "", name, "", ""] for name, _ in there[20:]]
    number = number_of(file(alone, sheet(tmp_path, rows)))
    assert alone.decide("accept", number, "central-1").returncode != 0  # nobody has judged the first review yet
    assert alone.signer_once().returncode == 0
    assert alone.decide("accept", number, "central-1").returncode == 0
    command = [str(BUILD / "xca-signer"), "--settings", str(alone.home / "xca.conf")]
    chance = random.Random(20261125)
    log = open(alone.home / "log" / "signer.log", "ab")
    kills = 0
    while alone.case(number)["xcaState"] != b"completed" and kills < 200:
        signer = subprocess.Popen(command, env=alone.environment, stdout=log, stderr=log)
        time.sleep(chance.uniform(0.05, 0.3))
        signer.kill()
        signer.wait()
        kills += 1
    assert kills >= 3
    assert alone.signer_once().returncode == 0
    assert alone.case(number)["xcaState"] == b"completed"
    admin = alone.bind("admin")
    results = admin.search_s("xcaCaseNumber=%s,ou=cases,%s" % (number, BASE), ldap.SCOPE_ONELEVEL, "(objectClass=xcaRowEntry)")
    assert len(results) == 100 and {v["xcaState"][0] for _, v in results} == {b"done"}
    added = admin.search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(o=臺北市立新設第*)", ["o", "xcaOid"])
    assert len({v["o"][0] for _, v in added}) == len({v["xcaOid"][0] for _, v in added}) == len(added) == 60
    assert all(org(alone, dn)["o"] == name + "分校" for name, dn in there[:20])
    assert all(org(alone, dn)["xcaOrgState"] == "abolished" for _, dn in there[20:])
    notices = admin.search_s("ou=outbox," + BASE, ldap.SCOPE_ONELEVEL, "(xcaNotice=%s-done)" % number)
    assert len(notices) == 1

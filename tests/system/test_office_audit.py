"""The audit log in the officers' part: auditors and central officers read it, auditors take it out, nobody changes it."""

import base64
import csv
import hashlib
import io
import json
import re
import subprocess

import ldap
import pytest
from certifying import publish
from conftest import BASE, TOP
from officers import Officer
from test_audit import VERIFY, wait_for_entry
from test_broken_directory import servers  # noqa: F401  (a fixture)

LOG = "ou=audit," + BASE


@pytest.fixture(scope="module")
def auditor(instance):
    return Officer(instance, "audit-1")


@pytest.fixture(scope="module")
def life(instance, tmp_path_factory):
    _, case, serial = publish(instance, tmp_path_factory.mktemp("life"), "pages@audit.example.org.tw")
    return case, serial


def listed(officer, query=""):
    page = officer.get("/office/audit" + query, Accept="application/json")
    assert page.status == 200, page.text
    return page.json()


def test_auditors_and_central_officers_read_it_and_others_do_not(instance, auditor):
    first = listed(auditor)
    assert first["entries"][0]["number"] >= first["last"] >= 1
    assert listed(Officer(instance, "central-1"))["last"] >= 1
    for uid in ("ra-tpe-edu", "card-1"):
        other = Officer(instance, uid)
        for path in ("", "/1", "/export", "/verify"):
            assert other.get("/office/audit" + path).status == 403, (uid, path)
        assert "/office/audit" not in other.get("/office").text
    assert Officer(instance, "central-1").get("/office/audit/export?format=csv").status == 403
    for path in ("", "/1", "/export", "/verify"):
        assert auditor.post("/office/audit" + path, [("token", "x")]).status == 405


def test_the_list_is_filtered_and_paged(auditor, life):
    case, serial = life
    about = listed(auditor, "?q=" + case)["entries"]
    assert [e["kind"] for e in about] == ["certificate-accept", "certificate-issue", "decision", "decision"]
    assert [e["kind"] for e in listed(auditor, "?kind=decision&q=%s-%s" % (case[:4], case[4:]))["entries"]] == ["decision"] * 2
    assert [e["kind"] for e in listed(auditor, "?q=" + serial.upper())["entries"]] == ["certificate-accept", "certificate-issue"]
    assert {e["actor"] for e in listed(auditor, "?q=central-1&kind=decision")["entries"]} == {"officer central-1"}
    window = listed(auditor, "?q=tpe-edu&kind=window-change")["entries"]
    assert window and window[0]["about"] == [{"what": "window", "value": "tpe-edu"}]
    assert listed(auditor, "?since=2199-01-01")["entries"] == [] and listed(auditor, "?until=2000-01-01")["entries"] == []
    assert listed(auditor, "?since=2000-01-01&until=2199-01-01")["entries"]
    nothing = auditor.get("/office/audit?since=2199-01-01").main
    assert "沒有符合的紀錄" in nothing and "共 " not in nothing  # the size of the log is told as that of the log
    assert re.search(r"整份稽核紀錄目前有 \d+ 筆", nothing)
    assert listed(auditor, "?q=nobody-of-this-name")["entries"] == []
    wrong = auditor.get("/office/audit?since=yesterday")
    assert wrong.status == 422 and "2026-11-25" in wrong.main
    unknown = auditor.get("/office/audit?kind=nonsense")
    assert unknown.status == 422 and "沒有這個種類" in unknown.main
    assert auditor.get("/office/audit/export?kind=nonsense").status == 422
    numbers, query = [], ""
    while True:
        page = listed(auditor, query)
        numbers += [e["number"] for e in page["entries"]]
        if "next" not in page:
            break
        query = "?from=%d" % page["next"]
    assert numbers == list(range(numbers[0], 0, -1)) and numbers[0] > 50


def test_an_entry_shows_its_words_and_its_proof(instance, auditor, life):
    case, serial = life
    number = listed(auditor, "?kind=certificate-issue&q=" + case)["entries"][0]["number"]
    entry = auditor.get("/office/audit/%d" % number, Accept="application/json").json()
    before = auditor.get("/office/audit/%d" % (number - 1), Accept="application/json").json()
    assert hashlib.sha256(base64.b64decode(entry["text"])).hexdigest() == entry["hash"] and entry["previous"] == before["hash"]
    assert entry["verified"] == {"checked": 1, "good": True, "last": number, "hash": entry["hash"]}
    page = auditor.get("/office/audit/%d" % number)
    assert "簽發憑證" in page.main and "簽章有效" in page.main
    assert {"/office/cases/" + case, "/certificates/" + serial} <= set(e.get("href") for e in page.elements() if e.tag == "a")
    for path in ("/office/cases/" + case, "/certificates/" + serial):
        assert auditor.get(path).status == 200
    english = Officer(instance, "audit-1", language="en").get("/office/audit/%d" % number)
    assert "Certificate issued" in english.main and "Signature good" in english.main
    for number in ("0", "999999999", "x", "1" * 30):
        assert auditor.get("/office/audit/" + number).status == 404


def test_every_kind_of_the_documentation_has_words_in_both_languages(instance, auditor):
    table = (TOP / "tools/audit/README.md").read_text("utf-8").split("## Kinds\n")[1].split("\n\n")[0]
    kinds = set()
    for row in table.splitlines()[2:]:
        names = [n.strip(" `") for n in row.split("|")[1].split(",")]
        kinds |= {n if not n.startswith("-") else names[0].rsplit("-", 1)[0] + n for n in names}
    assert len(kinds) > 30
    for language in ("zh", "en"):
        page = Officer(instance, "audit-1", language=language).get("/office/audit")
        options = {o.get("value"): "".join(o.itertext()) for o in page.elements() if o.tag == "option"}
        assert kinds == set(options) - {""} and not [k for k, label in options.items() if k == label]


def test_the_auditor_takes_out_what_is_filtered_in_each_form(instance, auditor, life, tmp_path):
    answer = auditor.get("/office/audit/export?format=csv&q=" + life[0])
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8" and 'filename="audit.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text)))
    objects = [json.loads(line) for line in auditor.get("/office/audit/export?format=json&q=" + life[0]).text.splitlines()]
    assert rows[0][0] == "number" and [int(r[0]) for r in rows[1:]] == [o["number"] for o in objects] and len(objects) == 4
    whole = auditor.get("/office/audit/export?format=text").text
    text = tmp_path / "log.txt"
    text.write_text(whole, "utf-8")
    done = subprocess.run([str(VERIFY), str(instance.home / "ca/ca.pem"), str(text)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    assert auditor.get("/office/audit/export?format=xml").status == 422
    assert wait_for_entry(instance, kind="export", actor="officer audit-1")["details"]["reported-by"] == "portal"


def test_a_range_is_verified_on_request(instance, auditor):
    last = listed(auditor)["last"]
    page = auditor.get("/office/audit/verify?from=5&to=%d" % (last - 1), Accept="application/json").json()
    assert page["verified"]["good"] and page["verified"]["checked"] == last - 5
    head = "%d:%s" % (page["verified"]["last"], page["verified"]["hash"])
    assert instance.admin("audit", "verify", "--head", head).returncode == 0
    assert "驗證通過" in auditor.get("/office/audit/verify").main
    for query in ("?from=9&to=8", "?from=999999999"):
        assert auditor.get("/office/audit/verify" + query).status == 422


def test_the_portal_can_neither_write_the_log_nor_read_what_others_report(instance):
    portal, admin = instance.bind("portal"), instance.bind("admin")
    entry = portal.search_s("xcaAuditNumber=1," + LOG, ldap.SCOPE_BASE)[0]
    for change in (lambda: portal.modify_s(entry[0], [(ldap.MOD_REPLACE, "xcaAuditText", b"x")]), lambda: portal.delete_s(entry[0]),
                   lambda: portal.add_s("xcaAuditNumber=99999999," + LOG, [(k, v) for k, v in entry[1].items() if k != "xcaAuditNumber"])):
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            change()
    assert portal.search_s("ou=events," + BASE, ldap.SCOPE_SUBTREE, "(objectClass=xcaEventEntry)") == []
    assert admin.search_s(LOG, ldap.SCOPE_ONELEVEL, "(xcaAuditPage=0)", ["1.1"])


@pytest.mark.faults
def test_an_entry_that_someone_changed_is_told(servers, spare):  # noqa: F811
    directory = 'directory "%s/ldap/main"' % spare.home
    servers.configure_slapd((directory, "rootpw intruder\n" + directory))
    root = ldap.initialize(spare.ldap_uri)
    root.simple_bind_s("cn=root,c=TW", "intruder")
    dn = "xcaAuditNumber=9," + LOG
    stored = root.search_s(dn, ldap.SCOPE_BASE)[0][1]["xcaAuditText"][0]
    auditor = Officer(spare, "audit-1")
    root.modify_s(dn, [(ldap.MOD_REPLACE, "xcaAuditText", stored.replace(b"actor: ", b"actor: x"))])
    assert "驗證不通過" in auditor.get("/office/audit/9").main
    page = auditor.get("/office/audit/verify?from=1&to=20", Accept="application/json").json()
    assert page["verified"] == {"checked": 8, "good": False, "last": 8, "hash": page["verified"]["hash"], "bad": 9, "wrong": "audit.hash"}
    root.modify_s(dn, [(ldap.MOD_REPLACE, "xcaAuditText", stored)])
    assert "簽章有效" in auditor.get("/office/audit/9").main
    servers.configure_slapd()

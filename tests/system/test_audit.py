"""The audit log of a running instance: what people do is in it, whoever tampers with it is found out, and nothing is issued that it does
not have."""

import csv
import io
import json
import subprocess
import time

import ldap
import pytest
from applying import revoke
from certifying import change_state, file_case, issue, publish
from conftest import BASE, TOP, USER_CODE
from officers import Officer
from test_broken_directory import servers  # noqa: F401  (a fixture)
from visiting import Visitor

LOG = "ou=audit," + BASE
VERIFY = TOP / "tools/audit/verify.sh"


def export(instance, *more):
    done = instance.admin("audit", "export", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def entries(instance, **wanted):
    """Entries as JSON, those whose members are as wanted."""
    found = [json.loads(line) for line in export(instance, "--format", "json").splitlines()]
    return [e for e in found if all(e.get(name) == value for name, value in wanted.items())]


def wait_for_entry(instance, **wanted):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = entries(instance, **wanted)
        if found:
            return found[-1]
        time.sleep(0.3)
    raise AssertionError("no entry %s" % wanted)


def verify(instance, *more):
    done = instance.admin("audit", "verify", *more)
    return done.returncode, dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def life(instance, tmp_path_factory):
    """A certificate from the application to its revocation."""
    _, case, serial = publish(instance, tmp_path_factory.mktemp("life"), "life@audit.example.org.tw")
    change_state(instance, serial, "suspend")
    wait_for_entry(instance, kind="certificate-suspend", serial=serial)
    change_state(instance, serial, "resume")
    wait_for_entry(instance, kind="certificate-resume", serial=serial)
    revoke(instance, serial)
    return case, serial


def test_a_certificates_life_is_in_the_log_in_order(instance, life):
    case, serial = life
    about = [e for e in entries(instance) if e.get("case") == case or e.get("serial") == serial]
    kinds = [e["kind"] for e in about]
    order = ["decision", "decision", "certificate-issue", "certificate-accept", "certificate-suspend", "certificate-resume",
             "certificate-revoke"]
    assert [k for i, k in enumerate(kinds) if k != "certificate-suspend" or "certificate-suspend" not in kinds[:i]] == order
    assert [e["actor"] for e in about[:2]] == ["officer ra-tpe-edu", "officer central-1"]
    assert about[-1]["actor"] == "officers" and about[-1]["details"]["reason"] == "lost"
    entries_and_hash = wait_for_entry(instance, kind="list-sign")["details"]["full"].split()
    assert int(entries_and_hash[0]) > 0 and len(entries_and_hash[1]) == 64


def test_the_log_verifies_by_the_tool_and_by_openssl_alone(instance, life, tmp_path):
    code, told = verify(instance)
    assert code == 0 and told["verified"] == told["head"].split(":")[0]
    text = tmp_path / "log.txt"
    text.write_text(export(instance, "--format", "text"), "utf-8")
    ca = str(instance.home / "ca/ca.pem")
    done = subprocess.run([str(VERIFY), ca, str(text)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    number = int(done.stdout.splitlines()[0].split()[1])
    assert number >= int(told["verified"])
    head = done.stdout.splitlines()[1].split()[1]
    assert verify(instance, "--head", head)[0] == 0
    # what it does not pass
    for change in (("kind: decision", "kind: decisiom"), ("reason=lost", "reason=other"), ("number: 4\n", "number: 5\n")):
        assert change[0] in text.read_text("utf-8")
        done = subprocess.run([str(VERIFY), ca], input=text.read_text("utf-8").replace(*change, 1), capture_output=True, text=True)
        assert done.returncode == 1 and "wrong: " in done.stdout
    done = subprocess.run([str(VERIFY), str(instance.home / "ca/officer-ca.pem"), str(text)], capture_output=True, text=True)
    assert done.returncode == 1 and "bad: 1\n" in done.stdout


def blocks_of(text):
    """An export's entries, each with its signature and the empty line behind it."""
    blocks = [block + "\n\n" for block in text.split("\n\n")[:-1]]
    assert "".join(blocks) == text
    return blocks


def verified(instance, text, *more):
    """What verify.sh says of an export: exit status and lines."""
    done = subprocess.run([str(VERIFY), *more, str(instance.home / "ca/ca.pem")], input=text, capture_output=True, text=True, timeout=300)
    return done.returncode, dict(line.split(": ", 1) for line in done.stdout.splitlines()) or done.stderr


def test_an_export_that_was_cut_is_found(instance, life):
    """The beginning of the log, in which all kinds of cuts can be tried quickly."""
    blocks = blocks_of(export(instance, "--format", "text"))[:8]
    whole = "".join(blocks)
    code, told = verified(instance, whole)
    assert code == 0 and told["verified"] == "8"
    head = told["head"]
    # entries are missing (the first ones, one, several in the middle), have changed places, or are there twice
    for bad, rest in ((1, blocks[1:]), (1, blocks[6:]), (6, blocks[:5] + blocks[6:]), (3, blocks[:2] + blocks[7:]),
                      (6, blocks[:5] + [blocks[6], blocks[5]] + blocks[7:]), (5, blocks[:4] + [blocks[3]] + blocks[4:])):
        code, told = verified(instance, "".join(rest))
        assert code == 1 and told["bad"] == str(bad), told
    # the file ends anywhere within its last entry
    last = len(whole) - len(blocks[-1])
    for length in list(range(last + 1, len(whole) - 3, 97)) + [len(whole) - 3]:
        code, told = verified(instance, whole[:length])
        assert code == 1 and told["bad"] == "8", (length, told)
    assert verified(instance, "")[0] == 2
    # between two entries it is a log of an earlier time: that it went on is told by a head that was noted
    early = "".join(blocks[:6])
    assert verified(instance, early)[1]["verified"] == "6"
    assert verified(instance, whole, "--head", head)[0] == 0 and verify(instance, "--head", head)[0] == 0
    code, told = verified(instance, early, "--head", head)
    assert code == 1 and (told["bad"], told["wrong"]) == ("7", "the log ends before a head that was noted")
    code, told = verified(instance, whole, "--head", "6:" + "00" * 32, "--head", head)
    assert code == 1 and (told["bad"], told["wrong"]) == ("6", "another entry than when a head was noted")
    assert verified(instance, whole, "--head", "x")[0] == 2


def test_the_example_of_the_documentation_verifies():
    folder = TOP / "tools/audit"
    done = subprocess.run([str(VERIFY), str(folder / "example-ca.pem"), str(folder / "example.txt")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    shown = (folder / "README.md").read_text("utf-8").split("```")[1].strip()
    assert shown + "\n" in (folder / "example.txt").read_text("utf-8")


def test_a_head_that_is_not_the_logs_is_told(instance):
    head = instance.admin("audit", "head").stdout.strip()
    number, value = head.split(":")
    assert verify(instance, "--head", head)[0] == 0
    code, told = verify(instance, "--head", "%s:%s" % (number, "00" * 32))
    assert code == 5 and (told["bad"], told["wrong"]) == (number, "audit.head")
    code, told = verify(instance, "--head", "%d:%s" % (int(number) + 100000, value))
    assert code == 5 and told["wrong"] == "audit.truncated"
    assert verify(instance, "--from", "5", "--head", head)[0] == 0
    assert instance.admin("audit", "verify", "--head", "x").returncode == 2


def test_lists_are_filtered_by_kind_subject_and_time(instance, life):
    case, serial = life

    def listed(*more):
        done = instance.admin("audit", "list", *more)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    assert [row[2] for row in listed("--subject", case, "--kind", "decision")] == ["decision"] * 2
    colons = ":".join(serial[i:i + 2] for i in range(0, len(serial), 2)).upper()
    assert {row[5] for row in listed("--subject", serial)} == {row[5] for row in listed("--subject", colons)} == {serial}
    for officer in ("officer central-1", "central-1"):
        assert {row[3] for row in listed("--subject", officer, "--kind", "decision")} == {"officer central-1"}
    newest = listed("--newest", "--count", "3")
    assert [int(row[0]) for row in newest] == sorted((int(row[0]) for row in newest), reverse=True) and len(newest) == 3
    assert listed("--since", "2200-01-01") == [] and listed("--until", "2000-01-01") == []
    assert len(listed("--since", "2000-01-01T00:00:00Z", "--count", "4")) == 4
    assert instance.admin("audit", "list", "--since", "yesterday").returncode == 2
    for command in ("list", "export"):
        unknown = instance.admin("audit", command, "--kind", "nonsense")
        assert unknown.returncode == 2 and "no such kind" in unknown.stderr and unknown.stdout == ""


def test_exports_have_the_same_entries_in_each_form(instance, life):
    rows = list(csv.reader(io.StringIO(export(instance, "--format", "csv", "--subject", life[1]))))
    objects = [json.loads(line) for line in export(instance, "--format", "json", "--subject", life[1]).splitlines()]
    assert rows[0][0] == "number" and [int(row[0]) for row in rows[1:]] == [e["number"] for e in objects]
    assert [row[-1] for row in rows[1:]] == [e["signature"] for e in objects]
    assert wait_for_entry(instance, kind="export")["details"]["what"] == "audit"


def test_nothing_secret_stands_in_the_log(instance, life):
    text = export(instance, "--format", "text")
    assert USER_CODE not in text and "@" not in text.replace("certificate=", "")
    for name in ("秘書處", "市府路", "scrypt"):
        assert name not in text


def test_a_locked_code_is_an_entry(instance, tmp_path):
    _, _, serial = issue(instance, tmp_path, "locked@audit.example.org.tw", "locked")
    visitor = Visitor(instance)
    for _ in range(4):
        visitor.submit(visitor.get("/certificates/accept"), {"serial": serial, "code": "Wrong-code-7"}, button="show")
    wait_for_entry(instance, kind="code-lock", serial=serial)
    assert len(entries(instance, kind="code-lock", serial=serial)) == 1


def test_an_officer_who_is_changed_behind_the_tools_back_is_an_entry(instance):
    admin = instance.bind("admin")
    dn = "uid=central-2,ou=officers," + BASE
    admin.modify_s(dn, [(ldap.MOD_REPLACE, "xcaActive", b"FALSE")])
    entry = None
    until = time.monotonic() + 10
    while entry is None and time.monotonic() < until:
        found = [e for e in entries(instance, kind="officer-change") if e["details"]["officer"] == "central-2"]
        entry = found[-1] if found[-1]["details"]["active"] == "no" else None
    admin.modify_s(dn, [(ldap.MOD_REPLACE, "xcaActive", b"TRUE")])
    assert entry is not None and entry["actor"] == "directory"


# --- with an instance of its own, whose directory is changed while signer and portal run ---

ADDS = ('access to dn.base="ou=audit,ou=XCA,c=TW" attrs=children\n  by dn.exact="cn=signer,ou=services,ou=XCA,c=TW" =arscd\n',
        'access to dn.base="ou=audit,ou=XCA,c=TW" attrs=children\n  by dn.exact="cn=signer,ou=services,ou=XCA,c=TW" read\n')


@pytest.mark.faults
def test_what_cannot_be_logged_is_not_done_and_applicants_are_told_that_it_waits(servers, spare, key_and_csr):
    servers.configure_slapd(ADDS)
    case = file_case(spare, key_and_csr[1].read_bytes(), "waiting@audit.example.org.tw")
    decided = spare.decide("accept", case, "ra-tpe-edu", "--letter", "1")
    assert decided.returncode == 0 and "handed in" in decided.stdout
    until = time.monotonic() + 60
    while True:
        if "Signing is paused" in Visitor(spare, language="en").get("/").main:
            break
        assert time.monotonic() < until
        time.sleep(2)
    assert spare.case(case)["xcaState"] == b"filed"
    assert "audit.unwritable" in (spare.home / "log/signer.log").read_text("utf-8")
    servers.configure_slapd()
    spare.wait_for_state(case, "reviewed", 30)
    assert verify(spare)[0] == 0


def test_an_intruder_with_the_root_of_the_directory_is_found_out(servers, spare):
    directory = 'directory "%s/ldap/main"' % spare.home
    servers.configure_slapd((directory, "rootpw intruder\n" + directory))
    root = ldap.initialize(spare.ldap_uri)
    root.simple_bind_s("cn=root,c=TW", "intruder")
    dn = "xcaAuditNumber=7," + LOG
    stored = root.search_s(dn, ldap.SCOPE_BASE)[0][1]
    head = spare.admin("audit", "head").stdout.strip()
    changed = stored["xcaAuditText"][0].replace(b"actor: ", b"actor: x")
    root.modify_s(dn, [(ldap.MOD_REPLACE, "xcaAuditText", changed)])
    code, told = verify(spare, "--head", head)
    assert code == 5 and (told["bad"], told["wrong"], told["verified"]) == ("7", "audit.hash", "6")
    root.delete_s(dn)
    code, told = verify(spare)
    assert code == 5 and (told["bad"], told["wrong"]) == ("7", "audit.missing")
    root.add_s(dn, list(stored.items()))
    assert verify(spare, "--head", head)[0] == 0
    servers.configure_slapd()


def test_logins_and_logouts_of_officers_stand_in_the_log(instance):
    officer = Officer(instance, "audit-1")
    entry = wait_for_entry(instance, kind="officer-login", actor="officer audit-1")
    assert entry["details"]["way"] == "challenge"
    assert officer.logout().status == 303
    assert wait_for_entry(instance, kind="officer-logout", actor="officer audit-1")["number"] > entry["number"]
    assert verify(instance)[0] == 0

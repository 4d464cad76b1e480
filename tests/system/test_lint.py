"""A finding of the lint stops an issue and is told; mended, the case goes on. xca-admin holds any certificate to the rules."""

import subprocess

import pytest
from conftest import TOP, directory_only
from test_broken_portal import code_hash
from test_signer_killed import file_case, officer, sign, states


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    with directory_only(tmp_path_factory.mktemp("lint")) as one:
        yield one


def rule_text(one, name):
    return [line.split("\t")[4] for line in one.admin("lint", "rules").stdout.splitlines() if line.startswith(name + "\t")][0]


def test_a_finding_stops_the_issue_and_is_told(stopped):
    settings = stopped.home / "xca.conf"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("ca-issuers-url = http:", "ca-issuers-url = https:").replace("\ncrl-url = http:", "\ncrl-url = https:"), "utf-8")
    number = file_case(stopped.bind("portal"), 0, code_hash("Test-code-1"))
    digest = stopped.admin("review", "digest", number).stdout.split()[1]
    for stage, uid in (("first", "ra-tpe-edu"), ("second", "central-1")):
        sign(stopped.bind("portal"), number, digest, stage, uid, *officer(stopped, uid))
    done = stopped.signer_once()
    assert "lint.rule.access-http" in done.stderr
    assert states(stopped)[number]["xcaState"] == [b"issuing"]
    assert stopped.case(number)["xcaProblem"] == b"lint.rule.list-http lint.rule.access-http"
    shown = stopped.admin("review", "show", number).stdout
    for rule in ("list-http", "access-http"):
        assert rule_text(stopped, rule) in shown, shown
    settings.write_text(text, "utf-8")
    done = stopped.signer_once()
    assert done.returncode == 0, done.stderr
    assert states(stopped)[number]["xcaState"] == [b"issued"]


def test_xca_admin_tells_what_a_certificate_breaks(stopped, tmp_path):
    clean = stopped.admin("lint", str(stopped.home / "ca/ca.pem"), str(stopped.home / "ca/root.pem"))
    assert clean.returncode == 0 and clean.stdout.count("nothing found") == 2, clean.stdout
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c.pem", "-subj",
                    "/C=tw/O=x", "-set_serial", "1", "-days", "30"], check=True, capture_output=True)
    bad = stopped.admin("lint", str(tmp_path / "c.pem"))
    assert bad.returncode == 2
    for rule in ("rsa-size", "name-country", "serial-entropy", "usage-missing"):
        assert "error %s: " % rule in bad.stdout, bad.stdout
    stopped.environment["LC_ALL"] = "zh_TW.UTF-8"
    assert "RSA" in stopped.admin("lint", str(tmp_path / "c.pem")).stdout
    stopped.environment["LC_ALL"] = "C.UTF-8"
    der = tmp_path / "c.der"
    subprocess.run(["openssl", "x509", "-in", tmp_path / "c.pem", "-outform", "DER", "-out", der], check=True)
    assert stopped.admin("lint", "--kind", "smime", str(der)).stdout.count("error") > bad.stdout.count("error")
    assert stopped.admin("lint", "--kind", "letter", str(der)).returncode == 2
    assert stopped.admin("lint").returncode == 2
    junk = tmp_path / "junk"
    junk.write_bytes(b"junk")
    assert "error der-strict" in stopped.admin("lint", str(junk)).stdout


def test_xca_admin_judges_requests(stopped, tmp_path):
    for kind, code in (("rsa:2048", 0), ("rsa:1024", 2)):
        subprocess.run(["openssl", "req", "-new", "-newkey", kind, "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "r.csr", "-subj", "/CN=x"],
                       check=True, capture_output=True)
        assert stopped.admin("lint", str(tmp_path / "r.csr")).returncode == code


def test_the_table_is_printed(stopped):
    rules = [line.split("\t") for line in stopped.admin("lint", "rules").stdout.splitlines()]
    readme = (TOP / "tools/lint/README.md").read_text("utf-8")
    assert len(rules) > 80 and all(len(rule) == 5 for rule in rules)
    for name, severity, _, clause, text in rules:
        assert any(line.startswith("| `%s` |" % name) and " %s | %s | %s |" % (severity, clause, text) in line for line in readme.splitlines()), name

"""The public log of everything issued and revoked: anyone verifies it, nothing that is not public stands in it, and whoever changes it is
found out."""

import subprocess
import time
from pathlib import Path

import ldap
import pytest
from applying import revoke
from certifying import issue, publish
from conftest import BASE, TOP
from test_broken_directory import servers  # noqa: F401  (a fixture)
from visiting import Visitor

TOOL = TOP / "tools/log/verify.py"
LOG = "ou=log," + BASE


def verify(instance, *more):
    done = subprocess.run([str(TOOL), instance.url, "--ca", str(instance.home / "ca/ca.pem"), "--tls-ca", str(instance.home / "ca/root.pem")] +
                          [str(a) for a in more], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def leaves(instance, serial):
    return Visitor(instance).get("/log?serial=" + serial, Accept="application/json").json().get("found", [])


def wait_for(instance, serial, kinds):
    until = time.monotonic() + 20
    while [leaf["kind"].split("-")[1] for leaf in leaves(instance, serial)] != kinds:
        assert time.monotonic() < until, leaves(instance, serial)
        time.sleep(0.3)


def der_of(instance, serial):
    entry = instance.bind("signer").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]
    return next(v[0] for k, v in entry.items() if k.startswith("userCertificate"))


def everything(instance):
    """All that anyone can fetch of it."""
    parts = instance.bind().search_s(LOG, ldap.SCOPE_ONELEVEL, "(xcaLogPart=*)", ["xcaLogPart", "xcaLogData"])
    return b"".join(entry["xcaLogData"][0] for _, entry in parts if entry["xcaLogPart"][0].startswith(b"entries"))


@pytest.fixture(scope="module")
def life(instance, tmp_path_factory):
    """A certificate that is revoked, and one that nobody has accepted."""
    folder = tmp_path_factory.mktemp("life")
    _, _, revoked = publish(instance, folder, "revoked@log.example.org.tw", "revoked")
    revoke(instance, revoked)
    wait_for(instance, revoked, ["issue", "accept", "suspend", "revoke"])  # the request suspends
    _, _, pending = issue(instance, folder, "pending@log.example.org.tw", "pending")
    return revoked, pending


def test_anyone_verifies_the_log_and_a_certificates_place_in_it(instance, life, tmp_path):
    certificate = tmp_path / "one.der"
    certificate.write_bytes(der_of(instance, life[0]))
    code, told = verify(instance, "--certificate", certificate, "--all")
    assert code == 0, told
    assert "certificate-issue (" in told and "certificate-revoke (" in told and "verified" in told
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", other, "-subj", "/CN=x"],
                   check=True, capture_output=True)
    code, told = verify(instance, "--certificate", other)
    assert code == 1 and "is not in the log" in told
    code, told = verify(instance, "--ca", instance.home / "ca/officer-ca.pem")
    assert code == 1 and "not of this authority" in told


def test_kept_heads_are_proved_to_be_beginnings(instance, life, tmp_path):
    kept = tmp_path / "heads"
    assert verify(instance, "--kept", kept)[0] == 0
    size, root, when = kept.read_text().strip().split(":")
    _, _, serial = publish(instance, tmp_path, "kept@log.example.org.tw")
    wait_for(instance, serial, ["issue", "accept"])
    code, told = verify(instance, "--kept", kept)
    assert code == 0 and "are its beginnings" in told and len(kept.read_text().splitlines()) == 2
    for line, why in (("%s:%s:%s" % (size, "00" * 32, when), "not those of the head that was kept"),
                      ("%d:%s:%s" % (int(size) + 100000, root, when), "when a head was kept"),
                      ("%s:%s:%s" % (size, root, "29990101T000000Z"), "older than one that was kept")):
        kept.write_text(line + "\n")
        code, told = verify(instance, "--kept", kept)
        assert code == 1 and why in told, told
        assert kept.read_text() == line + "\n"


def test_what_is_not_accepted_is_a_hash_alone(instance, life):
    revoked, pending = life
    assert leaves(instance, pending) == []
    text = everything(instance).decode()
    assert revoked in text and pending not in text and "@" not in text
    for name in ("case:", "organisation:", "actor:", "officer", "0000100"):
        assert name not in text
    kinds = set(line.split(": ")[1] for line in text.split("\n") if line.startswith("kind: "))
    assert kinds <= {"certificate-issue", "certificate-accept", "certificate-suspend", "certificate-resume", "certificate-revoke"}


def test_the_log_is_the_audit_logs_view_entry_by_entry(instance, life):
    chain = instance.bind("admin").search_s("ou=audit," + BASE, ldap.SCOPE_ONELEVEL,
                                            "(|(xcaAuditKind=certificate-issue)(xcaAuditKind=certificate-revoke))", ["xcaAuditNumber"])
    told = [line.split(": ")[1] for part in everything(instance).decode().split("\n\n") for line in part.split("\n")
            if line.startswith("entry: ")]
    wanted = sorted(int(entry["xcaAuditNumber"][0]) for _, entry in chain)
    assert [int(n) for n in told] == sorted(int(n) for n in told) and set(wanted) - {int(n) for n in told} == set()
    done = instance.admin("log", "check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_gives_the_program_that_verifies_the_log_and_the_logs_description(instance, life, tmp_path):
    visitor = Visitor(instance)
    links = {e.get("href") for e in visitor.get("/log").elements() if e.tag == "a"}
    for name, source, kind in (("verify.py", TOOL, "text/plain"), ("public-log.md", TOP / "tools/log/README.md", "text/markdown")):
        assert "/forms/" + name in links
        answer = visitor.get("/forms/" + name)
        assert answer.status == 200 and answer.headers["Content-Type"] == kind + "; charset=utf-8"
        assert name in answer.headers["Content-Disposition"] and answer.body == source.read_bytes()
        (tmp_path / name).write_bytes(answer.body)
    # as the page says, with what it gives
    assert "/repository/xca.cer" in links
    (tmp_path / "xca.cer").write_bytes(visitor.get("/repository/xca.cer").body)
    subprocess.run(["openssl", "x509", "-inform", "DER", "-in", "xca.cer", "-out", "xca.pem"], cwd=tmp_path, check=True)
    done = subprocess.run(["python3", "verify.py", instance.url, "--ca", "xca.pem", "--kept", "heads", "--tls-ca",
                           str(instance.home / "ca/root.pem")], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and (tmp_path / "heads").exists(), done.stdout + done.stderr


def test_pages_and_parts_say_what_there_is(instance, life):
    visitor = Visitor(instance)
    page = visitor.get("/log?serial=" + life[0].upper())
    assert "憑證廢止" in page.main and 'href="/log"' in visitor.get("/repository").text
    assert "Certificate revoked" in Visitor(instance, language="en").get("/log?serial=" + life[0]).main
    assert visitor.get("/log?serial=xyz").status == 422
    for path in ("entries/99999", "entries/x", "entries/00", "tiles/0-99999", "tiles/9-0", "tiles/0", "tiles/0-", "tiles/x-1", "none"):
        assert visitor.get("/log/" + path).status == 404, path
    head = visitor.get("/log/head")
    assert head.headers["Content-Type"].startswith("text/plain") and "XCA-LOG-HEAD-1\nsize: " in head.text
    assert visitor.get("/log/tiles/0-0").headers["Content-Type"] == "application/octet-stream"


def test_a_certificates_page_leads_to_its_leaves(instance, life):
    revoked, pending = life
    visitor = Visitor(instance)
    page = visitor.get("/certificates/" + revoked)
    links = [e.get("href") for e in page.elements() if (e.get("href") or "").startswith("/log")]
    assert links == ["/log?serial=" + revoked]
    assert len([e for e in visitor.get(links[0]).elements() if e.get("href") == "/certificates/" + revoked]) >= 3  # accept, suspend, revoke
    assert visitor.get("/certificates/" + revoked, Accept="application/json").json()["certificate"]["log"] == links[0]
    # of a certificate that is not public the log tells no number
    assert "/log?serial=" not in visitor.get("/certificates/" + pending).text


def test_nobody_but_the_signer_writes_it_and_no_part_goes(instance, life):
    for who in (instance.bind("portal"), instance.bind("admin"), instance.bind()):
        with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.STRONG_AUTH_REQUIRED)):
            who.modify_s("xcaLogPart=head," + LOG, [(ldap.MOD_REPLACE, "xcaLogNumber", b"0")])
    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
        instance.bind("signer").delete_s("xcaLogPart=head," + LOG)


@pytest.mark.faults
def test_whoever_changes_what_is_served_is_found_out(servers, spare, tmp_path):  # noqa: F811
    directory = 'directory "%s/ldap/main"' % spare.home
    _, _, serial = publish(spare, tmp_path, "spare@log.example.org.tw")
    wait_for(spare, serial, ["issue", "accept"])
    kept = tmp_path / "heads"
    assert verify(spare, "--kept", kept, "--all")[0] == 0
    servers.configure_slapd((directory, "rootpw intruder\n" + directory))
    root = ldap.initialize(spare.ldap_uri)
    root.simple_bind_s("cn=root,c=TW", "intruder")

    def changed(part, attribute, change):
        dn = "xcaLogPart=%s,%s" % (part, LOG)
        stored = root.search_s(dn, ldap.SCOPE_BASE)[0][1][attribute][0]
        root.modify_s(dn, [(ldap.MOD_REPLACE, attribute, change(stored))])
        told = verify(spare, "--kept", kept, "--all")
        root.modify_s(dn, [(ldap.MOD_REPLACE, attribute, stored)])
        return told

    for part, attribute, change, why in (
            ("entries-0", "xcaLogData", lambda d: d.replace(b"certificate-accept", b"certificate-revoke"), "do not lead to the root"),
            ("entries-0", "xcaLogData", lambda d: d.replace(b"index: 1\n", b"index: 2\n"), "out of order"),
            ("tile-0-0", "xcaLogData", lambda d: d[:-1] + bytes([d[-1] ^ 1]), "do not lead to the root"),
            ("tile-0-0", "xcaLogData", lambda d: d[:32], "is short"),
            ("head", "xcaLogData", lambda d: d.replace(b"size: ", b"size: 1"), "not signed by the log's key"),
            ("head", "xcaLogCertificate", lambda d: der_of(spare, serial), "for another purpose")):
        code, told = changed(part, attribute, change)
        assert code == 1 and why in told, (part, told)
    # a signer that starts upon a head of someone else's publishes nothing
    assert verify(spare, "--kept", kept, "--all")[0] == 0
    stored = root.search_s("xcaLogPart=tile-0-0," + LOG, ldap.SCOPE_BASE)[0][1]["xcaLogData"][0]
    log = Path(spare.home / "log/signer.log")
    before = log.read_text("utf-8").count("log.broken")
    root.modify_s("xcaLogPart=tile-0-0," + LOG, [(ldap.MOD_REPLACE, "xcaLogData", b"x" * len(stored))])
    servers.stop("signer")
    servers.start("signer")
    until = time.monotonic() + 30
    while log.read_text("utf-8").count("log.broken") == before:
        assert time.monotonic() < until
        time.sleep(0.3)
    root.modify_s("xcaLogPart=tile-0-0," + LOG, [(ldap.MOD_REPLACE, "xcaLogData", stored)])
    servers.configure_slapd()
    servers.stop("signer")
    servers.start("signer")
    _, _, serial = publish(spare, tmp_path, "again@log.example.org.tw", "again")
    wait_for(spare, serial, ["issue", "accept"])
    code, told = verify(spare, "--kept", kept, "--all")
    assert code == 0, told

"""OCSP as others see it: openssl, gnutls and gpgsm with dirmngr ask about a certificate from its issue to its revocation."""

import os
import re
import signal
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from applying import revoke, wait_for_list
from certifying import accept, change_state, issue
from ocsp_asking import GOOD, REVOKED, UNKNOWN, Client, Issuer, openssl, path_of, request, status_of
from test_mail_clients import Gpgsm
from visiting import Visitor

ADDRESS = "ocsp-client@example.org.tw"


@pytest.fixture(scope="module")
def asked(instance, tmp_path_factory):
    """An issued certificate that nobody has accepted yet: its serial number and file."""
    folder = tmp_path_factory.mktemp("ocsp-applicant")
    _, case, serial = issue(instance, folder, ADDRESS)
    return folder, case, serial


def file_of(instance, serial, to):
    """The certificate itself, PEM, as the signer has recorded it."""
    found = instance.bind("signer").search_s("xcaSerial=%s,ou=certificates,ou=XCA,c=TW" % serial, 0, attrlist=["userCertificate;binary"])
    subprocess.run(["openssl", "x509", "-inform", "DER", "-out", str(to)], input=found[0][1]["userCertificate;binary"][0], check=True)
    return to


def says(instance, serial, status, reason=None, *more):
    said = openssl(instance, "-serial", "0x" + serial, *more)
    assert "Response verify OK" in said and "0x%s: %s\n" % (serial, status) in said, said
    assert reason is None or "Reason: " + reason in said, said


def within_a_second(instance, serial, status):
    """From what the directory has to what every process of httpd says."""
    client, issuer = Client(instance.http), Issuer(instance.home / "ca/ca.pem")
    began = time.monotonic()
    while status_of(client.ask(request(issuer.id(serial)))) != status:
        assert time.monotonic() - began < 1, "no %s within a second" % status
        time.sleep(0.02)
    client.close()


def ocsptool(instance, certificate, *more):
    done = subprocess.run(["ocsptool", "--ask=" + instance.plain + "/ocsp", "--load-issuer", str(instance.home / "ca/ca.pem"), "--load-cert",
                           str(certificate), "--load-trust", str(instance.home / "ca/ca.pem")] + list(more), capture_output=True, text=True,
                          timeout=30)
    return done.stdout + done.stderr


def test_a_certificate_through_its_life(instance, asked):
    folder, case, serial = asked
    says(instance, serial, "unknown")
    accept(instance, serial)
    instance.wait_for_state(case, "completed")
    within_a_second(instance, serial, GOOD)
    certificate = file_of(instance, serial, folder / "certificate.pem")
    named = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout", "-ocsp_uri"], capture_output=True, text=True).stdout
    assert named.strip() == instance.plain + "/ocsp"

    for more in ((), ("-no_nonce",), ("-sha256", "-no_nonce")):
        said = openssl(instance, *more, "-cert", str(certificate))
        assert "Response verify OK" in said and ": good\n" in said and "WARNING" not in said, said
    assert "verify OK" in openssl(instance, "-sha256", "-cert", str(certificate))
    got = subprocess.run(["curl", "-sf", instance.plain + path_of(request(Issuer(instance.home / "ca/ca.pem").id(serial)))], capture_output=True)
    (folder / "answer").write_bytes(got.stdout)
    read = subprocess.run(["openssl", "ocsp", "-respin", str(folder / "answer"), "-issuer", str(instance.home / "ca/ca.pem"), "-cert",
                           str(certificate), "-CAfile", str(instance.home / "ca/root.pem")], capture_output=True, text=True)
    assert ": good\n" in read.stdout and "Response verify OK" in read.stderr
    for more in (("--nonce",), ("--no-nonce",)):
        said = ocsptool(instance, certificate, *more)
        assert re.search(r"Certificate Status: good", said) and "Verifying OCSP Response: Success" in said, said

    change_state(instance, serial, "suspend")
    within_a_second(instance, serial, REVOKED)
    says(instance, serial, "revoked", "certificateHold")
    change_state(instance, serial, "resume")
    within_a_second(instance, serial, GOOD)


@pytest.fixture
def signed_with_rsa(instance):
    """dirmngr of GnuPG 2.2 verifies no ECDSA in OCSP: httpd takes another key by a reload, and its own again afterwards."""
    settings = instance.home / "xca.conf"
    before = settings.read_text("utf-8")

    def reload(text, kind):
        settings.write_text(text, "utf-8")
        os.kill(int((instance.home / "run/httpd.pid").read_text()), signal.SIGUSR1)
        client, issuer = Client(instance.http), Issuer(instance.home / "ca/ca.pem")
        until = time.monotonic() + 20
        while True:
            answer = client.ask(request(issuer.id("4a01")))
            client.close()
            if status_of(answer) == UNKNOWN and isinstance(answer.certificates[0].public_key(), kind):
                break
            assert time.monotonic() < until, "no answer with another key"
            time.sleep(0.1)

    reload(before + "ocsp-key-type = rsa:2048\n", rsa.RSAPublicKey)
    yield
    reload(before, ec.EllipticCurvePublicKey)


def test_gpgsm_asks_ocsp_and_refuses_what_is_revoked(instance, asked, signed_with_rsa, tmp_path):
    _, _, serial = asked
    client = Gpgsm(tmp_path / "g", instance)
    try:
        with open(client.home / "dirmngr.conf", "a", encoding="utf-8") as conf:
            conf.write("allow-ocsp\n")
        with open(client.home / "gpgsm.conf", "a", encoding="utf-8") as conf:
            conf.write("enable-ocsp\n")
        for name in ("root.pem", "ca.pem"):
            assert client("--import", str(instance.home / "ca" / name)).returncode == 0
        assert client("--import", str(file_of(instance, serial, tmp_path / "certificate.pem"))).returncode == 0
        sealed = client("--encrypt", "--recipient", "<%s>" % ADDRESS, input=b"text")
        assert sealed.returncode == 0, client.why(sealed)
        log = (client.home / "dirmngr.log").read_text("utf-8", "replace")
        assert "/ocsp" in log or "ocsp" in log.lower(), log[-2000:]

        revoke(instance, serial)
        within_a_second(instance, serial, REVOKED)
        says(instance, serial, "revoked")
        text = wait_for_list(instance, serial, True)  # the list says the same
        assert serial.upper() in text
        client.forget_lists()
        refused = client("--encrypt", "--recipient", "<%s>" % ADDRESS, input=b"text")
        assert refused.returncode != 0 and b"revoked" in refused.stderr.lower(), client.why(refused)
    finally:
        client.close()


def test_the_repository_s_page_names_the_address(instance):
    for language, text in (("zh", "線上憑證狀態查詢"), ("en", "Certificate status online")):
        page = Visitor(instance, language=language).get("/repository").text
        assert text in page and instance.plain + "/ocsp" in page


def test_nobody_s_number_is_unknown(instance):
    client = Client(instance.http)
    assert status_of(client.ask(request(Issuer(instance.home / "ca/ca.pem").id("4a" * 16)))) == UNKNOWN
    client.close()

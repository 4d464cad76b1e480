"""Devices that enrol by themselves (EST, RFC 7030), with strongSwan's client: the same cases, the same reviews, no back door."""

import base64
import http.client
import re
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from devices import Device, ask, certificates, enrol, file_case, state_of


def client(instance, name, device, code="Test-code-1", seconds=60):
    return subprocess.Popen(["pki", "--est", "--url", instance.url, "--in", str(device.path), "--cacert", str(instance.home / "ca/root.pem"),
                             "--cacert", str(instance.home / "ca/ca.pem"), "--userpass", "%s:%s" % (name, code), "--interval", "1",
                             "--maxpolltime", str(seconds)], stdout=open(device.out, "wb"), stderr=subprocess.PIPE)


def certificate_of(instance, device):
    found = x509.load_der_x509_certificate(device.out.read_bytes())
    assert found.public_key().public_numbers() == device.key.public_key().public_numbers()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("devices")


@pytest.fixture(scope="module")
def enrolled(instance, folder):
    """A device that has been through it: its case, its certificate."""
    device = Device(folder, "first")
    case = file_case(instance, device)
    waiting = client(instance, case, device)
    time.sleep(2)
    assert waiting.poll() is None  # officers are asked, and nothing is given out before they have decided
    instance.approve(case)
    assert waiting.wait(60) == 0, waiting.stderr.read().decode()
    return device, case, certificate_of(instance, device)


def test_a_device_waits_for_the_officers_and_fetches_its_certificate(instance, enrolled, folder):
    device, case, certificate = enrolled
    assert state_of(instance, certificate) == "valid"  # it was accepted by the code, as in the portal
    instance.wait_for_state(case, "completed")
    (folder / "first.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    checked = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", instance.home / "ca/root.pem", "-untrusted", instance.home / "ca/ca.pem",
                              folder / "first.pem"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    # asking again gives the same, and no second case
    status, headers, body = enrol(instance, case, device)
    assert status == 200 and headers["Content-Type"] == "application/pkcs7-mime; smime-type=certs-only"
    assert headers["Content-Transfer-Encoding"] == "base64" and headers["Cache-Control"] == "no-store"
    assert certificates(body) == [certificate]


def test_what_everyone_may_have(instance):
    status, headers, body = ask(instance, "cacerts")
    assert status == 200 and headers["Content-Type"] == "application/pkcs7-mime; smime-type=certs-only"
    names = [c.subject.rfc4514_string() for c in certificates(body)]
    assert len(names) == 2 and any("組織及團體憑證管理中心" in n for n in names)
    status, headers, body = ask(instance, "csrattrs")
    assert status == 200 and headers["Content-Type"] == "application/csrattrs"
    shown = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=base64.b64decode(body), capture_output=True, check=True).stdout.decode()
    for name in ("rsaEncryption", "id-ecPublicKey", "prime256v1", "secp384r1", "sha256WithRSAEncryption", "ecdsa-with-SHA256"):
        assert name in shown
    assert ask(instance, "simpleenroll")[0] == 405


def test_the_client_of_strongswan_takes_the_ca_certificates(instance, folder):
    done = subprocess.run(["pki", "--estca", "--url", instance.url, "--cacert", str(instance.home / "ca/root.pem"), "--caout",
                           str(folder / "ca.pem"), "--outform", "pem", "--force"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = b"".join(sorted(p.read_bytes() for p in folder.glob("ca*.pem")))
    assert found.count(b"BEGIN CERTIFICATE") == 2


def test_another_key_is_another_case_and_needs_the_officers_too(instance, enrolled, folder):
    _, case, _ = enrolled
    second = Device(folder, "second", rsa.generate_private_key(65537, 2048))
    status, headers, body = enrol(instance, case, second, language="en")
    assert status == 202 and int(headers["Retry-After"]) > 0
    other = re.search(r"\d{25}", body.decode()).group()
    assert other != case and "reviewing" in body.decode()
    assert instance.case(other)["xcaState"] == b"filed"
    for _ in range(3):
        assert re.search(r"\d{25}", enrol(instance, case, second)[2].decode()).group() == other
    first = instance.case(case)
    made = instance.case(other)
    assert made["xcaOid"] == first["xcaAssignedOid"] and made["mail"] == first["mail"] and made["xcaUse"] == first["xcaUse"]
    instance.approve(other)
    waiting = client(instance, case, second)
    assert waiting.wait(60) == 0, waiting.stderr.read().decode()
    assert state_of(instance, certificate_of(instance, second)) == "valid"


def test_a_renewal_names_what_the_certificate_names_and_has_a_new_key(instance, enrolled, folder):
    device, case, certificate = enrolled
    serial = "%032x" % certificate.serial_number
    status, _, body = enrol(instance, serial, Device(folder, "stranger"), renewal=True, language="en")
    assert status == 400 and "subject" in body.decode()
    mail = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.RFC822Name)[0]
    status, _, body = enrol(instance, serial, Device(folder, "other-mail", subject=certificate.subject, mail="x" + mail), renewal=True)
    assert status == 400 and "主體別名" in body.decode()
    status, _, body = enrol(instance, serial, Device(folder, "same-key", device.key, certificate.subject), renewal=True, language="en")
    assert status == 409 and "new key" in body.decode()
    renewed = Device(folder, "renewed", subject=certificate.subject, mail=mail)
    status, _, body = enrol(instance, serial, renewed, renewal=True)
    assert status == 202
    instance.approve(re.search(r"\d{25}", body.decode()).group())
    until = time.monotonic() + 30
    while status == 202 and time.monotonic() < until:
        time.sleep(0.5)
        status, _, body = enrol(instance, serial, renewed, renewal=True)
    assert status == 200, body
    new = certificates(body)[0]
    assert new.subject == certificate.subject and new.serial_number != certificate.serial_number
    assert state_of(instance, new) == state_of(instance, certificate) == "valid"


def test_nothing_without_the_code_and_it_locks(instance, enrolled, folder):
    device, case, _ = enrolled
    other = file_case(instance, Device(folder, "locked"))
    status, headers, body = ask(instance, "simpleenroll", body=device.request, language="en")
    assert status == 401 and headers["WWW-Authenticate"].startswith("Basic ") and "user code" in body.decode()
    assert ask(instance, "simpleenroll", "0" * 25, body=device.request)[0] == 400  # no case number at all
    assert ask(instance, "simpleenroll", "0000199999999999999999999", body=device.request)[0] == 401
    assert ask(instance, "simpleenroll", "ab" * 16, body=device.request)[0] == 401
    for wanted in (401, 401, 429):
        status, headers, body = enrol(instance, other, device, code="Wrong-code-1")
        assert status == wanted
    # as long as the words say
    assert headers["Retry-After"] == "900" and "15 分鐘" in body.decode() and headers["Content-Language"] == "zh-Hant-TW"
    assert enrol(instance, other, device)[0] == 429  # also with the right code


def test_bad_requests_are_told(instance, enrolled, folder):
    device, case, _ = enrolled
    assert ask(instance, "simpleenroll", case, body=device.request, kind="application/json")[0] == 415
    status, headers, body = ask(instance, "simpleenroll", case, body="!!! no base64 !!!", language="en")
    assert status == 400 and headers["Content-Type"].startswith("text/plain") and "base64" in body.decode()
    broken = bytearray(device.request)
    broken[-1] ^= 1
    assert ask(instance, "simpleenroll", case, body=bytes(broken))[0] == 400
    weak = Device(folder, "weak", rsa.generate_private_key(65537, 1024))
    status, _, body = enrol(instance, case, weak, language="en")
    assert status == 400 and "1024" in body.decode()
    # a case that nobody has decided yet takes no other key
    fresh = file_case(instance, Device(folder, "fresh"))
    status, _, body = enrol(instance, fresh, Device(folder, "fresh-other"), language="en")
    assert status == 409 and "not issued" in body.decode()
    # a returned one says why
    assert instance.decide("return", fresh, "ra-tpe-edu", "--reason", "印鑑不清楚").returncode == 0
    instance.wait_for_state(fresh, "returned")
    own = Device(folder, "fresh-again")
    own.request = (folder / "fresh.csr").read_bytes()
    status, _, body = enrol(instance, fresh, own)
    assert status == 409 and "印鑑不清楚" in body.decode()


def test_nothing_goes_over_plain_http(instance):
    link = http.client.HTTPConnection("127.0.0.1", instance.http, timeout=30)
    link.request("POST", "/.well-known/est/simpleenroll", b"x", {"Content-Type": "application/pkcs10"})
    answer = link.getresponse()
    assert answer.status in (302, 403)

"""Devices with a certificate enrol further keys, renew, revoke (CMP, RFC 4210 and 9483), with OpenSSL's client: the same cases, the same reviews."""

import datetime
import http.client
import re
import subprocess
import time

import ldap
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from conftest import BASE
from devices import Device, certificates, enrol, file_case, state_of

def pem(thing):
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Client:
    """A device: its certificate and key in files, and OpenSSL's client."""

    def __init__(self, instance, folder, name, certificate, key):
        self.instance, self.folder, self.name = instance, folder, name
        self.certificate, self.key = certificate, key
        (folder / (name + ".pem")).write_bytes(pem(certificate))
        (folder / (name + ".key")).write_bytes(pem(key))

    def path(self, name):
        return str(self.folder / name)

    def command(self, what, *more, server=None, seconds=60):
        ca = self.instance.home / "ca"
        return ["openssl", "cmp", "-config", "", "-cmd", what, "-server", server or "127.0.0.1:%d/.well-known/cmp" % self.instance.http,
                "-cert", self.path(self.name + ".pem"), "-key", self.path(self.name + ".key"), "-trusted", str(ca / "root.pem"),
                "-untrusted", str(ca / "ca.pem"), "-total_timeout", str(seconds), "-verbosity", "6", *map(str, more)]

    def run(self, what, *more, **how):
        return subprocess.run(self.command(what, *more, **how), capture_output=True, text=True, timeout=120)

    def start(self, what, *more, **how):
        return subprocess.Popen(self.command(what, *more, **how), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def want(self, what, name, key, *more, **how):
        """Asks for a certificate of another key, in the background; until it has come, see got()."""
        (self.folder / (name + ".key")).write_bytes(pem(key))
        return self.start(what, "-newkey", self.path(name + ".key"), "-certout", self.path(name + ".pem"), *more, **how)

    def got(self, running, name, key, seconds=90):
        said, _ = running.communicate(timeout=seconds)
        assert running.returncode == 0, said
        found = x509.load_pem_x509_certificate((self.folder / (name + ".pem")).read_bytes())
        assert found.public_key().public_numbers() == key.public_key().public_numbers()
        return found


def case_of(instance, key, seconds=20):
    """The case of a key, when it is filed."""
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    wanted = "(xcaKeyHash=%s)" % digest.finalize().hex()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = instance.bind("admin").search_s("ou=cases," + BASE, ldap.SCOPE_ONELEVEL, wanted, ["xcaCaseNumber"])
        if found:
            return found[0][1]["xcaCaseNumber"][0].decode()
        time.sleep(0.1)
    raise AssertionError("no case of this key")


def enrolled(instance, folder, name, key=None, use="signature"):
    """A device that came to its first certificate by the portal and EST."""
    device = Device(folder, name, key)
    case = file_case(instance, device, use)
    instance.approve(case)
    until = time.monotonic() + 30
    status, _, body = enrol(instance, case, device)
    while status == 202 and time.monotonic() < until:
        time.sleep(0.3)
        status, _, body = enrol(instance, case, device)
    assert status == 200, body
    return Client(instance, folder, name, certificates(body)[0], device.key)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cmp")


@pytest.fixture(scope="module")
def device(instance, folder):
    return enrolled(instance, folder, "device")


def approve_and_get(instance, device, running, name, key):
    case = case_of(instance, key)
    assert running.poll() is None  # nothing is given out before officers have decided
    instance.approve(case)
    return case, device.got(running, name, key)


def refused(done):
    """What the client was told: PKIFailureInfo and text."""
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    found = re.search(r'PKIFailureInfo: (\w+); StatusString: "([^"]*)"', said)
    assert found, said
    return found.groups()


def test_a_further_key_waits_for_the_officers_and_is_confirmed(instance, device):
    key = ec.generate_private_key(ec.SECP256R1())
    case, certificate = approve_and_get(instance, device, device.want("cr", "second", key), "second", key)
    assert certificate.subject == device.certificate.subject
    assert state_of(instance, certificate) == "valid"
    instance.wait_for_state(case, "completed")
    first = instance.case(case)
    assert first["xcaUse"] == b"signature" and first["o"].decode() in certificate.subject.rfc4514_string()
    # the log has what the device has signed
    serial = "%032x" % certificate.serial_number
    logged = instance.admin("audit", "list", "--kind", "certificate-accept", "--newest")
    assert logged.returncode == 0 and serial in logged.stdout and "device" in logged.stdout, logged.stdout
    assert instance.admin("audit", "verify").returncode == 0
    # asking again gives the same certificate, no second case, and confirms again
    again = device.run("cr", "-newkey", device.path("second.key"), "-certout", device.path("again.pem"))
    assert again.returncode == 0, again.stderr
    assert x509.load_pem_x509_certificate((device.folder / "again.pem").read_bytes()) == certificate


def test_ir_and_p10cr_are_the_same_and_https_and_operation_labels_too(instance, device):
    key, other = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())
    secure = "https://localhost:%d/.well-known/cmp/p/xca/initialization" % instance.https
    first = device.want("ir", "third", key, "-tls_used", "-tls_trusted", instance.home / "ca/root.pem", server=secure)
    request = Device(device.folder, "fourth-request", other)
    (device.folder / "fourth-request.pem").write_bytes(
        x509.load_der_x509_csr(request.request).public_bytes(serialization.Encoding.PEM))
    second = device.start("p10cr", "-csr", device.path("fourth-request.pem"), "-certout", device.path("fourth.pem"),
                          server="127.0.0.1:%d/.well-known/cmp/pkcs10" % instance.http)
    for running, name, wanted in ((first, "third", key), (second, "fourth", other)):
        _, certificate = approve_and_get(instance, device, running, name, wanted)
        assert state_of(instance, certificate) == "valid"
    wrong = device.run("ir", "-newkey", device.path("third.key"), "-certout", device.path("x.pem"),
                       server="127.0.0.1:%d/.well-known/cmp/p/other" % instance.http)
    assert wrong.returncode != 0


def test_a_renewal_names_what_its_certificate_names_and_has_a_new_key(instance, device):
    same = device.run("kur", "-newkey", device.path("device.key"), "-certout", device.path("x.pem"))
    assert refused(same)[0] == "badRequest" and "新的金鑰" in refused(same)[1]
    key = ec.generate_private_key(ec.SECP256R1())
    (device.folder / "renamed.key").write_bytes(pem(key))
    other = device.run("kur", "-newkey", device.path("renamed.key"), "-subject", "/C=TW/O=other", "-certout", device.path("x.pem"))
    assert refused(other)[0] == "badCertTemplate"
    _, certificate = approve_and_get(instance, device, device.want("kur", "renewed", key), "renewed", key)
    assert certificate.subject == device.certificate.subject
    assert state_of(instance, certificate) == state_of(instance, device.certificate) == "valid"
    # the renewed one speaks for itself
    renewed = Client(instance, device.folder, "renewed", certificate, key)
    assert "id-it-caCerts" in renewed.run("genm", "-infotype", "caCerts").stdout


def test_a_certificate_that_the_device_rejects_is_revoked(instance, device):
    key = ec.generate_private_key(ec.SECP256R1())
    nobody = device.folder / "nobody.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", device.path("nobody.key"),
                    "-subj", "/CN=nobody", "-out", nobody], check=True, capture_output=True)
    running = device.want("cr", "rejected", key, "-out_trusted", nobody)  # it believes in another CA, and says so in its certConf
    case = case_of(instance, key)
    instance.approve(case)
    running.communicate(timeout=60)
    assert running.returncode != 0
    instance.wait_for_state(case, "refused")
    again = device.run("cr", "-newkey", device.path("rejected.key"), "-certout", device.path("x.pem"))
    assert "新的金鑰" in refused(again)[1]


def test_a_returned_case_is_told_and_ends_the_transaction(instance, device):
    key = ec.generate_private_key(ec.SECP256R1())
    running = device.want("cr", "returned", key)
    case = case_of(instance, key)
    assert instance.decide("return", case, "ra-tpe-edu", "--reason", "印鑑不清楚").returncode == 0
    said, _ = running.communicate(timeout=60)
    assert running.returncode != 0 and "印鑑不清楚" in said, said


def test_a_device_whose_server_or_signer_goes_away_begins_again_with_the_same_case(spare, folder):
    device = enrolled(spare, folder, "patient")
    key = ec.generate_private_key(ec.SECP256R1())
    running = device.want("cr", "patient-2", key, seconds=100)
    case = case_of(spare, key)
    # every child is another one now: what the device has begun is in the directory
    parent = int((spare.home / "run/httpd.pid").read_text())
    children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split()
    for child in children:
        subprocess.run(["kill", "-9", child])
    spare.approve(case)
    certificate = device.got(running, "patient-2", key, 100)
    assert state_of(spare, certificate) == "valid"
    spare.wait_for_state(case, "completed")


def test_a_signer_that_is_away_confirms_when_it_is_back(spare, folder):
    device = enrolled(spare, folder, "confirming")
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "confirming-2.key").write_bytes(pem(key))

    def ask():
        return device.run("cr", "-newkey", device.path("confirming-2.key"), "-certout", device.path("confirming-2.pem"), "-unprotected_errors", seconds=12)

    assert ask().returncode != 0  # nobody has decided yet
    case = case_of(spare, key)
    spare.approve(case)
    spare.wait_for_state(case, "issued")
    for _ in range(12):  # every process has its certificate then
        assert device.run("genm", "-infotype", "caCerts").returncode == 0
    signer = subprocess.run(["pgrep", "-f", "xca-signer --settings %s" % (spare.home / "xca.conf")], capture_output=True, text=True).stdout.split()
    assert len(signer) == 1
    subprocess.run(["kill", "-STOP", signer[0]], check=True)
    try:
        failure, text = refused(ask())
    finally:
        subprocess.run(["kill", "-CONT", signer[0]], check=True)
    assert failure == "systemUnavail" and "恢復後" in text
    spare.wait_for_state(case, "completed")
    again = ask()
    assert again.returncode == 0, again.stdout
    assert state_of(spare, x509.load_pem_x509_certificate((folder / "confirming-2.pem").read_bytes())) == "valid"


def post(instance, body, kind="application/pkixcmp", path="/.well-known/cmp"):
    link = http.client.HTTPConnection("127.0.0.1", instance.http, timeout=30)
    link.request("POST", path, body, {"Content-Type": kind, "Accept-Language": "en"})
    answer = link.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read()


def told(device, body):
    """The text of an error message as the client prints it, given the message itself."""
    shown = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=body, capture_output=True, check=True).stdout.decode()
    return "\n".join(re.findall(r"UTF8STRING +:(.*)", shown))


def test_who_is_not_ours_is_told_and_nothing_is_recorded(instance, device):
    stranger = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "stranger")])
    issued = (x509.CertificateBuilder().subject_name(name).issuer_name(device.certificate.issuer).public_key(stranger.public_key()).serial_number(7)
              .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
              .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()))
    (device.folder / "stranger.pem").write_bytes(pem(issued))
    (device.folder / "stranger.key").write_bytes(pem(stranger))
    (device.folder / "wanted.key").write_bytes(pem(stranger))
    before = instance.bind("signer").search_s("ou=transactions," + BASE, ldap.SCOPE_ONELEVEL)
    ca = instance.home / "ca"

    def ask(certificate, key, *more):
        return subprocess.run(["openssl", "cmp", "-config", "", "-cmd", "cr", "-server", "127.0.0.1:%d/.well-known/cmp" % instance.http, "-cert",
                               device.path(certificate), "-key", device.path(key), "-newkey", device.path("wanted.key"), "-certout", device.path("x.pem"),
                               "-trusted", ca / "root.pem", "-untrusted", ca / "ca.pem", "-unprotected_errors", "-total_timeout", "8",
                               "-subject", "/CN=any", *more], capture_output=True, text=True, timeout=60)

    assert refused(ask("stranger.pem", "stranger.key"))[0] == "signerNotTrusted"
    # another's certificate under a signature of one's own
    forged = device.folder / "forged.req"
    made = ask("device.pem", "device.key", "-reqout", forged)
    assert made.returncode != 0  # it timed out or waits: the request is what we want
    message = bytearray(forged.read_bytes())
    at = message.index(b"any")
    message[at] ^= 1
    status, kind, body = post(instance, bytes(message))
    assert status == 200 and kind == "application/pkixcmp" and "signature is wrong" in told(device, body)
    # no protection, and one by a password
    secret = subprocess.run(["openssl", "cmp", "-config", "", "-cmd", "cr", "-server", "127.0.0.1:%d/.well-known/cmp" % instance.http, "-ref", "0" * 25,
                             "-secret", "pass:Test-code-1", "-newkey", device.path("wanted.key"), "-certout", device.path("x.pem"), "-subject", "/CN=any",
                             "-unprotected_errors"], capture_output=True, text=True, timeout=60)
    assert refused(secret)[0] == "badMessageCheck"
    after = instance.bind("signer").search_s("ou=transactions," + BASE, ldap.SCOPE_ONELEVEL)
    assert len(after) == len(before) + 1  # that of the message before it was forged


def test_a_message_that_comes_twice_is_not_answered_twice(instance, device):
    key = ec.generate_private_key(ec.SECP256R1())
    (device.folder / "replay.key").write_bytes(pem(key))
    sent = [device.folder / ("replay-%d.req" % i) for i in range(2)]
    device.run("cr", "-newkey", device.path("replay.key"), "-certout", device.path("x.pem"), "-reqout", "%s,%s" % tuple(sent), seconds=8)
    first, poll = (path.read_bytes() for path in sent)
    assert "transactionID is in use" in told(device, post(instance, first)[2])
    assert "recipNonce" in told(device, post(instance, poll)[2])


def test_what_is_no_message_is_told_as_text(instance, device):
    status, kind, body = post(instance, b"\x30\x03\x02\x01\x00")
    assert status == 400 and kind.startswith("text/plain") and b"CMP" in body
    assert post(instance, b"x" * 40000)[0] == 413
    assert post(instance, b"x", kind="application/json")[0] == 415
    assert post(instance, b"x", path="/.well-known/cmp/nothing")[0] == 404
    link = http.client.HTTPConnection("127.0.0.1", instance.http, timeout=30)
    link.request("GET", "/.well-known/cmp")
    assert link.getresponse().status == 405


def test_only_an_own_proof_of_possession_counts(instance, device):
    key = ec.generate_private_key(ec.SECP256R1())
    (device.folder / "unproved.key").write_bytes(pem(key))
    for way in (-1, 0):
        done = device.run("cr", "-newkey", device.path("unproved.key"), "-popo", way, "-certout", device.path("x.pem"))
        assert refused(done)[0] == "badPOP", way


def test_revocation_goes_to_the_officers_and_a_revoked_sender_is_refused(instance, folder):
    device = enrolled(instance, folder, "leaving")
    done = device.run("rr", "-oldcert", device.path("leaving.pem"), "-revreason", "1")
    assert done.returncode == 0, done.stderr
    case = re.search(r"\d{25}", done.stdout + done.stderr).group()
    found = instance.case(case)
    assert found["xcaKind"] == b"revocation" and found["xcaState"] == b"filed" and found["xcaRevokeReason"] == b"lost"
    assert state_of(instance, device.certificate) == "valid"  # no officer has decided
    again = device.run("rr", "-oldcert", device.path("leaving.pem"), "-revreason", "1")
    assert again.returncode == 0 and case in again.stdout + again.stderr  # it stays one case
    instance.approve(case)
    instance.wait_for_state(case, "completed")
    assert state_of(instance, device.certificate) == "revoked"
    done = device.run("genm", "-infotype", "caCerts", "-unprotected_errors")
    assert refused(done)[0] == "certRevoked"


def test_a_device_speaks_for_its_own_certificate_alone(instance, device, folder):
    done = device.run("rr", "-oldcert", device.path("second.pem"))
    assert refused(done)[0] == "notAuthorized"
    # a key of a case of another holder
    other = Device(folder, "of-another")
    file_case(instance, other)
    (folder / "of-another.key").write_bytes(pem(other.key))
    done = device.run("cr", "-newkey", device.path("of-another.key"), "-certout", device.path("x.pem"))
    assert refused(done)[0] == "notAuthorized"

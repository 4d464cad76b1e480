"""Devices without any certificate enrol by CMP under the secret of a case (PasswordBasedMac, RFC 4210 section 5.1.3.1), with OpenSSL's client: a
contact has it made with the user code, and it is good for the one key of that case, until the case has ended."""

import email
import email.policy
import http.client
import re
import subprocess
import time

import ldap
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from conftest import BASE
from devices import CODE, Device, file_case, state_of
from test_broken_portal import answer as answer_of, put_request
from test_cmp import pem, refused, told
from visiting import Visitor

SECRET = re.compile(r"^[A-Z2-7]{4}(-[A-Z2-7]{4}){7}$")


def case_page(instance, case, code=CODE, language=None):
    """Who has opened the case: the visitor, and the page of the secret."""
    visitor = Visitor(instance, language=language)
    opened = visitor.submit(visitor.get("/case/status"), {"case_number": case, "code": code})
    assert opened.status == 303
    status = visitor.get("/case/status/" + case)
    assert "/case/device-secret/" + case in status.text
    return visitor, visitor.get("/case/device-secret/" + case)


def make_secret(instance, case):
    visitor, page = case_page(instance, case)
    shown = visitor.submit(page, {"code": CODE, "action": "make"})
    assert shown.status == 200, shown.main
    codes = [e.text for e in shown.elements() if e.get("class") == "code" and SECRET.match(e.text or "")]
    assert len(codes) == 1 and case in shown.text
    return codes[0]


class Client:
    """A device with a key, a case, its secret, and no certificate."""

    def __init__(self, instance, folder, name):
        self.instance, self.folder, self.name = instance, folder, name
        self.device = Device(folder, name)
        (folder / (name + ".key")).write_bytes(pem(self.device.key))
        (folder / (name + "-csr.pem")).write_bytes(
            x509.load_der_x509_csr(self.device.request).public_bytes(serialization.Encoding.PEM))
        self.case = file_case(instance, self.device, "signature")
        self.secret = make_secret(instance, self.case)

    def path(self, name):
        return str(self.folder / name)

    def command(self, what, *more, reference=None, secret=None, seconds=60):
        ca = self.instance.home / "ca"
        wanted = ["-csr", self.path(self.name + "-csr.pem")] if what == "p10cr" else ["-newkey", self.path(self.name + ".key"), "-subject", "/CN=device"]
        return ["openssl", "cmp", "-config", "", "-cmd", what, "-server", "127.0.0.1:%d/.well-known/cmp" % self.instance.http, "-ref",
                reference or self.case, "-secret", "pass:" + (secret or self.secret), *wanted, "-certout", self.path(self.name + ".pem"), "-trusted",
                str(ca / "root.pem"), "-untrusted", str(ca / "ca.pem"), "-total_timeout", str(seconds), "-verbosity", "6", *map(str, more)]

    def run(self, what, *more, **how):
        return subprocess.run(self.command(what, *more, **how), capture_output=True, text=True, timeout=120)

    def start(self, what, *more, **how):
        return subprocess.Popen(self.command(what, *more, **how), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def certificate(self):
        return x509.load_pem_x509_certificate((self.folder / (self.name + ".pem")).read_bytes())

    def messages(self, count=1):
        """What the client sends while nobody has decided."""
        names = [self.path("%s-%d.req" % (self.name, i)) for i in range(count)]
        self.run("ir", "-reqout", ",".join(names), seconds=8)
        return [open(name, "rb").read() for name in names]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cmp-secret")


def transactions(instance):
    return len(instance.bind("signer").search_s("ou=transactions," + BASE, ldap.SCOPE_ONELEVEL))


def post(instance, body, address="127.0.0.1"):
    link = http.client.HTTPConnection("127.0.0.1", instance.http, timeout=30, source_address=(address, 0))
    link.request("POST", "/.well-known/cmp", body, {"Content-Type": "application/pkixcmp", "Accept-Language": "en"})
    answer = link.getresponse()
    return answer.status, answer.read()


def mails_of(instance, case):
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in (instance.home / "outbox").glob(case + "-device-secret-*")]


def test_the_contact_hears_of_each_secret_that_is_made_but_not_the_secret(instance, folder):
    client = Client(instance, folder, "told")
    again = make_secret(instance, client.case)
    assert again != client.secret
    until = time.monotonic() + 20
    while len(mails_of(instance, client.case)) < 2:
        assert time.monotonic() < until
        time.sleep(0.2)
    for mail in mails_of(instance, client.case):
        text = mail.get_content()
        assert "裝置註冊密鑰" in mail["Subject"] and client.case in text and "/case/device-secret/" + client.case in text
        assert mail["To"] == instance.case(client.case)["xcaContactMail"].decode()
        assert client.secret not in text and again not in text


def test_programs_get_the_same_as_json(instance, folder):
    case = file_case(instance, Device(folder, "json"), "signature")
    visitor, page = case_page(instance, case)
    path, json = "/case/device-secret/" + case, {"Accept": "application/json"}
    before = visitor.get(path, **json).json()
    assert before["case"]["number"] == case and before["possible"] is True and "secret" not in before and "until" not in before
    wrong = visitor.submit(page, {"code": "Wrong-code-1", "action": "make"}, headers=json)
    assert wrong.status == 403 and wrong.json()["errors"][0]["field"] == "code" and "secret" not in wrong.json()
    made = visitor.submit(page, {"code": CODE, "action": "make"}, headers=json).json()
    assert SECRET.match(made["secret"]) and made["address"].endswith("/.well-known/cmp")
    after = visitor.get(path, **json).json()
    assert "secret" not in after and after["until"] == made["until"]


@pytest.mark.parametrize("what", ["ir", "cr", "p10cr"])
def test_a_device_fetches_its_first_certificate_when_the_officers_have_decided(instance, folder, what):
    client = Client(instance, folder, "first-" + what)
    roots = client.path("roots-%s.pem" % what)
    running = client.start(what, "-cacertsout", roots)
    time.sleep(1)
    assert running.poll() is None  # nothing is given out before officers have decided
    instance.approve(client.case)
    said, _ = running.communicate(timeout=90)
    assert running.returncode == 0, said
    certificate = client.certificate()
    assert certificate.public_key().public_numbers() == client.device.key.public_key().public_numbers()
    assert state_of(instance, certificate) == "valid"
    instance.wait_for_state(client.case, "completed")
    # what it is to trust came under the secret too (caPubs: of ir alone, RFC 9483 section 4.1.1)
    assert what != "ir" or x509.load_pem_x509_certificate(open(roots, "rb").read()) == x509.load_pem_x509_certificate((instance.home / "ca/root.pem").read_bytes())
    logged = instance.admin("audit", "list", "--kind", "certificate-accept", "--newest")
    assert "%032x" % certificate.serial_number in logged.stdout and "device" in logged.stdout
    # the case has ended, and with it the secret
    assert refused(client.run(what, "-unprotected_errors"))[0] == "badMessageCheck"
    # from here on the certificate speaks for the device
    ca = instance.home / "ca"
    asked = subprocess.run(["openssl", "cmp", "-config", "", "-cmd", "genm", "-infotype", "caCerts", "-server",
                            "127.0.0.1:%d/.well-known/cmp" % instance.http, "-cert", client.path(client.name + ".pem"), "-key",
                            client.path(client.name + ".key"), "-trusted", ca / "root.pem", "-untrusted", ca / "ca.pem"],
                           capture_output=True, text=True, timeout=60)
    assert asked.returncode == 0, asked.stderr


def test_a_wrong_secret_and_an_unknown_reference_get_the_same_answer_and_leave_no_trace(instance, folder):
    client = Client(instance, folder, "guessed")
    before = transactions(instance)
    wrong = refused(client.run("ir", "-unprotected_errors", secret="ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567"))
    unknown = refused(client.run("ir", "-unprotected_errors", reference="0000199000000000000000001"))
    code = refused(client.run("ir", "-unprotected_errors", secret=CODE))  # the user code is no secret of a device
    nothing = refused(client.run("ir", "-unprotected_errors", reference="printer"))
    assert wrong == unknown == code == nothing and wrong[0] == "badMessageCheck"
    assert transactions(instance) == before


def test_a_secret_made_anew_or_withdrawn_voids_the_old_one(instance, folder):
    client = Client(instance, folder, "anew")
    old, client.secret = client.secret, make_secret(instance, client.case)
    assert old != client.secret
    assert refused(client.run("ir", "-unprotected_errors", secret=old))[0] == "badMessageCheck"
    first, poll = client.messages(2)
    visitor, page = case_page(instance, client.case)
    assert client.secret not in page.text  # it was shown once
    done = visitor.submit(page, {"code": CODE, "action": "withdraw"})
    assert done.status == 303
    assert "xcaDeviceSecret" not in instance.bind("portal").search_s("xcaCaseNumber=%s,ou=cases,%s" % (client.case, BASE), ldap.SCOPE_BASE)[0][1]
    assert refused(client.run("ir", "-unprotected_errors"))[0] == "badMessageCheck"
    assert "secret is wrong" in told(client, post(instance, poll)[1])
    for kind in ("device-secret", "device-secret-end"):
        logged = instance.admin("audit", "list", "--kind", kind, "--subject", client.case)
        assert client.case in logged.stdout, logged.stdout
        assert client.secret not in logged.stdout and old not in logged.stdout
    assert instance.admin("audit", "verify").returncode == 0


def test_the_same_form_sent_twice_shows_no_secret_again(instance, folder):
    client = Client(instance, folder, "twice")
    visitor, page = case_page(instance, client.case)
    first = visitor.submit(page, {"code": CODE, "action": "make"})
    again = visitor.submit(page, {"code": CODE, "action": "make"})
    assert first.status == 200 and again.status == 303
    stored = instance.bind("portal").search_s("xcaCaseNumber=%s,ou=cases,%s" % (client.case, BASE), ldap.SCOPE_BASE)[0][1]["xcaDeviceSecret"][0].decode()
    assert stored in first.text and stored not in again.text


def test_nobody_has_a_secret_made_without_the_code(instance, folder):
    client = Client(instance, folder, "code")
    visitor, page = case_page(instance, client.case, language="en")
    answer = visitor.submit(page, {"code": "Test-code-2", "action": "make"})
    assert answer.status == 403 and answer.error("code")
    assert "Enrolment secret" in answer.main
    stranger = Visitor(instance)
    assert stranger.get("/case/device-secret/" + client.case).status == 303  # to the door
    assert "badMessageCheck" not in client.run("ir", seconds=4).stdout  # the secret is as it was


def test_portal_and_signer_alone_read_the_secret_and_the_signer_alone_writes_it(instance, folder):
    client = Client(instance, folder, "kept")
    entry = "xcaCaseNumber=%s,ou=cases,%s" % (client.case, BASE)
    for who in ("portal", "signer"):
        assert instance.bind(who).search_s(entry, ldap.SCOPE_BASE)[0][1]["xcaDeviceSecret"] == [client.secret.encode()]
    found = instance.bind("admin").search_s(entry, ldap.SCOPE_BASE)[0][1]
    assert "xcaDeviceSecret" not in found and "xcaDeviceSecretUntil" not in found and found["xcaState"] == [b"filed"]
    for who in ("portal", "admin"):
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            instance.bind(who).modify_s(entry, [(ldap.MOD_REPLACE, "xcaDeviceSecret", [b"x"])])
    # nothing of it lies in the requests
    for _, request in instance.bind("signer").search_s("ou=requests," + BASE, ldap.SCOPE_ONELEVEL, "(xcaCaseNumber=%s)" % client.case):
        assert client.secret.encode() not in b"".join(b"".join(values) for values in request.values())


def test_what_belongs_to_another_key_or_needs_a_certificate_is_refused_under_the_secret(instance, folder):
    client = Client(instance, folder, "other-key")
    (folder / "stranger.key").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    failure, text = refused(client.run("ir", "-newkey", client.path("stranger.key")))  # no -unprotected_errors: the refusal has a MAC
    assert failure == "notAuthorized" and "該案件申請時的金鑰" in text
    failure, text = refused(client.run("kur", "-subject", "/CN=device", "-oldcert", instance.home / "ca/ca.pem"))
    assert failure == "wrongIntegrity" and "以該憑證簽署" in text
    failure, text = refused(client.run("rr", "-oldcert", instance.home / "ca/ca.pem"))
    assert failure == "wrongIntegrity"


def test_a_message_that_would_cost_much_is_refused_before_any_work(instance, folder):
    client = Client(instance, folder, "costly")
    first, = client.messages()
    costly, changed = re.subn(rb"\x04\x10(.{13}).{3}(\x30\x0b.{11})\x02\x02\x01\xf4",
                              lambda m: b"\x04\x0d" + m[1] + m[2] + b"\x02\x05\x00\x80\x00\x00\x00", first, flags=re.S)
    assert changed == 1 and len(costly) == len(first)
    began = time.monotonic()
    status, body = post(instance, costly)
    assert time.monotonic() - began < 5
    assert status == 200 and "100,000 iterations" in told(client, body)


def test_a_message_that_comes_twice_is_not_answered_twice(instance, folder):
    client = Client(instance, folder, "replayed")
    first, poll = client.messages(2)
    assert "transactionID is in use" in told(client, post(instance, first)[1])
    assert "recipNonce" in told(client, post(instance, poll)[1])
    # a changed one is not the device's
    changed = bytearray(first)
    changed[changed.index(b"device")] ^= 1
    assert "secret is wrong" in told(client, post(instance, bytes(changed))[1])


def test_a_certificate_that_the_device_rejects_is_revoked(instance, folder):
    client = Client(instance, folder, "rejecting")
    nobody = client.path("nobody.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", client.path("nobody.key"),
                    "-subj", "/CN=nobody", "-out", nobody], check=True, capture_output=True)
    running = client.start("ir", "-out_trusted", nobody)
    instance.approve(client.case)
    running.communicate(timeout=90)
    assert running.returncode != 0
    instance.wait_for_state(client.case, "refused")


def confirm(instance, serial, message):
    """What the signer says to a confirmation that the portal hands in."""
    dn = put_request(instance.bind("portal"), xcaKind=b"confirm", xcaSerial=serial.encode(), xcaMessage=message)
    return answer_of(instance, dn)


def test_the_signer_believes_the_message_and_not_the_portal(instance, folder):
    client, other = Client(instance, folder, "evident"), Client(instance, folder, "evident-other")
    for one in (client, other):
        instance.approve(one.case)
        instance.wait_for_state(one.case, "issued")
    serial, others = (instance.case(one.case)["xcaSerial"].decode() for one in (client, other))
    sent = [folder / ("evident-%d.req" % i) for i in range(2)]
    done = client.run("ir", "-reqout", "%s,%s" % tuple(sent))
    assert done.returncode == 0, done.stderr
    instance.wait_for_state(client.case, "completed")
    message = sent[1].read_bytes()
    # a signer that was stopped before it answered does it again: the secret is void for devices by now, and evidence still
    assert confirm(instance, serial, message) == "request.done"
    assert state_of(instance, client.certificate()) == "valid"
    assert confirm(instance, others, message) == "enrol.other-case"
    changed = bytearray(message)
    changed[changed.index(b"device")] ^= 1
    assert confirm(instance, serial, bytes(changed)) == "cmp.secret"
    assert confirm(instance, serial, sent[0].read_bytes()) == "cmp.body"
    assert instance.case(other.case)["xcaState"] == b"issued"


def test_twenty_wrong_secrets_lock_an_address(spare, folder):
    client = Client(spare, folder, "locking")
    first, = client.messages()
    wrong = bytearray(first)
    wrong[wrong.index(b"device")] ^= 1
    answers = [post(spare, bytes(wrong), "127.0.0.21") for _ in range(20)]
    assert all(status == 200 for status, _ in answers)
    status, body = post(spare, first, "127.0.0.21")
    assert status == 429 and b"minutes" in body
    # and no page takes a code from there; another address is free
    assert Visitor(spare, "127.0.0.21").submit(Visitor(spare, "127.0.0.21").get("/case/status"), {"case_number": client.case, "code": CODE}).status in (403, 429)
    assert "transactionID is in use" in told(client, post(spare, first, "127.0.0.22")[1])


def test_a_secret_is_void_when_its_time_is_over(spare, folder):
    client = Client(spare, folder, "late")
    spare.restart(31 * 86400)
    try:
        assert refused(client.run("ir", "-unprotected_errors"))[0] == "badMessageCheck"
        entry = "xcaCaseNumber=%s,ou=cases,%s" % (client.case, BASE)
        until = time.monotonic() + 60
        while "xcaDeviceSecret" in spare.bind("signer").search_s(entry, ldap.SCOPE_BASE)[0][1]:
            assert time.monotonic() < until
            time.sleep(0.5)
    finally:
        spare.restart()

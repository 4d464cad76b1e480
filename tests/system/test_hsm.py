"""The authority's key in a token (SoftHSM2) that is pulled, missing, or does not take its PIN: cases wait and go on, no serial
number is used twice, no PIN is wasted or written down."""

import subprocess
import time

import ldap
import pytest
from cryptography.x509 import load_der_x509_certificate
from conftest import BASE, BUILD, directory_only
from test_broken_portal import code_hash
from test_signer_killed import audit_log, file_case, officer, sign, states

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "86420975"
URI = "pkcs11:token=XCA;object="


class Token:
    """A token of its own, and an instance whose signer uses it."""

    def __init__(self, instance, folder):
        self.instance, self.folder, self.process, self.filed = instance, folder, None, 0
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text("directories.tokendir = %s\nlog.level = ERROR\n" % (folder / "tokens"))
        instance.environment["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
        self.pin_file = folder / "pin"
        self.pin_file.write_text(PIN + "\n")
        self.run("softhsm2-util", "--init-token", "--free", "--label", "XCA", "--so-pin", "11223344", "--pin", PIN)
        # The key of the demo moves into the token, with one for the audit log; no file of it is left.
        self.run("softhsm2-util", "--import", str(instance.home / "ca/ca.key"), "--token", "XCA", "--label", "ca", "--id", "01", "--pin", PIN)
        self.tool("--login", "--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "audit", "--id", "02")
        (instance.home / "ca/ca.key").unlink()
        settings = (instance.home / "xca.conf").read_text("utf-8")
        settings = settings.replace("ca-key-file = ca/ca.key", "ca-key-file = %sca\npkcs11-module-file = %s\npkcs11-pin-file = %s"
                                    % (URI, MODULE, self.pin_file))
        settings = settings.replace("audit-key-file = secrets/audit.key", "audit-key-file = %saudit" % URI)
        (instance.home / "xca.conf").write_text(settings, "utf-8")
        self.officers = self.read_officers()

    def read_officers(self):
        return {uid: officer(self.instance, uid) for uid in ("ra-tpe-edu", "central-1")}

    def run(self, *command):
        return subprocess.run(command, env=self.instance.environment, check=True, capture_output=True, text=True, timeout=60).stdout

    def tool(self, *arguments):
        return self.run("pkcs11-tool", "--module", MODULE, "--token-label", "XCA", *arguments)

    def pull(self):
        (self.folder / "tokens").rename(self.folder / "pulled")
        (self.folder / "tokens").mkdir()

    def put_back(self):
        (self.folder / "tokens").rmdir()
        (self.folder / "pulled").rename(self.folder / "tokens")

    def log(self):
        return (self.instance.home / "log/signer.log").read_text("utf-8")

    def start(self):
        log = open(self.instance.home / "log/signer.log", "wb")
        self.process = subprocess.Popen([str(BUILD / "xca-signer"), "--settings", str(self.instance.home / "xca.conf")],
                                        env=self.instance.environment, stdout=log, stderr=log)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0
        self.process = None

    def wait_for(self, text, seconds=20):
        until = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < until and self.process.poll() is None, self.log()
            time.sleep(0.1)

    def approve(self, count):
        """Files cases and has them approved."""
        portal = self.instance.bind("portal")
        hashed = code_hash("Test-code-1")
        numbers = [file_case(portal, self.filed + index, hashed) for index in range(count)]
        self.filed += count
        for line in self.instance.admin("review", "digest", *numbers).stdout.splitlines():
            number, digest = line.split()
            sign(portal, number, digest, "first", "ra-tpe-edu", *self.officers["ra-tpe-edu"])
            sign(portal, number, digest, "second", "central-1", *self.officers["central-1"])
        return numbers

    def wait_for_states(self, numbers, state, seconds=30):
        until = time.monotonic() + seconds
        while {states(self.instance)[number]["xcaState"][0] for number in numbers} != {state.encode()}:
            assert time.monotonic() < until, (states(self.instance), self.log())
            time.sleep(0.2)

    def certificates(self):
        found = self.instance.bind("admin").search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaCertificate)")
        return [values for _, values in found]


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hsm")
    with directory_only(folder) as one:
        held = Token(one, folder)
        yield held
        held.stop()
        assert PIN not in "".join(log.read_text("utf-8", "replace") for log in (one.home / "log").iterdir())


@pytest.fixture
def running(token):
    token.start()
    token.wait_for("signer ready")
    yield token
    token.stop()


def test_certificates_are_issued_by_a_key_in_a_token(running, tmp_path):
    numbers = running.approve(3)
    running.wait_for_states(numbers, "issued")
    for values in running.certificates():
        (tmp_path / "leaf.der").write_bytes(values["userCertificate;binary"][0])
        ca = running.instance.home / "ca"
        subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", str(ca / "root.pem"), "-untrusted", str(ca / "ca.pem"),
                        str(tmp_path / "leaf.der")], check=True)
    assert len([entry for entry in audit_log(running.instance) if entry["kind"] == "certificate-issue"]) == 3


def test_cases_wait_for_a_pulled_token_and_no_serial_is_used_twice(running):
    before = len(running.certificates())
    running.pull()
    numbers = running.approve(4)
    running.wait_for("cannot be used, what needs it waits: hsm.away")
    time.sleep(6)
    waiting = states(running.instance)
    assert b"issued" not in {waiting[number]["xcaState"][0] for number in numbers}
    assert len(running.certificates()) == before
    assert running.log().count("cannot be used") <= 2  # once for each of the two keys, however often it is tried
    assert running.process.poll() is None
    running.put_back()
    running.wait_for_states(numbers, "issued")
    assert "can be used again" in running.log()
    certificates = running.certificates()
    assert len(certificates) == before + 4
    assert len({load_der_x509_certificate(values["userCertificate;binary"][0]).serial_number for values in certificates}) == before + 4
    log = audit_log(running.instance)
    assert len([entry for entry in log if entry["kind"] == "certificate-issue"]) == before + 4
    assert {values["xcaProblem"][0] for values in (running.instance.case(number) for number in numbers) if "xcaProblem" in values} <= {b""}


def test_a_key_that_is_pulled_again_and_again_loses_nothing(running):
    before = len(running.certificates())
    numbers = []
    for _ in range(3):
        running.pull()
        numbers += running.approve(2)
        time.sleep(1)
        running.put_back()
        numbers += running.approve(2)
        time.sleep(3)
    running.wait_for_states(numbers, "issued")
    assert len({values["xcaSerial"][0] for values in running.certificates()}) == before + 12


def test_a_start_without_the_token_waits_for_it(token):
    token.pull()
    numbers = token.approve(1)
    token.start()
    token.wait_for("start: waiting for the key")
    time.sleep(5)
    assert token.process.poll() is None and token.log().count("waiting for the key") == 1
    once = token.instance.signer_once()
    assert once.returncode == 3 and "hsm.away" in once.stderr
    token.put_back()
    token.wait_for("signer ready")
    token.wait_for_states(numbers, "issued")
    token.stop()


def test_a_wrong_pin_is_tried_once_over_all_starts(token):
    token.pin_file.write_text("00000000\n")
    first = token.instance.signer_once()
    assert first.returncode == 3 and "hsm.pin " in first.stderr
    assert "user PIN count low" in token.tool("-L")
    # With the right one in the token's counter can be seen: a try would take the flag away.
    token.pin_file.write_text(PIN + "\n")
    for _ in range(3):
        again = token.instance.signer_once()
        assert again.returncode == 3 and "hsm.pin-count-low" in again.stderr
    assert "user PIN count low" in token.tool("-L")
    token.tool("--login", "--pin", PIN, "-O")
    done = token.instance.signer_once()
    assert done.returncode == 0, done.stderr


def test_the_pin_comes_from_a_systemd_credential(token, tmp_path):
    settings = token.instance.home / "xca.conf"
    text = settings.read_text("utf-8")
    (tmp_path / "hsm-pin").write_text(PIN)
    settings.write_text(text.replace("pkcs11-pin-file = %s" % token.pin_file, "pkcs11-pin-file = credential:hsm-pin"), "utf-8")
    try:
        away = token.instance.signer_once()
        assert away.returncode == 3 and "hsm.pin-file credential:hsm-pin" in away.stderr
        token.instance.environment["CREDENTIALS_DIRECTORY"] = str(tmp_path)
        done = token.instance.signer_once()
        assert done.returncode == 0, done.stderr
    finally:
        token.instance.environment.pop("CREDENTIALS_DIRECTORY", None)
        settings.write_text(text, "utf-8")


def test_a_pin_in_the_uri_is_refused_and_not_repeated(token):
    settings = token.instance.home / "xca.conf"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace(URI + "ca", URI + "ca?pin-value=" + PIN), "utf-8")
    try:
        refused = token.instance.signer_once()
        assert refused.returncode == 1 and "hsm.uri-pin" in refused.stderr and PIN not in refused.stderr
    finally:
        settings.write_text(text, "utf-8")


def test_xca_admin_makes_keys_and_requests_in_the_token(token, tmp_path):
    made = token.instance.admin("ca", "key", "--key", URI + "next", "--key-type", "ec:P-384")
    assert made.returncode == 0 and "EC P-384" in made.stdout, made.stderr
    again = token.instance.admin("ca", "key", "--key", URI + "next", "--key-type", "ec:P-384")
    assert again.returncode == 5 and "next" in again.stderr
    shown = token.instance.admin("ca", "token")
    assert shown.returncode == 0 and "object=ca: RSA 4096" in shown.stdout and "object=audit: EC P-256" in shown.stdout
    for name, more in (("same", ()), ("next", ("--key", URI + "next")), ("new", ("--key", URI + "new", "--key-type", "rsa:2048"))):
        out = tmp_path / (name + ".csr")
        done = token.instance.admin("ca", "request", "--out", str(out), *more)
        assert done.returncode == 0, done.stderr
        text = subprocess.run(["openssl", "req", "-in", str(out), "-verify", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"],
                              check=True, capture_output=True, text=True).stdout
        assert "Subject: C=TW,O=行政院,OU=組織及團體憑證管理中心" in text and "CA:TRUE, pathlen:0" in text
    over = token.instance.admin("ca", "request", "--out", str(tmp_path / "same.csr"))
    assert over.returncode == 1 and "same.csr" in over.stderr


def test_the_right_pin_is_tried_again_by_hand_alone(token):
    token.pin_file.write_text("00000000\n")
    assert token.instance.signer_once().returncode == 3
    wrong = token.instance.admin("ca", "token")
    assert wrong.returncode == 6 and "PIN" in wrong.stderr and "00000000" not in wrong.stderr
    token.pin_file.write_text(PIN + "\n")
    assert token.instance.signer_once().returncode == 3
    assert token.instance.admin("ca", "token").returncode == 0
    assert token.instance.signer_once().returncode == 0

"""OCSP of a running httpd: what it says, how soon, and what becomes of it when the directory, the signer, its own processes or the clock
do something. The certificates here are entries that the signer's identity writes: their states are what counts."""

import os
import random
import re
import signal
import ssl
import subprocess
import threading
import time

import ldap
import pytest
from conftest import BASE, small_data
from ocsp_asking import GOOD, MALFORMED, REVOKED, TRY_LATER, UNAUTHORIZED, UNKNOWN, Client, Issuer, der, openssl, path_of, request, status_of
from servers import Servers
from test_operation import metrics
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import CertificateSigningRequestBuilder, Name
from cryptography.x509.ocsp import OCSPResponseStatus

BEHIND = 4  # seconds; setting ocsp-behind-seconds
DAY = 86400


class Server(Servers):
    """One that answers OCSP about certificates that the tests write."""

    def prepare(self, data, settings=""):
        super().prepare(data, settings)
        self.der = ssl.PEM_cert_to_DER_cert((self.home / "ca/tls.pem").read_text())
        self.issuer = Issuer(self.home / "ca/ca.pem")

    def begin_all(self):
        for name in ("slapd", "signer", "httpd"):
            self.begin(name)
        self.until(lambda: self.status("4a01"), UNKNOWN)

    def certificate(self, state="valid", **more):
        """A new one; its serial number."""
        serial = "4b%030x" % random.getrandbits(120)
        entry = {"objectClass": "xcaCertificate", "xcaSerial": serial, "xcaState": state, "userCertificate;binary": self.der, **more}
        self.bind("signer").add_s(self.dn(serial), [(k, [v if isinstance(v, bytes) else v.encode()]) for k, v in entry.items()])
        return serial

    def dn(self, serial):
        return "xcaSerial=%s,ou=certificates,%s" % (serial, BASE)

    def change(self, serial, connection=None, **values):
        (connection or self.bind("signer")).modify_s(self.dn(serial), [(ldap.MOD_REPLACE, k, [v.encode()] if v else None)
                                                                       for k, v in values.items()])

    def ask(self, *serials, **more):
        client = Client(self.http)
        try:
            return client.ask(request(*[self.issuer.id(serial) for serial in serials], **more))
        finally:
            client.close()

    def status(self, serial):
        return status_of(self.ask(serial))

    def follower(self):
        """The process of httpd that follows the directory: the one child that ignores the signal of a graceful restart."""
        for child in self.children():
            try:
                status = open("/proc/%d/status" % child).read()
            except FileNotFoundError:
                continue  # it has just ended
            if int(re.search(r"^SigIgn:\s*(\w+)", status, re.M).group(1), 16) >> (signal.SIGUSR1 - 1) & 1:
                return child
        return None

    def children(self):
        found = subprocess.run(["pgrep", "-P", str(self.processes["httpd"].pid)], capture_output=True, text=True).stdout
        return [int(child) for child in found.split()]

    def reload_under_load(self, serial, times):
        """Graceful restarts while clients ask about a good certificate without a pause; what went wrong, and how many were answered."""
        problems, answers, stop = [], [0], threading.Event()

        def load(nonce):
            client, body = Client(self.http), request(self.issuer.id(serial), nonce=nonce)
            while not stop.is_set():
                try:
                    found = status_of(client.ask(body))
                    if found != GOOD:
                        problems.append(found)
                    answers[0] += 1
                except Exception as error:  # whatever it is, an answer was lost
                    problems.append(repr(error))
            client.close()

        threads = [threading.Thread(target=load, args=(nonce,)) for nonce in (None, b"1" * 32, None, b"2")]
        for thread in threads:
            thread.start()
        try:
            for _ in range(times):
                time.sleep(1)
                before = self.follower()
                self.processes["httpd"].send_signal(signal.SIGUSR1)
                self.until(lambda: self.follower() not in (before, None))
        finally:
            time.sleep(2)
            stop.set()
            for thread in threads:
                thread.join()
        return problems, answers[0]

    def responder_key(self):
        certificate = self.ask("4a01").certificates[0]
        return certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("ocsp")
    small_data(home / "data")
    one = Server(home / "instance")
    one.prepare(home / "data", "ocsp-behind-seconds = %d\n" % BEHIND)
    one.begin_all()
    yield one
    one.end_all()


@pytest.fixture(autouse=True)
def whole_again(server):
    """After each test all three run, the clock is right, and OCSP answers."""
    yield
    for name in ("slapd", "signer", "httpd"):
        if name not in server.processes:
            server.begin(name)
    server.until(lambda: server.status("4a01"), UNKNOWN)


def test_states_are_answered_as_the_profile_says(server):
    when = "20261101120000Z"
    cases = {server.certificate("pending"): (UNKNOWN, None), server.certificate("valid"): (GOOD, None),
             server.certificate("suspended", xcaSuspended=when, xcaPublished="TRUE"): (REVOKED, "certificate_hold"),
             server.certificate("suspended", xcaSuspended=when): (UNKNOWN, None),
             server.certificate("revoked", xcaRevoked=when): (REVOKED, None),
             server.certificate("revoked", xcaRevoked=when, xcaCrlReason="1"): (REVOKED, "key_compromise"),
             server.certificate("revoked", xcaRevoked=when, xcaCrlReason="3"): (REVOKED, "affiliation_changed"),
             server.certificate("revoked", xcaRevoked=when, xcaCrlReason="4"): (REVOKED, "superseded"),
             server.certificate("revoked", xcaRevoked=when, xcaCrlReason="5"): (REVOKED, "cessation_of_operation")}
    for serial, (status, reason) in cases.items():
        server.until(lambda: server.status(serial), status)
        answer = server.ask(serial)
        assert (answer.revocation_reason.name if answer.revocation_reason else None) == reason
        if status == REVOKED:
            assert answer.revocation_time.strftime("%Y%m%d%H%M%SZ") == when
        assert answer.serial_number == int(serial, 16)
        said = openssl(server, "-serial", "0x" + serial)
        assert "Response verify OK" in said and ": %s\n" % status.name.lower() in said, said


def test_a_change_is_in_the_answers_within_a_second(server):
    serial, signer = server.certificate(), server.bind("signer")
    server.until(lambda: server.status(serial), GOOD)
    took = []
    for turn in range(60):
        revoked = turn % 2 == 0
        server.change(serial, signer, xcaState="revoked" if revoked else "valid", xcaRevoked="20261101120000Z" if revoked else None)
        took.append(server.until(lambda: server.status(serial), REVOKED if revoked else GOOD, 1))
    print("a change took %.0f ms at most, %.0f in the middle" % (max(took) * 1000, sorted(took)[30] * 1000))


def test_an_entry_that_is_deleted_is_unknown(server):
    serial = server.certificate()
    server.until(lambda: server.status(serial), GOOD)
    # nobody may delete but the directory's own root, with the server stopped
    server.end("slapd")
    subprocess.run(["/usr/sbin/slapmodify", "-q", "-f", str(server.home / "slapd.conf"), "-b", "c=TW"], check=True, text=True,
                   input="dn: %s\nchangetype: delete\n" % server.dn(serial), env=server.environment, capture_output=True)
    server.begin("slapd")
    server.end("httpd")
    server.begin("httpd")
    server.until(lambda: server.status(serial), UNKNOWN)


def test_several_in_one_request(server):
    good, revoked = server.certificate(), server.certificate("revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(revoked), REVOKED)
    said = openssl(server, "-serial", "0x" + good, "-serial", "0x" + revoked, "-serial", "0x77")
    assert "Response verify OK" in said
    assert re.findall(r"^0x\w+: (\w+)", said, re.M) == ["good", "revoked", "unknown"]


def test_other_issuers(server):
    stranger = Issuer(server.home / "ca/officer-ca.pem")
    client = Client(server.http)
    assert client.ask(request(stranger.id("4a01"))).response_status == UNAUTHORIZED
    good = server.certificate()
    server.until(lambda: server.status(good), GOOD)
    answers = list(client.ask(request(stranger.id(good), server.issuer.id(good))).responses)
    assert [one.certificate_status for one in answers] == [UNKNOWN, GOOD]
    client.close()


def test_what_is_malformed_is_told_so(server):
    client = Client(server.http)
    fine = request(server.issuer.id("4a01"), nonce=b"12345678")
    wrong = [b"", b"\0", b"0", b"0\x80\0\0", fine[:-1], fine + b"\0", fine.replace(b"\x06\x05\x2b", b"\x06\x7f\x2b", 1), b"x" * 16384,
             request(server.issuer.id("4a01"), nonce=b""), request(server.issuer.id("4a01"), nonce=b"n" * 129), der(0x30), request(),
             request(*[server.issuer.id("4a01")] * 33), request(server.issuer.id(b"\0\1"))]
    for body in wrong:
        assert client.ask(body).response_status == MALFORMED, body[:80]
    for nonce in (b"n", b"n" * 32, b"n" * 128):
        answer = client.ask(request(server.issuer.id("4a01"), nonce=nonce))
        assert [e.value.nonce for e in answer.extensions] == [nonce]
    assert len(list(client.ask(request(*[server.issuer.id("4a01")] * 32)).responses)) == 32
    assert client.exchange("POST", "/ocsp", b"x" * 16385)[0] == 413
    for method in ("PUT", "DELETE", "OPTIONS"):
        status, headers, _ = client.exchange(method, "/ocsp", b"")
        assert status == 405 and "POST" in headers["Allow"]
    for path in ("/ocsp", "/ocsp/"):
        status, headers, _ = client.exchange("GET", path)
        assert status == 405 and headers["Allow"] == "POST"
    for path in ("/ocsp/A", "/ocsp/%01", "/ocsp/....", "/ocsp/" + "A" * 7000, "/ocsp/*"):
        status, _, body = client.exchange("GET", path)
        assert (status, body[-1:]) == (200, b"\1"), path
    assert client.exchange("GET", "/ocspx")[0] == 302
    client.close()


def test_what_was_said_is_counted_by_result(server):
    good, revoked = server.certificate(), server.certificate("revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(revoked), REVOKED)
    server.until(lambda: server.status(good), GOOD)
    before = metrics(server)["xca_ocsp_results_total"]
    client = Client(server.http)
    for _ in range(3):
        assert status_of(client.ask(request(server.issuer.id(good)))) == GOOD
    assert client.exchange("GET", path_of(request(server.issuer.id(revoked))))[0] == 200
    client.ask(request(*[server.issuer.id(one) for one in (good, revoked, "77", "78")]))  # each of a request counts
    assert client.ask(b"x").response_status == MALFORMED
    assert client.ask(request(Issuer(server.home / "ca/officer-ca.pem").id("4a01"))).response_status == UNAUTHORIZED
    client.close()
    os.kill(server.processes["slapd"].pid, signal.SIGSTOP)
    try:
        server.until(lambda: server.status(good), TRY_LATER, BEHIND + 2)
    finally:
        os.kill(server.processes["slapd"].pid, signal.SIGCONT)
    after = metrics(server)["xca_ocsp_results_total"]
    more = {labels[0][1]: after[labels] - before[labels] for labels in before}
    asked = more["good"] - 4  # until the directory was missed
    assert asked >= 1
    assert more == {"good": 4 + asked, "revoked": 2, "unknown": 2, "malformed": 1, "unauthorized": 1, "tryLater": 1, "internalError": 0}


def test_get_with_headers_for_caches(server):
    """RFC 5019 sections 5 and 6; the base64 of some has slashes and plus signs, sent as they are or encoded."""
    client = Client(server.http)
    seen = set()
    for _ in range(40):
        serial = server.certificate()
        body = request(server.issuer.id(serial, sha256=len(seen) % 2 == 0))
        server.until(lambda: server.status(serial), GOOD)
        path = path_of(body)
        seen |= {c for c in ("%2F%2F", "%2F", "%2B") if c in path}
        for one in (path, path.replace("%2F", "/").replace("%2B", "+").replace("%3D", "=")):
            status, headers, answer = client.exchange("GET", one)
            assert status == 200 and headers["Content-Type"] == "application/ocsp-response", one
        assert answer[6:] and int(headers["Content-Length"]) == len(answer)
        if seen == {"%2F", "%2B", "%2F%2F"}:
            break
    else:
        assert "%2F" in seen and "%2B" in seen
    assert re.fullmatch(r"max-age=\d+, public, no-transform, must-revalidate", headers["Cache-Control"])
    assert 0 < int(re.search(r"\d+", headers["Cache-Control"]).group(0)) <= 300
    assert headers["ETag"] and headers["Expires"] and headers["Last-Modified"]
    again = client.exchange("GET", path)[1]
    assert again["ETag"] == headers["ETag"]  # the same answer, signed once
    assert client.exchange("GET", path, headers={"If-None-Match": headers["ETag"]})[0] == 304
    server.change(serial, xcaState="revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: client.exchange("GET", path, headers={"If-None-Match": headers["ETag"]})[0], 200, 1)
    status, headers, answer = client.exchange("HEAD", path)
    assert status == 200 and answer == b"" and int(headers["Content-Length"]) > 0
    # with a nonce, and where there is no answer, nothing is kept
    assert client.exchange("GET", path_of(request(server.issuer.id(serial), nonce=b"n")))[1]["Cache-Control"] == "no-store"
    assert client.exchange("GET", "/ocsp/A")[1]["Cache-Control"] == "no-store"


def test_answers_have_the_id_that_the_access_log_has(server):
    client = Client(server.http)
    for method, path, body in (("POST", "/ocsp", request(server.issuer.id("4a01"))), ("GET", "/ocsp/A?for=the-log", None), ("PUT", "/ocsp", b"x")):
        found = client.exchange(method, path, body)[1]["X-Request-Id"]
        until = time.monotonic() + 10
        while not [line for line in (server.home / "log/httpd-access.log").read_text("utf-8").splitlines() if line.endswith(" " + found)]:
            assert time.monotonic() < until, (method, found)
            time.sleep(0.2)
    client.close()


def test_over_https_too(server):
    said = subprocess.run(["curl", "-sf", "--cacert", str(server.home / "ca/root.pem"), server.url + path_of(request(server.issuer.id("4a01"))),
                           "-o", str(server.home / "answer")], capture_output=True)
    assert said.returncode == 0
    said = subprocess.run(["openssl", "ocsp", "-respin", str(server.home / "answer"), "-issuer", str(server.home / "ca/ca.pem"), "-serial", "0x4a01",
                           "-CAfile", str(server.home / "ca/root.pem")], capture_output=True, text=True)
    assert "0x4a01: unknown" in said.stdout and "Response verify OK" in said.stderr


def test_when_the_directory_is_away_it_is_try_later_after_the_limit_and_never_something_old(server):
    serial = server.certificate()
    server.until(lambda: server.status(serial), GOOD)
    os.kill(server.processes["slapd"].pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        took = server.until(lambda: server.status(serial), TRY_LATER, BEHIND + 2)
        assert took > BEHIND - 1.5
        assert server.ask(serial, nonce=b"n").response_status == TRY_LATER
        while time.monotonic() < began + BEHIND + 4:
            assert server.status(serial) == TRY_LATER
            time.sleep(0.1)
    finally:
        os.kill(server.processes["slapd"].pid, signal.SIGCONT)
    server.until(lambda: server.status(serial), GOOD, 10)


def test_a_directory_that_is_started_again_is_followed_again(server):
    serial = server.certificate()
    server.until(lambda: server.status(serial), GOOD)
    server.end("slapd", signal.SIGKILL)
    server.until(lambda: server.status(serial), TRY_LATER, BEHIND + 2)
    server.begin("slapd")
    server.until(lambda: server.status(serial), GOOD, 5)
    server.change(serial, xcaState="revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(serial), REVOKED)


def test_a_follower_that_is_killed_is_started_again_and_misses_nothing(server):
    serials = [server.certificate() for _ in range(5)]
    server.until(lambda: server.status(serials[-1]), GOOD)
    for serial in serials:
        killed = server.follower()
        os.kill(killed, signal.SIGKILL)
        server.change(serial, xcaState="revoked", xcaRevoked="20261101120000Z")
        server.until(lambda: server.status(serial), REVOKED, 5)
        assert server.follower() not in (killed, None)


def test_graceful_restarts_under_load_lose_no_answer(server):
    serial, key = server.certificate(), server.responder_key()
    server.until(lambda: server.status(serial), GOOD)
    problems, answers = server.reload_under_load(serial, 5)
    assert problems == [] and answers > 500, (problems[:5], answers)
    assert server.responder_key() == key
    server.change(serial, xcaState="revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(serial), REVOKED)


def test_a_start_makes_another_key_and_waits_for_its_certificate(server):
    serial, key = server.certificate(), server.responder_key()
    server.end("httpd")
    server.end("signer")
    server.begin("httpd")
    server.until(lambda: server.status(serial), TRY_LATER)
    time.sleep(2)
    assert server.status(serial) == TRY_LATER  # a table, and nobody who may sign
    server.begin("signer")
    server.until(lambda: server.status(serial), GOOD, 10)
    assert server.responder_key() != key


def test_the_certificate_is_renewed_by_itself_when_half_its_life_is_over(server):
    first = server.ask("4a01").certificates[0]
    assert 6.9 < (first.not_valid_after - first.not_valid_before).total_seconds() / DAY < 7.1
    server.end("signer")
    server.set_clock(3 * DAY)
    server.begin("signer")
    server.processes["httpd"].send_signal(signal.SIGUSR1)
    time.sleep(3)
    assert server.ask("4a01").certificates[0] == first
    server.end("signer")
    server.set_clock(4 * DAY)
    server.begin("signer")
    server.processes["httpd"].send_signal(signal.SIGUSR1)
    server.until(lambda: server.ask("4a01").certificates[0] != first)
    second = server.ask("4a01").certificates[0]
    assert second.public_key().public_numbers() == first.public_key().public_numbers()
    assert 3.9 < (second.not_valid_after - first.not_valid_after).total_seconds() / DAY < 4.1
    # one that has died is not used: the signer is away, and the clock goes on
    server.end("signer")
    server.set_clock(12 * DAY)
    server.processes["httpd"].send_signal(signal.SIGUSR1)
    server.until(lambda: server.status("4a01"), TRY_LATER)
    server.begin("signer")
    server.until(lambda: server.status("4a01"), UNKNOWN)
    server.set_clock(0)
    server.end("signer")
    server.begin("signer")
    server.end("httpd")
    server.begin("httpd")


def hand_in(server, who, message):
    """A request for a responder's certificate; gives the answer and what was certified."""
    name = "%032x" % random.getrandbits(128)
    dn = "xcaRequest=%s,ou=requests,%s" % (name, BASE)
    server.bind(who).add_s(dn, [("objectClass", [b"xcaRequestEntry"]), ("xcaRequest", [name.encode()]), ("xcaKind", [b"responder"]),
                                ("xcaState", [b"waiting"]), ("xcaFiled", [time.strftime("%Y%m%d%H%M%SZ", time.gmtime()).encode()]),
                                ("xcaMessage", [message])])

    def entry():
        return server.bind("portal").search_s(dn, ldap.SCOPE_BASE)[0][1]

    server.until(lambda: entry()["xcaState"] != [b"waiting"])
    found = entry()
    return found["xcaState"][0].decode(), found["xcaAnswer"][0].decode(), found.get("xcaReply")


def csr(key):
    return CertificateSigningRequestBuilder().subject_name(Name([])).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_the_signer_certifies_a_proved_key_of_the_right_kind_and_nothing_else(server):
    fine = csr(ec.generate_private_key(ec.SECP256R1()))
    for message, answer in ((csr(rsa.generate_private_key(65537, 3072)), "responder.key"), (csr(ec.generate_private_key(ec.SECP384R1())), "responder.key"),
                            (fine[:-1] + bytes([fine[-1] ^ 1]), "csr.bad-signature"), (b"nothing", None), (b"0" * 2000, "csr.too-large")):
        state, said, reply = hand_in(server, "portal", message)
        assert state == "denied" and reply is None and (answer is None or said == answer), said
    assert hand_in(server, "portal", fine)[:2] == ("done", "request.done")
    logged = server.admin("audit", "list", "--kind", "responder-issue", "--newest")
    assert logged.returncode == 0 and "responder-issue" in logged.stdout, logged.stderr
    for who in ("admin", None):
        with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.STRONG_AUTH_REQUIRED)):
            hand_in(server, who, fine)


def test_the_signer_certifies_no_more_than_sixty_an_hour(server):
    fine = csr(ec.generate_private_key(ec.SECP256R1()))
    answers = [hand_in(server, "portal", fine)[1] for _ in range(61)]
    assert answers[-1] == "responder.too-many" and answers[0] == "request.done"
    server.end("signer")  # the count goes with it
    server.begin("signer")
    assert hand_in(server, "portal", fine)[1] == "request.done"
    assert OCSPResponseStatus.SUCCESSFUL == server.ask("4a01").response_status

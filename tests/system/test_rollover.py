"""The CA changes its key: every step killed and repeated, then each key's certificates with each key's lists and answers, as programs of
other makers take them; and when the first key is over, it goes and nothing else breaks."""

import base64
import json
import os
import re
import signal
import ssl
import subprocess
import time
import urllib.request

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from applying import download, revoke
from certifying import publish
from conftest import BUILD, small_data
from ocsp_asking import GOOD, REVOKED, TRY_LATER, UNAUTHORIZED, UNKNOWN, Client, Issuer, request, status_of
from servers import Servers
from test_ceremony import CA_EXTENSIONS
from test_cmp import Client as Cmp, approve_and_get, enrolled
from test_lists import points_of, text_of, to_pem

SETTINGS = """
ca-1-key-file = ca/ca-1.key
ca-1-certificate-file = ca/ca-1.pem
ca-1-chain-file = ca/chain-1.pem
"""


class Authority(Servers):
    """With what was issued by each key."""

    def __init__(self, folder):
        super().__init__(folder / "instance")
        self.folder, self.serials, self.certificates = folder, [], []

    def begin_all(self):
        for name in ("slapd", "signer", "httpd"):
            self.begin(name)
        self.until(lambda: self.get("/healthz", plain=True)[0], 200, 60)

    def get(self, path, body=None, plain=False, kind="application/json"):
        asked = urllib.request.Request((self.plain if plain else self.url) + path, body, {"Accept": kind, "Content-Type": kind})
        try:
            answer = urllib.request.urlopen(asked, timeout=20, context=ssl._create_unverified_context())
        except urllib.error.HTTPError as refused:
            answer = refused
        return answer.status, answer.read()

    def publish_one(self):
        _, _, serial = publish(self, self.folder, "rollover-%d@example.org.tw" % len(self.serials), "key%d" % len(self.serials))
        self.serials.append(serial)
        self.certificates.append(to_pem(download(self, "certificates/%s.cer" % serial, self.folder / "one.cer"),
                                        self.folder / ("certificate%d.pem" % (len(self.serials) - 1)), "x509"))

    def issuer(self, key):
        return self.home / "ca" / ("ca-1.pem" if key else "ca.pem")

    def killed(self, program, *arguments, seconds):
        """Runs it, but not to its end (or it was faster)."""
        process = subprocess.Popen([str(BUILD / program), "--settings", str(self.home / "xca.conf"), *arguments], env=self.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def ocsp(self, key, serial):
        client = Client(self.http)
        answer = client.ask(request(Issuer(self.issuer(key)).id(serial)))
        client.close()
        return answer


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rollover")
    small_data(folder / "data")
    one = Authority(folder)
    one.prepare(folder / "data")
    one.begin_all()
    one.publish_one()
    one.device = enrolled(one, folder, "device")
    yield one
    one.end_all()


def done(said):
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def certify(authority):
    """The CA above takes the request."""
    ca = authority.home / "ca"
    (authority.folder / "extensions").write_text(CA_EXTENSIONS)
    subprocess.run(["openssl", "x509", "-req", "-in", str(authority.folder / "ca-1.csr"), "-CA", str(ca / "root.pem"), "-CAkey", str(ca / "root.key"),
                    "-days", "5000", "-extfile", str(authority.folder / "extensions"), "-out", str(authority.folder / "ca-1.pem"),
                    "-set_serial", "0x4d%s" % os.urandom(15).hex()], check=True, capture_output=True)


def test_the_new_key_is_made_certified_and_installed_whatever_is_killed(authority):
    asked = authority.admin("ca", "rollover", "request", "--out", str(authority.folder / "ca-1.csr"))
    assert asked.returncode == 2 and "ca-1-key-file" in asked.stderr
    with open(authority.home / "xca.conf", "a", encoding="utf-8") as file:
        file.write(SETTINGS)
    order = ("ca", "rollover", "request", "--key-type", "ec:P-384", "--out", str(authority.folder / "ca-1.csr"))
    for step in range(8):
        authority.killed("xca-admin", *order, seconds=0.004 * step)
    first = done(authority.admin(*order))
    assert first == done(authority.admin(*order))  # again: the same key
    assert "being prepared" in done(authority.admin("ca", "rollover"))

    certify(authority)
    key, put = authority.home / "ca/ca-1.key", authority.home / "ca/ca-1.pem"
    order = ("ca", "rollover", "install", str(authority.folder / "ca-1.pem"), "--chain", str(authority.home / "ca/root.pem"))
    # the old key's own certificate is no new one
    said = authority.admin("ca", "rollover", "install", str(authority.home / "ca/ca.pem"), "--chain", str(authority.home / "ca/root.pem"))
    assert said.returncode != 0 and not put.exists() and key.exists()
    assert "nothing was installed" in done(authority.admin(*order, "--check")) and not put.exists()
    for step in range(8):
        authority.killed("xca-admin", *order, seconds=0.01 * step)
        assert not put.exists() or put.read_text().endswith("-----END CERTIFICATE-----\n")
    done(authority.admin(*order))
    done(authority.admin(*order))
    # the signer goes on with the key that it has until it is started anew
    assert authority.get("/healthz", plain=True)[0] == 200

    authority.end("signer")
    for step in range(10):
        authority.killed("xca-signer", seconds=0.03 * step)
    authority.begin("signer")
    os.kill(int((authority.home / "run/httpd.pid").read_text()), signal.SIGUSR1)
    authority.until(lambda: status_of(authority.ocsp(1, "4a01")), UNKNOWN)
    authority.until(lambda: authority.get("/repository/crl/g1-full.crl", plain=True)[0], 200)
    authority.publish_one()
    said = done(authority.admin("ca", "rollover", "status"))
    assert re.search(r"^0 .*\n    issues no more; signs revocation lists", said, re.M) and re.search(r"^1 .*\n    issues certificates", said, re.M), said
    refused = authority.admin("ca", "rollover", "retire", "0")
    assert refused.returncode == 5 and "must go on signing" in refused.stderr, refused.stderr
    done(authority.admin("audit", "verify"))


def key_of(authority, pem):
    """The keys that have issued a certificate: one, if all is well."""
    return [key for key in (0, 1) if subprocess.run(["openssl", "verify", "-partial_chain", "-trusted", authority.issuer(key), pem],
                                                    capture_output=True).returncode == 0]


def test_each_certificate_is_issued_by_its_key_and_names_its_lists(authority):
    for key in (0, 1):
        pem = authority.certificates[key]
        assert key_of(authority, pem) == [key]
        points = [point for point in points_of(pem) if point.startswith("http:")]
        prefix = "/repository/crl/g1-" if key else "/repository/crl/"
        assert all(point.startswith(authority.plain + prefix) for point in points) and points[1].endswith(("/full.crl", "/g1-full.crl")), points


def test_one_of_each_is_revoked_and_every_checker_sees_it(authority):
    before = {key: [authority.get(point[len(authority.plain):], plain=True)[1] for point in points_of(authority.certificates[key])
                    if point.startswith("http:")] for key in (0, 1)}
    for key in (0, 1):
        assert status_of(authority.ocsp(key, authority.serials[key])) == GOOD
        verify_openssl(authority, key, before[key], True)
        revoke(authority, authority.serials[key])
        authority.until(lambda: authority.serials[key].upper() in text_of(authority, "crl/g1.crl" if key else "xca.crl"), True)
    time.sleep(1.5)  # the other processes of httpd may show the list before for a second
    for key in (0, 1):
        points = [point[len(authority.plain):] for point in points_of(authority.certificates[key]) if point.startswith("http:")]
        now = [authority.get(point, plain=True)[1] for point in points]
        deltas = [authority.get(point.replace(".crl", "-delta.crl"), plain=True)[1] for point in points]
        verify_openssl(authority, key, now[:1], False)
        verify_openssl(authority, key, now[1:], False)
        for complete, delta in zip(before[key], deltas):
            verify_openssl(authority, key, [complete], True)
            verify_openssl(authority, key, [complete, delta], False)
        verify_gnutls(authority, key, now[1])
        # the lists of one key say nothing of what the other has issued
        assert authority.serials[1 - key].upper() not in text_of(authority, points[1][len("/repository/"):])
        assert verify(authority, key, [authority.get("/repository/crl/full.crl" if key else "/repository/crl/g1-full.crl", plain=True)[1]]
                      ).returncode != 0


def verify(authority, key, lists):
    pems = b""
    for der in lists + [authority.get("/repository/root.crl", plain=True)[1]]:
        (authority.folder / "list.crl").write_bytes(der)
        pems += to_pem(authority.folder / "list.crl", authority.folder / "list.pem", "crl").read_bytes()
    (authority.folder / "lists.pem").write_bytes(pems)
    download(authority, "chain.pem", authority.folder / "chain.pem")  # both keys' certificates: the right one is found
    return subprocess.run(["openssl", "verify", "-crl_check", "-extended_crl", "-use_deltas", "-x509_strict", "-CRLfile",
                           authority.folder / "lists.pem", "-CAfile", authority.home / "ca/root.pem", "-untrusted",
                           authority.folder / "chain.pem", authority.certificates[key]], capture_output=True, text=True)


def verify_openssl(authority, key, lists, good):
    said = verify(authority, key, lists)
    assert (said.returncode == 0) == good and (good or "certificate revoked" in said.stderr), said.stdout + said.stderr


def verify_gnutls(authority, key, full):
    chain, lists = authority.folder / "with-issuer.pem", b""
    chain.write_bytes(authority.certificates[key].read_bytes() + authority.issuer(key).read_bytes())
    for der in (full, authority.get("/repository/root.crl", plain=True)[1]):
        (authority.folder / "list.crl").write_bytes(der)
        lists += to_pem(authority.folder / "list.crl", authority.folder / "list.pem", "crl").read_bytes()
    (authority.folder / "lists.pem").write_bytes(lists)
    said = subprocess.run(["certtool", "--verify", "--verify-profile=low", "--infile", chain, "--load-ca-certificate",
                           authority.home / "ca/root.pem", "--load-crl", authority.folder / "lists.pem"], capture_output=True, text=True)
    assert "revoked" in said.stdout and said.returncode != 0, said.stdout + said.stderr


def test_ocsp_answers_for_each_key_with_a_certificate_of_that_key(authority):
    for key in (0, 1):
        said = subprocess.run(["openssl", "ocsp", "-issuer", authority.issuer(key), "-cert", authority.certificates[key], "-url",
                               authority.plain + "/ocsp", "-partial_chain", "-CAfile", authority.issuer(key)], capture_output=True, text=True, timeout=30)
        assert "Response verify OK" in said.stdout + said.stderr and ": revoked" in said.stdout, said.stdout + said.stderr
        said = subprocess.run(["ocsptool", "--ask=" + authority.plain + "/ocsp", "--load-issuer", authority.issuer(key), "--load-cert",
                               authority.certificates[key], "--load-trust", authority.issuer(key)], capture_output=True, text=True, timeout=30)
        assert "revoked" in said.stdout and "Verifying OCSP Response: Success" in said.stdout, said.stdout + said.stderr
        assert status_of(authority.ocsp(key, authority.serials[key])) == REVOKED
        assert status_of(authority.ocsp(1 - key, authority.serials[key])) == UNKNOWN  # that key has issued no such certificate
    client = Client(authority.http)
    both = request(Issuer(authority.issuer(0)).id(authority.serials[0]), Issuer(authority.issuer(1)).id(authority.serials[1]))
    assert client.ask(both).response_status == UNAUTHORIZED  # one signature cannot speak for both
    client.close()


def test_pages_and_interfaces_know_both(authority):
    for key in (0, 1):
        sent = json.dumps({"certificate": base64.b64encode(subprocess.run(
            ["openssl", "x509", "-in", authority.certificates[key], "-outform", "DER"], capture_output=True, check=True).stdout).decode()})
        status, body = authority.get("/api/v1/verify", sent.encode())
        assert status == 200, body
        found = {(one["check"], one["result"]) for one in json.loads(body)["results"][0]["findings"]}
        assert ("chain", "pass") in found and ("status", "fail") in found, found
        one = json.loads(authority.get("/api/v1/certificates/" + authority.serials[key])[1])
        fingerprint = subprocess.run(["openssl", "x509", "-in", authority.issuer(key), "-noout", "-fingerprint", "-sha256"], capture_output=True,
                                     text=True).stdout.split("=")[1].strip().replace(":", "").lower()
        assert len(one["chain"]) == 2 and one["chain"][1]["sha256"].replace(":", "").lower() == fingerprint, one["chain"]
    page = json.loads(authority.get("/repository")[1])
    assert page["crl"]["name"] == "g1-full" and len(page["former"]) == 1 and page["former"][0]["crl"]["name"] == "full", page
    assert b"/repository/xca.crl" in authority.get("/repository", kind="text/html")[1]
    (authority.folder / "chain.p7b").write_bytes(authority.get("/repository/chain.p7b", plain=True)[1])
    count = subprocess.run("openssl pkcs7 -inform DER -in %s -print_certs | grep -c BEGIN" % (authority.folder / "chain.p7b"), shell=True,
                           capture_output=True, text=True).stdout
    assert int(count) == 3
    (authority.folder / "cacerts").write_bytes(base64.b64decode(authority.get("/.well-known/est/cacerts")[1]))
    assert (authority.folder / "cacerts").read_bytes() == (authority.folder / "chain.p7b").read_bytes()
    # lists by the name of their issuer: both; by its key: one
    name = Issuer(authority.issuer(0)).name
    digest = base64.urlsafe_b64encode(__import__("hashlib").sha1(name).digest()).decode().rstrip("=")
    status, body = authority.get("/crls/search.cgi?iHash=" + digest, plain=True)
    assert status == 200 and body.count(b"Content-Type: application/pkix-crl") == 2, body[:200]


def test_a_device_with_a_certificate_of_the_first_key_gets_one_of_the_second(authority):
    device, key = authority.device, ec.generate_private_key(ec.SECP256R1())
    _, certificate = approve_and_get(authority, device, device.want("kur", "renewed", key), "renewed", key)
    assert key_of(authority, device.path("device.pem")) == [0] and key_of(authority, device.path("renewed.pem")) == [1]
    renewed = Cmp(authority, authority.folder, "renewed", certificate, key)
    for one in (device, renewed):  # each may ask that its own is revoked
        said = one.run("genm", "-infotype", "caCerts")
        assert said.returncode == 0 and "id-it-caCerts" in said.stdout, said.stdout + said.stderr
        said = one.run("rr", "-oldcert", one.path(one.name + ".pem"), "-revreason", "4")
        assert said.returncode == 0 and re.search(r"\d{25}", said.stdout + said.stderr), said.stderr


def test_the_first_key_ends_with_its_last_certificate_and_goes(authority):
    ended = time.time() + 5 * 366 * 86400
    authority.end_all()
    authority.set_clock(int(ended - time.time()))
    authority.begin_all()
    authority.until(lambda: "Next Update" in text_of(authority, "xca.crl") and authority.get("/healthz", plain=True)[0], 200)
    number = int(re.search(r"CRL Number: \s+(\d+|0x[0-9A-F]+)", text_of(authority, "xca.crl")).group(1), 0)
    authority.end_all()
    authority.set_clock(int(ended - time.time()) + 13 * 3600)
    authority.begin_all()
    authority.until(lambda: "can be retired" in done(authority.admin("ca", "rollover")), True)
    said = done(authority.admin("ca", "rollover", "retire", "0"))
    assert "ca-key-file = " in said, said
    line = re.search(r"\nca-key-file = [^\n]*", (authority.home / "xca.conf").read_text("utf-8")).group(0)

    authority.end_all()
    settings = authority.home / "xca.conf"
    settings.write_text(settings.read_text("utf-8").replace(line, ""), "utf-8")
    (authority.home / "ca/ca.key").unlink()
    authority.set_clock(int(ended - time.time()) + 5 * 86400)
    authority.begin_all()  # healthy, although the first key's last lists are past their nextUpdate
    authority.until(lambda: status_of(authority.ocsp(1, "4a01")), UNKNOWN)
    assert status_of(authority.ocsp(0, authority.serials[0])) == TRY_LATER
    assert int(re.search(r"CRL Number: \s+(\d+|0x[0-9A-F]+)", text_of(authority, "xca.crl")).group(1), 0) == number
    authority.until(lambda: json.loads(authority.get("/repository")[1])["crl"]["overdue"], False)  # the signer has been away for five days
    shown = json.loads(authority.get("/repository")[1])
    assert not shown["crl"]["overdue"] and shown["former"][0]["crl"]["last"] and not shown["former"][0]["crl"]["overdue"], shown
    done(authority.admin("audit", "verify"))
    assert "is retired" in done(authority.admin("ca", "rollover"))

"""How often /api/v1 answers what costs: an address, and a system whose TLS client certificate is registered (conf/README.md)."""

import hashlib
import re
import ssl
import subprocess
import time

import pytest
from calling import Caller
from conftest import free_ports

ASKED = {"certificate": "x"}  # costs a try, whatever comes of it


@pytest.fixture(scope="module")
def strict(instance, tmp_path_factory):
    """A second httpd of the instance with small limits, which asks for client certificates: its port, and what makes certificates."""
    folder = tmp_path_factory.mktemp("limits")

    def openssl(*arguments):
        subprocess.run(["openssl"] + [str(a) for a in arguments], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj",
            "/CN=Systems")
    for name in ("known", "stranger"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj",
                "/CN=" + name)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", name + ".crt", "-days", "2")
        (folder / (name + ".pem")).write_text((folder / (name + ".crt")).read_text() + (folder / (name + ".key")).read_text())
    der = ssl.PEM_cert_to_DER_cert((folder / "known.crt").read_text())
    (instance.home / "api-clients.txt").write_text("# systems\n\n%s procurement\n" % hashlib.sha256(der).hexdigest())
    settings = instance.home / "strict.conf"
    text = (instance.home / "xca.conf").read_text("utf-8")
    text = re.sub(r"(?m)^api-requests-a-minute = .*$", "api-requests-a-minute = 5\napi-client-requests-a-minute = 12", text)
    settings.write_text(text.replace("#api-clients-file", "api-clients-file"), "utf-8")
    port = free_ports(1)[0]
    config = (instance.home / "httpd.conf").read_text("utf-8")
    host = re.search(r"<VirtualHost 127\.0\.0\.1:%d>.*?</VirtualHost>" % instance.https, config, re.S).group(0)
    host = host.replace(":%d>" % instance.https, ":%d>" % port).replace(
        "XCAPortal On", "XCAPortal On\n    SSLVerifyClient optional\n    SSLVerifyDepth 2\n    SSLCACertificateFile \"%s\"" % (folder / "ca.pem"))
    config = re.sub(r"<VirtualHost.*?</VirtualHost>", "", config, flags=re.S)
    config = re.sub(r"(?m)^Listen .*$", "", config).replace("run/httpd.pid", "run/strict.pid").replace("httpd-error.log", "strict-error.log")
    config = re.sub(r"(?m)^(ServerLimit|StartServers) .*$", r"\1 1", config).replace("xca.conf", "strict.conf")
    config = re.sub(r"(?m)^MaxRequestWorkers .*$", "MaxRequestWorkers 100", config)
    config = re.sub(r"(?m)^MaxSpareThreads .*$", "MaxSpareThreads 100", config)
    path = instance.home / "strict-httpd.conf"
    path.write_text(config + "Listen 127.0.0.1:%d https\n%s\n" % (port, host), "utf-8")
    server = subprocess.Popen(["/usr/sbin/apache2", "-f", str(path), "-DFOREGROUND"])
    try:
        yield Strict(instance, port), folder
    finally:
        server.terminate()
        server.wait(20)


class Strict:
    """As much of an instance as a caller needs."""

    def __init__(self, instance, port):
        self.https, self.home = port, instance.home


def caller_of(strict, pem=None, address="127.0.0.1"):
    until = time.monotonic() + 20
    while True:
        try:
            one = Caller.__new__(CertificateCaller)
            one.pem = pem
            one.__init__(strict, address=address)
            return one
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.2)


class CertificateCaller(Caller):
    def __init__(self, instance, **more):
        self.instance = instance
        super().__init__(instance, **more)
        self.show()

    def show(self):
        """From now on with the certificate."""
        if self.pem is None:
            return
        visitor, pem = self.visitor, self.pem
        plain = visitor.connect

        def connect():
            plain()
            visitor.connection._context.load_cert_chain(pem)

        visitor.connect, visitor.connection = connect, None


def asks(caller, count):
    return [caller.post("/verify", ASKED).status for _ in range(count)]


def test_an_address_is_told_to_wait(strict):
    one, _ = strict
    caller = caller_of(one, address="127.0.0.2")
    assert asks(caller, 5) == [422] * 5
    answer = caller.post("/verify", ASKED)
    assert answer.status == 429 and answer.headers["Retry-After"] == "60" and "5 times a minute" in answer.json()["detail"]
    # a case's state costs as well; look-ups do not, and other addresses are answered
    assert caller.post("/cases/status", {"case_number": "1", "user_code": "x"}).status == 429
    assert caller.get("/statistics").status == 200
    assert asks(caller_of(one, address="127.0.0.3"), 1) == [422]


def test_a_registered_system_may_ask_more(strict):
    one, folder = strict
    known = caller_of(one, folder / "known.pem", "127.0.0.4")
    assert asks(known, 13) == [422] * 12 + [429]
    # a certificate that is not registered is worth no more than its address
    stranger = caller_of(one, folder / "stranger.pem", "127.0.0.5")
    assert asks(stranger, 6) == [422] * 5 + [429]


def test_a_wrong_file_of_clients_stops_the_start(instance, strict):
    path = instance.home / "api-clients.txt"
    before = path.read_text()
    path.write_text(before + "abc nobody\n")
    try:
        said = subprocess.run(["/usr/sbin/apache2", "-t", "-f", str(instance.home / "strict-httpd.conf")], capture_output=True, text=True)
    finally:
        path.write_text(before)
    assert said.returncode != 0 and "api.clients 4" in said.stderr

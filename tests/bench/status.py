"""OCSP with many certificates: beside a constant answer of the same size from the same httpd, and beside openssl's own responder over the
same certificates. A ratio of 1.11 is 0.9 of the peer's speed, one of 1.43 is 0.7."""

import datetime
import os
import random
import re
import shutil
import signal
import ssl
import statistics
import struct
import subprocess
import time

from conftest import BUILD, TOP, free_ports, small_data
from cryptography.x509 import ocsp
from ocsp_asking import GOOD, TYPE, UNKNOWN, Client, Issuer, request, status_of
from servers import Servers
import certificates
import loaded

SECONDS = 0.4
ROUNDS = 25  # short ones in turn: what else the machine does in a second meets all of them
ONCE_SECONDS, SPEED_SECONDS = 2, 2
CONNECTIONS = 8
OFTEN = 10000  # certificates that are asked about again and again
CONSTANT = "/static/constant.css"


def serial(index):
    return "4a%030x" % index


def make(count):
    home = BUILD / "bench" / "status"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    small_data(home / "data")
    shutil.copytree(TOP / "htdocs", home / "htdocs")
    one = Servers(home / "instance")
    one.prepare(home / "data")
    for name, old, new in (("xca.conf", "htdocs-folder = %s\n" % (TOP / "htdocs"), "htdocs-folder = %s\n" % (home / "htdocs")),
                           ("httpd.conf", "^/(repository/|", "^/(static/|repository/|"),
                           ("httpd.conf", "^/(?!repository/|", "^/(?!static/|repository/|")):
        text = (one.home / name).read_text("utf-8")
        assert old in text, old
        (one.home / name).write_text(text.replace(old, new), "utf-8")
    ldif = home / "certificates.ldif"
    der = ssl.PEM_cert_to_DER_cert((one.home / "ca/tls.pem").read_text())
    certificates.write(ldif, ["財團法人第%d號基金會" % i for i in range(500)], der, count, datetime.datetime.utcnow())
    loaded.slapadd(one, loaded.DATABASES[0], ldif)
    ldif.unlink()
    return one


def write_requests(path, requests):
    with open(path, "wb") as out:
        for one in requests:
            out.write(struct.pack(">I", len(one)) + one)
    return path


def post(body):
    return ("POST /ocsp HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (TYPE, len(body))).encode() + body


def answers_a_second(port, path, seconds=SECONDS):
    said = subprocess.run([str(BUILD / "tests/bench/load"), str(port), str(seconds), str(CONNECTIONS), str(path)], check=True,
                          capture_output=True, text=True).stdout.split()
    assert float(said[0]) > 0 and said[3] == "0", said
    return float(said[0])


def signatures_a_second():
    """Of a P-256 key, with all cores, by openssl's own measure: without one no answer to a nonce can be made."""
    said = subprocess.run(["openssl", "speed", "-mr", "-seconds", str(SPEED_SECONDS), "-multi", str(os.cpu_count()), "ecdsap256"], check=True,
                          capture_output=True, text=True).stdout
    return float(re.search(r"^\+F\d:\d+:256:([0-9.]+)", said, re.M)[1])


class Peer:
    """openssl ocsp with as many processes as there are cores, over an index of the same certificates."""

    def __init__(self, one, count):
        self.port = free_ports(1)[0]
        folder = one.home / "peer"
        folder.mkdir()
        with open(folder / "index.txt", "w", encoding="ascii") as index:
            for i in range(count):
                index.write("V\t400101000000Z\t\t%s\tunknown\t/CN=%d\n" % (serial(i).upper(), i))
        for command in (["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-out",
                         "csr", "-subj", "/CN=peer"],
                        ["openssl", "x509", "-req", "-in", "csr", "-CA", str(one.home / "ca/ca.pem"), "-CAkey", str(one.home / "ca/ca.key"),
                         "-CAcreateserial", "-CAserial", "serial", "-out", "certificate", "-days", "2"]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        self.process = subprocess.Popen(["openssl", "ocsp", "-index", "index.txt", "-CA", str(one.home / "ca/ca.pem"), "-rsigner", "certificate",
                                         "-rkey", "key", "-port", str(self.port), "-nmin", "60", "-multi", str(os.cpu_count())],
                                        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self, body):
        until = time.monotonic() + 300
        while True:
            try:
                client = Client(self.port)
                assert status_of(client.ask(body)) == GOOD
                return
            except OSError:
                assert time.monotonic() < until and self.process.poll() is None
                time.sleep(0.2)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # it makes a group of its own, and has its processes in it
        self.process.wait(60)


def start(one, client, issuer, count):
    """Milliseconds until httpd answers about a number that is none of ours: what it does not know all of, it does not say."""
    began = time.perf_counter()
    one.begin("httpd")
    one.until(lambda: status_of(client.ask(request(issuer.id(serial(count))))), UNKNOWN, 600)
    return (time.perf_counter() - began) * 1000


def wait_for_rest(process):
    """The signer reads all certificates at its start too: until it has nothing to do."""
    before, now = None, loaded.processor_time(process.pid)
    while before is None or now - before > 50:
        time.sleep(2)
        before, now = now, loaded.processor_time(process.pid)


def measure(table, count):
    one = make(count)
    issuer, chance = Issuer(one.home / "ca/ca.pem"), random.Random(count)
    client = Client(one.http)
    try:
        one.begin("slapd")
        one.begin("signer")
        table.row("signer and httpd, start until OCSP knows all", start(one, client, issuer, count), "a minute", 60000.0, 1)
        wait_for_rest(one.processes["signer"])
        one.end("httpd")
        table.row("httpd, start until OCSP knows all", start(one, client, issuer, count), "twenty seconds", 20000.0, 1)
        size = len(client.exchange("POST", "/ocsp", request(issuer.id(serial(0))), {"Content-Type": TYPE})[2])
        (one.home.parent / "htdocs/static/constant.css").write_bytes(b"x" * size)
        one.end("httpd")
        one.begin("httpd")
        one.until(lambda: client.ask(request(issuer.id(serial(count)))).response_status, ocsp.OCSPResponseStatus.SUCCESSFUL, 600)
        assert len(client.exchange("GET", CONSTANT)[2]) == size
        often = [chance.randrange(count) for _ in range(OFTEN)]
        files = {"constant": write_requests(one.home / "constant", [b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % CONSTANT.encode()]),
                 "often": write_requests(one.home / "often", [post(request(issuer.id(serial(i)))) for i in often]),
                 "nonce": write_requests(one.home / "nonce", [post(request(issuer.id(serial(chance.randrange(count))), nonce=os.urandom(32)))
                                                              for _ in range(50000)]),
                 "once": write_requests(one.home / "once", [post(request(issuer.id(serial(i)))) for i in chance.sample(range(count), count)])}
        for name in ("constant", "often"):
            answers_a_second(one.http, files[name], 1)
        found = {name: [] for name in files}
        for _ in range(ROUNDS):
            for name in ("constant", "often", "nonce"):
                found[name].append(answers_a_second(one.http, files[name]))
        found["once"].append(answers_a_second(one.http, files["once"], ONCE_SECONDS))
        each = {name: 1000 / statistics.median(rates) for name, rates in found.items()}
        against = "constant answer of the same size"
        table.row("%d certificates, again and again" % OFTEN, each["often"], against, each["constant"], 1 / 0.9)
        table.row("with nonce", each["nonce"], against, each["constant"], 1 / 0.7)
        table.row("with nonce", each["nonce"], "the constant answer and a bare signature", each["constant"] + 1000 / signatures_a_second())
        table.row("each certificate once", each["once"], against, each["constant"])
        peer = Peer(one, count)
        try:
            peer.wait(request(issuer.id(serial(0))))
            theirs = 1000 / statistics.median(answers_a_second(peer.port, files["nonce"], ONCE_SECONDS) for _ in range(3))
        finally:
            peer.stop()
        table.row("with nonce", each["nonce"], "openssl ocsp -multi, processes as cores", theirs, 1)
    finally:
        client.close()
        one.end_all()
        shutil.rmtree(one.home.parent, ignore_errors=True)

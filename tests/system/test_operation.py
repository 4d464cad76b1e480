"""What those who run the service look at and do: health, metrics, ids of requests, graceful restarts, slow clients."""

import http.client
import json
import re
import resource
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from conftest import free_ports
from prometheus_client.parser import text_string_to_metric_families
from test_broken_directory import servers  # noqa: F401 (a fixture)

SLOW = 10000


def get(instance, path, source=None, plain=False, timeout=30):
    """An answer of httpd: status, headers, body."""
    context = ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))
    address = (source, 0) if source else None
    if plain:
        link = http.client.HTTPConnection("127.0.0.1", instance.http, timeout=timeout, source_address=address)
    else:
        link = http.client.HTTPSConnection("localhost", instance.https, timeout=timeout, context=context, source_address=address)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        link.close()


def metrics(instance):
    """name → {labels: value}; the parser of Prometheus' own client reads it."""
    status, headers, body = get(instance, "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found, names = {}, []
    for family in text_string_to_metric_families(body.decode("utf-8")):
        names.append(family.name)
        assert family.documentation and family.type != "unknown", family.name
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    assert len(names) == len(set(names))  # each name's samples stand together
    return found


def answers(found, route, code):
    return found["xca_http_answers_total"].get((("code", code), ("method", "GET"), ("route", route)), 0)


def wait_for_health(instance, seconds=60):
    """Of all processes of httpd: each keeps what it knows for a second."""
    until, well = time.monotonic() + seconds, 0
    while well < 10:
        status, _, body = get(instance, "/healthz")
        well = well + 1 if status == 200 else 0
        assert time.monotonic() < until, body
        time.sleep(0.1 if well else 0.5)


@pytest.mark.parametrize("plain", [False, True])
def test_health_is_told_to_the_hosts_that_are_named(instance, plain):
    wait_for_health(instance)
    status, headers, body = get(instance, "/healthz", plain=plain)
    assert status == 200, body
    assert headers["Content-Type"] == "application/json" and headers["Cache-Control"] == "no-store"
    assert json.loads(body) == {"status": "ok", "directory": "ok", "signer": "ok", "revocation_list": "ok"}
    for path in ("/healthz", "/metrics"):
        assert get(instance, path, source="127.0.0.9", plain=plain)[0] == 404


def test_metrics_count_what_was_answered(instance):
    before = metrics(instance)
    for _ in range(5):
        assert get(instance, "/about")[0] == 200
    assert get(instance, "/no-such-page")[0] == 404
    assert get(instance, "/oid/9.9.9")[0] == 404
    after = metrics(instance)
    assert answers(after, "/about", "200") - answers(before, "/about", "200") == 5
    assert answers(after, "/oid/*", "404") - answers(before, "/oid/*", "404") == 1
    nowhere = (("code", "404"), ("method", ""), ("route", ""))
    assert after["xca_http_answers_total"][nowhere] - before["xca_http_answers_total"].get(nowhere, 0) == 1
    pages = (("kind", "pages"),)
    assert after["xca_http_answer_seconds_count"][pages] - before["xca_http_answer_seconds_count"][pages] >= 7
    assert after["xca_http_answer_seconds_sum"][pages] > before["xca_http_answer_seconds_sum"][pages]
    assert after["xca_http_answer_seconds_bucket"][(("kind", "pages"), ("le", "+Inf"))] == after["xca_http_answer_seconds_count"][pages]


def test_metrics_agree_with_the_directory(instance):
    found = metrics(instance)
    assert found["xca_directory_up"][()] == 1 and found["xca_signer_up"][()] == 1
    assert abs(found["xca_signer_alive_seconds"][()] - time.time()) < 120
    entry = instance.bind("admin").search_s("cn=full,ou=crl,ou=XCA,c=TW", 0, "(objectClass=*)", ["xcaCrlNumber"])[0][1]
    full = (("list", "full"),)
    assert found["xca_crl_number"][full] <= int(entry["xcaCrlNumber"][0])
    assert found["xca_crl_next_update_seconds"][full] > time.time()
    assert found["xca_crl_bytes"][full] > 500
    counted = json.loads(json_of(instance, "/statistics"))
    total = counted["total"] if "total" in counted else counted
    for state in ("valid", "suspended", "revoked", "expired"):
        assert found["xca_certificates"][(("state", state),)] == int(total[state])


def json_of(instance, path):
    context = ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))
    link = http.client.HTTPSConnection("localhost", instance.https, timeout=30, context=context)
    link.request("GET", path, headers={"Accept": "application/json"})
    return link.getresponse().read()


def test_an_answer_has_the_id_that_the_logs_have(instance):
    status, headers, _ = get(instance, "/about?for=the-logs")
    assert status == 200 and re.fullmatch(r"[A-Za-z0-9+/@-]{8,}", headers["X-Request-Id"])
    until = time.monotonic() + 10
    while time.monotonic() < until:
        lines = [line for line in (instance.home / "log" / "httpd-access.log").read_text("utf-8").splitlines() if "for=the-logs" in line]
        if lines:
            break
        time.sleep(0.2)
    assert lines[-1].split()[-1] == headers["X-Request-Id"]
    # the error log's fields are whole, with an id or without
    whole = re.compile(r"\[[^]]+\] \[[\w-]+:\w+\] \[pid \d+\] (\[request [^] ]+\] )?(\[client [^] ]+\] )?(?!\[(request|client)\b)")
    assert [line for line in (instance.home / "log" / "httpd-error.log").read_text("utf-8").splitlines() if not whole.match(line)] == []


@pytest.mark.parametrize("command, word", [
    ("outbox --state", "state"), ("mail list --state", "state"), ("review list --state", "state"), ("review list --window", "registration window"),
    ("card list --state", "state"), ("question list --state", "state"), ("content list --state", "state"), ("content list --kind", "kind")])
def test_a_list_of_what_there_is_not_is_refused(instance, command, word):
    told = instance.admin(*command.split(), "nonsense")
    assert told.returncode == 2 and "there is no such " + word in told.stderr and told.stdout == "", (told.stdout, told.stderr)


def test_mod_status_has_lines_of_the_portal(instance):
    port = free_ports(1)[0]
    text = (instance.home / "httpd.conf").read_text("utf-8")
    text = re.sub(r"(?m)^Listen .*$", "", re.sub(r"<VirtualHost.*?</VirtualHost>", "", text, flags=re.S))
    text = text.replace("run/httpd.pid", "run/status.pid").replace("httpd-error.log", "status-error.log")
    text = re.sub(r'(?m)^LoadModule alias_module "(.*)/mod_alias.so"$', r'\g<0>\nLoadModule status_module "\1/mod_status.so"', text)
    path = instance.home / "status-httpd.conf"
    path.write_text(text + "Listen 127.0.0.1:%d\nExtendedStatus On\nXCAPortal On\n<Location /server-status>\n  XCAPortal Off\n"
                    "  SetHandler server-status\n  Require all granted\n</Location>\n" % port, "utf-8")
    server = subprocess.Popen(["/usr/sbin/apache2", "-f", str(path), "-DFOREGROUND"])

    def ask(what):
        until = time.monotonic() + 20
        while True:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                link.request("GET", what)
                return link.getresponse().read().decode("utf-8")
            except ConnectionRefusedError:
                assert time.monotonic() < until and server.poll() is None
                time.sleep(0.2)
            finally:
                link.close()

    try:
        for _ in range(3):
            ask("/healthz")
        ask("/repository/nothing.crl")
        said = dict(line.split(": ", 1) for line in ask("/server-status?auto").splitlines() if line.startswith("XCA"))
        assert (said["XCAAnswers"], said["XCARefused"], said["XCAFailed"]) == ("4", "1", "0") and float(said["XCAMeanMilliseconds"]) > 0
        assert "<h2>mod_xca</h2>" in ask("/server-status")
    finally:
        server.terminate()
        server.wait(20)


def test_a_directory_that_is_away_is_told_and_so_is_a_silent_signer(servers):  # noqa: F811
    instance = servers.instance
    wait_for_health(instance)
    servers.stop("slapd")
    try:
        time.sleep(1.2)  # what is known is kept for a second
        status, _, body = get(instance, "/healthz")
        told = json.loads(body)
        assert status == 503 and told["status"] == told["directory"] == "failed" and told["revocation_list"] == "ok"
        found = metrics(instance)
        assert found["xca_directory_up"][()] == 0 and "xca_certificates" not in found
        # what failed has a number that the logs know
        status, headers, body = get(instance, "/oid/2.16.886")
        assert status == 503 and headers["X-Request-Id"].encode() in body
        log = (instance.home / "log" / "httpd-error.log").read_text("utf-8")
        assert "[request %s]" % headers["X-Request-Id"] in log
    finally:
        servers.start("slapd")
    wait_for_health(instance)


def test_a_graceful_restart_under_load_loses_no_answer(servers):  # noqa: F811
    """Eight clients ask without a pause, on connections that they keep as long as the server does, while httpd reads its configuration anew."""
    instance, stop, wrong, counts = servers.instance, threading.Event(), [], []
    paths = ("/about", "/repository/xca.crl", "/organisations?name=%E5%9F%BA%E9%87%91%E6%9C%83", "/oid/2.16.886")

    def client(number):
        context = ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))
        link, done, fresh = None, 0, False
        while not stop.is_set():
            try:
                if link is None:
                    link, fresh = http.client.HTTPSConnection("localhost", instance.https, timeout=30, context=context), True
                link.request("GET", paths[(number + done) % len(paths)])
                answer = link.getresponse()
                body = answer.read()
                if answer.status != 200 or not body:
                    wrong.append((answer.status, body[:80]))
                done += 1
                fresh = False
                if answer.headers.get("Connection") == "close":
                    link.close()
                    link = None
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError) as end:
                # a kept connection may end between two requests (RFC 9112 section 9.5): a new one may not
                if fresh:
                    wrong.append(repr(end))
                link.close()
                link = None
            except OSError as fault:
                wrong.append(repr(fault))
                link = None
        counts.append(done)

    clients = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for one in clients:
        one.start()
    for _ in range(4):
        time.sleep(1.5)
        servers.send("httpd", signal.SIGUSR1)
    time.sleep(2)
    stop.set()
    for one in clients:
        one.join(60)
    assert not wrong, wrong[:5]
    assert len(counts) == 8 and sum(counts) > 100, counts
    assert servers.running["httpd"].poll() is None


def slow_client(instance, i, kind, addresses):
    """A connection that holds what it can: it says nothing, or half a handshake or request, or ("mixed") a third of each and a third that
    keeps the connection after its answer. Odd ones speak plain HTTP. None where it was shut out: so much the better."""
    link, plain = socket.socket(), i % 2 == 1
    link.settimeout(20)
    source = i // 2 % addresses
    link.bind(("127.0.%d.%d" % (1 + source // 200, 1 + source % 200) if addresses > 1 else "127.0.0.66", 0))
    try:
        link.connect(("127.0.0.1", instance.http if plain else instance.https))
        if kind == "half" or (kind == "mixed" and i % 3 == 1):
            link.sendall(b"GET /repository/xca.crl HTTP/1.1\r\nHost: localhost\r\n" if plain else b"\x16\x03\x01\x02\x00\x01")
        elif kind == "mixed" and i % 3 == 2 and plain:
            link.sendall(b"GET /repository/xca.cer HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except OSError:
        link.close()
        return None
    return link


def seconds_for(instance, path, plain):
    began = time.monotonic()
    assert get(instance, path, plain=plain)[0] == 200
    return time.monotonic() - began


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= SLOW + 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (SLOW + 500, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("kind, addresses", [("mixed", 1), ("mixed", 400), ("silent", 400), ("half", 400)])
def test_ten_thousand_slow_clients_do_not_keep_others_waiting(servers, many_descriptors, kind, addresses):  # noqa: F811
    instance = servers.instance
    links, waited = [], []
    try:
        for tenth in range(10):
            links += [slow_client(instance, tenth * SLOW // 10 + i, kind, addresses) for i in range(SLOW // 10)]
            waited += [seconds_for(instance, "/about", False), seconds_for(instance, "/repository/xca.crl", True)]
        links = [link for link in links if link is not None]
        assert len(links) > SLOW // 2
        # and while they are all there
        for i in range(20):
            waited.append(seconds_for(instance, ("/about", "/repository/xca.crl")[i % 2], i % 2 == 1))
            time.sleep(0.1)
    finally:
        for link in links:
            if link is not None:
                link.close()
    # far below the time that a half request may take to arrive (RequestReadTimeout)
    assert max(waited) < 8, sorted(waited)[-5:]
    print("%s clients of %d addresses kept %d connections; answers took %.3f s in the middle, %.3f s at most"
          % (kind, addresses, len(links), sorted(waited)[len(waited) // 2], max(waited)))


def test_a_slow_visitor_is_not_sent_away_because_others_flood(servers, many_descriptors):  # noqa: F811
    """Two seconds between the first line of a request and its end, while thousands of half requests of 400 addresses come."""
    instance, links = servers.instance, []

    def flood(count):
        links.extend(slow_client(instance, 2 * len(links) + 1, "half", 400) for _ in range(count))

    visitor = socket.socket()
    visitor.settimeout(20)
    visitor.bind(("127.0.0.77", 0))
    try:
        flood(2000)
        time.sleep(2)  # httpd starts more processes, which have to get to know the addresses as well
        flood(2000)
        visitor.connect(("127.0.0.1", instance.http))
        visitor.sendall(b"GET /repository/xca.crl HTTP/1.1\r\nHost: localhost\r\n")
        began = time.monotonic()
        flood(2000)
        time.sleep(max(0, 2 - (time.monotonic() - began)))
        visitor.sendall(b"Connection: close\r\n\r\n")
        assert visitor.recv(100).startswith(b"HTTP/1.1 200 ")
    finally:
        for link in links + [visitor]:
            if link is not None:
                link.close()

"""What httpd is sent by programs that are broken, curious or hostile; and what the repository owes to caches."""

import contextlib
import json
import re
import socket
import ssl
import time
import urllib.parse

import pytest
from visiting import Visitor

# httpd itself logs broken requests as errors; what the portal logs is looked at below.
pytestmark = pytest.mark.faults
WANTED = (200, 301, 302, 303, 308, 400, 403, 404, 405, 408, 413, 414, 422, 431, 501, 505)


@pytest.fixture(autouse=True)
def no_fault_of_ours(instance):
    ours = re.compile(r"\[xca:error\]|:crit\]|:alert\]|:emerg\]|Sanitizer|runtime error|Segmentation")
    before = len([line for line in instance.problems() if ours.search(line)])
    yield
    assert [line for line in instance.problems() if ours.search(line)][before:] == []


def connect(instance, secure=True, timeout=15):
    raw = socket.create_connection(("127.0.0.1", instance.https if secure else instance.http), timeout)
    if not secure:
        return raw
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname="localhost")


def everything(connection):
    data = b""
    try:
        while True:
            piece = connection.recv(65536)
            if not piece:
                return data
            data += piece
    except (ConnectionResetError, ssl.SSLError, socket.timeout):
        return data


def exchange(instance, request, secure=True):
    """Sends bytes, reads all that comes: (status, headers and body as text)."""
    with connect(instance, secure) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass  # httpd has heard enough
        answer = everything(connection)
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found.group(1)) if found else 0, answer.decode("utf-8", "replace")


def ask(path, method="GET", more="", host="localhost"):
    return ("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n" % (method, path, host, more)).encode("utf-8", "surrogateescape")


def assert_no_trace(text):
    """Nothing of the inside goes out: no folder, version, password, or foreign file."""
    for secret in ("root:x:", "/home/", "/tmp/", "/dev/shm/", "/usr/", "Apache/", "OpenSSL/", "mod_xca:", "xca-admin"):
        assert secret not in text, (secret, text[:500])


@pytest.mark.parametrize("path", [
    "/..", "/../", "/../../../../etc/passwd", "/static/../../conf/xca.conf.in", "/static/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
    "/static/%2e%2e%2f%2e%2e%2fportal.key", "/..%c0%af..%c0%afetc/passwd", "/%00", "/about%00.html", "/static/style.css%00", "/a%2fb", "/about%2f",
    "//evil.example/", "//evil.example/about/", "/\\evil.example", "/%5cevil.example/", "/about/", "/about//", "/./about", "/about/.", "/about;x=1",
    "/case/print/", "/case/print//", "/case/print/*", "/case/*/1", "/static/", "/static/.", "/static", "/repository/", "/repository/certificates/",
    "/repository/certificates/%2e%2e", "/%", "/%zz", "/%e4%b8%ad", "/%ff%fe", "/" + "a" * 4000, "/" + "a/" * 1000, "/?" + "a=b&" * 90,
    "/?lang=en&lang=zh&x=//evil.example", "/about?lang=en%0d%0aSet-Cookie:%20x=1", "/about%0d%0aX-Injected:%201", "http://evil.example/",
    "*", "about", "/about#x", "/{#nav.home}", "/<script>alert(1)</script>", "/server-status", "/cgi-bin/test", "/.htaccess", "/.git/config"])
def test_tricks_with_paths_lead_nowhere(instance, path):
    for secure in (True, False):
        status, text = exchange(instance, ask(path), secure)
        assert status in WANTED, (status, text[:300])
        assert_no_trace(text)
        head = text.split("\r\n\r\n")[0].lower()
        assert "\nset-cookie: x=1" not in head and "\nx-injected" not in head
        for location in re.findall(r"\nlocation: (.*)", head):
            target = urllib.parse.urlsplit(location.strip())
            assert target.netloc in ("", "localhost:%d" % instance.https), location
            assert not location.startswith(("//", "/\\")), location
        assert "<script>alert" not in text and "首頁" in text or status in (301, 302, 303, 308) or "&#x" in text or status == 0, text[:300]


def test_methods_that_are_not_taken_are_told_with_those_that_are(instance):
    visitor = Visitor(instance)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get"):
        answer = visitor.send(method, "/about")
        assert answer.status == 405, (method, answer.status)
        if method != "TRACE":
            assert answer.headers["Allow"] and "GET" in answer.headers["Allow"], (method, answer.headers.items())
    for path, allow in (("/apply/certificate/form", "GET, HEAD, POST"), ("/about", "GET, HEAD"), ("/case/edit/" + "0" * 25, "GET, HEAD, POST")):
        answer = visitor.send("PUT", path)
        assert answer.status == 405 and answer.headers["Allow"] == allow and "h1" in answer.text
    assert exchange(instance, b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")[0] in (400, 405)
    for method in ("DELETE", "POST"):
        answer = visitor.send(method, "/static/style.css")
        assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD"
    assert visitor.send("DELETE", "/no-such-page").status == 404


def test_programs_are_not_answered_with_pages(instance):
    visitor = Visitor(instance)
    for method, path, status, allow in (("POST", "/certificates/search.cgi?certHash=x", 405, "GET, HEAD"), ("PUT", "/crls/search.cgi", 405, "GET, HEAD"),
                                        ("GET", "/api", 404, None), ("GET", "/api/v2/x", 404, None), ("PUT", "/api/v1/verify", 405, "POST")):
        answer = visitor.send(method, path, headers={"Accept-Language": "en"})
        assert answer.status == status and answer.headers["Allow"] == allow, path
        assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["status"] == status, path
    for method, path, status, allow in (("GET", "/.well-known/est", 404, None), ("GET", "/.well-known/est/serverkeygen", 404, None),
                                        ("GET", "/.well-known/est/label/cacerts", 404, None), ("POST", "/.well-known/est/cacerts", 405, "GET, HEAD"),
                                        ("GET", "/.well-known/est/simpleenroll", 405, "POST"), ("GET", "/.well-known/cmp", 405, "POST"),
                                        ("DELETE", "/.well-known/cmp/p/xca", 405, "POST"), ("GET", "/.well-known/cmp/p/no/such/place", 404, None)):
        for language in ("en", "zh-TW"):
            answer = visitor.send(method, path, headers={"Accept-Language": language})
            assert answer.status == status and answer.headers["Allow"] == allow, (method, path, answer.status)
            assert answer.headers["Content-Type"].startswith("text/plain") and "<" not in answer.text, path
            assert answer.text.endswith("\n") and len(answer.text) > 10
    big = visitor.send("POST", "/.well-known/est/simpleenroll", b"x" * 300000, {"Content-Type": "application/pkcs10"})
    assert big.status == 413 and big.headers["Content-Type"].startswith("text/plain")
    assert "<h1" in visitor.get("/.well-known/established").text


def test_what_httpd_refuses_is_told_to_programs_as_they_read_it(instance):
    long_header, many = "X-Long: " + "a" * 9000 + "\r\n", "".join("X-%d: a\r\n" % i for i in range(100))
    for path, kind in (("/api/v1/organisations", "application/problem+json"), ("/certificates/search.cgi", "application/problem+json"),
                       ("/.well-known/est/cacerts", "text/plain; charset=utf-8"), ("/.well-known/cmp", "text/plain; charset=utf-8"),
                       ("/about", "text/html")):
        for request, wanted in ((ask(path + "?name=" + "a" * 9000), (414,)), (ask(path, more="Accept-Language: en\r\n" + long_header), (400, 431)),
                                (ask(path, more=many), (400, 431))):
            status, text = exchange(instance, request)
            head, _, body = text.partition("\r\n\r\n")
            assert status in wanted and "\r\nContent-Type: " + kind in head, text[:600]
            assert_no_trace(text)
            if kind == "text/html":
                assert "<h1" in body
            else:
                assert "<" not in body and "8190" in body and body[0] != "\""
            if kind == "application/problem+json":
                assert json.loads(body)["status"] == status and json.loads(body)["code"] in ("api.line-too-long", "api.not-http")


@pytest.mark.parametrize("secure", [True, False])
def test_requests_that_are_none_are_refused(instance, secure):
    # what stands behind the first answer belongs to a second request: there must be none smuggled
    for request in (b"GET / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nA b: c\r\n\r\n",
                    b"GET / HTTP/1.1\nHost: localhost\n\n", b"GET  /  HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", bytes(range(256)) * 4 + b"\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: nonsense\r\n\r\n",
                    b"POST /case/status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n\r\n"):
        status, text = exchange(instance, request, secure)
        assert status in (0, 302, 400, 405, 413, 501, 505), (request, status)
        assert_no_trace(text)
    both = (b"POST /case/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            b"GET /about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    status, text = exchange(instance, both, secure)
    assert status in (302, 400, 403, 422) and text.count("HTTP/1.1 ") <= 2


def test_too_many_too_long_and_too_much(instance):
    assert exchange(instance, ask("/" + "a" * 9000))[0] == 414
    assert exchange(instance, ask("/about", more="X-Long: " + "a" * 9000 + "\r\n"))[0] in (400, 431)
    assert exchange(instance, ask("/about", more="".join("X-%d: a\r\n" % i for i in range(100))))[0] in (400, 431)
    assert exchange(instance, ask("/about", more="Cookie: " + "; ".join("a%d=b" % i for i in range(1000)) + "\r\n"))[0] == 200
    assert exchange(instance, ask("/about", more="Cookie: xca-lang=" + "x" * 4000 + "; xca-visitor=" + "0" * 3000 + "\r\n"))[0] == 200
    assert exchange(instance, ask("/about", more="Accept-Language: " + "zh," * 1000 + "\r\nAccept: " + "*/*," * 1000 + "\r\n"))[0] == 200
    for size, chunked in ((300 * 1024, False), (2 * 1024 * 1024, False), (300 * 1024, True), (2 * 1024 * 1024, True)):
        body = b"a=" + b"x" * size
        more = "Content-Type: application/x-www-form-urlencoded\r\n"
        if chunked:
            more += "Transfer-Encoding: chunked\r\n"
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[i:i + 8192] for i in range(0, len(body), 8192))) + b"0\r\n\r\n"
        else:
            more += "Content-Length: %d\r\n" % len(body)
        status, text = exchange(instance, ask("/case/status", "POST", more) + body)
        assert status == 413, (size, chunked, status)
        assert "&#x" in text or "太大" in text  # in words, also where httpd itself refuses


def test_half_requests_do_not_keep_others_waiting(instance):
    """More half requests than httpd has threads, each sending a byte now and then."""
    held = []
    try:
        for i in range(130):
            connection = socket.create_connection(("127.0.0.1", instance.https if i % 2 else instance.http), 5, ("127.0.0.77", 0))
            held.append(connection)
            with contextlib.suppress(ConnectionError):  # what is too much of one address is closed at once
                connection.sendall(b"\x16\x03\x01" if i % 2 else b"GET /repository/xca.crl HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        # bodies that never come, too
        for _ in range(20):
            connection = connect(instance)
            connection.sendall(ask("/case/status", "POST", "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n") + b"a=")
            held.append(connection)
        began = time.monotonic()
        assert Visitor(instance).get("/about").status == 200
        assert exchange(instance, ask("/repository/xca.crl"), secure=False)[0] == 200
        assert time.monotonic() - began < 5, "others waited %.1f s" % (time.monotonic() - began)
    finally:
        for connection in held:
            connection.close()
    assert Visitor(instance).get("/about").status == 200


def test_head_is_get_without_the_body(instance):
    visitor = Visitor(instance)
    for path in ("/", "/about", "/repository/xca.crl", "/static/style.css", "/no-such-page", "/apply/certificate", "/oid"):
        got, head = visitor.send("GET", path), visitor.send("HEAD", path)
        assert head.status == got.status and head.body == b"" and head.headers["Content-Type"] == got.headers["Content-Type"], path
        assert head.headers.get("ETag") == got.headers.get("ETag")


@pytest.mark.parametrize("path", ["/repository/xca.crl", "/repository/xca.cer", "/repository/chain.p7b", "/static/style.css"])
def test_validators_and_ranges(instance, path):
    visitor = Visitor(instance)
    full = visitor.get(path)
    etag = full.headers["ETag"]
    assert full.status == 200 and re.fullmatch(r'"[^"]+"', etag)
    for header, status in (({"If-None-Match": etag}, 304), ({"If-None-Match": 'W/"x", ' + etag}, 304), ({"If-None-Match": "*"}, 304),
                           ({"If-None-Match": '"x"'}, 200), ({"If-None-Match": etag[:-1]}, 200), ({"If-None-Match": ""}, 200),
                           ({"If-None-Match": "W/" + etag}, 304), ({"If-Modified-Since": "nonsense"}, 200),
                           ({"If-None-Match": '"x"', "If-Modified-Since": "Fri, 31 Dec 2999 23:59:59 GMT"}, 200)):
        answer = visitor.send("GET", path, headers=header)
        assert answer.status == status and (answer.body == b"" if status == 304 else answer.body == full.body), header
    for header, status in (({"If-Match": etag}, 200), ({"If-Match": '"x", ' + etag}, 200), ({"If-Match": "*"}, 200), ({"If-Match": '"x"'}, 412),
                           ({"If-Match": "W/" + etag}, 412), ({"If-Match": "W/" + etag + ", " + etag}, 200), ({"If-Match": ""}, 412),
                           ({"If-Match": '"x"', "If-None-Match": etag}, 412), ({"If-Match": etag, "If-None-Match": etag}, 304),
                           ({"If-Match": '"x"', "Range": "bytes=5-"}, 412), ({"If-Unmodified-Since": "nonsense"}, 200),
                           ({"If-Match": etag, "If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 200)):
        for method in ("GET", "HEAD"):
            answer = visitor.send(method, path, headers=header)
            assert answer.status == status and answer.body == (full.body if status == 200 and method == "GET" else b""), (method, header)
            assert status != 412 or answer.headers["Cache-Control"] == "no-store" and answer.headers["Expires"] is None
    part = visitor.send("GET", path, headers={"If-Match": etag, "Range": "bytes=5-"})
    assert part.status == 206 and part.body == full.body[5:]
    if full.headers["Last-Modified"]:
        for since, status in ((full.headers["Last-Modified"], 200), ("Sat, 01 Jan 2000 00:00:00 GMT", 412)):
            assert visitor.send("GET", path, headers={"If-Unmodified-Since": since}).status == status
        assert visitor.send("GET", path, headers={"If-Modified-Since": full.headers["Last-Modified"]}).status == 304
        assert visitor.send("GET", path, headers={"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}).status == 200
    # ranges may be served or not, but never wrongly
    for value in ("bytes=0-9", "bytes=-5", "bytes=5-", "bytes=999999-", "bytes=9-0", "bytes=a-b", "bytes=0-0,5-6", "bytes=" + "0-," * 500, "lines=1-2"):
        answer = visitor.send("GET", path, headers={"Range": value})
        assert answer.status in (200, 206, 416), (value, answer.status)
        if answer.status == 200:
            assert answer.body == full.body
        if answer.status == 206 and "multipart" not in answer.headers["Content-Type"]:
            first, last = re.match(r"bytes (\d+)-(\d+)/", answer.headers["Content-Range"]).groups()
            assert answer.body == full.body[int(first):int(last) + 1]


def test_plain_http_answers_the_repository_and_sends_all_else_on(instance):
    for path in ("/", "/about", "/case/status", "/static/style.css", "/certificates", "/apply/certificate?keyword=a%20b", "/repository"):
        status, text = exchange(instance, ask(path), secure=False)
        assert status in (302, 308) and "\r\nLocation: https://localhost:%d%s\r\n" % (instance.https, path) in text, (path, text[:300])
        assert "Set-Cookie" not in text
    status, text = exchange(instance, ask("/case/status", "POST", "Content-Length: 6\r\n") + b"code=x", secure=False)
    assert status in (302, 403) and "Set-Cookie" not in text
    for path in ("/repository/xca.crl", "/repository/xca.cer", "/repository/chain.p7b"):
        assert exchange(instance, ask(path), secure=False)[0] == 200
    assert exchange(instance, ask("/repository/nothing"), secure=False)[0] == 404
    assert exchange(instance, ask("/repository/certificates/" + "ab" * 16), secure=False)[0] == 404
    assert exchange(instance, ask("/about", host="evil.example"), secure=False)[1].count("https://evil.example") == 0
    # plain HTTP spoken to the TLS port is told, not hung up on
    raw = socket.create_connection(("127.0.0.1", instance.https), 10)
    raw.sendall(ask("/"))
    assert b"400" in everything(raw)[:20]
    raw.close()

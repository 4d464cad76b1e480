"""A visitor without a browser: keeps cookies, reads the forms of a page, and sends anything, also what no browser would."""

import http.client
import itertools
import json
import re
import ssl
import urllib.parse
import xml.etree.ElementTree

VOID = {"br", "col", "hr", "img", "input", "link", "meta"}
TAG = re.compile(r"<([a-z0-9]+)\b[^<>]*>")
ATTRIBUTE = re.compile(r'("[^"]*")|\s[a-z]+(?=[\s>])')


class Upload:
    def __init__(self, content, name="request.csr", kind="application/octet-stream"):
        self.content, self.name, self.kind = content, name, kind


class Field:
    def __init__(self, element):
        self.name = element.get("name")
        self.kind = element.get("type", "text") if element.tag == "input" else element.tag
        self.value = "".join(element.itertext()) if element.tag == "textarea" else element.get("value", "")
        self.on = element.get("checked") is not None
        self.required = element.get("required") is not None
        if element.tag == "select":
            options = list(element.iter("option"))
            chosen = [o for o in options if o.get("selected") is not None] or options[:1]
            self.value = chosen[0].get("value", "") if chosen else ""


class Form:
    def __init__(self, element):
        self.action, self.method = element.get("action", ""), element.get("method", "get")
        self.multipart = element.get("enctype") == "multipart/form-data"
        self.fields = [Field(e) for e in element.iter() if e.tag in ("input", "select", "textarea") and e.get("name")]

    def names(self):
        return [f.name for f in self.fields]

    def field(self, name):
        return next(f for f in self.fields if f.name == name)

    def values(self):
        """What a browser would send, as a list of pairs: names can repeat."""
        pairs = []
        for field in self.fields:
            if field.kind in ("checkbox", "radio"):
                if field.on:
                    pairs.append((field.name, field.value or "on"))
            elif field.kind == "file":
                pairs.append((field.name, Upload(b"", "")))
            elif field.kind not in ("submit", "button"):
                pairs.append((field.name, field.value))
        return pairs


def as_xml(tag):
    """A start tag of HTML as one of XML: a word alone is an attribute, some elements are empty."""
    text = ATTRIBUTE.sub(lambda found: found.group(0) if found.group(1) else '%s=""' % found.group(0), tag.group(0))
    return text[:-1] + "/>" if tag.group(1) in VOID else text


def tree_of(text):
    """The page as XML: it is written from well-formed templates, so what breaks it was not escaped."""
    return xml.etree.ElementTree.fromstring(TAG.sub(as_xml, text.replace("<!DOCTYPE html>", "", 1)))


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.tree = None
        if (headers.get("Content-Type") or "").startswith("text/html; charset=utf-8"):
            self.text = body.decode("utf-8")  # a page that is no UTF-8 is a fault
            self.tree = tree_of(self.text) if body else None
        else:
            self.text = body.decode("utf-8", "replace")

    def elements(self):
        return [] if self.tree is None else list(self.tree.iter())

    def text_of(self, element):
        return " ".join("".join(element.itertext()).split())

    @property
    def main(self):
        found = [] if self.tree is None else self.tree.findall(".//main")
        return self.text_of(found[0]) if found else self.text[:500]

    @property
    def forms(self):
        return [Form(e) for e in self.elements() if e.tag == "form"]

    @property
    def form(self):
        """The form that changes something, or the last one of the page."""
        forms = self.forms
        return ([f for f in forms if f.method == "post"] or forms)[-1]

    def error(self, field):
        """The error that stands beside a field, or None."""
        found = [e for e in self.elements() if e.get("id") == field + "-error"]
        return self.text_of(found[0]) if found else None

    def summary(self):
        """The fields that the list of errors on top leads to."""
        found = [e for e in self.elements() if e.get("id") == "errors"]
        return [a.get("href", "#")[1:] for a in found[0].iter("a")] if found else []

    def json(self):
        return json.loads(self.text)


def multipart(pairs):
    mark = b"----xca-7MA4YWxkTrZu0gW"
    parts = []
    for name, value in pairs:
        head = b'Content-Disposition: form-data; name="%s"' % to_bytes(name)
        if isinstance(value, Upload):
            head += b'; filename="%s"\r\nContent-Type: %s' % (to_bytes(value.name), to_bytes(value.kind))
            value = value.content
        parts.append(b"--" + mark + b"\r\n" + head + b"\r\n\r\n" + to_bytes(value) + b"\r\n")
    return b"".join(parts) + b"--" + mark + b"--\r\n", "multipart/form-data; boundary=" + mark.decode()


def to_bytes(value):
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


class Visitor:
    def __init__(self, instance, address="127.0.0.1", language=None):
        self.instance, self.address = instance, address
        self.cookies = {"xca-lang": language} if language else {}
        self.connection = None

    def connect(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.instance.https, timeout=60, context=context,
                                                      source_address=(self.address, 0))

    def send(self, method, path, body=None, headers=None):
        sent = {"Host": "localhost:%d" % self.instance.https}
        if self.cookies:
            sent["Cookie"] = "; ".join("%s=%s" % pair for pair in self.cookies.items())
        sent.update(headers or {})
        sent = {k: v for k, v in sent.items() if v is not None}
        for attempt in (1, 2):
            if self.connection is None:
                self.connect()
            try:
                self.connection.request(method, path, body, sent)
                answer = self.connection.getresponse()
                content = answer.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                # kept alive too long: once more on a new one, as browsers do
                self.connection.close()
                self.connection = None
                if attempt == 2:
                    raise
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return Page(answer.status, answer.headers, content)

    def get(self, path, **headers):
        return self.send("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path, pairs, as_multipart=False, origin="", headers=None):
        if as_multipart:
            body, kind = multipart(pairs)
        else:
            body = urllib.parse.urlencode([(to_bytes(k), to_bytes(v)) for k, v in pairs if not isinstance(v, Upload)]).encode()
            kind = "application/x-www-form-urlencoded"
        own = "https://localhost:%d" % self.instance.https
        return self.send("POST", path, body, dict({"Content-Type": kind, "Origin": own if origin == "" else origin}, **(headers or {})))

    def submit(self, page, changes, button=None, form=None, **more):
        """Sends the page's form with some fields changed; None leaves a field out."""
        form = form or page.form
        pairs = [(n, changes.get(n, v)) for n, v in form.values()]
        pairs += [(n, v) for n, v in changes.items() if n not in form.names() or form.field(n).kind in ("checkbox", "radio")
                  and not any(n == k for k, _ in pairs)]
        pairs = [(n, v) for n, v in pairs if v is not None]
        if button:
            pairs.append(("button", button))
        return self.post(form.action, pairs, as_multipart=form.multipart, **more)

    def follow(self, page):
        """Goes where a redirect leads."""
        assert page.status in (301, 302, 303, 308), (page.status, page.main)
        return self.get(page.headers["Location"])


def any_organisation(visitor, keyword="基金會"):
    found = visitor.get("/apply/certificate?keyword=" + urllib.parse.quote(keyword), Accept="application/json").json()
    return next(m["oid"] for m in found["matches"] if m.get("may_apply"))


def unified_number(count):
    """A number whose check digit is right, a different one for each count."""
    first = "9%06d" % (count * 7 % 10**6)
    for last in "0123456789":
        products = [int(d) * w for d, w in zip(first + last, (1, 2, 1, 2, 1, 2, 4, 1))]
        if sum(p // 10 + p % 10 for p in products) % 5 == 0:
            return first + last
    raise AssertionError


counts = itertools.count(1)
KNOWN_FORM = "/apply/certificate/form?terms=2026-1&oid="
NEW_FORM = "/apply/certificate/form?terms=2026-1&class=foundation"


def filled_in(page, csr, email="office@example.org.tw", code="Test-code-1"):
    """Everything that an application needs, for the form of a known or of a new organisation."""
    values = {"email": email, "use": "encryption", "csr": Upload(csr), "contact_name": "秘書處", "contact_email": "contact@example.org.tw",
              "contact_county": "臺北市", "contact_district": "信義區", "contact_street": "市府路1號", "contact_phone": "02-27208889",
              "window": "tpe-edu", "code": code, "code_again": code}
    if "org_phone" in page.form.names():
        values.update({"org_name": "財團法人壞輸入測試基金會", "ubn": unified_number(next(counts)), "org_county": "臺北市", "org_district": "信義區",
                       "org_street": "市府路1號", "org_phone": "02-27208889"})
    return values


def file_case(visitor, csr, email="office@example.org.tw", code="Test-code-1", path=None, **fields):
    """Files an application; gives its number."""
    page = visitor.get(path or KNOWN_FORM + any_organisation(visitor))
    done = visitor.submit(page, dict(filled_in(page, csr, email, code), **fields))
    assert done.status == 303, done.main
    return done.headers["Location"].split("/")[-1].split("?")[0]

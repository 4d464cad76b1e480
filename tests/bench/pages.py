"""The portal's pages through httpd, over one kept connection as a browser has it."""

import hashlib
import html.parser
import http.client
import re
import ssl
import statistics
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import CertificateSigningRequestBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID
from conftest import TOP, USER_CODE

class Inputs(html.parser.HTMLParser):
    """The hidden fields of a page."""

    def __init__(self, text):
        super().__init__()
        self.hidden = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "input" and found.get("type") == "hidden":
            self.hidden[found["name"]] = found.get("value", "")

    handle_startendtag = handle_starttag


class Pages:
    def __init__(self, instance, organisation=None):
        """`organisation`: the OID of one to apply for."""
        self.organisation = organisation
        context = ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))
        self.web = http.client.HTTPSConnection("localhost", instance.https, context=context)
        self.cookies = {}
        header = (TOP / "mod_xca/portal/case_form.h").read_text("utf-8")
        self.terms = re.search(r'XCA_TERMS_VERSION "([^"]+)"', header).group(1)

    def ask(self, method, path, body=None, headers=None):
        headers = dict(headers or {}, Cookie="; ".join("%s=%s" % pair for pair in self.cookies.items()))
        self.web.request(method, path, body, headers)
        answer = self.web.getresponse()
        text = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer, text

    def get(self, path):
        answer, text = self.ask("GET", path)
        assert answer.status == 200, (path, answer.status)
        return text

    def search(self, keyword):
        return self.get("/organisations?name=" + urllib.parse.quote(keyword))

    def form_address(self):
        return "/apply/certificate/form?oid=%s&terms=%s" % (self.organisation, self.terms)

    def filing(self, count):
        """Median time of the POST that files an application."""
        times = []
        for index in range(count):
            fields = Inputs(self.get(self.form_address()).decode()).hidden
            key = ec.generate_private_key(ec.SECP256R1())
            csr = CertificateSigningRequestBuilder().subject_name(Name([NameAttribute(NameOID.COMMON_NAME, "x")])).sign(
                key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
            # one open case a key and use; the organisation may have many
            fields.update(email="bench%d@example.org.tw" % index, use="signature", csr_text=csr, contact_name="秘書處",
                          contact_email="contact%d@example.org.tw" % index, contact_county="臺北市", contact_district="信義區",
                          contact_street="市府路1號", contact_phone="02-27208889", window="tpe-edu", code=USER_CODE,
                          code_again=USER_CODE, button="file")
            boundary = "bench-boundary"
            body = "".join("--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n" % (boundary, name, value)
                           for name, value in fields.items()) + "--%s--\r\n" % boundary
            began = time.perf_counter()
            answer, text = self.ask("POST", "/apply/certificate/form", body.encode(),
                                    {"Content-Type": "multipart/form-data; boundary=" + boundary})
            times.append((time.perf_counter() - began) * 1000)
            where = answer.headers.get("Location") or ""
            assert "/case/print/" in where, (answer.status, text.decode()[:4000])
        return statistics.median(times)

    @staticmethod
    def scrypt():
        """A hash as user codes have it."""
        times = []
        for _ in range(5):
            began = time.perf_counter()
            hashlib.scrypt(b"Bench-code-1", salt=b"0" * 16, n=2**15, r=8, p=1, dklen=32, maxmem=2**26)
            times.append((time.perf_counter() - began) * 1000)
        return statistics.median(times)

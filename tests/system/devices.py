"""Devices that enrol by themselves: keys, requests, cases, and EST as they speak it."""

import base64
import http.client
import itertools
import re
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from conftest import BASE
from visiting import NEW_FORM, Visitor, filled_in

CODE = "Test-code-1"
emails = ("device%d@est.example.org.tw" % i for i in itertools.count())


class Device:
    """A key and what it asks for."""

    def __init__(self, folder, name, key=None, subject=None, mail=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        asked = x509.CertificateSigningRequestBuilder().subject_name(subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        if mail:
            asked = asked.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(mail)]), critical=False)
        self.request = asked.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        self.path, self.out = folder / (name + ".csr"), folder / (name + ".cer")
        self.path.write_bytes(self.request)


def file_case(instance, device, use="encryption"):
    visitor = Visitor(instance)
    page = visitor.get(NEW_FORM)
    fields = filled_in(page, device.request, next(emails))
    fields["use"] = use
    answer = visitor.submit(page, fields)
    assert answer.status == 303, answer.main[:500]
    return re.search(r"\d{25}", answer.headers["Location"]).group()


def ask(instance, path, name=None, code=CODE, body=None, kind="application/pkcs10", language=None):
    context = ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))
    link = http.client.HTTPSConnection("localhost", instance.https, timeout=60, context=context)
    headers = {}
    if name is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(("%s:%s" % (name, code)).encode()).decode()
    if language:
        headers["Accept-Language"] = language
    if body is not None:
        headers.update({"Content-Type": kind, "Content-Transfer-Encoding": "base64"})
        body = base64.encodebytes(body) if isinstance(body, bytes) else body
    link.request("GET" if body is None else "POST", "/.well-known/est/" + path, body, headers)
    answer = link.getresponse()
    return answer.status, answer.headers, answer.read()


def certificates(body):
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))


def enrol(instance, name, device, renewal=False, **more):
    return ask(instance, "simplereenroll" if renewal else "simpleenroll", name, body=device.request, **more)


def state_of(instance, certificate):
    serial = "%032x" % certificate.serial_number
    return instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), 0)[0][1]["xcaState"][0].decode()

"""OCSP requests and answers as the tests and the bench need them: made and read here, or by other programs."""

import base64
import http.client
import subprocess
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

SHA1, SHA256 = b"\x06\x05\x2b\x0e\x03\x02\x1a", b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
NONCE = b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02"
TYPE = "application/ocsp-request"
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
MALFORMED, TRY_LATER, UNAUTHORIZED = (ocsp.OCSPResponseStatus.MALFORMED_REQUEST, ocsp.OCSPResponseStatus.TRY_LATER,
                                      ocsp.OCSPResponseStatus.UNAUTHORIZED)


def der(tag, *parts):
    content = b"".join(parts)
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


class Issuer:
    """In the words of a CertID."""

    def __init__(self, path):
        self.certificate = x509.load_pem_x509_certificate(path.read_bytes())
        self.name = self.certificate.subject.public_bytes()
        key, point = self.certificate.public_key(), serialization.PublicFormat.UncompressedPoint
        self.key = (key.public_bytes(serialization.Encoding.X962, point) if isinstance(key, ec.EllipticCurvePublicKey)
                    else key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1))

    def id(self, serial, sha256=False):
        """`serial`: hexadecimal, or ready-made content of the INTEGER."""
        if isinstance(serial, str):
            number = int(serial, 16)
            serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
        digest = hashes.SHA256() if sha256 else hashes.SHA1()

        def octets(data):
            hash_ = hashes.Hash(digest)
            hash_.update(data)
            return der(4, hash_.finalize())

        return der(0x30, der(0x30, SHA256 if sha256 else SHA1, b"\5\0"), octets(self.name), octets(self.key), der(2, serial))


def request(*ids, nonce=None):
    extensions = b""
    if nonce is not None:
        extensions = der(0xa2, der(0x30, der(0x30, NONCE, der(4, der(4, nonce)))))
    return der(0x30, der(0x30, der(0x30, *[der(0x30, one) for one in ids]), extensions))


def path_of(body):
    return "/ocsp/" + urllib.parse.quote(base64.b64encode(body).decode(), safe="")


class Client:
    """One connection over plain HTTP, opened again where the server has closed it."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def exchange(self, method, path, body=None, headers=None):
        """Status, headers and body of an answer."""
        for last in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                last = True
            try:
                self.connection.request(method, path, body, headers or {})
                answer = self.connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last or not isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
                    raise

    def ask(self, body):
        status, headers, answer = self.exchange("POST", "/ocsp", body, {"Content-Type": TYPE})
        assert status == 200 and headers["Content-Type"] == "application/ocsp-response", (status, answer)
        return ocsp.load_der_ocsp_response(answer)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def status_of(answer):
    """Of the one certificate; or why there is no answer."""
    if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return answer.response_status
    return answer.certificate_status


def openssl(instance, *arguments):
    """What `openssl ocsp` says of our service; the answer is verified with the root alone."""
    done = subprocess.run(["openssl", "ocsp", "-issuer", str(instance.home / "ca/ca.pem"), "-url", instance.plain + "/ocsp", "-CAfile",
                           str(instance.home / "ca/root.pem")] + list(arguments), capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr

"""A card like those of the authority, made without our helper: keys by Yubico's tool on the card, certificates by Python's
cryptography. For what xca-card does with a card alone, without a portal."""

import datetime
import os
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from card_tools import said, yubico
from readers import BUILD

NUMBER = "Xc00000000000042"
HOLDER = "財團法人測試基金會"
ORGANISATION = "2.16.886.104.100008"


def der(tag, *parts):
    body = b"".join(parts)
    return bytes([tag, len(body)]) + body


def oid(text):
    numbers = [int(part) for part in text.split(".")]
    encoded = b""
    for number in [40 * numbers[0] + numbers[1]] + numbers[2:]:
        digits = [number & 0x7f]
        while number > 0x7f:
            number >>= 7
            digits.append(number & 0x7f | 0x80)
        encoded += bytes(reversed(digits))
    return der(0x06, encoded)


def attributes():
    """subjectDirectoryAttributes: the card's rank, the organisation's OID."""
    return der(0x30, der(0x30, oid("2.16.886.1.100.2.2"), der(0x31, der(0x13, b"primary"))),
               der(0x30, oid("2.16.886.1.100.2.102"), der(0x31, oid(ORGANISATION))))


class Authority:
    def __init__(self, folder):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "TW"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "CA")])
        self.pem = folder / "authority.pem"
        builder = self.builder(self.name, self.key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
        self.pem.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def builder(self, subject, key):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=365)))

    def certify(self, public_pem, subject, mail=None):
        builder = self.builder(x509.Name(subject), serialization.load_pem_public_key(public_pem))
        if mail is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(mail)]), False)
            builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.9"), attributes()), False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_own_card(readers, authority, folder, number=NUMBER, algorithm="RSA2048"):
    """The card in the first slot becomes one of the authority's."""
    organisation = [x509.NameAttribute(NameOID.COUNTRY_NAME, "TW"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, HOLDER)]
    subjects = {"9c": organisation, "9d": organisation, "9e": [x509.NameAttribute(NameOID.SERIAL_NUMBER, number)]}
    for slot, subject in subjects.items():
        key, certificate = folder / (slot + ".pub"), folder / (slot + ".pem")
        said(yubico(readers, "-a", "generate", "-s", slot, "-A", algorithm, "-o", key), "Successfully generated")
        certificate.write_bytes(authority.certify(key.read_bytes(), subject, "contact@example.tw" if slot != "9e" else None))
        said(yubico(readers, "-a", "import-certificate", "-s", slot, "-i", certificate), "Successfully imported")


def xca_card(readers, *arguments, secrets=(), language="en", timeout=60, wait=2):
    """Runs the helper; secrets go through a pipe, as a program would do."""
    read_end, write_end = os.pipe()
    os.write(write_end, "".join(secret + "\n" for secret in secrets).encode())
    os.close(write_end)
    try:
        return subprocess.run([str(BUILD / "xca-card"), "--language", language, "--wait", str(wait), "--secrets-fd", str(read_end),
                               "--yes", "--verbose", *map(str, arguments)], env=dict(readers.environment, HOME="/nonexistent"),
                              capture_output=True, text=True, timeout=timeout, pass_fds=[read_end], stdin=subprocess.DEVNULL)
    finally:
        os.close(read_end)

"""Certificates in great number, as an LDIF for slapadd: entries of ou=certificates (directory/cert_store.c) over five years, six
classes and all counties, in every state."""

import base64
import datetime
import hashlib
import random

from conftest import BASE

CLASSES = ("school", "foundation", "association", "administrative", "professional", "other")
COUNTIES = ("臺北市", "新北市", "桃園市", "臺中市", "臺南市", "高雄市", "基隆市", "新竹市", "嘉義市", "新竹縣", "苗栗縣", "彰化縣", "南投縣",
            "雲林縣", "嘉義縣", "屏東縣", "宜蘭縣", "花蓮縣", "臺東縣", "澎湖縣", "金門縣", "連江縣", None)
TAIPEI = datetime.timedelta(hours=8)


def text(name, value):
    return "%s:: %s\n" % (name, base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode())


def time(name, when):
    return "%s: %s\n" % (name, when.strftime("%Y%m%d%H%M%SZ"))


def serial_of(index):
    return "4a%030x" % index


def address_of(index):
    return "c%d@example.org.tw" % index


def digest_of(index):
    """What stands for the SHA-1 of a certificate: all have the same content here."""
    return hashlib.sha1(b"certificate %d" % index).digest()


def keys(index, end):
    """What the signer would fill in where it is not there: the day of the end, and what the store is asked by."""
    return ("xcaExpires: %s\nxcaCertHash: %s\nxcaKeyIdHash: %s\nxcaIssuerHash: %s\n"
            % ((end + TAIPEI).strftime("%Y-%m-%d"), digest_of(index).hex(), digest_of(-index).hex(), "0" * 40))


def write(path, names, der, count, now):
    """`count` certificates, the last issued at `now`."""
    chance = random.Random(count)
    certificate = text("userCertificate;binary", der)
    span = datetime.timedelta(days=6 * 365)
    with open(path, "w", encoding="utf-8") as out:
        for index in range(count):
            begin = now - span + span * ((index + 1) / count)
            end = begin + datetime.timedelta(days=5 * 365)
            state = chance.choices(("valid", "revoked", "suspended", "pending"), (85, 10, 2, 3))[0]
            if state == "pending" and begin < now - datetime.timedelta(days=90):
                state = "valid"
            serial = serial_of(index)
            county = chance.choice(COUNTIES)
            name = names[index % len(names)]
            out.write("dn: xcaSerial=%s,ou=certificates,%s\nobjectClass: xcaCertificate\nxcaSerial: %s\nxcaState: %s\nxcaUse: %s\n"
                      "xcaOrgClass: %s\nxcaOid: 2.16.886.104.%d\n"
                      % (serial, BASE, serial, state, chance.choice(("signature", "encryption")), chance.choice(CLASSES), 700000 + index))
            out.write(certificate + text("o", name) + time("xcaNotBefore", begin) + time("xcaNotAfter", end))
            out.write("mail: %s\n" % address_of(index) + keys(index, end))
            out.write("xcaTries: 0\n" + (text("xcaCounty", county) if county else ""))
            if state != "pending":
                out.write("xcaPublished: TRUE\n" + time("xcaAccepted", begin))
            if state == "revoked":
                out.write(time("xcaRevoked", begin + (min(now, end) - begin) * chance.random()))
            out.write("\n")

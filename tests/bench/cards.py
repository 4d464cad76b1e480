"""The card centre's server side, without a card's own time: messages as a card or an operator sends them, made here in Python."""

import base64
import hashlib
import http.client
import json
import secrets
import ssl
import statistics
import threading
import time

from card_centre import CardCentre
from conftest import BASE, USER_CODE
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import CertificateSigningRequestBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID
from pages import Pages
from readers import Readers
from test_broken_portal import now
from test_signer_killed import officer

HELPERS = 10
FIELDS = ("operation", "nonce", "issued", "card", "case", "officer", "session", "helper-key", "sealed", "signature-request",
          "encryption-request", "card-auth-request", "pop", "digest", "reason", "mail-number")


# HPKE (RFC 9180), base mode, X25519, HKDF-SHA256, AES-256-GCM: what mod_xca/wire/seal.c does, from the standard alone.

def labeled_extract(suite, salt, label, value):
    mac = hmac.HMAC(salt or bytes(32), hashes.SHA256())
    mac.update(b"HPKE-v1" + suite + label + value)
    return mac.finalize()


def labeled_expand(suite, key, label, info, length):
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\x01")
    return mac.finalize()[:length]


def seal(public, info, aad, content):
    kem, hpke = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    own = X25519PrivateKey.generate()
    enc = own.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    shared = own.exchange(X25519PublicKey.from_public_bytes(public))
    secret = labeled_expand(kem, labeled_extract(kem, b"", b"eae_prk", shared), b"shared_secret", enc + public, 32)
    context = b"\x00" + labeled_extract(hpke, b"", b"psk_id_hash", b"") + labeled_extract(hpke, b"", b"info_hash", info)
    key = labeled_extract(hpke, secret, b"secret", b"")
    return enc + AESGCM(labeled_expand(hpke, key, b"key", context, 32)).encrypt(
        labeled_expand(hpke, key, b"base_nonce", context, 12), content, aad)


def base64_text(data):
    return base64.b64encode(data).decode()


class LoadedCentre(CardCentre):
    """A card centre with an instance that is there already."""

    def __init__(self, instance):
        self.__dict__.update(instance.__dict__)
        self.open()


class Talk:
    """One helper's connection to the portal."""

    def __init__(self, centre):
        context = ssl.create_default_context(cafile=str(centre.home / "ca/root.pem"))
        self.web = http.client.HTTPSConnection("localhost", centre.https, context=context)

    def ask(self, path, body=None):
        self.web.request("GET" if body is None else "POST", path, body, {"Content-Type": "text/plain"} if body is not None else {})
        answer = self.web.getresponse()
        said = json.loads(answer.read())
        assert answer.status in (200, 202), said
        return said

    def begin(self, operation, **more):
        """A message with a nonce of the portal's; and the signer's sealing key."""
        self.web.close()  # httpd ends a kept connection after so many requests; the message goes over the session's
        session = self.ask("/card/session")
        proof = dict(line.split(": ", 1) for line in session["seal_key_proof"].splitlines() if ": " in line)
        own = X25519PrivateKey.generate().public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        message = dict({"operation": operation, "nonce": session["nonce"], "issued": session["issued"], "helper-key": base64_text(own)},
                       **more)
        return message, base64.b64decode(proof["key"])

    def send(self, nonce, envelope):
        """Milliseconds until the sealed reply is there."""
        began = time.perf_counter()
        said = self.ask("/card/message", envelope)
        while said["state"] == "waiting":
            said = self.ask("/card/message/" + nonce)
        spent = (time.perf_counter() - began) * 1000
        assert said["state"] == "done" and said["reply"], said
        return spent


def text_of(message):
    return ("XCA-CARD-1\n" + "".join("%s: %s\n" % (name, message[name]) for name in FIELDS if name in message)).encode()


class Holder:
    """A card that is on its way, made by the real helper; what it signs is signed here with its 9E key."""

    def __init__(self, centre, readers, name):
        case = centre.approved_case()
        card = readers.card(name=name)
        run = centre.helper(readers, "produce", "--case", case)
        assert run.returncode == 0, run.stderr
        centre.dispatch(readers, case)
        self.number = centre.card_number(case)
        self.key = serialization.load_der_private_key(card.memory()["key 9e"][4:], None)
        card.stop()
        self.talk = Talk(centre)

    def activate(self):
        message, seal_key = self.talk.begin("activate", card=self.number)
        aad = ("activate\n%s\n%s" % (message["nonce"], self.number)).encode()
        message["sealed"] = base64_text(seal(seal_key, b"xca-card-code-1", aad, USER_CODE.encode()))
        text = text_of(message)
        signature = (self.key.sign(text, ec.ECDSA(hashes.SHA256())) if isinstance(self.key, ec.EllipticCurvePrivateKey)
                     else self.key.sign(text, padding.PKCS1v15(), hashes.SHA256()))
        return self.talk.send(message["nonce"], text + b"signature: " + base64.b64encode(signature) + b"\n")


class Operator:
    """Makes cards without a card: keys and requests are ready before."""

    def __init__(self, centre):
        self.centre = centre
        self.key, self.certificate = officer(centre, "card-1")
        self.talk = Talk(centre)

    def prepare(self):
        def request():
            key = ec.generate_private_key(ec.SECP256R1())
            name = Name([NameAttribute(NameOID.COMMON_NAME, "card")])
            return base64_text(CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256()).public_bytes(
                serialization.Encoding.DER))
        return self.centre.approved_case(), [request() for _ in range(3)]

    def send(self, operation, **more):
        message, _ = self.talk.begin(operation, officer="card-1", **more)
        cms = pkcs7.PKCS7SignatureBuilder().set_data(text_of(message)).add_signer(self.certificate, self.key, hashes.SHA256()).sign(
            serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
        return self.talk.send(message["nonce"], cms)

    def make(self, case, requests):
        """Milliseconds of make, keys, made."""
        spent = [self.send("make", case=case)]
        card = self.centre.card_number(case)
        spent.append(self.send("keys", case=case, card=card, **dict(zip(
            ("signature-request", "encryption-request", "card-auth-request"), requests))))
        found = self.centre.certificates(card)
        digest = hashlib.sha256(b"".join(found[use][1] for use in ("signature", "encryption", "card-auth"))).hexdigest()
        spent.append(self.send("made", case=case, card=card, digest=digest))
        return spent


def round_trip(centre, count=100):
    """What the directory alone takes for a question and its answer: an entry is added by one, read and changed by another, read by the
    first. Median, milliseconds."""
    portal, signer = centre.bind("portal"), centre.bind("signer")
    times = []
    for _ in range(count):
        name = secrets.token_hex(16)
        dn = "xcaNonce=%s,ou=nonces,%s" % (name, BASE)
        began = time.perf_counter()
        portal.add_s(dn, [("objectClass", [b"xcaNonceEntry"]), ("xcaNonce", [name.encode()]), ("xcaCaseNumber", [b"0" * 25]),
                          ("xcaFiled", [now()])])
        signer.search_s(dn, 0)
        signer.delete_s(dn)
        portal.search_s("ou=nonces," + BASE, 1, "(xcaNonce=%s)" % name)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def at_once(jobs):
    """Runs them side by side: milliseconds from the first begin to the last end."""
    faults = []

    def guarded(job):
        try:
            job()
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults
    return (time.perf_counter() - began) * 1000


def several(action, count):
    return lambda: [action() for _ in range(count)]


def measure(table, instance, signature):
    """Rows of the table. `signature`: milliseconds of an RSA-4096 signature."""
    centre = LoadedCentre(instance)
    readers = Readers(centre.home / "readers", 1)
    readers.folder.mkdir(mode=0o700)
    readers.start()
    try:
        trip = round_trip(centre)
        holders = [Holder(centre, readers, "bench-%d" % index) for index in range(HELPERS)]
        for holder in holders:
            holder.activate()
        scrypt = Pages.scrypt()
        alone = statistics.median(holders[0].activate() for _ in range(40))
        table.row("activation, request to sealed answer", alone, "bare directory round trip", trip)
        table.row("activation, the same", alone, "round trip and a scrypt hash", trip + scrypt)
        each = at_once([several(holder.activate, 5) for holder in holders]) / (5 * HELPERS)
        table.row("activation, %d helpers at once, each" % HELPERS, each, "round trip and a scrypt hash", trip + scrypt)

        operator = Operator(centre)
        made = [operator.make(*operator.prepare()) for _ in range(12)]
        steps = [statistics.median(one[step] for one in made[2:]) for step in range(3)]
        for name, step in zip(("make", "keys", "made"), steps):
            table.row("production, " + name, step, "bare directory round trip", trip)
        table.row("production of a card, server side", sum(steps), "three round trips, three RSA-4096 signatures", 3 * (trip + signature))
        operators = [Operator(centre) for _ in range(HELPERS)]
        work = [(one, [one.prepare() for _ in range(2)]) for one in operators]
        each = at_once([lambda one=one, cards=cards: [one.make(*card) for card in cards] for one, cards in work]) / (2 * HELPERS)
        table.row("production, %d helpers at once, each card" % HELPERS, each, "three round trips, three RSA-4096 signatures",
                  3 * (trip + signature))
    finally:
        readers.close()
        centre.close()

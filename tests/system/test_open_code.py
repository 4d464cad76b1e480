"""The one-time code of a user-code reset, opened by the card helper: with the encryption key of a card and its PIN, and with keys in files."""

import base64
import os
import re
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bridging import Bridge, settings_of
from card_tools import openssl
from officers import Officer
from own_card import Authority, make_own_card
from readers import readers  # noqa: F401
from test_bridge_signing import config, serving  # noqa: F401
from test_card_tool import authority  # noqa: F401
from test_office_holders import envelope_of, filed_reset, published, signed  # noqa: F401
from test_office_orders import form, order_of, sign_order, sign_too, write_order
from visiting import Visitor

CASE = "0000100000000000000000042"
PIN = "123456"
LETTER = ("XCA-CODE-1\ncase: %s\ncode: abcdefgh23\nnumber: Xc00000000000042\ncontact: 王小明\nphone: 02-27208889\n"
          "name: 財團法人測試基金會\nremark: 週一\n" % CASE)
KEYS = {"RSA2048": ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"), "ECCP256": ("ecdh_kdf_md:sha256",),
        "ECCP384": ("ecdh_kdf_md:sha256",), "sha1": ("ecdh_kdf_md:sha1",)}


def envelop(certificate, kind, text=LETTER, cipher="-aes-256-gcm"):
    options = [word for option in KEYS[kind] for word in ("-keyopt", option)]
    done = subprocess.run(["openssl", "cms", "-encrypt", "-binary", cipher, "-outform", "DER", "-recip", certificate, *options],
                          input=text.encode(), check=True, capture_output=True)
    return base64.b64encode(done.stdout).decode()


def begin(bridge, envelope, case=CASE):
    status, begun, _ = bridge.ask("POST", "/v1/jobs", {"operation": "open-code", "case": case, "envelope": envelope})
    assert status == 201, begun
    return begun["job"]


def events_of(bridge, job):
    return bridge.ask("GET", "/v1/jobs/%s?after=0" % job)[1]["events"]


@pytest.mark.parametrize("algorithm", ["RSA2048", "ECCP256", "ECCP384"])
def test_a_card_opens_it_with_its_encryption_key_and_the_pin(serving, readers, authority, tmp_path, algorithm):  # noqa: F811
    card = readers.card()
    make_own_card(readers, authority, tmp_path, algorithm=algorithm)
    bridge = serving(terminal=True)
    job = begin(bridge, envelop(tmp_path / "9d.pem", algorithm))
    bridge.wait_for("Is the one-time code of case %s to be opened with your key?" % CASE)
    bridge.type("y")
    bridge.wait_for("PIN (to decrypt)")
    assert "abcdefgh23" not in bridge.said() and "Tries left of the PIN: 3" in bridge.said()
    bridge.type(PIN)
    bridge.wait_for("Have you read it?")
    for words in ("One-time code: abcdefgh23", "Contact: 王小明", "Telephone: 02-27208889", "Case: " + CASE):
        assert words in bridge.said()
    bridge.type("y")
    bridge.wait_for("Done.")
    events = events_of(bridge, job)
    assert events[-1]["type"] == "done" and "abcdefgh23" not in str(events) and PIN not in bridge.said() + str(events)
    assert not [event for event in events if event["type"] in ("ask", "secret")]
    # the signature key is no key to be written to
    job = begin(bridge, envelop(tmp_path / "9c.pem", algorithm))
    bridge.wait_for("to be opened", after=bridge.said().rindex("Done."))
    bridge.type("y")
    bridge.wait_for("your key cannot open it")
    assert events_of(bridge, job)[-1]["id"] == "T_ENVELOPE_NOT_YOURS"
    # a wrong PIN opens nothing, and is counted
    after = len(bridge.said())
    job = begin(bridge, envelop(tmp_path / "9d.pem", algorithm))
    bridge.wait_for("to be opened", after=after)
    bridge.type("y")
    bridge.wait_for("PIN (to decrypt)", after=after)
    bridge.type("654321")
    bridge.wait_for("Tries left: 2", after=after)
    assert events_of(bridge, job)[-1]["id"] == "T_PIN_WRONG"
    card.stop()


@pytest.mark.parametrize("kind", ["RSA2048", "ECCP256", "sha1"])
def test_a_key_in_a_file_opens_it_whoever_has_made_the_envelope(serving, tmp_path, kind):  # noqa: F811
    new = ["rsa:2048"] if kind == "RSA2048" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl("req", "-x509", "-newkey", *new, "-nodes", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "own.pem", "-subj", "/CN=officer")
    (tmp_path / "both.pem").write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "own.pem").read_bytes())
    bridge = serving("--key", tmp_path / "both.pem", "--yes")
    events = bridge.follow({"operation": "open-code", "case": CASE, "envelope": envelop(tmp_path / "own.pem", kind)})
    assert events[-1]["type"] == "done"
    bridge.wait_for("One-time code: abcdefgh23")
    for wrong in (LETTER.replace("code: abcdefgh23\n", ""), LETTER + "more: x\n", LETTER.replace("XCA-CODE-1", "XCA-CODE-2"), "secret mail",
                  LETTER.replace("王小明", "王\u202e小明")):
        shown = len(bridge.said())
        events = bridge.follow({"operation": "open-code", "case": CASE, "envelope": envelop(tmp_path / "own.pem", kind, wrong)})
        assert events[-1]["id"] == "T_ENVELOPE_FORM"
        assert "abcdefgh23" not in bridge.said()[shown:] and "secret mail" not in bridge.said()[shown:]
    for cipher in ("-aes-128-gcm", "-aes-256-cbc"):
        events = bridge.follow({"operation": "open-code", "case": CASE, "envelope": envelop(tmp_path / "own.pem", kind, cipher=cipher)})
        assert events[-1]["id"] == "T_ENVELOPE_FORM"


class OfficersAuthority(Authority):
    """The instance's CA of officers, which makes a card for one."""

    def __init__(self, instance):
        self.key = serialization.load_pem_private_key((instance.home / "ca/officer-ca.key").read_bytes(), None)
        self.name = x509.load_pem_x509_certificate((instance.home / "ca/officer-ca.pem").read_bytes()).subject
        self.usages = iter(("digital_signature", "key_encipherment", "digital_signature"))

    def certify(self, public_pem, subject, mail=None):
        use = next(self.usages)
        usage = x509.KeyUsage(**{name: name == use for name in ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                                                                "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")})
        builder = self.builder(x509.Name(subject), serialization.load_pem_public_key(public_pem)).add_extension(usage, True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class CardSigner:
    """Signs as the pages have it done: logins in the page, statements at the helper's terminal."""

    def __init__(self, bridge):
        self.bridge = bridge

    def sign(self, text):
        if text.startswith("XCA-LOGIN"):
            events = self.bridge.follow({"operation": "login", "text": text},
                                        lambda event: {"secret": PIN} if event["kind"] == "secret" else {"yes": True})
        else:
            after = len(self.bridge.said())
            begun = self.bridge.ask("POST", "/v1/jobs", {"operation": "sign", "text": text})[1]
            self.bridge.wait_for("Is this to be signed?", after=after)
            self.bridge.type("y")
            self.bridge.wait_for("PIN (to sign)", after=after)
            self.bridge.type(PIN)
            self.bridge.wait_for("Done.", after=after)
            events = events_of(self.bridge, begun["job"])
        return next(event["signed"] for event in events if event["type"] == "result")


def test_without_a_terminal_pinentry_asks_and_shows_it(serving, tmp_path):  # noqa: F811
    """What is printed may be kept by whatever has started the helper: with pinentry the code stands in its window alone."""
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "own.pem", "-subj", "/CN=officer")
    (tmp_path / "both.pem").write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "own.pem").read_bytes())
    bridge = serving("--key", tmp_path / "both.pem", "--pinentry", "pinentry-curses", terminal=True)
    job = begin(bridge, envelop(tmp_path / "own.pem", "RSA2048"))
    for shown in ("to be opened", "abcdefgh23"):
        bridge.wait_for(shown)
        time.sleep(1)
        os.write(bridge.master, b"\r")
    bridge.wait_for("Done.")
    assert events_of(bridge, job)[-1]["type"] == "done"
    assert "One-time code: abcdefgh23\n" not in bridge.said()  # lines that end so are printed ones


def elements(content):
    """Tag and value of each element of DER."""
    found, at = [], 0
    while at < len(content):
        tag, first, start = content[at], content[at + 1], at + 2
        count = first & 0x7f if first & 0x80 else 0
        length = int.from_bytes(content[start:start + count], "big") if count else first
        found.append((tag, content[start + count:start + count + length]))
        at = start + count + length
    return found


def element(tag, content):
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def with_certificates(cms, certificates):
    """The same SignedData with other certificates beside the signature, which does not cover them (RFC 5652 section 5.4)."""
    (_, info), = elements(cms)
    kind, (_, wrapped) = elements(info)
    (_, data), = elements(wrapped)
    parts = [element(tag, b"".join(certificates) if tag == 0xa0 else value) for tag, value in elements(data)]
    return element(0x30, element(*kind) + element(0xa0, element(0x30, b"".join(parts))))


class Swapping:
    """What a broken-in portal makes of a signature: the certificate of the encryption key is one of its own, of the same names and number."""

    def __init__(self, signer, folder):
        self.signer, self.folder = signer, folder

    def sign(self, text):
        own = [x509.load_pem_x509_certificate((self.folder / (slot + ".pem")).read_bytes()) for slot in ("9c", "9d")]
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        usage = own[1].extensions.get_extension_for_class(x509.KeyUsage)
        forged = (x509.CertificateBuilder().subject_name(own[1].subject).issuer_name(own[1].issuer).public_key(key.public_key())
                  .serial_number(own[1].serial_number).not_valid_before(own[1].not_valid_before).not_valid_after(own[1].not_valid_after)
                  .add_extension(usage.value, True).sign(key, hashes.SHA256()))
        der = [one.public_bytes(serialization.Encoding.DER) for one in (own[0], forged)]
        cms = base64.b64decode(self.signer.sign(text))
        swapped = with_certificates(cms, der)
        assert with_certificates(cms, [one.public_bytes(serialization.Encoding.DER) for one in own]) == cms and swapped != cms
        return base64.b64encode(swapped).decode()


class CardOfficer(Officer):
    def __init__(self, instance, uid, bridge):
        Visitor.__init__(self, instance)
        self.uid, self.signer = uid, CardSigner(bridge)
        assert self.login().status == 303


def test_the_signer_writes_to_the_encryption_key_that_a_card_has_named(instance, readers, published, tmp_path):  # noqa: F811
    """From the officer's card to the code on the telephone: a decision signed by 9C, a code for 9D."""
    one, two = Officer(instance, "central-1"), Officer(instance, "central-2")
    card = readers.card()
    make_own_card(readers, OfficersAuthority(instance), tmp_path)
    values = form("central-card", (tmp_path / "9c.pem").read_bytes(), role="central", window="")
    order = order_of(sign_order(one, write_order(one, "/office/officers/new", values)))
    order_of(sign_too(two, order))
    assert two.get("/office/orders/%s?signed=1" % order, Accept="application/json").json()["order"]["state"] == "done"
    bridge = Bridge(readers, settings_of(instance, tmp_path), terminal=True)
    try:
        officer = CardOfficer(instance, "central-card", bridge)
        page, text, number = filed_reset(one, published("cardofficer"))
        signed(one, page, text)
        assert officer.decide([number], "accept")[number]["counted"]
        instance.wait_for_state(number, "issued")
        after = len(bridge.said())
        begin(bridge, envelope_of(officer, number), number)
        bridge.wait_for("to be opened with your key?", after=after)
        bridge.type("y")
        bridge.wait_for("PIN (to decrypt)", after=after)
        bridge.type(PIN)
        bridge.wait_for("Have you read it?", after=after)
        assert re.search(r"One-time code: [a-z2-9]{10}\n", bridge.said()[after:])
        bridge.type("y")
        bridge.wait_for("Done.", after=after)
        assert one.decide([number], "accept")[number]["state"] == "completed"
        # a certificate that only looks like the one that was named gets no code
        officer.signer = Swapping(officer.signer, tmp_path)
        page, text, number = filed_reset(one, published("cardswapped"))
        signed(one, page, text)
        assert officer.decide([number], "accept")[number]["counted"]
        instance.wait_for_state(number, "issued")
        recipient = x509.load_pem_x509_certificate((tmp_path / "9c.pem").read_bytes()).serial_number
        envelope = base64.b64decode(envelope_of(officer, number))
        assert recipient.to_bytes(20, "big").lstrip(b"\0") in envelope
        one.decide([number], "accept")
    finally:
        bridge.stop()
        card.stop()
        away = write_order(one, "/office/officers/central-card", {"active": "no"})
        sign_order(one, away)

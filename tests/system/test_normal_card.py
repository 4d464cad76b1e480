"""A card that was made and activated is a normal card: programs that know nothing of xca-card use it through the real reader. OpenSC's
tools sign and decrypt, and mail that somebody encrypted with gpgsm, to the certificate that the directory has for the
organisation's address, is opened with the card by openssl and by gpgsm.

In Debian 12 gpgsm's own scdaemon (2.2) knows no PIV cards, and gpgsm no elliptic keys to encrypt to: gnupg-pkcs11-scd takes the
place of the former, openssl that of the latter."""

import re
import tempfile
from pathlib import Path

import ldap
import pytest
from bridging import helper_run, settings_of
from card_tools import agree, decrypt, openssl, said, sign
from applying import download
from conftest import USER_CODE
from readers import Readers
from test_card_relay import card_of, done, file_card
from test_mail_clients import MAIL, Gpgsm

OPENSC = next(Path("/usr/lib").glob("*/opensc-pkcs11.so"))
TEXT = "公文一份"


class Desk:
    """A reader with an active card of an organisation, its PIN, and its certificates as the directory has them."""

    def __init__(self, instance, folder, address):
        self.instance, self.folder, self.address = instance, Path(folder), address
        self.readers = Readers(self.folder).start()
        self.readers.environment["PKCS11_MODULE_PATH"] = str(OPENSC)
        self.card = self.readers.card()
        self.config = settings_of(instance, self.folder)
        self.case = file_card(instance, mail=address.encode())
        instance.approve(self.case)
        instance.wait_for_state(self.case, "approved")
        self.helper([], "produce", "--case", self.case)
        number = card_of(instance, self.case)["xcaCardNumber"]
        self.helper([], "dispatch", "--case", self.case, "--card", number, "--mail-number", "12345678901234")
        shown = self.helper([USER_CODE], "activate")
        self.pin = re.search(r"Your PIN.*: (\d+)\n", shown).group(1)
        instance.wait_for_state(self.case, "completed")
        for slot, use in (("9c", "signature"), ("9d", "encryption")):
            openssl("x509", "-inform", "der", "-out", self.folder / (slot + ".pem"), stdin=self.listed(use))

    def helper(self, typed, *command):
        return done(helper_run(self.readers, self.config, typed, *command))

    def listed(self, use):
        found = self.instance.bind().search_s(MAIL, ldap.SCOPE_SUBTREE, "(&(mail=%s)(xcaUse=%s))" % (self.address, use))
        assert len(found) == 1
        return found[0][1]["userCertificate;binary"][0]

    def opened(self, sealed):
        """What openssl reads in an encrypted message with the card's key, by its engine for PKCS#11 and OpenSC."""
        (self.folder / "pin").write_text(self.pin)
        message = self.folder / "message.p7m"
        message.write_bytes(sealed)
        result = self.readers.run("openssl", "cms", "-decrypt", "-inform", "der", "-in", message, "-engine", "pkcs11", "-keyform",
                                  "engine", "-inkey", "pkcs11:id=%%03;type=private;pin-source=file:%s" % (self.folder / "pin"),
                                  "-recip", self.folder / "9d.pem")
        assert result.returncode == 0, result.stderr
        return result.stdout

    def close(self):
        self.readers.close()


def desk_at(instance, address):
    with tempfile.TemporaryDirectory(prefix="xca-desk-") as folder:
        desk = Desk(instance, folder, address)
        yield desk
        desk.close()


@pytest.fixture(scope="module")
def rsa(instance):
    yield from desk_at(instance, "rsa-card@example.org.tw")


@pytest.fixture(scope="module")
def elliptic(spare):
    spare.environment["XCA_CARD_KEYS"] = "ec:P-256"
    spare.restart()
    yield from desk_at(spare, "elliptic-card@example.org.tw")
    del spare.environment["XCA_CARD_KEYS"]
    spare.restart()


class Mail(Gpgsm):
    """A gpgsm that knows the authority, with the reader at hand."""

    def __init__(self, home, desk):
        super().__init__(home, desk.instance)
        self.desk = desk
        (home / "gpg-agent.conf").write_text("scdaemon-program /usr/bin/gnupg-pkcs11-scd\n")
        (home / "gnupg-pkcs11-scd.conf").write_text("providers opensc\nprovider-opensc-library %s\n" % OPENSC)
        assert self("--import", str(desk.instance.home / "ca/root.pem")).returncode == 0
        assert self("--import", str(download(desk.instance, "xca.cer", home / "xca.cer"))).returncode == 0

    def __call__(self, *arguments, **more):
        return super().__call__(*arguments, env=self.desk.readers.environment, **more)

    def find(self):
        """Finds the organisation's certificates by dirmngr at its address, and keeps them."""
        listed = self("--list-external-keys", "<%s>" % self.desk.address)
        assert self.desk.address.encode() in listed.stdout, self.why(listed)
        for use in ("signature", "encryption"):
            assert self("--import", input=self.desk.listed(use)).returncode == 0

    def typed(self, *arguments, file):
        """With the PIN typed when it is asked for."""
        return self("--pinentry-mode", "loopback", "--passphrase-fd", "0", *arguments, str(file), input=self.desk.pin.encode() + b"\n")


@pytest.fixture
def mail(rsa, tmp_path):
    one = Mail(tmp_path / "g", rsa)
    yield one
    one.close()


def test_opensc_signs_and_decrypts_with_rsa_keys(rsa):
    listing = rsa.readers.run("pkcs11-tool", "--list-objects", "--type", "cert")
    said(listing, "Certificate for Digital Signature", "Certificate for Key Management")
    sign(rsa.readers, rsa.folder, "9c", pin=rsa.pin)
    decrypt(rsa.readers, rsa.folder, pin=rsa.pin)
    said(rsa.readers.run("pkcs11-tool", "--login", "--pin", rsa.pin, "--test", timeout=200), "No errors")


def test_opensc_signs_and_agrees_with_elliptic_keys(elliptic):
    sign(elliptic.readers, elliptic.folder, "9c", "ECDSA", pin=elliptic.pin)
    agree(elliptic.readers, elliptic.folder, pin=elliptic.pin)
    said(elliptic.readers.run("pkcs11-tool", "--login", "--pin", elliptic.pin, "--test", timeout=200), "No errors")


def test_mail_of_a_stranger_is_opened_with_the_card(rsa, mail, tmp_path):
    """Who writes knows the address alone; who reads has the card."""
    mail.find()
    sealed = mail("--encrypt", "--recipient", "<%s>" % rsa.address, input=TEXT.encode())
    assert sealed.returncode == 0, mail.why(sealed)
    assert rsa.opened(sealed.stdout) == TEXT

    reader = Mail(tmp_path / "reader", rsa)
    try:
        (tmp_path / "mail").write_bytes(sealed.stdout)
        without = reader.typed("--decrypt", file=tmp_path / "mail")
        assert without.returncode != 0 and TEXT.encode() not in without.stdout
        assert reader("--learn-card").returncode == 0
        read = reader.typed("--decrypt", file=tmp_path / "mail")
        assert read.returncode == 0, reader.why(read)
        assert read.stdout.decode() == TEXT
    finally:
        reader.close()


def test_mail_signed_with_the_card_is_believed_by_a_stranger(rsa, mail, tmp_path):
    (tmp_path / "text").write_text(TEXT)
    holder = Mail(tmp_path / "holder", rsa)
    try:
        assert holder("--learn-card").returncode == 0
        signed = holder.typed("--local-user", "<%s>" % rsa.address, "--sign", file=tmp_path / "text")
        assert signed.returncode == 0, holder.why(signed)
    finally:
        holder.close()
    believed = mail("--verify", input=signed.stdout)
    assert believed.returncode == 0 and b"Good signature" in believed.stderr and rsa.address.encode() in believed.stderr, mail.why(believed)


def test_a_message_to_elliptic_keys_is_opened_with_the_card(elliptic):
    sealed = openssl("cms", "-encrypt", "-binary", "-aes256", "-outform", "der", "-recip", elliptic.folder / "9d.pem", stdin=TEXT.encode())
    assert elliptic.opened(sealed) == TEXT


def test_a_wrong_pin_opens_nothing_and_counts(rsa):
    """The tries are the card's: other programs' count, and a right PIN gives them back."""
    wrong = "%08d" % ((int(rsa.pin) + 1) % 10**8)
    before = rsa.card.memory()["pin-tries"]
    refused = rsa.readers.run("pkcs11-tool", "--login", "--pin", wrong, "--list-objects")
    assert refused.returncode != 0 and "CKR_PIN_INCORRECT" in refused.stderr
    assert rsa.card.memory()["pin-tries"][0] == before[0] - 1
    rsa.helper([rsa.pin], "test")
    assert rsa.card.memory()["pin-tries"] == before

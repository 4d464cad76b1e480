"""The simulated card is a PIV card for those who know PIV cards: Yubico's and OpenSC's tools use it through the real pcscd.

Yubico's tool of Debian 12 cannot sign certificates and requests (yubico-piv-tool issue 388, OpenSSL 3), so certificates are issued
by a CA of the test's own."""

import subprocess

import pytest

from readers import MUTE, readers  # noqa: F401

ALGORITHMS = ["RSA2048", "ECCP256"]
SLOTS = {"9a": "01", "9c": "02", "9d": "03", "9e": "04"}
NEW_KEY = "0102030405060708090a0b0c0d0e0f101112131415161718"


def yubico(readers, *arguments):
    return readers.run("yubico-piv-tool", "-r", "Virtual", *arguments)


def said(done, *texts):
    assert done.returncode == 0, done.stderr
    for text in texts:
        assert text in done.stdout + done.stderr


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, input=stdin).stdout


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj",
            "/CN=Authority")
    return folder


def personalise(readers, authority, folder, algorithm, slots=SLOTS):
    """Keys made on the card, certificates of them written to it, all by Yubico's tool."""
    said(yubico(readers, "-a", "set-ccc", "-a", "set-chuid"), "Successfully set new CHUID")
    for slot in slots:
        key, certificate = folder / (slot + ".pub"), folder / (slot + ".pem")
        said(yubico(readers, "-a", "generate", "-s", slot, "-A", algorithm, "-o", key), "Successfully generated")
        openssl("x509", "-new", "-force_pubkey", key, "-subj", "/CN=Holder " + slot, "-CA", authority / "ca.pem", "-CAkey",
                authority / "ca.key", "-out", certificate)
        said(yubico(readers, "-a", "import-certificate", "-s", slot, "-i", certificate), "Successfully imported")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_yubicos_tool_makes_and_uses_a_card(readers, authority, tmp_path, algorithm):
    readers.card(yubico="yes")
    personalise(readers, authority, tmp_path, algorithm)
    for slot in ("9a", "9c"):
        said(yubico(readers, "-a", "verify-pin", "-P", "123456", "-a", "test-signature", "-s", slot, "-i",
                    tmp_path / (slot + ".pem")), "Successful")
    said(yubico(readers, "-a", "verify-pin", "-P", "123456", "-a", "test-decipher", "-s", "9d", "-i", tmp_path / "9d.pem"),
         "Successfully performed")
    status = yubico(readers, "-a", "status")
    said(status, "PIN tries left:\t3", *["CN=Holder " + slot for slot in SLOTS])
    assert status.stdout.count(algorithm) == 4


def test_yubicos_tool_changes_pin_puk_and_management_key_and_unblocks(readers):
    readers.card(yubico="yes")
    said(yubico(readers, "-a", "change-pin", "-P", "123456", "-N", "654321"), "Successfully changed the pin code")
    said(yubico(readers, "-a", "change-puk", "-P", "12345678", "-N", "87654321"), "Successfully changed the puk code")
    for left in ("2 tries left", "1 tries left", "Pin code blocked"):
        assert left in yubico(readers, "-a", "verify-pin", "-P", "123456").stderr
    assert "Pin code blocked" in yubico(readers, "-a", "verify-pin", "-P", "654321").stderr
    said(yubico(readers, "-a", "unblock-pin", "-P", "87654321", "-N", "246810"), "Successfully unblocked")
    said(yubico(readers, "-a", "verify-pin", "-P", "246810"), "Successfully verified PIN")
    said(yubico(readers, "-a", "set-mgm-key", "-n", NEW_KEY), "Successfully set new management key")
    assert "Failed authentication" in yubico(readers, "-a", "set-chuid").stderr
    said(yubico(readers, "-k" + NEW_KEY, "-a", "set-chuid"), "Successfully set new CHUID")


def test_opensc_knows_the_reader_and_the_card(readers):
    readers.card(slot=1)
    listing = readers.run("opensc-tool", "-l").stdout
    assert "No              Virtual reader A 00 00" in listing
    assert "Yes             Virtual reader A 00 01" in listing
    said(readers.run("opensc-tool", "-a"), "3b:87:81:31:fe:15:80:73:c0:01:80:31:c0:9f")
    said(readers.run("opensc-tool", "-n"), "Personal Identity Verification Card")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_opensc_reads_signs_and_decrypts(readers, authority, tmp_path, algorithm):
    readers.card(yubico="yes")
    personalise(readers, authority, tmp_path, algorithm)
    dump = readers.run("pkcs15-tool", "--dump")
    said(dump, "PKCS#15 Card [Holder 9a]", "Reference      : 128 (0x80)")
    for slot, name in SLOTS.items():
        read = readers.run("pkcs15-tool", "--read-certificate", name).stdout
        assert openssl("x509", "-outform", "der", stdin=read.encode()) == openssl("x509", "-in", tmp_path / (slot + ".pem"),
                                                                                "-outform", "der")
    said(readers.run("pkcs11-tool", "--login", "--pin", "123456", "--test", timeout=200), "No errors")
    signs(readers, tmp_path, algorithm)
    if algorithm == "RSA2048":
        decrypts(readers, tmp_path)


def signs(readers, folder, algorithm):
    (folder / "text").write_text("what is signed")
    digest = openssl("dgst", "-sha256", "-binary", folder / "text")
    (folder / "digest").write_bytes(digest)
    mechanism, text = ("SHA256-RSA-PKCS", "text") if algorithm == "RSA2048" else ("ECDSA", "digest")
    for name, slot in (("01", "9a"), ("02", "9c")):
        said(readers.run("pkcs11-tool", "--login", "--pin", "123456", "--sign", "--id", name, "-m", mechanism, "-f", "openssl",
                         "-i", folder / text, "-o", folder / "signature"), "Using signature algorithm " + mechanism)
        (folder / "key").write_bytes(openssl("x509", "-in", folder / (slot + ".pem"), "-noout", "-pubkey"))
        assert b"Verified OK" in openssl("dgst", "-sha256", "-verify", folder / "key", "-signature", folder / "signature",
                                         folder / "text")


def decrypts(readers, folder):
    (folder / "secret").write_text("a secret")
    openssl("pkeyutl", "-encrypt", "-certin", "-inkey", folder / "9d.pem", "-in", folder / "secret", "-out", folder / "encrypted")
    said(readers.run("pkcs11-tool", "--login", "--pin", "123456", "--decrypt", "--id", "03", "-m", "RSA-PKCS", "-i",
                     folder / "encrypted", "-o", folder / "decrypted"))
    assert (folder / "decrypted").read_text() == "a secret"


def test_a_card_that_was_pulled_keeps_what_it_was_told(readers):
    card = readers.card(yubico="yes")
    said(yubico(readers, "-a", "change-pin", "-P", "123456", "-N", "654321"))
    card.pull()
    assert "Failed to connect" in yubico(readers, "-a", "status").stderr
    card.insert()
    said(yubico(readers, "-a", "verify-pin", "-P", "654321"), "Successfully verified PIN")
    card.kill()
    card.start()
    said(yubico(readers, "-a", "verify-pin", "-P", "654321"), "Successfully verified PIN")


def test_a_wrong_try_counts_though_the_card_is_pulled_before_it_answers(readers):
    card = readers.card(yubico="yes")
    yubico(readers, "-a", "version")
    opening = card.commands()
    for left in (2, 1, 0):
        card.cut(opening + 1, "after")
        assert yubico(readers, "-a", "verify-pin", "-P", "111111").returncode != 0
        assert card.log()[-1][1:] == (">", b"\x00\x20\x00\x80\x08111111\xff\xff")
        assert card.memory()["pin-tries"] == bytes([left, 3])
        card.insert()


def test_a_card_upside_down_is_mute(readers):
    readers.card(card="mute", start=False).start()
    assert readers.wait(0, MUTE) & MUTE


def test_two_private_pcscds_do_not_see_each_other(readers, tmp_path_factory):
    from readers import Readers
    other = Readers(tmp_path_factory.mktemp("r")).start()
    try:
        readers.card(slot=0)
        assert "Yes" in readers.run("opensc-tool", "-l").stdout
        assert "Yes" not in other.run("opensc-tool", "-l").stdout
    finally:
        other.close()

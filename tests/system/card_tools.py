"""Independent tools that use a card in the tests: Yubico's, OpenSC's, openssl."""

import subprocess

SLOTS = {"9a": "01", "9c": "02", "9d": "03", "9e": "04"}


def yubico(readers, *arguments):
    return readers.run("yubico-piv-tool", "-r", "Virtual", *arguments)


def said(done, *texts):
    assert done.returncode == 0, done.stderr
    for text in texts:
        assert text in done.stdout + done.stderr


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, input=stdin).stdout


def make_authority(folder):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj",
            "/CN=Authority")
    return folder


def certify(authority, key, certificate, name):
    """A certificate of a public key file."""
    openssl("x509", "-new", "-force_pubkey", key, "-subj", "/CN=" + name, "-CA", authority / "ca.pem", "-CAkey",
            authority / "ca.key", "-out", certificate)


def personalise(readers, authority, folder, algorithm, slots=SLOTS):
    """Keys made on the card, certificates of them written to it, all by Yubico's tool."""
    said(yubico(readers, "-a", "set-ccc", "-a", "set-chuid"), "Successfully set new CHUID")
    for slot in slots:
        key, certificate = folder / (slot + ".pub"), folder / (slot + ".pem")
        said(yubico(readers, "-a", "generate", "-s", slot, "-A", algorithm, "-o", key), "Successfully generated")
        certify(authority, key, certificate, "Holder " + slot)
        said(yubico(readers, "-a", "import-certificate", "-s", slot, "-i", certificate), "Successfully imported")


def sign(readers, folder, slot, mechanism="SHA256-RSA-PKCS", pin="123456"):
    """Signs a text through OpenSC and verifies it with the certificate in folder."""
    (folder / "text").write_text("what is signed")
    (folder / "digest").write_bytes(openssl("dgst", "-sha256", "-binary", folder / "text"))
    said(readers.run("pkcs11-tool", "--login", "--pin", pin, "--sign", "--id", SLOTS[slot], "-m", mechanism, "-f", "openssl",
                     "-i", folder / ("digest" if mechanism == "ECDSA" else "text"), "-o", folder / "signature"),
         "Using signature algorithm " + mechanism)
    (folder / "key").write_bytes(openssl("x509", "-in", folder / (slot + ".pem"), "-noout", "-pubkey"))
    assert b"Verified OK" in openssl("dgst", "-sha256", "-verify", folder / "key", "-signature", folder / "signature",
                                     folder / "text")


def decrypt(readers, folder, pin="123456"):
    """Encrypts to the certificate 9d in folder, and decrypts through OpenSC."""
    (folder / "secret").write_text("a secret")
    openssl("pkeyutl", "-encrypt", "-certin", "-inkey", folder / "9d.pem", "-in", folder / "secret", "-out", folder / "encrypted")
    said(readers.run("pkcs11-tool", "--login", "--pin", pin, "--decrypt", "--id", SLOTS["9d"], "-m", "RSA-PKCS", "-i",
                     folder / "encrypted", "-o", folder / "decrypted"))
    assert (folder / "decrypted").read_text() == "a secret"


def agree(readers, folder, pin="123456"):
    """Agrees on a secret with the elliptic key 9d through OpenSC, and from the other side with openssl."""
    (folder / "9d.key").write_bytes(openssl("x509", "-in", folder / "9d.pem", "-noout", "-pubkey"))
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "peer.key")
    openssl("pkey", "-in", folder / "peer.key", "-pubout", "-outform", "der", "-out", folder / "peer.der")
    said(readers.run("pkcs11-tool", "--login", "--pin", pin, "--derive", "-m", "ECDH1-COFACTOR-DERIVE", "--id", SLOTS["9d"],
                     "-i", folder / "peer.der", "-o", folder / "shared"))
    assert (folder / "shared").read_bytes() == openssl("pkeyutl", "-derive", "-inkey", folder / "peer.key", "-peerkey",
                                                      folder / "9d.key")

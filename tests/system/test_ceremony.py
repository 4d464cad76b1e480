"""The key ceremony: a request from a key in a token, a root that signs it with openssl, what install refuses, a signer that then
issues; and the root's next revocation list."""

import os
import subprocess

import pytest
from cryptography.x509 import CRLNumber, load_der_x509_crl, load_pem_x509_certificate
from conftest import directory_only
from test_broken_portal import code_hash
from test_hsm import PIN, URI, Token
from test_signer_killed import file_case, officer, sign, states

CA_EXTENSIONS = ("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
                 "authorityKeyIdentifier=keyid\ncrlDistributionPoints=URI:http://localhost/root.crl\n")


class Ceremony:
    """An instance whose first CA certificate is still to come: its key is in a token."""

    def __init__(self, instance, folder):
        self.instance, self.folder = instance, folder
        self.token = Token(instance, folder)
        self.ca = instance.home / "ca"
        for name in ("ca.pem", "root.pem"):
            (self.ca / name).rename(folder / ("demo-" + name))
        settings = instance.home / "xca.conf"
        settings.write_text(settings.read_text("utf-8").replace("ca-key-file = %sca" % URI, "ca-key-file = %sissuing" % URI), "utf-8")
        self.root("root", "/C=TW/O=行政院/CN=Root of the ceremony")

    def openssl(self, *arguments):
        return subprocess.run(("openssl",) + arguments, check=True, capture_output=True, text=True, cwd=self.folder).stdout

    def root(self, name, subject):
        self.openssl("req", "-x509", "-newkey", "rsa:4096", "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-utf8", "-subj", subject,
                     "-days", "7300", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-addext", "basicConstraints=critical,CA:TRUE")

    def certify(self, out, extensions=CA_EXTENSIONS, days="5000", root="root"):
        (self.folder / "extensions").write_text(extensions)
        self.openssl("x509", "-req", "-in", "ca.csr", "-CA", root + ".pem", "-CAkey", root + ".key", "-days", days, "-extfile", "extensions",
                     "-out", out, "-set_serial", "0x4d%s" % os.urandom(15).hex())
        return str(self.folder / out)

    def install(self, path, *more, chain="root.pem"):
        return self.instance.admin("ca", "install", path, "--chain", str(self.folder / chain), *more)


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ceremony")
    with directory_only(folder) as one:
        held = Ceremony(one, folder)
        yield held
        held.token.stop()


def test_from_the_request_to_the_first_certificate(ceremony):
    asked = ceremony.instance.admin("ca", "request", "--key-type", "rsa:4096", "--out", str(ceremony.folder / "ca.csr"))
    assert asked.returncode == 0, asked.stderr
    spki = ceremony.openssl("req", "-in", "ca.csr", "-noout", "-pubkey")
    (ceremony.folder / "key.pem").write_text(spki)
    ceremony.openssl("pkey", "-pubin", "-in", "key.pem", "-outform", "DER", "-out", "key.der")
    assert ceremony.openssl("dgst", "-sha256", "key.der").split()[-1] in asked.stdout
    good = ceremony.certify("good.pem")

    # What does not fit is refused with its reason, and nothing is put anywhere.
    def refused(done, *said):
        assert done.returncode in (1, 2, 5), done.stdout + done.stderr
        assert all(text in done.stderr for text in said), done.stderr
        assert not (ceremony.ca / "ca.pem").exists() and not (ceremony.ca / "root.pem").exists()

    ceremony.root("other", "/C=TW/O=行政院/CN=Root of the ceremony")
    refused(ceremony.install(good, chain="other.pem"), "does not lead over the chain")
    refused(ceremony.instance.admin("ca", "install", good), "does not end in a self-signed root")
    refused(ceremony.install(ceremony.certify("short.pem", days="1000")), "before the certificates that it is to issue")
    refused(ceremony.install(ceremony.certify("no-list.pem", CA_EXTENSIONS.replace("crlDistributionPoints", "#"))), "revocation list")
    refused(ceremony.install(ceremony.certify("leaf.pem", "basicConstraints=CA:FALSE\n")))
    refused(ceremony.install(str(ceremony.folder / "demo-ca.pem"), chain="demo-root.pem"), "do not belong together")
    refused(ceremony.install(good, "--root-sha256", "00" * 32), "SHA-256")
    refused(ceremony.install(str(ceremony.folder / "key.pem")))
    settings = ceremony.instance.home / "xca.conf"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("ca-dn = ou=", "ca-dn = ou=x"), "utf-8")
    refused(ceremony.install(good), "ca-dn")
    settings.write_text(text, "utf-8")

    fingerprint = ceremony.openssl("x509", "-in", "root.pem", "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
    checked = ceremony.install(good, "--root-sha256", fingerprint, "--check")
    assert checked.returncode == 0 and not (ceremony.ca / "ca.pem").exists(), checked.stderr
    done = ceremony.install(good, "--root-sha256", fingerprint)
    assert done.returncode == 0 and "行政院" in done.stdout and PIN not in done.stdout, done.stderr
    assert ceremony.install(good).returncode == 0  # again is no change

    number = file_case(ceremony.instance.bind("portal"), 0, code_hash("Test-code-1"))
    digest = ceremony.instance.admin("review", "digest", number).stdout.split()[1]
    for stage, uid in (("first", "ra-tpe-edu"), ("second", "central-1")):
        sign(ceremony.instance.bind("portal"), number, digest, stage, uid, *officer(ceremony.instance, uid))
    settings.write_text(text.replace("root-list-file = ca/root.crl", "root-list-file = %s" % (ceremony.folder / "root.crl")), "utf-8")
    listed = ceremony.instance.admin("ca", "root-list", "--key", str(ceremony.folder / "root.key"), "--certificate", str(ceremony.folder / "root.pem"),
                                     "--out", str(ceremony.folder / "root.crl"))
    assert listed.returncode == 0, listed.stderr
    done = ceremony.instance.signer_once()
    assert done.returncode == 0, done.stderr
    assert states(ceremony.instance)[number]["xcaState"] == [b"issued"]
    verified = ceremony.instance.admin("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_certificate_of_another_key_is_not_put_over_the_one_that_issued(ceremony):
    key = ceremony.instance.admin("ca", "request", "--key", URI + "next", "--key-type", "ec:P-384", "--out", str(ceremony.folder / "next.csr"))
    assert key.returncode == 0, key.stderr
    (ceremony.folder / "ca.csr").write_bytes((ceremony.folder / "next.csr").read_bytes())
    path = ceremony.certify("next.pem", days="4999")
    before = (ceremony.ca / "ca.pem").read_bytes()
    settings = ceremony.instance.home / "xca.conf"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace(URI + "issuing", URI + "next"), "utf-8")
    done = ceremony.install(path)
    settings.write_text(text, "utf-8")
    assert done.returncode == 5 and "without revocation lists" in done.stderr, done.stderr
    assert (ceremony.ca / "ca.pem").read_bytes() == before


def test_the_root_s_list_is_renewed(ceremony):
    out = ceremony.folder / "root.crl"
    first = load_der_x509_crl(out.read_bytes())
    command = ["ca", "root-list", "--key", str(ceremony.folder / "root.key"), "--certificate", str(ceremony.folder / "root.pem"), "--out", str(out)]
    serial = "%x" % load_pem_x509_certificate((ceremony.folder / "short.pem").read_bytes()).serial_number
    done = ceremony.instance.admin(*command, "--days", "30", "--revoke", serial + ":superseded")
    assert done.returncode == 0, done.stderr
    second = load_der_x509_crl(out.read_bytes())
    assert len(first) == 0 and [entry.serial_number for entry in second] == [int(serial, 16)]
    assert ceremony.instance.admin(*command, "--revoke", serial.upper()).returncode == 0  # it stays as it was revoked
    third = load_der_x509_crl(out.read_bytes())
    assert list(third)[0].revocation_date == list(second)[0].revocation_date and len(third) == 1
    numbers = [crl.extensions.get_extension_for_class(CRLNumber).value.crl_number for crl in (first, second, third)]
    assert numbers == [1, 2, 3]
    shown = ceremony.openssl("crl", "-inform", "DER", "-in", str(out), "-CAfile", "root.pem", "-noout", "-text")
    assert "Superseded" in shown
    # a list of another root is not gone on with; what is mistyped is told
    ceremony.root("stranger", "/C=TW/CN=Stranger")
    for wrong in (["--days", "0"], ["--days", "4000"], ["--revoke", "xyz"], ["--revoke", serial + ":hold"]):
        assert ceremony.instance.admin(*command, *wrong).returncode == 2
    assert ceremony.instance.admin("ca", "root-list", "--key", str(ceremony.folder / "stranger.key"), "--certificate",
                                   str(ceremony.folder / "stranger.pem"), "--out", str(out)).returncode == 2
    assert ceremony.instance.admin("ca", "root-list", "--key", str(ceremony.folder / "stranger.key"), "--certificate",
                                   str(ceremony.folder / "root.pem"), "--out", str(out)).returncode == 1
    assert load_der_x509_crl(out.read_bytes()) == third
    # the signer publishes it
    assert ceremony.instance.signer_once().returncode == 0
    found = ceremony.instance.bind().search_s("cn=root,ou=crl,ou=XCA,c=TW", 0)[0][1]["certificateRevocationList;binary"][0]
    assert found == out.read_bytes()


def test_the_next_key_is_made_in_the_token_and_both_sign(ceremony):
    settings = ceremony.instance.home / "xca.conf"
    with open(settings, "a", encoding="utf-8") as file:
        file.write("\nca-1-key-file = %srolled\nca-1-certificate-file = ca/ca-1.pem\nca-1-chain-file = ca/chain-1.pem\n" % URI)
    order = ("ca", "rollover", "request", "--key-type", "ec:P-384", "--out", str(ceremony.folder / "ca.csr"))
    first = ceremony.instance.admin(*order)
    assert first.returncode == 0, first.stderr
    again = ceremony.instance.admin(*order)
    assert again.returncode == 0 and again.stdout == first.stdout, again.stderr  # the key that is there
    done = ceremony.instance.admin("ca", "rollover", "install", ceremony.certify("rolled.pem"), "--chain", str(ceremony.folder / "root.pem"))
    assert done.returncode == 0 and PIN not in done.stdout, done.stderr
    token = ceremony.instance.admin("ca", "token")
    assert token.returncode == 0 and token.stdout.count("SHA-256 of its public key") == 3, token.stdout + token.stderr
    done = ceremony.instance.signer_once()
    assert done.returncode == 0, done.stderr
    lists = dict((entry["cn"][0], entry) for _, entry in ceremony.instance.bind("signer").search_s(
        "ou=crl,ou=XCA,c=TW", 1, "(objectClass=cRLDistributionPoint)"))
    for name, path in ((b"full", ceremony.ca / "ca.pem"), (b"g1-full", ceremony.ca / "ca-1.pem")):
        found = load_der_x509_crl(lists[name]["certificateRevocationList;binary"][0])
        assert found.is_signature_valid(load_pem_x509_certificate(path.read_bytes()).public_key()), name
    verified = ceremony.instance.admin("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr

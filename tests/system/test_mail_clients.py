"""What mail clients ask of the directory, and a real one: gpgsm with dirmngr finds, imports, checks the lists and encrypts."""

import subprocess
import time

import ldap
import pytest
from applying import download, revoke, wait_for_list
from certifying import change_state, publish
from conftest import BASE

ADDRESS = "mail-client@example.org.tw"
MAIL = "ou=mail," + BASE


@pytest.fixture(scope="module")
def published(instance, tmp_path_factory):
    """A published encryption certificate for ADDRESS: the applicant's key and the serial number."""
    key, _, serial = publish(instance, tmp_path_factory.mktemp("applicant"), ADDRESS)
    return key, serial


@pytest.mark.parametrize("question", [
    "(mail=%s)" % ADDRESS,
    "(|(mail=%s)(mail=nobody@example.org))" % ADDRESS,
    "(|(cn=*mail-cl*)(mail=*mail-cl*)(givenName=*mail-cl*)(sn=*mail-cl*))",
    "(|(sn=*mail-client*)(|(cn=*mail-client*)(mail=*mail-client*)))",
    "(&(mail=*)(|(mail=mail-client*)(|(cn=mail-client*)(|(sn=mail-client*)(givenName=mail-client*)))))",
])
def test_filters_of_thunderbird_outlook_and_dirmngr_find_the_certificate(instance, published, question):
    found = instance.bind().search_s(MAIL, ldap.SCOPE_SUBTREE, question, ["userCertificate;binary", "mail", "cn"])
    assert [v["mail"] for _, v in found] == [[ADDRESS.encode()]]
    assert len(found[0][1]["userCertificate;binary"]) == 1


def test_one_chinese_character_of_the_name_finds_it(instance, published):
    entry = instance.bind().search_s(MAIL, ldap.SCOPE_SUBTREE, "(mail=%s)" % ADDRESS, ["cn"])[0][1]
    character = entry["cn"][0].decode()[-1]
    found = instance.bind().search_s(MAIL, ldap.SCOPE_SUBTREE, "(|(cn=*%s*)(mail=*%s*))" % (character, character), ["mail"])
    assert [ADDRESS.encode()] in [v["mail"] for _, v in found]


class Gpgsm:
    """A mail client's gpgsm with its own dirmngr. It checks revocation lists, and keeps one until it is told to forget it."""

    def __init__(self, home, instance):
        self.home = home
        home.mkdir(mode=0o700)
        root = subprocess.run(["openssl", "x509", "-in", instance.home / "ca/root.pem", "-noout", "-fingerprint", "-sha1"],
                              capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
        (home / "trustlist.txt").write_text(root + " S\n")
        (home / "gpgsm.conf").write_text("keyserver 127.0.0.1:%d:::%s\n" % (instance.ldap_port, MAIL))
        (home / "dirmngr.conf").write_text("ldaptimeout 10\nlog-file %s\nverbose\n" % (home / "dirmngr.log"))

    def __call__(self, *arguments, **more):
        return subprocess.run(["gpgsm", "--homedir", str(self.home), "--batch", "--no-tty"] + list(arguments), capture_output=True,
                              timeout=60, **more)

    def why(self, result):
        log = self.home / "dirmngr.log"
        return result.stderr.decode() + (log.read_text("utf-8", "replace")[-3000:] if log.exists() else "")

    def encrypt(self, text="公文一份"):
        return self("--encrypt", "--recipient", "<%s>" % ADDRESS, input=text.encode())

    def forget_lists(self):
        self.close()
        subprocess.run(["dirmngr", "--homedir", str(self.home), "--flush"], check=True, capture_output=True)

    def close(self):
        """They are told to go, and go when they have time: until then gpgsm would talk to one that is about to."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], capture_output=True)
        until = time.monotonic() + 20
        while (self.home / "S.dirmngr").exists() and time.monotonic() < until:
            time.sleep(0.05)


@pytest.fixture
def client(instance, tmp_path):
    one = Gpgsm(tmp_path / "g", instance)
    yield one
    one.close()


def opened(key, sealed):
    return subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", str(key)], input=sealed, check=True,
                          capture_output=True).stdout.decode()


def test_gpgsm_finds_imports_checks_lists_and_encrypts_until_the_certificate_is_suspended_or_revoked(
        instance, published, client, tmp_path):
    key, serial = published
    # a relying party knows the root; everything else comes from the repository
    assert client("--import", str(instance.home / "ca/root.pem")).returncode == 0
    assert client("--import", str(download(instance, "xca.cer", tmp_path / "xca.cer"))).returncode == 0
    # gpgsm asks dirmngr, dirmngr asks the directory
    found = client("--list-external-keys", "<%s>" % ADDRESS)
    assert ADDRESS.encode() in found.stdout, client.why(found)
    entry = instance.bind().search_s(MAIL, ldap.SCOPE_SUBTREE, "(mail=%s)" % ADDRESS, ["userCertificate;binary"])[0][1]
    assert client("--import", input=entry["userCertificate;binary"][0]).returncode == 0

    sealed = client.encrypt()
    assert sealed.returncode == 0, client.why(sealed)
    assert opened(key, sealed.stdout) == "公文一份"
    log = (client.home / "dirmngr.log").read_text("utf-8", "replace")
    # It knows no partitions: offered the certificate's, it goes on to the full list; and to that of the CA above.
    assert "/repository/crl/full.crl" in log and "/repository/root.crl" in log

    change_state(instance, serial, "suspend")
    wait_for_list(instance, serial, True)
    client.forget_lists()
    refused = client.encrypt()
    assert refused.returncode != 0 and b"revoked" in refused.stderr, client.why(refused)

    change_state(instance, serial, "resume")
    wait_for_list(instance, serial, False)
    client.forget_lists()
    sealed = client.encrypt("第二份")
    assert sealed.returncode == 0, client.why(sealed)
    assert opened(key, sealed.stdout) == "第二份"

    revoke(instance, serial)
    wait_for_list(instance, serial, True)
    client.forget_lists()
    refused = client.encrypt()
    assert refused.returncode != 0 and b"revoked" in refused.stderr, client.why(refused)
    # and the directory no longer offers it
    assert instance.bind().search_s(MAIL, ldap.SCOPE_SUBTREE, "(mail=%s)" % ADDRESS, ["1.1"]) == []

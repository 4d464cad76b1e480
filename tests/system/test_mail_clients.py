"""What mail clients ask of the directory, and a real one: gpgsm with dirmngr finds, imports and encrypts."""

import os
import subprocess
import time

import ldap
import pytest
from selenium.webdriver.common.by import By
from applying import apply, by_name, go
from conftest import BASE, USER_CODE

ADDRESS = "mail-client@example.org.tw"
MAIL = "ou=mail," + BASE


@pytest.fixture(scope="module")
def published(instance, browser, tmp_path_factory):
    """A published encryption certificate for ADDRESS; gives the applicant's key."""
    folder = tmp_path_factory.mktemp("applicant")
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "my.key", "-out", folder / "my.csr",
                    "-subj", "/CN=request"], check=True, capture_output=True)
    case = apply(browser, instance, folder / "my.csr", ADDRESS)
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    browser.get(instance.url + "/certificates/accept")
    by_name(browser, "serial").send_keys(instance.case(case)["xcaSerial"].decode())
    by_name(browser, "code").send_keys(USER_CODE)
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=show]"))
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=accept]"))
    instance.wait_for_state(case, "completed")
    return folder / "my.key"


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


def gpgsm(home, *arguments, **more):
    return subprocess.run(["gpgsm", "--homedir", str(home), "--batch", "--no-tty"] + list(arguments), capture_output=True, timeout=60, **more)


def test_gpgsm_finds_imports_and_encrypts(instance, published, tmp_path):
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    root = subprocess.run(["openssl", "x509", "-in", instance.home / "ca/root.pem", "-noout", "-fingerprint", "-sha1"],
                          capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
    (home / "trustlist.txt").write_text(root + " S\n")
    # The demonstration root has no list of its own yet, and dirmngr wants one for the issuing CA; the subscribers' list is
    # checked with openssl in test_walk.py.
    (home / "gpgsm.conf").write_text("keyserver 127.0.0.1:%d:::%s\ndisable-crl-checks\n" % (instance.ldap_port, MAIL))
    (home / "dirmngr.conf").write_text("ldaptimeout 10\n")
    try:
        for name in ("root", "ca"):
            assert gpgsm(home, "--import", str(instance.home / "ca" / (name + ".pem"))).returncode == 0
        # gpgsm asks dirmngr, dirmngr asks the directory
        found = gpgsm(home, "--list-external-keys", "<%s>" % ADDRESS)
        assert ADDRESS.encode() in found.stdout, found.stderr.decode()
        entry = instance.bind().search_s(MAIL, ldap.SCOPE_SUBTREE, "(mail=%s)" % ADDRESS, ["userCertificate;binary"])[0][1]
        assert gpgsm(home, "--import", input=entry["userCertificate;binary"][0]).returncode == 0
        sealed = gpgsm(home, "--encrypt", "--recipient", "<%s>" % ADDRESS, input="公文一份".encode())
        assert sealed.returncode == 0, sealed.stderr.decode()
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], capture_output=True)
    opened = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", str(published)], input=sealed.stdout, check=True,
                            capture_output=True)
    assert opened.stdout.decode() == "公文一份"

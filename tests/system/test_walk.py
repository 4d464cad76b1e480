"""The path without a card, as its people walk it."""

import email
import email.policy
import re
import subprocess
import time

import ldap
from selenium.webdriver.common.by import By
from applying import apply, by_name, change_state, click, download, go
from conftest import BASE, USER_CODE


def main_text(browser):
    return browser.find_element(By.TAG_NAME, "main").text


def serial_of(instance, case):
    return instance.case(case)["xcaSerial"].decode()


def wait_for_mail(instance, notice, seconds=20):
    """The text of the message with this identifier."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name in (instance.home / "outbox").glob(notice + "*.eml"):
            message = email.message_from_bytes(name.read_bytes(), policy=email.policy.default)
            return message["subject"] + "\n" + message.get_content()
        time.sleep(0.2)
    raise AssertionError("no message " + notice)


def accept(browser, instance, serial, code=USER_CODE):
    browser.get(instance.url + "/certificates/accept")
    by_name(browser, "serial").send_keys(serial)
    by_name(browser, "code").send_keys(code)
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=show]"))


def test_from_application_to_a_certificate_that_a_mail_client_finds(browser, instance, key_and_csr, tmp_path):
    key, csr = key_and_csr
    address = "walk@example.org.tw"
    case = apply(browser, instance, csr, address)
    assert case in main_text(browser)
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    serial = serial_of(instance, case)

    # not published before it is accepted
    anonymous = instance.bind()
    assert anonymous.search_s("ou=mail," + BASE, ldap.SCOPE_SUBTREE, "(mail=%s)" % address) == []

    accept(browser, instance, serial)
    assert "walk@example.org.tw" in main_text(browser)
    by_name(browser, "code").send_keys(USER_CODE) if browser.find_elements(By.NAME, "code") else None
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=accept]"))
    instance.wait_for_state(case, "completed")

    found = anonymous.search_s("ou=mail," + BASE, ldap.SCOPE_SUBTREE, "(mail=%s)" % address, ["userCertificate;binary"])
    assert len(found) == 1
    certificate = tmp_path / "found.der"
    certificate.write_bytes(found[0][1]["userCertificate;binary"][0])

    # what is encrypted to the found certificate opens with the applicant's key
    subprocess.run(["openssl", "x509", "-inform", "DER", "-in", certificate, "-out", tmp_path / "found.pem"], check=True)
    (tmp_path / "letter").write_text("公文一份")
    subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes256", "-in", tmp_path / "letter", "-outform", "DER",
                    "-out", tmp_path / "sealed", tmp_path / "found.pem"], check=True)
    opened = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-in", tmp_path / "sealed", "-inkey", key],
                            check=True, capture_output=True)
    assert opened.stdout.decode() == "公文一份"

    # the whole chain and both lists are good, with nothing but what the repository gives
    for name in ("chain.p7b", "xca.crl", "root.crl"):
        download(instance, name, tmp_path / name)
    subprocess.run("cd '%s' && openssl pkcs7 -inform DER -in chain.p7b -print_certs -out chain.pem && "
                   "for l in xca root; do openssl crl -inform DER -in $l.crl >>lists.pem; done" % tmp_path, shell=True, check=True)
    subjects = subprocess.run("openssl storeutl -noout -text -certs '%s' | grep -c Subject:" % (tmp_path / "chain.pem"), shell=True,
                              capture_output=True, text=True).stdout
    assert int(subjects) == 2  # the authority and its root
    checked = subprocess.run(["openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", tmp_path / "lists.pem", "-CAfile",
                              instance.home / "ca/root.pem", "-untrusted", tmp_path / "chain.pem", tmp_path / "found.pem"],
                             capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    # the CA's certificate says where the root's list is, and the directory has the same one
    said = subprocess.run(["openssl", "x509", "-in", instance.home / "ca/ca.pem", "-noout", "-ext", "crlDistributionPoints"],
                          capture_output=True, text=True, check=True).stdout
    assert "URI:%s/repository/root.crl" % instance.plain in said
    leaf = anonymous.search_s("ou=crl," + BASE, ldap.SCOPE_SUBTREE, "(&(objectClass=cRLDistributionPoint)(cn=root))")
    assert leaf[0][1]["certificateRevocationList;binary"] == [(tmp_path / "root.crl").read_bytes()]

    # each step told the contact
    until = time.monotonic() + 15
    wanted = {"已收到您的憑證申請資料", "您的憑證已簽發", "憑證已接受並公布"}
    while time.monotonic() < until:
        mails = [email.message_from_bytes(f.read_bytes(), policy=email.policy.default)
                 for f in (instance.home / "outbox").glob("*.eml")]
        subjects = [m["subject"] for m in mails if m["to"] == "contact-" + address]
        if all(any(s.startswith(w) for s in subjects) for w in wanted):
            break
        time.sleep(0.3)
    assert len(subjects) == 3, subjects


def test_suspended_certificate_is_not_found_and_comes_back(browser, instance, key_and_csr):
    address = "pause@example.org.tw"
    case = apply(browser, instance, key_and_csr[1], address)
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    serial = serial_of(instance, case)
    accept(browser, instance, serial)
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=accept]"))
    instance.wait_for_state(case, "completed")
    anonymous = instance.bind()

    def found():
        return len(anonymous.search_s("ou=mail," + BASE, ldap.SCOPE_SUBTREE, "(mail=%s)" % address))

    def change(action):
        browser.get(instance.url + "/certificates/suspend")
        by_name(browser, "number").send_keys(serial)
        by_name(browser, "code").send_keys(USER_CODE)
        click(browser, browser.find_element(By.CSS_SELECTOR, "[name=action][value=%s]" % action))
        go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))

    assert found() == 1
    change("suspend")
    assert found() == 0
    crl = subprocess.run("curl -s %s/repository/xca.crl | openssl crl -inform DER -noout -text" % instance.plain, shell=True,
                         capture_output=True, text=True)
    until = time.monotonic() + 10
    while serial.upper() not in crl.stdout and time.monotonic() < until:
        time.sleep(0.5)
        crl = subprocess.run("curl -s %s/repository/xca.crl | openssl crl -inform DER -noout -text" % instance.plain,
                             shell=True, capture_output=True, text=True)
    assert serial.upper() in crl.stdout and "Certificate Hold" in crl.stdout
    change("resume")
    assert found() == 1


def test_revocation_needs_two_officers_and_reaches_the_list(browser, instance, key_and_csr):
    case = apply(browser, instance, key_and_csr[1], "gone@example.org.tw")
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    serial = serial_of(instance, case)
    accept(browser, instance, serial)
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=accept]"))
    instance.wait_for_state(case, "completed")
    filed = instance.admin("revoke", "--serial", serial, "--reason", "lost", "--letter", "北市教字第2號", "--officer", "ra-tpe-edu",
                           "--key", str(instance.home / "officers/ra-tpe-edu.p12"), "--password-file",
                           str(instance.home / "officers/password"))
    assert filed.returncode == 0, filed.stderr
    number = re.search(r"^\d{25}$", filed.stdout, re.M).group(0)
    instance.wait_for_state(number, "reviewed")
    state = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)
    assert state[0][1]["xcaState"] == [b"suspended"]  # until the central office has decided
    held = wait_for_mail(instance, number + "-1-revocation-held")
    assert number in held and "先行停用" in held and "suspended" in held
    browser.get(instance.url + "/certificates/" + serial)
    assert "廢止申請審核中" in browser.find_element(By.TAG_NAME, "main").text
    change_state(browser, instance, serial, "resume")
    assert "審核期間不能復用" in browser.find_element(By.TAG_NAME, "main").text
    listed = instance.admin("review", "list", "--state", "reviewed").stdout
    assert re.search("%s.*\tdue by 20" % number, listed), listed
    again = instance.admin("revoke", "--serial", serial, "--reason", "lost", "--letter", "北市教字第2號", "--officer", "ra-tpe-edu",
                           "--key", str(instance.home / "officers/ra-tpe-edu.p12"), "--password-file",
                           str(instance.home / "officers/password"))
    assert again.returncode == 5 and number in again.stderr
    assert instance.decide("accept", number, "central-2").returncode == 0
    instance.wait_for_state(number, "completed")
    state = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)
    assert state[0][1]["xcaState"] == [b"revoked"]


def test_certificate_not_accepted_in_90_days_is_revoked(browser, instance, key_and_csr):
    case = apply(browser, instance, key_and_csr[1], "late@example.org.tw")
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    serial = serial_of(instance, case)
    # never two signers at once
    done = instance.signer_once("--clock-offset", str(91 * 86400))
    assert done.returncode == 1 and "another signer" in done.stderr
    instance.lapse(case)
    entry = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]
    assert entry["xcaState"] == [b"revoked"]

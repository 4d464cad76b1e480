"""The applicant's steps in the browser, as the tests need them."""

import random
import re
import subprocess
import time
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait
from conftest import BASE, USER_CODE


def by_name(browser, name):
    return browser.find_element(By.NAME, name)


def click(browser, element):
    """Clicks what is in view: the page scrolls smoothly, a click must not come before it has arrived."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()


def choose(browser, box):
    """Ticks a box or a radio button. While a page still lays itself out, a click can land beside it: as a person does, look
    whether it is ticked, and click again."""
    WebDriverWait(browser, 10).until(lambda b: box.is_selected() or click(b, box))


def go(browser, element):
    """Clicks what leads to another page, and waits until that is there."""
    browser.execute_script("window.left = false")
    click(browser, element)
    WebDriverWait(browser, 15, ignored_exceptions=[WebDriverException]).until(
        lambda b: b.execute_script("return window.left === undefined && document.readyState == 'complete'"))


def choose_address(browser, prefix, county="臺北市", district="信義區", street="市府路1號"):
    Select(by_name(browser, prefix + "_county")).select_by_value(county)
    show = browser.find_element(By.CSS_SELECTOR, "[data-address=%s] [data-choose]" % prefix)
    if show.is_displayed():
        go(browser, show)  # no script does it
    browser.find_element(By.CSS_SELECTOR, "select[name=%s_district] option[value='%s']" % (prefix, district))
    Select(by_name(browser, prefix + "_district")).select_by_value(district)
    by_name(browser, prefix + "_street").send_keys(street)


def open_form(browser, instance, keyword, rank=None):
    """From the search to the form, for the first organisation that is found and may apply; with a rank for a card."""
    browser.get(instance.url + ("/apply/card" if rank else "/apply/certificate"))
    by_name(browser, "keyword").send_keys(keyword)
    go(browser, browser.find_element(By.CSS_SELECTOR, "form.search button"))
    go(browser, browser.find_element(By.CSS_SELECTOR, "ul.results a"))
    if rank:
        choose(browser, browser.find_element(By.CSS_SELECTOR, "input[name=rank][value=%s]" % rank))
    go(browser, browser.find_element(By.CSS_SELECTOR, "main .buttons .primary"))
    for box in browser.find_elements(By.NAME, "terms"):
        if box.get_attribute("type") == "checkbox":
            choose(browser, box)
    go(browser, browser.find_element(By.CSS_SELECTOR, "main .buttons .primary"))


def foundation(instance):
    """One of the window tpe-edu, added to the tree for the test: name and OID."""
    arc = 300000 + random.randrange(600000)
    name, oid = "財團法人臺北市測試第%d文教基金會" % arc, "2.16.886.104.%d" % arc
    entry = {"objectClass": "xcaArcEntry", "xcaArc": str(arc), "xcaOid": oid, "o": name, "xcaNameKey": name, "xcaOrgClass": "foundation",
             "xcaCounty": "臺北市"}
    instance.bind("admin").add_s("xcaArc=%d,xcaArc=104,ou=oid,%s" % (arc, BASE), [(k, [v.encode()]) for k, v in entry.items()])
    return name, oid


def fill_form(browser, csr, email, use="encryption", window="tpe-edu", code=USER_CODE):
    by_name(browser, "email").send_keys(email)
    if csr is not None:
        choose(browser, browser.find_element(By.CSS_SELECTOR, "input[name=use][value=%s]" % use))
    by_name(browser, "contact_name").send_keys("秘書處")
    by_name(browser, "contact_email").send_keys("contact-" + email)
    by_name(browser, "contact_phone").send_keys("02-27208889")
    choose_address(browser, "contact")
    Select(by_name(browser, "window")).select_by_value(window)
    if csr is not None:
        by_name(browser, "csr").send_keys(str(csr))
    by_name(browser, "code").send_keys(code)  # last, as it stands on the form: it is not sent back with the districts
    by_name(browser, "code_again").send_keys(code)


def send_form(browser):
    """Sends the form; gives the case number of the page that follows."""
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    found = re.search(r"/case/print/(\d{25})", browser.current_url)
    assert found, browser.find_element(By.TAG_NAME, "main").text[:1500]
    return found.group(1)


def apply(browser, instance, csr, email, keyword="基金會", rank=None, **more):
    """Files an application: for a key of one's own, or, with a rank and without a request, for a card."""
    open_form(browser, instance, keyword, rank)
    fill_form(browser, csr, email, **more)
    return send_form(browser)


def accept(browser, instance, serial, code=USER_CODE):
    """非IC卡類憑證接受: number and code, the content, yes."""
    browser.get(instance.url + "/certificates/accept")
    by_name(browser, "serial").send_keys(serial)
    by_name(browser, "code").send_keys(code)
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=show]"))
    go(browser, browser.find_element(By.CSS_SELECTOR, "button[name=button][value=accept]"))


def change_state(browser, instance, serial, action, code=USER_CODE):
    """憑證停用/復用: action is suspend or resume."""
    browser.get(instance.url + "/certificates/suspend")
    by_name(browser, "number").send_keys(serial)
    by_name(browser, "code").send_keys(code)
    click(browser, browser.find_element(By.CSS_SELECTOR, "[name=action][value=%s]" % action))
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))


def revoke(instance, serial, window="tpe-edu", reason="lost"):
    """Both officers' decisions, until the signer has done it."""
    filed = instance.admin("revoke", "--serial", serial, "--reason", reason, "--letter", "北市教字第2號", "--officer", "ra-" + window,
                           "--key", str(instance.home / "officers" / ("ra-%s.p12" % window)), "--password-file",
                           str(instance.home / "officers/password"))
    assert filed.returncode == 0, filed.stderr
    number = re.search(r"^\d{25}$", filed.stdout, re.M).group(0)
    assert instance.decide("accept", number, "central-2").returncode == 0
    instance.wait_for_state(number, "completed")
    return number


def download(instance, name, to):
    """A file of /repository/ over plain HTTP."""
    subprocess.run(["curl", "-sf", "-o", to, "%s/repository/%s" % (instance.plain, name)], check=True)
    return to


def wait_for_list(instance, serial, listed, seconds=15):
    """Until the list that everyone can fetch has the number, or no longer has it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        text = subprocess.run("curl -sf %s/repository/xca.crl | openssl crl -inform DER -noout -text" % instance.plain, shell=True,
                              capture_output=True, text=True).stdout
        if (serial.upper() in text) == listed and "Last Update" in text:
            time.sleep(1.5)  # the other processes of httpd may show the list before for a second
            return text
        time.sleep(0.3)
    raise AssertionError("%s is%s on the list" % (serial, " not" if listed else ""))

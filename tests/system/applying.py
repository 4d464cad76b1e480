"""The applicant's steps in the browser, as the tests need them."""

import re
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait
from conftest import USER_CODE


def by_name(browser, name):
    return browser.find_element(By.NAME, name)


def click(browser, element):
    """Clicks what is in view: the page scrolls smoothly, a click must not come before it has arrived."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()


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


def open_form(browser, instance, keyword):
    """From the search to the form, for the first organisation that is found and may apply."""
    browser.get(instance.url + "/apply/certificate")
    by_name(browser, "keyword").send_keys(keyword)
    go(browser, browser.find_element(By.CSS_SELECTOR, "form.search button"))
    go(browser, browser.find_element(By.CSS_SELECTOR, "ul.results a"))
    go(browser, browser.find_element(By.CSS_SELECTOR, "main .buttons .primary"))
    for box in browser.find_elements(By.NAME, "terms"):
        if box.get_attribute("type") == "checkbox":
            click(browser, box)
    go(browser, browser.find_element(By.CSS_SELECTOR, "main .buttons .primary"))


def fill_form(browser, csr, email, use="encryption", window="tpe-edu", code=USER_CODE):
    by_name(browser, "email").send_keys(email)
    by_name(browser, "code").send_keys(code)
    by_name(browser, "code_again").send_keys(code)
    click(browser, browser.find_element(By.CSS_SELECTOR, "input[name=use][value=%s]" % use))
    by_name(browser, "contact_name").send_keys("秘書處")
    by_name(browser, "contact_email").send_keys("contact-" + email)
    by_name(browser, "contact_phone").send_keys("02-27208889")
    choose_address(browser, "contact")
    Select(by_name(browser, "window")).select_by_value(window)
    by_name(browser, "csr").send_keys(str(csr))


def send_form(browser):
    """Sends the form; gives the case number of the page that follows."""
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    found = re.search(r"/case/print/(\d{25})", browser.current_url)
    assert found, browser.find_element(By.TAG_NAME, "main").text[:1500]
    return found.group(1)


def apply(browser, instance, csr, email, keyword="基金會", **more):
    open_form(browser, instance, keyword)
    fill_form(browser, csr, email, **more)
    return send_form(browser)

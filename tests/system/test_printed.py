"""The printed pages: one A4 sheet each, whatever stands on them, with what the authority's clerk looks for."""

import base64
import re
import subprocess

import pytest
from selenium.webdriver.common.by import By
from applying import apply, by_name, choose_address, fill_form, go, send_form
from conftest import USER_CODE

LONG_NAME = "財團法人臺北市私立一二三四五六七八九十社會福利慈善事業暨文教藝術推廣紀念基金會附設公益資訊發展中心"
LONG_STREET = "忠孝東路五段一千二百三十四巷五十六弄七十八號九樓之一、之二、之三（臨時辦公處所，請由側門進入）"


def printed(browser, tmp_path):
    """The page as it goes to the printer: text of each sheet, and its size."""
    pdf = tmp_path / "printed.pdf"
    made = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pdf.write_bytes(base64.b64decode(made["data"]))
    size = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    assert "(A4)" in size, size
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    return text.rstrip("\f").split("\f")


def file_with_long_texts(browser, instance, csr):
    browser.get(instance.url + "/apply/certificate/form?class=foundation&terms=" + terms_version(browser, instance))
    for name, text in (("org_name", LONG_NAME), ("ubn", "10458575"), ("org_phone", "02-27208889 分機 1234567"),
                       ("org_fax", "02-27208880"), ("contact_title", "祕書長兼資訊發展中心主任"), ("contact_fax", "02-27208880"),
                       ("remark", "備註" * 90)):
        by_name(browser, name).send_keys(text)
    choose_address(browser, "org", street=LONG_STREET)
    fill_form(browser, csr, "a-rather-long-address-of-the-secretariat@foundation-for-the-long-names.example.org.tw")
    by_name(browser, "contact_street").send_keys(LONG_STREET)
    return send_form(browser)


def terms_version(browser, instance):
    browser.get(instance.url + "/apply/certificate/terms?class=foundation")
    return by_name(browser, "terms").get_attribute("value")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_copy_of_the_longest_application_fits_one_sheet(browser, instance, key_and_csr, tmp_path, language):
    browser.get(instance.url + "/about?lang=zh")
    case = file_with_long_texts(browser, instance, key_and_csr[1])
    browser.get(instance.url + "/case/paper/" + case + "?lang=" + language)
    sheets = printed(browser, tmp_path)
    browser.get(instance.url + "/about?lang=zh")
    assert len(sheets) == 2
    for sheet in sheets:
        assert case in sheet and re.search(r"民國 *\d{3} *年 *\d{1,2} *月 *\d{1,2} *日", sheet)
        assert ("印鑑" if language == "zh" else "seal") in sheet and "臺北市政府教育局" in sheet
    assert sheets[0] != sheets[1]


def test_the_user_code_letter_is_one_sheet_with_number_and_code(browser, instance, key_and_csr, tmp_path):
    case = apply(browser, instance, key_and_csr[1], "letter@example.org.tw")
    browser.get(instance.url + "/case/letter/" + case)
    by_name(browser, "code").send_keys(USER_CODE)
    go(browser, browser.find_element(By.CSS_SELECTOR, "main .buttons .primary"))
    sheets = printed(browser, tmp_path)
    assert len(sheets) == 1
    assert case in sheets[0] and USER_CODE in sheets[0] and "民國" in sheets[0]


def test_the_request_for_revocation_is_one_sheet(browser, instance, tmp_path):
    for language, wanted in (("en", "Reason"), ("zh", "廢止原因")):
        browser.get(instance.url + "/certificates/revoke/form?lang=" + language)
        sheets = printed(browser, tmp_path)
        assert len(sheets) == 1 and wanted in sheets[0]

"""用戶代碼重設 and 變更用戶代碼, as holders and officers see them."""

import re

import ldap
import pytest
from selenium.webdriver.common.by import By
from applying import by_name, change_state, go
from certifying import publish
from conftest import BASE, USER_CODE
from test_printed import printed
from test_walk import main_text, wait_for_mail

NEW_CODE = "Chosen-by-me-7"


def change_code(browser, instance, number, present, fresh, again=None):
    browser.get(instance.url + "/code-reset/change?lang=zh&number=" + number)
    for name, text in (("code", present), ("new_code", fresh), ("new_code_again", again or fresh)):
        by_name(browser, name).send_keys(text)
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    return main_text(browser)


def officer(instance, uid):
    return ("--officer", uid, "--key", str(instance.home / "officers" / (uid + ".p12")), "--password-file",
            str(instance.home / "officers" / "password"))


def file_reset(instance, serial, uid="central-1"):
    filed = instance.admin("code-reset", "file", "--serial", serial, "--contact-name", "秘書處", "--contact-phone", "02-27208889",
                           "--remark", "週一下午二時至五時", *officer(instance, uid))
    assert filed.returncode == 0, filed.stderr
    return re.search(r"^\d{25}$", filed.stdout, re.M).group(0)


def test_a_holder_changes_the_code_online(browser, instance, tmp_path):
    serial = publish(instance, tmp_path, "changecode@example.org.tw")[2]
    text = change_code(browser, instance, serial, USER_CODE, "short")
    assert "至少 6 個字元" in text or "6" in browser.find_element(By.ID, "new_code-error").text
    assert by_name(browser, "number").get_attribute("value") == serial and by_name(browser, "code").get_attribute("value") == ""
    change_code(browser, instance, serial, USER_CODE, NEW_CODE, NEW_CODE + "x")
    assert browser.find_element(By.ID, "new_code_again-error").is_displayed()
    change_code(browser, instance, serial, "Not-the-code-1", NEW_CODE)
    assert "2" in browser.find_element(By.ID, "code-error").text
    change_code(browser, instance, serial, USER_CODE, USER_CODE)
    assert "目前的代碼一樣" in browser.find_element(By.ID, "new_code-error").text
    assert "用戶代碼已變更" in change_code(browser, instance, serial, USER_CODE, NEW_CODE)
    change_state(browser, instance, serial, "suspend", USER_CODE)
    assert browser.find_element(By.ID, "code-error").is_displayed()
    change_state(browser, instance, serial, "suspend", NEW_CODE)
    assert "憑證已停用" in main_text(browser)


def test_a_forgotten_code_is_reset_by_two_officers_and_told_by_telephone(browser, instance, tmp_path):
    serial = publish(instance, tmp_path, "lostcode@example.org.tw")[2]
    number = file_reset(instance, serial)
    assert "正在審核" in wait_for_mail(instance, number + "-1-reset-filed")
    alone = instance.admin("review", "accept", number, *officer(instance, "central-1"))
    assert alone.returncode == 4, (alone.stdout, alone.stderr)
    early = instance.admin("code-reset", "tell", number, *officer(instance, "central-2"))
    assert early.returncode == 5 and early.stdout == ""
    assert instance.decide("accept", number, "central-2").returncode == 0
    instance.wait_for_state(number, "issued")
    assert "一次性代碼" in wait_for_mail(instance, number + "-1-reset-set")
    other = instance.admin("code-reset", "tell", number, *officer(instance, "central-1"))
    assert other.returncode == 4 and other.stdout == ""
    told = instance.admin("code-reset", "tell", number, *officer(instance, "central-2"))
    assert told.returncode == 0 and "02-27208889" in told.stdout
    code = re.search(r"One-time code: ([a-z2-9]{10})", told.stdout).group(1)

    change_state(browser, instance, serial, "suspend", code)
    assert "一次性代碼" in browser.find_element(By.ID, "code-error").text
    assert "用戶代碼已變更" in change_code(browser, instance, serial, code, NEW_CODE)
    change_state(browser, instance, serial, "suspend", NEW_CODE)
    assert "憑證已停用" in main_text(browser)
    assert instance.decide("accept", number, "central-1").returncode == 0  # the original has come
    instance.wait_for_state(number, "completed")
    assert "xcaEnvelope" not in instance.case(number)
    for name in instance.home.glob("log/*"):
        assert code not in name.read_text("utf-8", "replace") and NEW_CODE not in name.read_text("utf-8", "replace")


def test_what_a_reset_keeps_nobody_else_reads_or_writes(instance, tmp_path):
    serial = publish(instance, tmp_path, "hiddencode@example.org.tw")[2]
    number = file_reset(instance, serial)
    assert instance.decide("accept", number, "central-2").returncode == 0
    instance.wait_for_state(number, "issued")
    case, certificate = "xcaCaseNumber=%s,ou=cases,%s" % (number, BASE), "xcaSerial=%s,ou=certificates,%s" % (serial, BASE)
    for who in ("portal", "admin"):
        connection = instance.bind(who)
        assert "xcaNewCodeHash" not in connection.search_s(case, ldap.SCOPE_BASE)[0][1]
        assert not {"xcaCodeHash", "xcaCodeOnce", "xcaCodeNonce"} & set(connection.search_s(certificate, ldap.SCOPE_BASE)[0][1])
        for dn, name in ((case, "xcaEnvelope"), (case, "xcaNewCodeHash"), (certificate, "xcaCodeHash"), (certificate, "xcaCodeOnce")):
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                connection.modify_s(dn, [(ldap.MOD_REPLACE, name, [b"FALSE"])])


def test_the_request_form_is_one_sheet(browser, instance, tmp_path):
    serial = publish(instance, tmp_path, "resetform@example.org.tw")[2]
    browser.get(instance.url + "/code-reset?lang=zh")
    by_name(browser, "number").send_keys(serial)
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    sheets = printed(browser, tmp_path)
    assert len(sheets) == 1
    for mark in ("用戶代碼重設申請書", serial, "財團法人", "可聯絡時間", "輸入錯誤", "負責人印鑑", "14 天內"):
        assert mark in sheets[0], mark

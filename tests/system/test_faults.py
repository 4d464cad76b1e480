"""Faults and bad input as people meet them: each gets a clear page with the right status, and nothing is lost."""

import os
import signal
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from applying import apply, by_name, fill_form, go, open_form
from selenium.webdriver.common.by import By
from conftest import USER_CODE


def fetch(url, data=None, headers=None):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode("utf-8", "replace"), answer.headers


def test_unknown_page_and_method_and_too_large_body(instance):
    assert fetch(instance.url + "/no-such-page")[0] == 404
    assert fetch(instance.url + "/about", data=b"x=1", headers={"Content-Type": "application/x-www-form-urlencoded"})[0] == 405
    assert fetch(instance.url + "/case/status", data=b"x" * 300000, headers={"Content-Type": "application/x-www-form-urlencoded"})[0] == 413


def test_a_form_without_its_token_is_refused(instance):
    data = urllib.parse.urlencode({"case_number": "0" * 25, "code": USER_CODE}).encode()
    status, body, _ = fetch(instance.url + "/case/status", data=data)
    assert status == 403 and "<h1" in body


def test_both_languages_and_json_come_from_one_address(instance):
    status, body, _ = fetch(instance.url + "/repository", headers={"Accept": "application/json"})
    assert status == 200 and body.lstrip().startswith("{") and "crl" in body
    assert 'lang="zh-Hant' in fetch(instance.url + "/about")[1]
    assert 'lang="en"' in fetch(instance.url + "/about", headers={"Cookie": "xca-lang=en"})[1]


def test_pages_carry_a_strict_policy(instance):
    headers = fetch(instance.url + "/")[2]
    assert "default-src 'none'" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"


def test_the_list_is_cached_and_answered_with_304(instance):
    status, _, headers = fetch(instance.plain + "/repository/xca.crl")
    assert status == 200 and headers["ETag"] and headers["Last-Modified"] and "max-age" in headers["Cache-Control"]
    assert fetch(instance.plain + "/repository/xca.crl", headers={"If-None-Match": headers["ETag"]})[0] == 304


@pytest.mark.faults
def test_directory_that_hangs_gives_503_and_comes_back(instance):
    pid = int((instance.home / "run" / "slapd.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        status, body, headers = fetch(instance.url + "/organisations?name=" + urllib.parse.quote("基金會"))
        assert status == 503 and headers["Retry-After"] and "<h1" in body
        assert time.monotonic() - began < 20
    finally:
        os.kill(pid, signal.SIGCONT)
    until = time.monotonic() + 20
    while fetch(instance.url + "/organisations?name=" + urllib.parse.quote("基金會"))[0] != 200:
        assert time.monotonic() < until
        time.sleep(0.3)


def test_wrong_code_locks_after_three_and_says_so(browser, instance, key_and_csr):
    case = apply(browser, instance, key_and_csr[1], "lock@example.org.tw")
    browser.delete_all_cookies()
    texts = []
    for code in ("wrong-1", "wrong-2", "wrong-3", USER_CODE):
        browser.get(instance.url + "/case/status")
        by_name(browser, "case_number").send_keys(case)
        by_name(browser, "code").send_keys(code)
        go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
        texts.append(browser.find_element(By.TAG_NAME, "main").text)
    assert "2" in texts[0] and "3 次" in texts[2] and "3 次" in texts[3]
    assert instance.case(case)["xcaTries"] == b"3"


def test_a_double_click_files_one_case(browser, instance, key_and_csr):
    open_form(browser, instance, "基金會")
    fill_form(browser, key_and_csr[1], "twice@example.org.tw")
    before = instance.admin("review", "list", "--state", "filed").stdout.count("\n")
    browser.execute_script("const f = document.querySelector('main form[method=post]'); f.requestSubmit(); f.requestSubmit();")
    time.sleep(3)
    assert instance.admin("review", "list", "--state", "filed").stdout.count("\n") == before + 1


def test_a_signer_that_is_away_loses_nothing(browser, instance, key_and_csr):
    case = apply(browser, instance, key_and_csr[1], "away@example.org.tw")
    os.kill(instance.signer_pid(), signal.SIGSTOP)
    try:
        for officer, more in (("ra-tpe-edu", ["--letter", "1"]),):
            done = instance.decide("accept", case, officer, *more)
            assert done.returncode == 0
        assert instance.case(case)["xcaState"] == b"filed"
    finally:
        os.kill(instance.signer_pid(), signal.SIGCONT)
    instance.wait_for_state(case, "reviewed")

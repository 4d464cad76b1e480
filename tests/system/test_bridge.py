"""The bridge and the portal's six card pages: real reader, card, helper, portal, signer and Chromium, each to the end. Whoever is not
a page of the portal with the token of the helper's start gets nothing."""

import os
import re
import tempfile
import time
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from bridging import Bridge, CardPage, browser_for, helper_run, set_permission, settings_of
from conftest import USER_CODE
from readers import Readers
from test_accessibility import Inspector
from test_card_relay import card_of, done, file_card


class Place:
    """A desk with a reader, a card made for it, and a helper that serves."""

    def __init__(self, instance, folder):
        self.instance, self.folder = instance, folder
        self.readers = Readers(folder).start()
        self.config = settings_of(instance, folder)
        self.card = self.readers.card()
        case = file_card(instance)
        instance.approve(case)
        instance.wait_for_state(case, "approved")
        done(self.run([], "produce", "--case", case, timeout=300))
        self.number = card_of(instance, case)["xcaCardNumber"]
        done(self.run([], "dispatch", "--case", case, "--card", self.number, "--mail-number", "12345678901234"))
        instance.wait_for_state(case, "dispatched")
        self.pin = self.shown = None
        self.bridge = Bridge(self.readers, self.config)

    def run(self, typed, *command, timeout=120):
        return helper_run(self.readers, self.config, typed, *command, timeout=timeout)

    def activate(self):
        """By command, for tests that begin with an active card."""
        if self.pin is None:
            shown = done(self.run([USER_CODE], "activate"))
            self.pin = self.shown = re.search(r"note it\): (\d+)", shown).group(1)
        return self.pin

    def close(self):
        self.bridge.stop()
        self.readers.close()


@pytest.fixture(scope="module")
def place(instance):
    with tempfile.TemporaryDirectory(prefix="xca-desk-") as folder:
        one = Place(instance, Path(folder))
        yield one
        one.close()


@pytest.fixture(scope="module")
def chromium(instance):
    driver = browser_for(instance)
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium, instance, place):
    """A card page in Chinese that has the helper's link."""
    chromium.get(instance.url + "/about?lang=zh")
    chromium.get_log("browser")  # what tests without this page left
    one = CardPage(chromium, instance)
    one.open(place.bridge.link)
    yield one
    # The browser itself notes every answer of 4xx, and where nobody answers.
    errors = [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE" and "status of 4" not in entry["message"]]
    chromium.get("about:blank")
    assert errors == [] or one.loses_helper


def test_the_link_leaves_the_address_and_its_ticket_is_of_no_more_use(page, chromium, place):
    assert chromium.current_url == page.instance.url + "/card/activate"
    assert place.bridge.token not in chromium.page_source
    assert "已收到" in page.text()
    assert "The link was used. For another browser: https://" in place.bridge.said()


def test_view_shows_the_card(page, place):
    page.open("/card/info").begin()
    page.wait_part("done")
    for text in (place.number, "附卡", "2.16.886.", "PIN 碼剩餘次數\n3", "簽章憑證（9C）"):
        assert text in page.facts()
    assert "asks:" in place.bridge.said() and "view the card" in place.bridge.said()


def test_activation_goes_on_with_a_card_that_was_pulled_and_put_in_again(page, place, instance):
    page.begin()
    page.wait_part("confirm")
    assert place.number in page.facts()
    page.confirm()
    page.type_secret("Wrong-code-1")
    page.wait_part("fault")
    assert "用戶代碼" in page.part("fault").text
    page.press("fault")
    page.confirm()
    place.card.cut(5, "before")
    page.type_secret(USER_CODE)
    page.wait_part("fault", "wait")
    page.wait_text("抽出")
    place.card.insert()
    page.confirm()
    page.type_secret(USER_CODE)
    pin = page.new_pin()
    assert re.fullmatch(r"\d{8}", pin)
    page.wait_part("done", seconds=90)
    assert "憑證已公布" in page.text()
    assert pin not in place.bridge.said() and USER_CODE not in place.bridge.said()
    assert "Card number: " + place.number in place.bridge.said()
    page.press("new-pin")
    assert pin not in page.browser.page_source
    place.shown = pin
    assert "state: active" in instance.admin("card", "show", place.number).stdout
    place.pin = pin
    done(place.run([pin], "test"))


def test_the_pin_is_changed_and_tries_are_shown(page, place):
    old = place.activate()
    page.open("/card/change-pin").begin()
    page.type_secret("000000")
    page.wait_part("fault")
    assert "還可再試 2 次" in page.part("fault").text
    assert "PIN 碼剩餘次數\n2" in page.facts()
    page.press("fault")
    page.wait_part("secret")
    assert "PIN 碼剩餘次數\n2" in page.facts()
    page.type_secret("12")
    assert "6 至 8 位數字" in page.part("secret").text
    page.browser.find_element(By.ID, "card-secret").clear()
    page.type_secret(old)
    page.wait_text("再輸入一次新的 PIN 碼")
    page.type_secret("135790", "135791")
    assert "兩次輸入" in page.part("secret").text
    for field in ("card-secret", "card-secret-again"):
        page.browser.find_element(By.ID, field).clear()
    page.type_secret("135790", "135790")
    page.wait_part("done")
    place.pin = "135790"
    assert "PIN 碼剩餘次數\n3" in page.facts()


def test_the_card_is_tested(page, place):
    place.activate()
    page.open("/card/test").begin()
    page.type_secret(place.pin)
    page.wait_part("done", seconds=90)
    results = page.part("outcomes").text
    assert results.count("正常") >= 7 and results.count("OCSP") == 2 and "未通過" not in results


def test_a_locked_card_is_unlocked(page, place):
    pin = place.activate()
    for _ in range(3):
        place.run(["000000", "24681357"], "change-pin")
    page.open("/card/test").begin()
    page.wait_part("fault")
    assert "已鎖住" in page.part("fault").text
    page.part("fault").find_element(By.CSS_SELECTOR, "a[href='/card/unlock']").click()
    page.begin()
    page.confirm()
    page.type_secret(USER_CODE)
    page.wait_text("再輸入一次新的 PIN 碼")
    page.type_secret("24681357", "24681357")
    page.wait_part("done", seconds=90)
    assert pin != "24681357"
    place.pin = "24681357"
    done(place.run([place.pin], "test"))


def test_the_contact_is_changed(page, place):
    place.activate()
    page.open("/card/contact").begin()
    page.type_secret(place.pin)
    form = page.browser.find_element(By.ID, "card-contact")
    until = time.monotonic() + 60
    while not form.is_displayed() and time.monotonic() < until:
        time.sleep(0.1)
    field = form.find_element(By.NAME, "email")
    assert field.get_attribute("value") == "contact@example.org.tw"
    field.clear()
    field.send_keys("new-contact@example.org.tw")
    notices = Select(form.find_element(By.NAME, "notices"))
    assert notices.first_selected_option.get_attribute("value") == "all"
    notices.select_by_value("last")
    time.sleep(1)
    form.find_element(By.CSS_SELECTOR, ".buttons .primary").click()
    page.type_secret(place.pin)
    page.wait_part("done", seconds=90)
    assert "new-contact@example.org.tw" in page.facts() and "只寄最後一次" in page.facts()
    shown = done(place.run([place.pin], "contact", "show"))
    assert "new-contact@example.org.tw" in shown and "the last only): last" in shown
    wrong = place.run([], "contact", "change", "--notices", "never")
    assert wrong.returncode == 1 and "(the last only), not “never”" in wrong.stderr  # before the card is asked
    assert "the last only): all" in done(place.run([place.pin], "contact", "change", "--notices", "all"))


def traces(folder, *secrets):
    """Files below the folder that hold one of them, as bytes or in the two-byte text of browsers. What belongs to the tab stays with it
    while it is open."""
    found = []
    for path in Path(folder).rglob("*"):
        if path.is_file() and "Session Storage" not in path.parts:
            contents = path.read_bytes()
            found += [(path.name, secret) for secret in secrets if secret.encode() in contents or secret.encode("utf-16-le") in contents]
    return found


def test_no_secret_is_left_in_the_browser_or_in_a_log(chromium, instance, place):
    """A browser of its own, its profile searched after the work and after it was closed."""
    pin = place.activate()
    browser = browser_for(instance)
    try:
        folder = browser.capabilities["chrome"]["userDataDir"]
        page = CardPage(browser, instance)
        browser.get(instance.url + "/about?lang=en")
        page.open(place.bridge.link)
        page.open("/card/unlock").begin()
        page.confirm()
        page.type_secret(USER_CODE)
        page.wait_text("New PIN once more")
        page.type_secret("86421357", "86421357")
        page.wait_part("done", seconds=90)
        place.pin = "86421357"
        page.open("/card/test").begin()
        page.type_secret(place.pin)
        page.wait_part("done", seconds=90)
        page.open("/about")
        time.sleep(12)  # what a browser writes behind
        secrets = [USER_CODE, place.pin, pin, place.shown, place.bridge.token]
        assert traces(folder, *secrets) == []
        assert traces(chromium.capabilities["chrome"]["userDataDir"], *secrets) == []  # of all the tests before
        assert "/card/unlock" in str(traces(folder, instance.url + "/card/unlock"))  # one does look where it stands
    finally:
        browser.quit()
    assert traces(instance.home / "log", *secrets) == []
    assert traces(place.folder, *secrets[:4]) == []
    assert not [secret for secret in secrets if secret in place.bridge.said()]


def test_a_card_put_in_late_and_a_reader_plugged_in_late_are_waited_for(page, place):
    place.card.pull()
    page.open("/card/info").begin()
    page.wait_part("wait")
    assert "晶片朝上" in page.part("wait").text
    place.card.insert()
    page.wait_part("done")


def test_the_bridge_answers_while_a_card_is_slow(page, place):
    place.card.set("command_ms", 400)
    try:
        page.open("/card/info").begin()
        began = time.monotonic()
        status, hello, _ = place.bridge.ask("GET", "/v1")
        assert status == 200 and hello["program"] == "xca-card"
        assert time.monotonic() - began < 0.5
        page.wait_part("done", seconds=90)
    finally:
        place.card.set("command_ms", 0)


def test_a_second_page_is_told_that_the_helper_is_busy_and_may_take_over(page, place):
    place.card.pull()
    status, begun, _ = place.bridge.ask("POST", "/v1/jobs", {"operation": "activate"})
    assert status == 201
    page.open("/card/info").begin()
    page.wait_part("busy")
    assert "開卡" in page.part("busy").text
    place.card.insert()
    status, again, _ = place.bridge.ask("POST", "/v1/jobs", {"operation": "info"})
    assert status == 409 and again["busy"]["job"] == begun["job"]
    page.press("busy")
    page.wait_part("done")


def test_a_page_that_waits_for_another_job_goes_on_when_that_is_over(page, place):
    place.card.pull()
    begun = place.bridge.ask("POST", "/v1/jobs", {"operation": "activate"})[1]
    page.open("/card/info").begin()
    page.wait_part("busy")
    place.card.insert()
    place.bridge.ask("DELETE", "/v1/jobs/" + begun["job"])
    page.wait_part("done")


def test_cancelling_gives_the_card_back(page, place):
    page.open("/card/test").begin()
    page.wait_part("secret")
    page.press("secret", "[data-do=cancel]")
    page.wait_part("begin")
    done(place.run([], "info"))


def look_at_obstacles(page, place, inspector):
    """What may stand in the way of a job."""
    begun = place.bridge.ask("POST", "/v1/jobs", {"operation": "activate"})[1]
    page.open("/card/info").begin()
    page.wait_part("busy")
    inspector.look("busy")
    place.bridge.ask("DELETE", "/v1/jobs/" + begun["job"])
    second = place.readers.card(slot=1, name="second")
    page.open("/card/info").begin()
    page.wait_part("choose")
    inspector.look("choose")
    second.stop()
    page.open("/card/info")
    set_permission(page.browser, page.instance, "denied")
    page.begin()
    page.wait_part("denied")
    inspector.look("denied")
    set_permission(page.browser, page.instance, "granted")
    page.browser.execute_script("sessionStorage.setItem('xca-card-link', JSON.stringify({port: %d, token: '0'.repeat(32)}))" % place.bridge.port)
    page.open("/card/info").begin()
    page.wait_part("no-token")
    inspector.look("no-token")
    page.loses_helper = True
    page.open(place.bridge.link)
    until = time.monotonic() + 60
    while "busy" in place.bridge.ask("GET", "/v1")[1]:  # with what the pages before have left
        assert time.monotonic() < until
        time.sleep(0.2)


class Keyboard:
    """Somebody who cannot see the page and has no mouse: keys, where the focus is, and what is announced."""

    def __init__(self, page):
        self.page, self.browser = page, page.browser
        self.browser.execute_script("""
            const region = document.querySelector("#card-desk [role=status]");
            window.announced = [];
            new MutationObserver(() => window.announced.push(region.textContent)).observe(region, {childList: true, characterData: true, subtree: true});
            """)

    def keys(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()
        return self

    def instead(self, text):
        ActionChains(self.browser).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).send_keys(text).perform()
        return self

    def tab_to(self, selector):
        for _ in range(60):
            if self.browser.execute_script("return document.activeElement.matches(arguments[0])", selector):
                return self
            self.keys(Keys.TAB)
        raise AssertionError("Tab does not lead to " + selector)

    def stands_at(self, selector, seconds=30):
        """The focus comes there by itself."""
        until = time.monotonic() + seconds
        while not self.browser.execute_script("return document.activeElement.matches(arguments[0])", selector):
            assert time.monotonic() < until, "%s, not %s: %s" % (
                self.browser.execute_script("return document.activeElement.outerHTML.slice(0, 200)"), selector, self.page.text())
            time.sleep(0.1)
        return self

    def heard(self, *texts):
        announced = self.browser.execute_script("return window.announced")
        for text in texts:
            assert [one for one in announced if text in one], (text, announced)
        return self


def test_a_card_is_unlocked_with_keys_alone(page, place):
    place.activate()
    place.card.pull()
    page.open("/card/unlock")
    person = Keyboard(page)
    person.tab_to("[data-part=begin] button").keys(Keys.ENTER)
    person.stands_at("[data-part=wait]").heard("請將 IC 卡晶片朝上插入讀卡機")
    place.card.insert()
    person.stands_at("[data-part=confirm] button.primary").heard("要為這張卡片解鎖").keys(Keys.ENTER)
    person.stands_at("#card-secret").heard("用戶代碼").keys(USER_CODE, Keys.ENTER)
    page.wait_part("secret-again")
    person.stands_at("#card-secret").heard("新 PIN 碼").keys("12345", Keys.TAB, "12345", Keys.ENTER)
    person.stands_at("#card-secret[aria-invalid=true]")
    described = page.browser.find_element(By.ID, "card-secret").get_attribute("aria-describedby").split()
    assert "6 至 8 位數字" in page.browser.find_element(By.ID, described[0]).text
    person.instead("27182818").keys(Keys.TAB).instead("27182818").keys(Keys.ENTER)
    person.stands_at("[data-part=done]", seconds=90).heard("1/5", "卡片已解鎖")
    place.pin = "27182818"
    page.open("/card/change-pin")
    person = Keyboard(page)
    person.tab_to("[data-part=begin] button").keys(Keys.ENTER).stands_at("#card-secret").keys("00000000", Keys.ENTER)
    person.stands_at("[data-part=fault]").heard("PIN 碼錯誤，還可再試 2 次").keys(Keys.TAB, Keys.ENTER)
    person.stands_at("#card-secret").keys(Keys.TAB, Keys.TAB, Keys.ENTER)  # cancel
    person.stands_at("[data-part=begin] button")
    done(place.run([place.pin], "test"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_step_is_accessible_and_fits_a_phone(page, chromium, place, instance, language):
    """axe-core at each step with a card, in both languages."""
    place.activate()
    inspector = Inspector(chromium, language)
    chromium.get(instance.url + "/about?lang=" + language)
    place.card.pull()
    page.open(place.bridge.link).begin()
    page.wait_part("wait")
    inspector.look("wait")
    place.card.insert()
    page.wait_part("confirm")
    inspector.look("confirm")
    page.confirm()
    page.wait_part("secret")
    inspector.look("code")
    page.type_secret(USER_CODE)
    page.wait_part("fault")
    inspector.look("fault")
    page.open("/card/change-pin").begin()
    page.type_secret("12")
    inspector.look("pin-wrong")
    page.browser.find_element(By.ID, "card-secret").clear()
    page.type_secret(place.pin)
    until = time.monotonic() + 20
    while not page.part("secret-again").is_displayed() and time.monotonic() < until:
        time.sleep(0.1)
    inspector.look("new-pin")
    page.open("/card/test").begin()
    page.type_secret(place.pin)
    page.wait_part("done")
    inspector.look("tested")
    page.open("/card/contact").begin()
    page.type_secret(place.pin)
    until = time.monotonic() + 30
    while not chromium.find_element(By.ID, "card-contact").is_displayed() and time.monotonic() < until:
        time.sleep(0.1)
    inspector.look("contact")
    page.open("/card/info").begin()
    page.wait_part("done")
    inspector.look("info")
    look_at_obstacles(page, place, inspector)
    place.card.set("command_ms", 250)
    try:
        page.open("/card/unlock").begin()
        page.confirm()
        page.type_secret(USER_CODE)
        page.wait_part("secret-again")
        page.type_secret("31415926", "31415926")
        page.wait_part("progress")
        inspector.look("progress")
    finally:
        place.card.set("command_ms", 0)
    page.wait_part("done", seconds=90)
    inspector.look("unlocked")
    place.pin = "31415926"
    for _ in range(3):
        place.run(["000000", "24681357"], "change-pin")
    page.open("/card/test").begin()
    page.wait_part("fault")
    inspector.look("locked")
    done(place.run([USER_CODE, place.pin], "unlock"))
    assert inspector.seen[-1] == "locked"
    assert {kind: found for kind, found in inspector.wrong.items() if found} == {}


def test_without_the_helper_the_page_says_how_to_get_it(chromium, instance, place):
    page = CardPage(chromium, instance)
    page.open("/card/info")
    chromium.execute_script("sessionStorage.setItem('xca-card-link', JSON.stringify({port: 9, token: '0'.repeat(32)}))")
    page.open("/card/info").begin()
    page.wait_part("no-helper")
    assert "xca-card serve" in page.part("no-helper").text
    assert "xca-card info" in chromium.find_element(By.ID, "card-command").get_attribute("textContent")
    page.part("no-helper").find_element(By.CSS_SELECTOR, "a[href='#card-command']").click()
    assert chromium.find_element(By.CSS_SELECTOR, "#card-command pre").is_displayed()
    assert page.part("no-helper").find_elements(By.CSS_SELECTOR, "a[href='/card/helper']")


def test_what_the_page_about_the_helper_says_works(chromium, instance, place):
    """Settings and commands as they stand there, in a home of their own."""
    pin = place.activate()
    page = CardPage(chromium, instance)
    page.open("/card/helper")
    home = place.folder / "home/.config/xca-card"
    home.mkdir(parents=True, exist_ok=True)
    shown = [block.text for block in chromium.find_elements(By.CSS_SELECTOR, "main pre")]
    (home / "config").write_text(next(text for text in shown if text.startswith("portal-url = ")))
    link = chromium.find_element(By.CSS_SELECTOR, "main a[download]")
    (home / link.get_attribute("download")).write_text(chromium.execute_async_script(
        "fetch(arguments[0].href).then((answer) => answer.text()).then(arguments[1])", link))
    commands = [code.text for code in chromium.find_elements(By.CSS_SELECTOR, "main td code")]
    typed = {"unlock": [USER_CODE, "97531246"], "change-pin": ["97531246", pin], "contact show": [pin], "test": [pin],
             "contact change --email name@example.org": [pin], "info": [], "list": []}
    assert set(commands) == {"xca-card " + words for words in ["activate", *typed]}
    for words, secrets in typed.items():
        done(helper_run(place.readers, None, secrets, *words.split(), home=place.folder / "home"))
    for path in ("activate", "unlock", "change-pin", "contact", "test", "info"):
        page.open("/card/" + path)
        assert chromium.find_element(By.CSS_SELECTOR, "#card-command pre").get_attribute("textContent") in commands


def test_a_page_goes_on_when_the_link_is_opened(chromium, instance, place):
    """In the same tab, or in another one."""
    page = CardPage(chromium, instance)
    page.open("/about")
    chromium.execute_script("sessionStorage.clear()")
    first = chromium.current_window_handle
    for elsewhere in (False, True):
        page.open("/card/info")
        chromium.execute_script("sessionStorage.setItem('xca-card-link', JSON.stringify({port: %d, token: '0'.repeat(32)}))" % place.bridge.port)
        page.open("/card/info").begin()
        page.wait_part("no-token")
        if elsewhere:
            chromium.switch_to.new_window("tab")
            page.open(place.bridge.link)
            WebDriverWait(chromium, 30).until(lambda b: "token" in (b.execute_script("return sessionStorage.getItem('xca-card-link')") or ""))
            chromium.close()
            chromium.switch_to.window(first)
        else:
            chromium.execute_script("location.hash = arguments[0]", place.bridge.link.split("#")[1])
        page.wait_part("done")
        assert place.number in page.facts() and place.bridge.token not in chromium.current_url
    chromium.switch_to.new_window("tab")  # a tab that comes later asks those that are there
    try:
        page.open("/card/info").begin()
        page.wait_part("done")
    finally:
        chromium.close()
        chromium.switch_to.window(first)


def test_a_token_of_an_earlier_start_is_told(chromium, instance, place):
    page = CardPage(chromium, instance)
    page.open("/card/info")
    chromium.execute_script("sessionStorage.setItem('xca-card-link', JSON.stringify({port: %d, token: '0'.repeat(32)}))" % place.bridge.port)
    page.open("/card/info").begin()
    page.wait_part("no-token")
    assert chromium.execute_script("return sessionStorage.getItem('xca-card-link')") is None


def test_a_browser_that_was_told_no_says_what_to_do(chromium, instance, place):
    page = CardPage(chromium, instance)
    set_permission(chromium, instance, "denied")
    try:
        page.open(place.bridge.link)
        page.begin()
        page.wait_part("denied")
    finally:
        set_permission(chromium, instance, "granted")


def test_only_card_pages_may_connect_to_this_machine(chromium, instance, place):
    page = CardPage(chromium, instance)
    attempt = "const done = arguments[1]; fetch('http://127.0.0.1:' + arguments[0] + '/v1').then(() => done('read'), () => done('refused'))"
    page.open("/card/info")
    assert chromium.execute_async_script(attempt, place.bridge.port) == "read"
    page.open("/about")
    assert chromium.execute_async_script(attempt, place.bridge.port) == "refused"


def test_a_page_of_another_origin_is_refused(chromium, instance, place):
    """The same pages under another name, allowed by the browser to connect here, with the token: the bridge refuses."""
    foreign = instance.url.replace("localhost", "127.0.0.1")
    set_permission(chromium, instance, "granted", foreign)
    page = CardPage(chromium, instance)
    page.open(place.bridge.link.replace(instance.url, foreign))
    page.begin()
    page.wait_part("no-helper")
    place.bridge.wait_for(foreign + " was refused")
    assert "view the card" not in place.bridge.said().split(foreign + " was refused")[1]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://localhost", "https://localhost"])
def test_an_origin_that_is_not_configured_gets_403(place, origin):
    for method, path in (("GET", "/v1"), ("POST", "/v1/jobs"), ("OPTIONS", "/v1/jobs")):
        status, answer, headers = place.bridge.ask(method, path, {"operation": "info"} if method == "POST" else None, Origin=origin)
        assert status == 403 and answer["fault"]["id"] == "T_BRIDGE_FOREIGN" and answer["fault"]["text"]
        assert headers["Access-Control-Allow-Origin"] is None
    if origin == "https://evil.example":
        place.bridge.wait_for("https://evil.example was refused")


def test_a_name_that_was_made_to_lead_here_gets_403(place):
    for host in ("rebound.example:%d" % place.bridge.port, "127.0.0.1", "localhost:1"):
        status, answer, headers = place.bridge.ask("GET", "/v1", host=host)
        assert status == 403 and answer["fault"]["id"] == "T_BRIDGE_HOST"
        assert headers["Access-Control-Allow-Origin"] is None


def test_a_wrong_token_gets_403(place):
    for token in (None, "", "0" * 32, place.bridge.token[:-1], place.bridge.token.upper() + "x"):
        status, answer, _ = place.bridge.ask("POST", "/v1/jobs", {"operation": "info"}, X_XCA_Token=token)
        assert status == 403 and answer["fault"]["id"] == "T_BRIDGE_TOKEN"


def test_a_preflight_allows_the_configured_origin_alone(place):
    status, _, headers = place.bridge.ask("OPTIONS", "/v1/jobs", X_XCA_Token=None, Access_Control_Request_Method="POST",
                                          Access_Control_Request_Headers="content-type,x-xca-token",
                                          Access_Control_Request_Private_Network="true")
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == place.bridge.origin and "Origin" in headers["Vary"]
    assert "X-XCA-Token" in headers["Access-Control-Allow-Headers"] and "DELETE" in headers["Access-Control-Allow-Methods"]
    assert headers["Access-Control-Allow-Private-Network"] == "true" and headers["Access-Control-Max-Age"]


def test_what_is_too_large_or_no_json_is_refused(place):
    ask = place.bridge.ask
    assert ask("POST", "/v1/jobs", b"x" * 262145)[0] == 413
    assert ask("POST", "/v1/jobs", b"{" * 262000)[0] == 422
    assert ask("POST", "/v1/jobs", b"operation=info", Content_Type="application/x-www-form-urlencoded")[0] == 415
    assert ask("POST", "/v1/jobs", {"operation": "transmit", "apdu": "00a40400"})[1]["fault"]["id"] == "T_BRIDGE_OPERATION"


def test_it_listens_on_the_loopback_address_alone(place):
    assert place.bridge.listens_on("127.0.0.1")
    assert not place.bridge.listens_on("127.0.0.2")


def ask_to_sign(page, operation, texts):
    """As a page for officers does: the desk's operation, the texts in a form, which is caught when it is sent by itself."""
    page.browser.execute_script("""
        document.getElementById("card-desk").dataset.operation = arguments[0];
        const form = document.createElement("form");
        form.id = "card-signed";
        form.append(...arguments[1].map((text) => {
          const area = document.createElement("textarea");
          area.dataset.sign = "";
          area.hidden = true;
          area.value = text;
          return area;
        }));
        form.addEventListener("submit", (event) => {
          event.preventDefault();
          window.sent = new FormData(form).getAll("signed");
        });
        document.body.append(form);""", operation, texts)


def is_sent(page, count):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        sent = page.browser.execute_script("return window.sent")
        if sent:
            return len(sent) == count and all(one.startswith("MII") for one in sent)
        time.sleep(0.1)
    return False


def test_an_officer_logs_in_and_decides_in_a_page(place, instance, chromium):
    """By the modules that pages for officers use, with a key in a file; what is signed is confirmed at the helper's terminal."""
    officers = instance.home / "officers"
    bridge = Bridge(place.readers, place.config, "--key", officers / "central-1.p12", "--password-file", officers / "password", terminal=True)
    page = CardPage(chromium, instance)
    texts = ["XCA-STATEMENT-1\ncase: %025d\ndecision: accept\n" % number for number in range(3)]
    try:
        chromium.get(instance.url + "/about?lang=zh")
        page.open(bridge.link)
        page.open("/card/info")
        ask_to_sign(page, "login", ["XCA-LOGIN-1\nportal: %s\nnonce: 00\n" % bridge.origin])
        page.begin()
        page.wait_part("confirm")
        assert "網站：" + bridge.origin in page.text()
        page.confirm()
        assert is_sent(page, 1)
        page.open("/card/info")
        ask_to_sign(page, "sign", texts)
        page.begin()
        page.wait_part("here")
        assert not page.part("confirm").is_displayed()
        bridge.wait_for("Are all these 3 to be signed?")
        bridge.type("y")
        assert is_sent(page, 3)
        page.open("/card/info")
        ask_to_sign(page, "sign", texts)
        page.begin()
        page.wait_part("here")
        heard = len(bridge.said())
        bridge.type("n")
        bridge.wait_for("Cancelled.", after=heard)
        page.wait_part("begin")
        assert chromium.execute_script("return window.sent") is None
    finally:
        bridge.stop()


def test_with_ask_here_pins_are_typed_at_the_helper_alone(page, place):
    """The helper gets what it asks from its own side; the page shows where to look, and no field."""
    pin = place.activate()
    reading, writing = os.pipe()
    os.write(writing, (pin + "\n13572468\n").encode())
    os.close(writing)
    bridge = Bridge(place.readers, place.config, "--ask-here", "--yes", "--secrets-fd", reading, pass_fds=[reading])
    os.close(reading)
    try:
        place.card.set("command_ms", 150)
        page.open(bridge.link.replace("/card/activate", "/card/change-pin"))
        page.browser.refresh()
        page.begin()
        page.wait_part("here")
        assert "小幫手的視窗" in page.part("here").text
        page.wait_part("done")
        place.pin = "13572468"
        assert not page.part("secret").is_displayed()
        assert "change the PIN" in bridge.said()
    finally:
        place.card.set("command_ms", 0)
        bridge.stop()
    done(place.run([place.pin], "test"))


def test_a_helper_that_ends_is_told(page, place):
    bridge = Bridge(place.readers, place.config)
    place.activate()
    page.open(bridge.link.replace("/card/activate", "/card/test"))
    page.browser.refresh()
    page.begin()
    page.wait_part("secret")
    page.loses_helper = True
    bridge.process.kill()
    bridge.process.wait()
    page.wait_part("fault", seconds=30)
    assert "連線中斷" in page.part("fault").text
    done(place.run([place.pin], "test"))  # the card is nobody's


def test_a_page_that_is_left_gives_the_card_back(page, place):
    place.activate()
    page.open("/card/test").begin()
    page.wait_part("secret")
    page.open("/about")
    until = time.monotonic() + 20
    while "busy" in place.bridge.ask("GET", "/v1")[1] and time.monotonic() < until:
        time.sleep(0.1)
    assert "busy" not in place.bridge.ask("GET", "/v1")[1]
    done(place.run([place.pin], "test"))

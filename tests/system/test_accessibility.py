"""Every page in its states, in both languages: nothing that axe-core minds, nothing wider than a phone, no link that leads nowhere,
no text that is missing; and the keyboard reaches everything."""

import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from applying import apply, by_name, go, open_form
from conftest import TOP, new_browser
from officers import Officer
from visiting import Visitor
from walking import Walk

LANGUAGES = {"zh": "zh-Hant-TW", "en": "en"}
AXE = sorted((TOP / "build" / "axe-core").glob("axe-*.min.js"))
CATALOGUE = "".join(f.read_text("utf-8") for f in sorted((TOP / "htdocs" / "catalogue").glob("*.xml")))
TEXT_IDS = set(re.findall(r'<m id="([^"]+)"', CATALOGUE))
# What the portal says in one language alone: it has no place on a page of the other.
TEXTS = {language: {text for text in re.findall(r"<%s>([^<>{}]+)</%s>" % (language, language), CATALOGUE)} for language in LANGUAGES}
FOREIGN = {"en": TEXTS["zh"] - TEXTS["en"], "zh": {text for text in TEXTS["en"] - TEXTS["zh"] if re.search("[a-z]{3}", text)}}
SWITCH = {"en": "中文", "zh": "English"}
DATA = {"財團法人", "承辦人"}  # an arc of the tree and a contact of the walk are called so

# What a visitor's eyes and keyboard would find, of one page.
INSPECT = """
const texts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) { texts.push(walker.currentNode.nodeValue.trim()); }
const lost = [...document.querySelectorAll("main .summary a[href^='#']")].filter(a => !document.getElementById(a.hash.slice(1)));
return {
  lang: document.documentElement.lang,
  title: document.title,
  texts: texts.filter(t => t !== ""),
  h1: document.querySelectorAll("h1").length,
  links: [...document.querySelectorAll("a[href]:not([href^='#'])")].map(a => a.href),
  lost: lost.map(a => a.hash),
};
"""


def axe_source():
    assert AXE, "tests/fetch-axe.sh has not been run (make test does it)"
    return AXE[-1].read_text("utf-8")


class Inspector:
    """Stands at every page of the walk and writes down what is wrong."""

    def __init__(self, browser, language):
        self.browser, self.language = browser, language
        self.wrong = {"axe": [], "wide": [], "text": [], "foreign": [], "frame": [], "link": []}
        self.links, self.seen = {}, []

    def note(self, kind, page, what):
        self.wrong[kind].append("%s %s: %s" % (self.language, page, what))

    def look(self, page):
        self.seen.append(page)
        found = self.browser.execute_script(INSPECT)
        if found["lang"] != LANGUAGES[self.language]:
            self.note("frame", page, "lang is " + found["lang"])
        if found["h1"] != 1:
            self.note("frame", page, "%d h1" % found["h1"])
        if not re.match(r".+｜.+", found["title"]):
            self.note("frame", page, "title is " + found["title"])
        for anchor in found["lost"]:
            self.note("frame", page, "the list of errors leads to %s, which is not there" % anchor)
        for text in found["texts"]:
            if text in TEXT_IDS or re.search(r"\[[a-z_]+(\.[a-z0-9_-]+)+\]|\{[#@]?[a-z_.]+\}", text):
                self.note("text", page, text)
            if text in FOREIGN[self.language] - DATA and text != SWITCH[self.language]:
                self.note("foreign", page, text)
        for link in found["links"]:
            self.links.setdefault(link.split("#")[0], page)
        self.measure(page)
        self.ask_axe(page)

    def measure(self, page):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True})
        wide = self.browser.execute_script("return document.documentElement.scrollWidth")
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        if wide > 360:
            self.note("wide", page, "%d pixels" % wide)

    def ask_axe(self, page):
        if not self.browser.execute_script("return 'axe' in window"):
            self.browser.execute_script(axe_source())
        answer = self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run({resultTypes: ['violations'], selectors: false}).then(r => done(r.violations), e => done([{id: 'axe failed', help: String(e), nodes: []}]))")
        for violation in answer:
            for node in violation["nodes"] or [{"html": ""}]:
                self.note("axe", page, "%s (%s) %s" % (violation["id"], violation["help"], node["html"][:160]))


@pytest.fixture(scope="module")
def inspected(browser, instance, tmp_path_factory):
    """Both walks; what was found, by kind."""
    walk = Walk(browser, instance, tmp_path_factory.mktemp("walk"))
    browser.set_script_timeout(60)
    walk.prepare()
    inspectors = [Inspector(browser, language) for language in LANGUAGES]
    # each page has axe from its beginning: handing half a megabyte over at every look takes longer than the look
    axe = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": axe_source()})
    for inspector in inspectors:
        walk.everything(inspector.language, inspector.look)
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", axe)
    return inspectors


def found(inspected, kind):
    return [line for inspector in inspected for line in inspector.wrong[kind]]


def nothing(lines):
    assert not lines, "%d:\n%s" % (len(lines), "\n".join(lines))


pytestmark = pytest.mark.faults  # the walk makes the directory hang


def test_axe_has_nothing_to_say_about_any_page_in_either_language(inspected):
    assert inspected[0].seen == inspected[1].seen and len(inspected[0].seen) > 80
    nothing(found(inspected, "axe"))


def test_no_page_is_wider_than_a_phone(inspected):
    nothing(found(inspected, "wide"))


def test_no_text_is_missing(inspected):
    nothing(found(inspected, "text"))


def test_no_text_is_in_the_other_language(inspected):
    nothing(found(inspected, "foreign"))


def test_every_page_says_its_language_and_title_and_its_errors_lead_to_fields(inspected):
    nothing(found(inspected, "frame"))


def leads_on(officers, path):
    """A page for one of the officers at least; to the others it may be closed. What has changed since says so (409, 422)."""
    for one in officers:
        answer = one.get(path)
        if (answer.status < 400 or answer.status in (409, 422)) and not answer.headers.get("Location", "").startswith("/office/login"):
            return True
    return False


def status_of(visitor, link):
    """Where it leads in the end; over one connection, since there are hundreds."""
    for _ in range(5):
        here = visitor.instance.url
        if not link.startswith((here, "/")):
            request = urllib.request.Request(urllib.parse.quote(link, safe=":/?&=%#;,+"))
            try:
                return urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()).status
            except urllib.error.HTTPError as answer:
                return answer.code
        answer = visitor.get(urllib.parse.quote(link[len(here):] if link.startswith(here) else link, safe="/?&=%;,+") or "/")
        if "Location" not in answer.headers:
            return answer.status
        link = answer.headers["Location"]
    return "in circles"


def test_no_link_is_dead(inspected, instance):
    officers = [Officer(instance, uid) for uid in ("ra-tpe-edu", "central-1", "central-2", "card-1", "audit-1")]
    visitor = Visitor(instance)
    pages = {}
    for inspector in inspected:
        pages.update(inspector.links)
    dead = []
    for link, page in sorted(pages.items()):
        if not link.startswith((instance.url, instance.plain)) or "/no-such-page" in link or "/certificates/00ff" in link:
            continue
        path = link[len(instance.url):]
        if path.startswith("/office") and not path.startswith("/office/login"):
            if not leads_on(officers, urllib.parse.quote(path, safe="/?&=%;,+")):
                dead.append("%s of %s: to no officer" % (link, page))
            continue
        status = status_of(visitor, link)
        if status not in (200, 422):  # a search with a wrong number, in the other language, is still a page
            dead.append("%s of %s: %s" % (link, page, status))
    assert len(pages) > 60
    nothing(dead)


def active(browser):
    return browser.switch_to.active_element


def test_the_first_tab_skips_to_the_content(browser, instance):
    browser.get(instance.url + "/")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert active(browser).get_attribute("class") == "skip"
    assert active(browser).is_displayed() and active(browser).rect["y"] >= 0
    active(browser).send_keys(Keys.ENTER)
    assert active(browser).get_attribute("id") == "main"


def test_wrong_fields_are_told_first_and_reached_by_the_keyboard(browser, instance):
    open_form(browser, instance, "基金會")
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    assert active(browser).get_attribute("id") == "errors"
    link = browser.find_element(By.CSS_SELECTOR, "#errors a")
    link.send_keys(Keys.ENTER)
    assert active(browser).get_attribute("name") == "email"
    described = active(browser).get_attribute("aria-describedby").split()
    assert active(browser).get_attribute("aria-invalid") == "true" and "email-error" in described


@pytest.mark.parametrize("path", ["/", "/apply/certificate?keyword=基金會", "/certificates", "/windows", "/apply/certificate/new"])
def test_tab_reaches_everything_in_order_and_shows_where_it_is(browser, instance, path):
    browser.get(instance.url + path)
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    reached = []
    for _ in range(150):
        state = browser.execute_script(
            "const e = document.activeElement, s = getComputedStyle(e);"
            "if (e === document.body) { return null; }"
            "if (!e.dataset.reached) { e.dataset.reached = '1'; }"
            "return [e.outerHTML.slice(0, 120), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2, s.visibility];")
        if state is None:
            break
        assert state[1] and state[2] == "visible", state[0]
        if reached and state[0] == reached[0]:
            break
        reached.append(state[0])
        active(browser).send_keys(Keys.TAB)
    left = browser.execute_script(
        "return [...document.querySelectorAll('a[href], button, select, textarea, summary, input:not([type=hidden])')]"
        ".filter(e => e.checkVisibility() && e.tabIndex >= 0 && !e.dataset.reached && e.type !== 'radio').map(e => e.outerHTML.slice(0, 120))")
    assert left == [] and len(reached) > 10


def test_an_application_is_filed_and_printed_without_any_script(instance, key_and_csr):
    plain = new_browser()
    try:
        plain.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        case = apply(plain, instance, key_and_csr[1], "noscript@example.org.tw")
        assert case in plain.find_element(By.TAG_NAME, "main").text
        plain.get(instance.url + "/case/letter/" + case)
        by_name(plain, "code").send_keys("Test-code-1")
        go(plain, plain.find_element(By.CSS_SELECTOR, "main .buttons .primary"))
        assert "Test-code-1" in plain.find_element(By.CSS_SELECTOR, ".paper").text
        assert not plain.find_element(By.CSS_SELECTOR, "[data-print]").is_displayed()
        plain.get(instance.url + "/case/checklist/" + case)
        for box in plain.find_elements(By.CSS_SELECTOR, "main input[type=checkbox]"):
            box.click()
        go(plain, plain.find_element(By.CSS_SELECTOR, "main .buttons .primary"))
        assert "/case/window/" in plain.current_url
        # the menu of a phone opens without a script too
        plain.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                              {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True})
        plain.get(instance.url + "/")
        assert not plain.find_element(By.ID, "menu").is_displayed()
        plain.find_element(By.CSS_SELECTOR, ".menu-open").click()
        assert plain.find_element(By.ID, "menu").is_displayed()
    finally:
        plain.quit()

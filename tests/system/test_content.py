"""News, questions and answers, and a question of a visitor with its answer."""

import email
import email.policy
import json
import ssl
import time
import urllib.request
import xml.etree.ElementTree as ET
from datetime import datetime

import pytest
from selenium.webdriver.common.by import By
from applying import by_name, choose, go
from conftest import TOP
from visiting import Visitor

ATOM = "{http://www.w3.org/2005/Atom}"
CONTEXT = ssl._create_unverified_context()


def main_text(browser):
    return browser.find_element(By.TAG_NAME, "main").text


def get(instance, path, **headers):
    request = urllib.request.Request(instance.url + path, headers=headers)
    return urllib.request.urlopen(request, context=CONTEXT, timeout=30)


def contents(name):
    return ET.parse(TOP / "conf" / "content" / name).getroot()


def add_news(instance, folder, ident, date, title="舊訊息", state="published"):
    path = folder / (ident + ".xml")
    path.write_text("<contents><news id='%s' date='%s' state='%s'><title><zh>%s</zh><en>Old news %s</en></title><body><zh>"
                    "內容**重點**</zh><en>Text</en></body></news></contents>" % (ident, date, state, title, ident), "utf-8")
    done = instance.admin("content", "import", str(path), "--replace", "--officer", "central-1")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_entry_of_the_portal_map_is_a_page(instance, language):
    visitor = Visitor(instance, language=language)
    pages = visitor.get("/sitemap", Accept="application/json").json()["pages"]
    assert len(pages) > 35 and {p["id"] for p in pages if not p["open"]} <= {"interface-guide"}
    for entry in [p for p in pages if p["open"]]:
        page = visitor.get(entry["path"])
        while page.status == 303:
            page = visitor.follow(page)
        headings = [e for e in page.elements() if e.tag == "h1"]
        assert page.status == 200 and len(headings) == 1 and page.text_of(headings[0]), (entry, page.status)


def test_news_are_listed_newest_first_and_read(browser, instance):
    browser.get(instance.url + "/news?lang=zh")
    items = browser.find_elements(By.CSS_SELECTOR, ".news li")
    dates = [i.find_element(By.TAG_NAME, "time").text for i in items]
    assert len(items) >= 8 and dates == sorted(dates, reverse=True)
    title = items[0].find_element(By.TAG_NAME, "a").text
    go(browser, items[0].find_element(By.TAG_NAME, "a"))
    assert browser.find_element(By.TAG_NAME, "h1").text == title and dates[0] in main_text(browser)
    browser.get(instance.url + "/")
    assert title in main_text(browser)


def test_the_archive_goes_back_by_years_and_pages(browser, instance, tmp_path):
    for number in range(23):
        add_news(instance, tmp_path, "old-%02d" % number, "2019-%02d-15" % (number % 12 + 1))
    add_news(instance, tmp_path, "draft", "2019-01-01", state="draft")
    browser.get(instance.url + "/news/archive?lang=zh")
    years = [a.text for a in browser.find_elements(By.CSS_SELECTOR, ".years a")]
    assert years == ["2026", "2019"]
    go(browser, browser.find_elements(By.CSS_SELECTOR, ".years a")[1])
    assert len(browser.find_elements(By.CSS_SELECTOR, ".news li")) == 20 and "23" in main_text(browser)
    go(browser, browser.find_element(By.CSS_SELECTOR, ".pager a[rel=next]"))
    assert len(browser.find_elements(By.CSS_SELECTOR, ".news li")) == 3
    assert not browser.find_elements(By.CSS_SELECTOR, ".pager a[rel=next]")
    for page in ("0", "99", "-1", "x", "9999999999"):
        browser.get(instance.url + "/news/archive?year=2019&page=" + page)
        assert browser.find_elements(By.CSS_SELECTOR, ".news li")
    browser.get(instance.url + "/news/draft")
    assert browser.find_element(By.TAG_NAME, "h1").text == "找不到這一頁"


def check_feed(answer, language, instance):
    """RFC 4287: what a feed and its entries must have, once each."""
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.read())
    assert feed.tag == ATOM + "feed" and feed.get("{http://www.w3.org/XML/1998/namespace}lang") == language
    entries = feed.findall(ATOM + "entry")
    assert 1 <= len(entries) <= 20
    assert feed.findall(ATOM + "author/" + ATOM + "name")
    ids = []
    for element in [feed] + entries:
        for name in ("id", "title", "updated"):
            assert len(element.findall(ATOM + name)) == 1, name
        ids.append(element.find(ATOM + "id").text)
        assert ids[-1].startswith(instance.url)
        datetime.strptime(element.find(ATOM + "updated").text, "%Y-%m-%dT%H:%M:%SZ")
        alternates = [link for link in element.findall(ATOM + "link") if link.get("rel") == "alternate"]
        assert len(alternates) == 1 and get(instance, alternates[0].get("href")[len(instance.url):]).status == 200
    assert len(set(ids)) == len(ids)
    selves = [link.get("href") for link in feed.findall(ATOM + "link") if link.get("rel") == "self"]
    assert selves == [ids[0]]
    for entry in entries:
        content = entry.findall(ATOM + "content")
        assert len(content) == 1 and content[0].get("type") == "html" and len(content[0]) == 0 and "<p>" in content[0].text
    return entries


def test_the_feed_is_atom_in_both_languages(instance):
    zh = check_feed(get(instance, "/news/feed.xml"), "zh-Hant-TW", instance)
    en = check_feed(get(instance, "/news/feed-en.xml"), "en", instance)
    assert len(zh) == len(en) and zh[0].find(ATOM + "title").text != en[0].find(ATOM + "title").text
    tag = get(instance, "/news/feed.xml").headers["ETag"]
    try:
        get(instance, "/news/feed.xml", **{"If-None-Match": tag})
        raise AssertionError("sent again")
    except urllib.error.HTTPError as answer:
        assert answer.code == 304


def test_every_answer_of_the_faq_is_a_page_and_search_finds_it(browser, instance):
    all_of_them = contents("faq.xml").findall("faq")
    browser.get(instance.url + "/faq?lang=en")
    shown = [a.get_attribute("href").rsplit("/", 1)[1] for a in browser.find_elements(By.CSS_SELECTOR, ".questions a")]
    assert sorted(shown) == sorted(f.get("id") for f in all_of_them) and len(shown) >= 25
    browser.find_element(By.NAME, "q").send_keys("user code lost")
    go(browser, browser.find_element(By.CSS_SELECTOR, ".search .primary"))
    assert "I have lost the user code" in main_text(browser)
    browser.get(instance.url + "/faq?lang=zh&q=%E9%8E%96%E4%BD%8F")  # 鎖住
    found = browser.find_elements(By.CSS_SELECTOR, ".results a")
    assert 1 <= len(found) < 10
    go(browser, found[0])
    assert "鎖住" in main_text(browser)
    data = json.load(get(instance, "/faq/pin-locked", Accept="application/json"))
    assert data["id"] == "pin-locked" and data["category"] == "pin"
    browser.get(instance.url + "/faq?q=" + "x" * 101)
    assert browser.find_element(By.ID, "errors").is_displayed()


def test_uses_and_fees_are_those_of_the_directory(browser, instance):
    for path, name in (("/uses", "uses.xml"), ("/fees", "fees.xml")):
        browser.get(instance.url + path + "?lang=zh")
        text = main_text(browser)
        for title in contents(name).findall("*/title/zh"):
            assert title.text in text


def test_what_is_withdrawn_is_gone_at_once(browser, instance):
    assert instance.admin("content", "withdraw", "fee-oid").returncode == 0
    browser.get(instance.url + "/fees?lang=en")
    assert "OID: registering" not in main_text(browser)
    assert instance.admin("content", "publish", "fee-oid", "--officer", "central-1").returncode == 0
    browser.get(instance.url + "/fees?lang=en")
    assert "OID: registering" in main_text(browser)
    assert "central-1" in instance.admin("content", "list", "--kind", "fee").stdout
    assert instance.admin("content", "withdraw", "nothing").returncode == 3


def mails_to(instance, address, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for path in (instance.home / "outbox").glob("*"):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if message["To"] == address:
                yield message
        time.sleep(0.3)


def ask(browser, instance, address, text, topic="other"):
    browser.get(instance.url + "/questions?lang=zh")
    choose(browser, browser.find_element(By.CSS_SELECTOR, "input[name=topic][value=%s]" % topic))
    by_name(browser, "question").send_keys(text)
    by_name(browser, "asker_name").send_keys("王小明")
    by_name(browser, "asker_mail").send_keys(address)
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .primary"))


def test_a_question_is_answered_by_mail_and_goes_into_the_faq(browser, instance, tmp_path):
    text = "請問寺廟可以申請附卡嗎？<b>謝謝</b>"
    ask(browser, instance, "temple@example.org.tw", text)
    assert "/questions/sent" in browser.current_url
    number = browser.find_element(By.CSS_SELECTOR, "main strong.code").text
    told = next(m for m in mails_to(instance, "xca@localhost") if text in m.get_content())
    assert "王小明" in told.get_content()
    listed = [line for line in instance.admin("question", "list").stdout.splitlines() if line.startswith(number)]
    assert len(listed) == 1
    ident = listed[0].split("\t")[0]
    assert text in instance.admin("question", "show", ident).stdout
    reply = tmp_path / "reply.txt"
    reply.write_text("可以，寺廟屬於其他組織或團體。\n", "utf-8")
    answered = instance.admin("question", "answer", ident, "--text-file", str(reply), "--officer", "central-1", "--to-faq", "cards")
    assert answered.returncode == 0, answered.stderr
    mail = next(mails_to(instance, "temple@example.org.tw"))
    assert "可以，寺廟屬於其他組織或團體。" in mail.get_content() and text in mail.get_content()
    assert instance.admin("question", "answer", ident, "--text-file", str(reply), "--officer", "central-2").returncode == 5

    # a draft, until an officer has put it in order in both languages
    faq = answered.stdout.strip()
    browser.get(instance.url + "/faq/" + faq)
    assert browser.find_element(By.TAG_NAME, "h1").text == "找不到這一頁"
    assert instance.admin("content", "publish", faq).returncode == 2
    shown = instance.admin("content", "show", faq).stdout
    edited = tmp_path / "edited.xml"
    edited.write_text("<contents><faq id='%s' category='cards' order='5'><title><zh>寺廟可以申請附卡嗎？</zh><en>May a temple have secondary "
                      "cards?</en></title><body><zh>可以。</zh><en>Yes.</en></body></faq></contents>" % faq, "utf-8")
    assert "state=\"draft\"" in shown
    assert instance.admin("content", "import", str(edited), "--replace", "--officer", "central-1").returncode == 0
    browser.get(instance.url + "/faq/" + faq)
    assert "寺廟可以申請附卡嗎？" in main_text(browser)
    assert instance.admin("content", "withdraw", faq).returncode == 0


def test_a_question_with_a_fault_comes_back_with_what_was_typed(browser, instance):
    ask(browser, instance, "not an address", "測試問題")
    assert browser.find_element(By.ID, "errors").is_displayed()
    assert by_name(browser, "question").get_attribute("value") == "測試問題"
    assert by_name(browser, "asker_mail").get_attribute("aria-invalid") == "true"
    assert by_name(browser, "asker_name").get_attribute("aria-invalid") is None


def test_programs_that_fill_in_everything_file_nothing(browser, instance):
    browser.get(instance.url + "/questions?lang=zh")
    before = instance.admin("question", "list").stdout
    assert not by_name(browser, "website").is_displayed()
    browser.execute_script("document.getElementById('website').value = 'https://example.org/'")
    choose(browser, browser.find_element(By.CSS_SELECTOR, "input[name=topic][value=other]"))
    by_name(browser, "question").send_keys("Buy")
    by_name(browser, "asker_name").send_keys("x")
    by_name(browser, "asker_mail").send_keys("robot@example.org")
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .primary"))
    assert browser.find_element(By.ID, "errors").is_displayed()
    assert by_name(browser, "question").get_attribute("value") == "Buy"
    assert instance.admin("question", "list").stdout == before


def test_too_many_questions_from_one_address_are_told_to_wait(instance):
    visitor = Visitor(instance, address="127.0.0.88", language="zh")
    sent = 0
    while sent < 200:  # ten an hour for each process of httpd
        visitor.connect()  # perhaps to another one
        page = visitor.get("/questions")
        text = "第 %d 個問題" % sent
        done = visitor.submit(page, {"topic": "other", "question": text, "asker_name": "王小明", "asker_mail": "many@example.org.tw"})
        if done.status != 303:
            break
        sent += 1
    assert done.status == 429 and sent >= 10 and "一小時內" in done.main
    assert done.form.field("question").value.lstrip("\n") == text
    assert Visitor(instance, address="127.0.0.89").submit(page, {"topic": "other", "question": "x", "asker_name": "x", "asker_mail": "x@example.org"},
                                                         form=page.form).status == 403  # the token is another visitor's

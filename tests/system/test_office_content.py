"""What central officers write in the portal: content with preview, and answers to questions."""

import email
import email.policy
import re
import time

import pytest
from officers import Officer
from test_audit import entries
from visiting import Visitor

NEWS = {"id": "office-news", "dated": "2026-11-24", "title_zh": "新訊息", "title_en": "New news", "body_zh": "內容 **重點** [連結](/faq)",
        "body_en": "Text"}


def editor(page):
    return next(f for f in page.forms if f.action.startswith("/office/content/") and f.method == "post")


def save(officer, page, changes, action):
    return officer.submit(page, dict(changes, action=action), form=editor(page))


def logged(instance, ident, count, seconds=10):
    """The audit log's entries about it, when there are so many."""
    until = time.monotonic() + seconds
    while len(told := [e for e in entries(instance, kind="content-change") if e["details"]["id"] == ident]) < count:
        assert time.monotonic() < until, told
        time.sleep(0.3)
    return told


@pytest.mark.faults  # the log tells of the page that was late
def test_news_are_previewed_saved_and_published_in_both_languages(instance, central):
    page = save(central, central.get("/office/content/new?kind=news"), NEWS, "preview")
    assert page.status == 200 and "<strong>重點</strong> <a href=\"/faq\">連結</a>" in page.text
    anyone = Visitor(instance, language="zh")
    assert anyone.get("/news/office-news").status == 404  # a preview stores nothing
    done = save(central, page, {}, "draft")
    assert done.status == 303
    assert "office-news" in central.follow(done).text
    assert anyone.get("/news/office-news").status == 404  # a draft is for officers
    page = central.get("/office/content/office-news")
    assert "草稿" in page.main and "草稿" in save(central, page, {}, "preview").main
    assert save(central, page, {"title_zh": "更新的訊息"}, "published").status == 303
    assert "更新的訊息" in anyone.get("/news/office-news").main
    assert "New news" in Visitor(instance, language="en").get("/news").main
    shown = instance.admin("content", "list", "--kind", "news").stdout
    assert next(line for line in shown.splitlines() if "office-news" in line).split("\t")[4] == "central-1"
    assert "已公布" in save(central, central.get("/office/content/office-news"), {}, "preview").main
    # the page that was open before is an old one
    late = save(central, page, {"title_zh": "舊頁面"}, "published")
    assert late.status == 409 and "舊頁面" in late.text
    assert "更新的訊息" in anyone.get("/news/office-news").main
    assert save(central, central.get("/office/content/office-news"), {}, "withdrawn").status == 303
    assert anyone.get("/news/office-news").status == 404


@pytest.mark.faults  # the log tells of the page that was late
def test_the_audit_log_tells_who_has_published_and_withdrawn_what(instance, central, tmp_path):
    save(central, central.get("/office/content/new?kind=news"), dict(NEWS, id="logged-news"), "draft")
    page = central.get("/office/content/logged-news")
    assert save(central, page, {}, "published").status == 303
    assert save(central, page, {}, "withdrawn").status == 409  # no change, no entry
    assert save(central, central.get("/office/content/logged-news"), {}, "withdrawn").status == 303
    told = logged(instance, "logged-news", 3)
    assert [(e["details"].get("from"), e["details"]["to"], e["details"].get("title")) for e in told] == [
        (None, "draft", None), ("draft", "published", "新訊息"), ("published", "withdrawn", "新訊息")]
    assert {(e["actor"], e["details"]["what"], e["details"]["date"], e["details"]["reported-by"]) for e in told} == {
        ("officer central-1", "news", "2026-11-24", "portal")}
    # so does what the operator imports
    path = tmp_path / "one.xml"
    path.write_text(instance.admin("content", "show", "logged-news").stdout.replace("withdrawn", "published"), "utf-8")
    assert instance.admin("content", "import", str(path), "--replace", "--officer", "central-2").returncode == 0
    assert instance.admin("content", "withdraw", "logged-news").returncode == 0
    told = logged(instance, "logged-news", 5)
    assert [(e["actor"].split()[0], e["details"]["to"], e["details"]["author"], e["details"]["reported-by"]) for e in told[3:]] == [
        ("admin", "published", "central-2", "admin"), ("admin", "withdrawn", "admin", "admin")]


def test_news_of_a_later_day_appear_by_themselves_on_that_day(spare):
    spare.restart()
    taiwan = time.time() + 8 * 3600
    today, tomorrow, later = (time.strftime("%Y-%m-%d", time.gmtime(taiwan + days * 86400)) for days in (0, 1, 700))
    officer, anyone = Officer(spare, "central-1"), Visitor(spare, language="zh")
    for ident, day in (("now", today), ("soon", tomorrow), ("far", later)):
        new = officer.get("/office/content/new?kind=news")
        done = save(officer, new, dict(NEWS, id="day-" + ident, dated=day, title_zh="訊息" + ident), "published")
        assert done.status == 303
        told = officer.follow(done).main
        assert ("預定 %s 公布" % day in told) == (ident != "now")
    assert "預定 %s 公布" % tomorrow in officer.get("/office/content/day-soon").main
    listed = officer.get("/office/content?kind=news", Accept="application/json").json()["contents"]
    assert {c["id"]: c.get("scheduled") for c in listed if c["id"].startswith("day-")} == {"day-now": None, "day-soon": tomorrow, "day-far": later}

    def seen():
        pages = ["/", "/news", "/news/feed.xml", "/news/archive"] + ["/news/archive?year=" + d[:4] for d in (today, tomorrow, later)]
        texts = [anyone.get(path).text for path in pages]
        assert later[:4] not in "".join(re.findall(r"(?s)<nav class=\"years\".*?</nav>", texts[3]))
        for ident in ("now", "soon", "far"):
            assert (anyone.get("/news/day-" + ident).status == 200) == ("訊息" + ident in texts[1])
        return [[ident for ident in ("now", "soon", "far") if "訊息" + ident in text] for text in texts[:4]], "".join(texts)

    before, text = seen()
    assert before == [["now"]] * 4 and "訊息soon" not in text and "訊息far" not in text
    try:
        spare.restart(86400)
        anyone.connection = None
        after, text = seen()
        assert after[:3] == [["now", "soon"]] * 3 and "soon" in after[3] and "訊息far" not in text
        feed = anyone.get("/news/feed.xml").text
        midnight = time.strftime("%Y-%m-%dT16:00:00Z", time.gmtime(taiwan))  # of the day before, in UTC
        assert feed.count("<updated>%s</updated>" % midnight) == 2  # the feed's and this entry's
    finally:
        spare.restart()


def test_what_is_wrong_is_told_at_its_field_and_stays(central):
    page = save(central, central.get("/office/content/new?kind=faq"),
                {"id": "Bad Id", "title_zh": "題", "body_zh": "<script>alert(1)</script>", "body_en": "x"}, "published")
    assert page.status == 422 and set(page.summary()) == {"id", "category", "title_en"}
    assert editor(page).field("title_zh").value == "題"
    assert "<script>alert" not in page.text and "&lt;script&gt;" in page.text  # in the preview too
    page = save(central, page, {"id": "bad-markup", "category": "pin", "title_en": "t"}, "published")
    assert page.summary() == ["body_zh"]
    page = save(central, page, {"body_zh": "[x](javascript:alert(1))"}, "preview")
    assert page.summary() == ["body_zh"] and "href=\"javascript" not in page.text
    assert central.get("/office/content/bad-markup").status == 404
    again = save(central, central.get("/office/content/new?kind=faq"), dict(NEWS, id="pin-locked", category="pin"), "published")
    assert again.status == 409  # there is one of this name


def test_only_central_officers_write_and_auditors_look_on(instance, central):
    form = [("kind", "news"), ("revision", "0"), ("action", "published")] + [(k, v) for k, v in NEWS.items() if k != "id"] + [("id", "not-mine")]
    for uid, may_look in (("ra-tpe-edu", 403), ("card-1", 403), ("audit-1", 200)):
        officer = Officer(instance, uid)
        assert officer.get("/office/content").status == may_look
        assert officer.get("/office/questions").status == may_look
        assert officer.get("/office/content/new?kind=news").status == 403
        page = officer.get("/office")
        assert officer.post("/office/content/new", [("token", officer.token(page))] + form).status == 403
        assert ("/office/content" in page.text) == (may_look == 200)
    assert "<button type=\"submit\" name=\"action\"" not in Officer(instance, "audit-1").get("/office/content/pin-locked").text
    anyone = Visitor(instance)
    assert anyone.get("/office/content").status == 303
    assert anyone.post("/office/content/new", form).status in (303, 403)
    assert central.post("/office/content/new", form).status == 403  # without a token
    assert Visitor(instance).get("/news/not-mine").status == 404


def ask(instance, address, text):
    visitor = Visitor(instance, address="127.0.0.77", language="zh")
    page = visitor.get("/questions")
    done = visitor.submit(page, {"topic": "other", "question": text, "asker_name": "陳小姐", "asker_mail": address})
    assert done.status == 303, done.main
    return done.headers["Location"].split("=")[1]


def mail_to(instance, address, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for path in (instance.home / "outbox").glob("*"):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if message["To"] == address:
                return message.get_content()
        time.sleep(0.3)
    raise AssertionError("no mail to " + address)


def test_a_question_is_answered_in_the_portal_and_becomes_a_draft_with_one_click(instance, central):
    number = ask(instance, "office-question@example.org.tw", "附卡可以\n給志工用嗎？<i>")
    page = central.get("/office/questions")
    path = next(e.get("href") for e in page.elements() if e.tag == "a" and number in (e.get("href") or ""))
    page = central.get(path)
    assert "office-question@example.org.tw" in page.main and "<i>" in page.main
    form = next(f for f in page.forms if f.action == path)
    empty = central.submit(page, {"reply": " "}, form=form)
    assert empty.status == 422 and empty.summary() == ["reply"]
    done = central.submit(page, {"reply": "可以，由組織授權。", "category": "cards"}, form=form)
    assert done.status == 303 and done.headers["Location"].startswith("/office/content/q-")
    told = logged(instance, path.rsplit("/", 1)[1], 1) + logged(instance, done.headers["Location"].rsplit("/", 1)[1], 1)
    assert [(e["actor"], e["details"]["what"], e["details"]["to"]) for e in told] == [
        ("officer central-1", "question", "answered"), ("officer central-1", "faq", "draft")]
    assert "附卡" not in str(told)  # what a visitor has written is not kept for good
    text = mail_to(instance, "office-question@example.org.tw")
    assert "可以，由組織授權。" in text and "給志工用嗎？<i>" in text
    # completed in English and published
    edit = central.follow(done)
    assert editor(edit).field("body_zh").value.lstrip("\n") == "可以，由組織授權。" and "陳小姐" not in edit.main
    assert save(central, edit, {}, "published").status == 422
    assert save(central, edit, {"title_en": "Volunteers", "body_en": "Yes."}, "published").status == 303
    ident = done.headers["Location"].rsplit("/", 1)[1]
    assert "Volunteers" in Visitor(instance, language="en").get("/faq/" + ident).main
    assert save(central, central.get("/office/content/" + ident), {}, "withdrawn").status == 303
    # a second officer is told
    late = Officer(instance, "central-2").submit(page, {"reply": "不行。"}, form=form)
    assert late.status in (403, 409)
    other = Officer(instance, "central-2")
    again = other.post(path, [("token", other.token(other.get("/office"))), ("reply", "不行。")])
    assert again.status == 409 and "central-1" in again.main

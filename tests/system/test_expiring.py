"""What ends: the public list by month and class, and the notices before an end, with the clock moved on five years."""

import email
import email.policy
import json
import os
import signal
import ssl
import time
import urllib.request

import ldap
import pytest
from selenium.webdriver.common.by import By
from applying import by_name, choose, go, revoke
from certifying import issue, publish
from conftest import BASE, USER_CODE
from visiting import Visitor

DAY = 86400


def fetch(instance, path, accept="application/json"):
    request = urllib.request.Request(instance.url + path, headers={"Accept": accept})
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))) as answer:
        return answer.headers, answer.read().decode("utf-8-sig")


def entry(instance, serial):
    return instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]


def end_of(instance, serial):
    text = entry(instance, serial)["xcaNotAfter"][0].decode()
    return time.mktime(time.strptime(text, "%Y%m%d%H%M%SZ")) - time.timezone


def notices(instance, part):
    found = instance.bind("admin").search_s("ou=outbox," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaNoticeEntry)")
    return {v["xcaNotice"][0].decode(): v for _, v in found if part in v["xcaNotice"][0].decode()}


def wait_until_sent(instance, name, seconds=30):
    until = time.monotonic() + seconds
    while notices(instance, name).get(name, {}).get("xcaState") != [b"sent"]:
        assert time.monotonic() < until, notices(instance, name)
        time.sleep(0.3)


def set_notices(browser, instance, number, action, code=USER_CODE):
    browser.get(instance.url + "/expiring/notices?number=" + number)
    choose(browser, browser.find_element(By.CSS_SELECTOR, "[name=action][value=%s]" % action))
    by_name(browser, "code").send_keys(code)
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    return browser.find_element(By.TAG_NAME, "main").text


@pytest.fixture(scope="module")
def five_years(spare, tmp_path_factory):
    """Certificates in every state, and the clock back where it was afterwards."""
    folder = tmp_path_factory.mktemp("ends")
    made = {"told": publish(spare, folder, "ends-told@example.org.tw", "told"),
            "quiet": publish(spare, folder, "ends-quiet@example.org.tw", "quiet"),
            "revoked": publish(spare, folder, "ends-revoked@example.org.tw", "revoked"),
            "pending": issue(spare, folder, "ends-pending@example.org.tw", "pending")}
    revoke(spare, made["revoked"][2])
    yield made
    spare.restart(0)


def test_the_list_of_a_month_has_what_is_published_and_no_contact(browser, spare, five_years):
    serials = {name: made[2] for name, made in five_years.items()}
    month = time.strftime("%Y-%m", time.gmtime(end_of(spare, serials["told"]) + 8 * 3600))
    _, text = fetch(spare, "/expiring?month=" + month)
    said = json.loads(text)
    listed = {row["serial"]: row for row in said["certificates"]}
    assert said["month"] == month and {serials["told"], serials["quiet"]} <= set(listed)
    assert serials["revoked"] not in listed and serials["pending"] not in listed
    row = listed[serials["told"]]
    assert set(row) == {"name", "oid", "class", "serial", "ends"} and row["class"] == "foundation" and row["ends"].startswith(month)
    assert "@" not in text
    # each class has its own; the year and the month may come apart, as the form sends them
    _, text = fetch(spare, "/expiring?month=%s&class=school" % month)
    assert json.loads(text)["certificates"] == []
    _, text = fetch(spare, "/expiring?year=%s&month=%d&class=foundation" % (month[:4], int(month[5:])))
    assert json.loads(text)["certificates"] == said["certificates"]
    headers, text = fetch(spare, "/expiring?month=%s&format=csv" % month, "text/html")
    assert headers["Content-Type"] == "text/csv; charset=utf-8" and "xca-expiring-%s.csv" % month in headers["Content-Disposition"]
    assert serials["told"] in text and "@" not in text and text.splitlines()[0].startswith("全名,")
    browser.get(spare.url + "/expiring?month=" + month)
    assert serials["told"] in browser.find_element(By.TAG_NAME, "main").text


def test_a_month_with_many_ends_is_told_page_by_page_and_whole_as_a_file(spare, five_years):
    signer, known = spare.bind("signer"), entry(spare, five_years["told"][2])
    month, serials = "%d-07" % (time.gmtime().tm_year + 9), []
    for i in range(70):  # on two days, and in no order
        serials.append("%032x" % (0x5e << 120 | i * 37 % 70))
        copied = dict(known, xcaSerial=[serials[-1].encode()], xcaExpires=[("%s-%02d" % (month, 3 if i % 2 else 21)).encode()])
        for attribute in ("xcaCaseNumber", "xcaKeyHash"):
            copied.pop(attribute, None)
        signer.add_s("xcaSerial=%s,ou=certificates,%s" % (serials[-1], BASE), list(copied.items()))
    wanted = [(s, "%s-03" % month) for s in sorted(serials[1::2])] + [(s, "%s-21" % month) for s in sorted(serials[::2])]
    told, address = [], "/expiring?month=" + month
    for rows in (50, 20):
        page = json.loads(fetch(spare, address)[1])
        assert len(page["certificates"]) == rows and ("next_after" in page) == (rows == 50)
        told += [(row["serial"], row["ends"]) for row in page["certificates"]]
        address = "/expiring?month=%s&after=%s" % (month, page.get("next_after"))
    assert told == wanted
    lines = fetch(spare, "/expiring?month=%s&format=csv" % month, "text/html")[1].splitlines()[1:]
    assert [tuple(line.split(",")[-2:]) for line in lines] == wanted


def taiwan_day(seconds):
    return int(seconds + 8 * 3600) // DAY


def test_notices_come_before_the_end_once_each_and_as_wanted(browser, spare, five_years):
    told, quiet = five_years["told"][2], five_years["quiet"][2]
    wrong = set_notices(browser, spare, five_years["quiet"][1], "off", "Wrong-code-1")
    assert "用戶代碼" in wrong
    done = set_notices(browser, spare, five_years["quiet"][1], "off")  # by the case number
    assert "已設定：只收最後一次通知" in done and quiet in done
    assert entry(spare, quiet)["xcaNoticesOff"] == [b"TRUE"]

    end = end_of(spare, told)
    spare.restart(int(end - 89.5 * DAY - time.time()))
    wait_until_sent(spare, told + "-ending-90")
    for _ in range(3):  # killed again and again: it is not sent again
        os.kill(spare.signer_pid(), signal.SIGKILL)
        spare.stop()
        spare.start()
    sent = notices(spare, "-ending-")
    assert told + "-ending-90" in sent and not [name for name in sent if name.startswith(quiet)]
    assert sent[told + "-ending-90"]["xcaTries"] == [b"1"]
    mail = email.message_from_bytes((spare.home / "outbox" / (told + "-ending-90.eml")).read_bytes(), policy=email.policy.default)
    body = mail.get_content()
    assert mail["to"] == "contact-ends-told@example.org.tw"
    assert "將於" in mail["subject"] and "Your certificate ends on" in mail["subject"]
    left = taiwan_day(end) - taiwan_day(end - 89.5 * DAY)  # 89 or 90 days of the calendar, by the time of day
    for part in (told, "現在起可以重新申請", "You can apply for a new one now", spare.url + "/apply/certificate",
                 spare.url + "/expiring/notices?number=" + told, "還有 %d 天" % left, "in %d days" % left):
        assert part in body, part
    # the list that comes up now is this month's, of the moved clock
    _, text = fetch(spare, "/expiring")
    assert json.loads(text)["month"] == time.strftime("%Y-%m", time.gmtime(end - 89.5 * DAY + 8 * 3600))

    spare.restart(int(end - 20 * DAY - time.time()))
    wait_until_sent(spare, told + "-ending-30")
    wait_until_sent(spare, quiet + "-ending-30")
    ids = sorted(name.split("-ending-")[1] for name in notices(spare, "-ending-") if name.startswith(told))
    assert ids == ["30", "90"]  # the one for 60 days was over when the signer came
    assert not [name for name in notices(spare, "-ending-") if name.startswith(five_years["revoked"][2])]


def test_a_case_tells_that_its_certificate_has_expired(spare, five_years):
    _, case, serial = five_years["told"]
    spare.restart(int(end_of(spare, serial) + DAY - time.time()))
    door = Visitor(spare)
    page = door.follow(door.submit(door.get("/case/status"), {"case_number": case, "code": USER_CODE}))
    assert "憑證已經逾期" in page.main and "可以下載安裝使用" not in page.main and "/certificates/" + serial in page.text


def test_a_certificate_nobody_accepts_is_warned_of_before_it_lapses(spare, tmp_path, five_years):
    spare.restart(0)
    _, case, serial = issue(spare, tmp_path, "ends-warned@example.org.tw", "warned")
    spare.restart(int(84.5 * DAY))
    wait_until_sent(spare, serial + "-lapsing-7")
    mail = email.message_from_bytes((spare.home / "outbox" / (serial + "-lapsing-7.eml")).read_bytes(), policy=email.policy.default)
    assert "逾期自動廢止" in mail["subject"] and "or it is revoked" in mail["subject"]
    assert case in mail.get_content() and spare.url + "/certificates/accept" in mail.get_content()
    spare.restart(int(91 * DAY))
    spare.wait_for_state(case, "lapsed", 30)
    checked = spare.admin("statistics", "--check")
    assert checked.returncode == 0, checked.stderr

"""XCA簽發統計資料: what certificates do is what the page, its data and its chart say, and no signer that is killed changes that."""

import csv
import io
import json
import os
import signal
import ssl
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree

from applying import revoke
from certifying import change_state, issue, publish
from conftest import new_browser

TALLIES = ("issued", "pending", "valid", "suspended", "revoked", "expired", "revocations", "expiries")


def fetch(instance, path, accept="text/html", language="zh"):
    request = urllib.request.Request(instance.url + urllib.parse.quote(path, safe="/?&=%"),
                                     headers={"Accept": accept, "Cookie": "xca-lang=" + language})
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))) as answer:
        return answer.headers, answer.read()


def numbers(instance, query=""):
    return json.loads(fetch(instance, "/statistics" + query, "application/json")[1])


def wait_for_total(instance, wanted, query="", seconds=30):
    until = time.monotonic() + seconds
    while True:
        total = numbers(instance, query)["total"]
        if all(total[key] == value for key, value in wanted.items()):
            return total
        assert time.monotonic() < until, (total, wanted)
        time.sleep(0.5)


def agrees(instance):
    checked = instance.admin("statistics", "--check")
    assert checked.returncode == 0, checked.stderr
    return checked.stdout


def test_what_happens_to_certificates_is_counted_within_seconds(spare, tmp_path):
    wait_for_total(spare, {})
    before = numbers(spare)["total"]

    def since(**more):
        return wait_for_total(spare, {key: before[key] + more.get(key, 0) for key in TALLIES})

    issue(spare, tmp_path, "count-pending@example.org.tw", "pending")
    since(issued=1, pending=1)
    _, _, suspended = publish(spare, tmp_path, "count-suspended@example.org.tw", "suspended")
    since(issued=2, pending=1, valid=1)
    _, _, revoked = publish(spare, tmp_path, "count-revoked@example.org.tw", "revoked")
    change_state(spare, suspended, "suspend")
    since(issued=3, pending=1, valid=1, suspended=1)
    revoke(spare, revoked)
    since(issued=3, pending=1, suspended=1, revoked=1, revocations=1)
    change_state(spare, suspended, "resume")
    since(issued=3, pending=1, valid=1, revoked=1, revocations=1)
    agrees(spare)

    # the signer dies in the middle of it, again and again: the next one makes it good
    for round_number in range(3):
        change_state(spare, suspended, "suspend")
        os.kill(spare.signer_pid(), signal.SIGKILL)
        spare.stop()
        spare.start()
        since(issued=3, pending=1, suspended=1, revoked=1, revocations=1)
        change_state(spare, suspended, "resume")
    since(issued=3, pending=1, valid=1, revoked=1, revocations=1)
    agrees(spare)


def test_page_data_and_chart_say_the_same(spare):
    year = time.strftime("%Y")
    everything = numbers(spare)
    for query in ("", "?year=" + year, "?class=foundation", "?year=%s&class=foundation&county=臺北市" % year, "?county=-"):
        said = numbers(spare, query)
        total = said["total"]
        assert total["issued"] == sum(total[key] for key in ("pending", "valid", "suspended", "revoked", "expired"))
        for part in ("by_period", "by_class", "by_county"):
            for tally in TALLIES:
                assert sum(row[tally] for row in said[part]) == total[tally], (query, part, tally)
        headers, text = fetch(spare, "/statistics" + query + ("&" if query else "?") + "format=csv")
        assert headers["Content-Type"] == "text/csv; charset=utf-8" and "xca-statistics.csv" in headers["Content-Disposition"]
        rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
        assert rows[0][:4] == ["期間", "種類", "縣市", "簽發"] and all(len(row) == 3 + len(TALLIES) for row in rows)
        assert [sum(int(row[3 + i]) for row in rows[1:]) for i in range(len(TALLIES))] == [total[tally] for tally in TALLIES]
    assert everything["total"]["issued"] > 0
    # what is not there counts as not chosen
    assert numbers(spare, "?year=1066&class=bank&county=Atlantis")["total"] == everything["total"]
    for language, title in (("zh", "依種類：所有年份，所有種類，所有縣市"), ("en", "By class: All years, All classes, All counties")):
        headers, text = fetch(spare, "/statistics/chart/classes.svg", "image/*", language)
        assert headers["Content-Type"] == "image/svg+xml"
        svg = xml.etree.ElementTree.fromstring(text)
        names = {"s": "http://www.w3.org/2000/svg"}
        assert svg.find("s:title", names).text == title and svg.find("s:desc", names).text
        drawn = [node.text for node in svg.findall("s:text", names)]
        assert "%d" % sum(row["issued"] for row in everything["by_class"] if row["class"] == "foundation") in drawn


def test_charts_are_drawn_in_the_page_and_for_paper(spare):
    plain = new_browser()
    try:
        plain.get(spare.url + "/statistics?lang=en")
        widths = plain.execute_script("return [...document.querySelectorAll('main img')].map(i => [i.naturalWidth, i.alt])")
        assert len(widths) == 2 and all(width == 360 and alt for width, alt in widths)
    finally:
        plain.quit()

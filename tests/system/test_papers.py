"""The forms to print with what is known filled in (憑證廢止申請書, 用戶代碼重設申請書), and where they go."""

import os
import re
import signal
import time

import pytest
from test_cmp import enrolled
from visiting import Visitor

FORMS = ("/certificates/revoke/form", "/code-reset/form")


@pytest.fixture(scope="module")
def serial(instance, tmp_path_factory):
    return "%032x" % enrolled(instance, tmp_path_factory.mktemp("papers"), "paper").certificate.serial_number


@pytest.mark.parametrize("form", FORMS)
def test_a_number_that_is_known_is_filled_in(instance, serial, form):
    page = Visitor(instance).get(form + "?number=" + serial)
    assert page.status == 200 and serial in page.main and "財團法人" in page.main and "請回上一步核對號碼" not in page.main
    assert Visitor(instance).get(form, Accept="application/json").json().get("certificate") is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number, status, word", [("00ff", 404, "找不到這個號碼的憑證"), ("abc!", 422, "憑證序號"), ("Xc00000000000009", 404, "找不到這個號碼"),
                                                  ("Xc9", 422, "卡號")])
def test_a_number_that_finds_nothing_is_told(instance, form, number, status, word):
    page = Visitor(instance).get(form + "?number=" + number)
    assert page.status == status and word in page.main and "請回上一步核對號碼" in page.main


def test_a_certificates_page_leads_to_the_form_with_its_number(instance, serial):
    visitor = Visitor(instance)
    link = re.search(r'href="(/certificates/revoke\?number=[0-9a-f]+)"', visitor.get("/certificates/" + serial).text).group(1)
    page = visitor.get(link)
    assert dict(page.form.values())["number"] == serial


def test_where_the_reset_form_goes_is_said(spare):
    settings = spare.home / "xca.conf"
    before, own = settings.read_text("utf-8"), {"service-fax": "02-23456789", "service-address": "100 臺北市中正區徐州路5號"}
    paths = ("/code-reset", "/code-reset/form")
    assert all("請向客服查詢" in Visitor(spare).get(path).main for path in paths)
    settings.write_text(before + "".join("%s = %s\n" % pair for pair in own.items()), "utf-8")
    try:
        os.kill(int((spare.home / "run/httpd.pid").read_text()), signal.SIGUSR1)
        until = time.monotonic() + 30
        while not all(word in Visitor(spare).get(path).main for word in own.values() for path in paths):
            assert time.monotonic() < until
            time.sleep(0.2)
        assert not any("請向客服查詢" in Visitor(spare).get(path).main for path in paths)
    finally:
        settings.write_text(before, "utf-8")
        os.kill(int((spare.home / "run/httpd.pid").read_text()), signal.SIGUSR1)

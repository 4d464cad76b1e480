"""Certification requests through the real form: every file of tests/data/csr is judged as judgement.tsv says, with the reason in
words beside the field."""

import re
import xml.etree.ElementTree

import pytest
from applying import by_name, click, fill_form, go, open_form
from conftest import TOP
from selenium.webdriver.common.by import By
from test_bad_fields import assert_harmless, new_csr
from visiting import NEW_FORM, Upload, Visitor, filled_in

DATA = TOP / "tests/data/csr"


def judgements():
    rows = (DATA / "judgement.tsv").read_text("utf-8").splitlines()[1:]
    return [(row.rstrip("\r") + "\t").split("\t")[:4] for row in rows]


def reasons(language):
    """The texts of the catalogue, as patterns: {arg} is a number of bits."""
    texts = {}
    for m in xml.etree.ElementTree.parse(TOP / "htdocs/catalogue/crypto.xml").iter("m"):
        text = " ".join(m.find(language).text.split())
        texts[m.get("id")] = re.compile(re.escape(text).replace(re.escape("{arg}"), r"\d+"))
    return texts


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_request_is_judged_and_a_refusal_says_why(instance, language):
    visitor = Visitor(instance, language=None if language == "zh" else "en")
    page = visitor.get(NEW_FORM)
    good = dict(filled_in(page, b""), code="")  # without a code: nothing is filed
    texts = reasons(language)
    wrong, count = [], 0
    for folder, name, verdict, allowed in judgements()[:: 1 if language == "zh" else 7]:
        content = (DATA / folder / name).read_bytes()
        answer = visitor.submit(page, dict(good, csr=Upload(content, name)))
        said = answer.error("csr")
        kept = "csr_kept" in answer.form.names()
        right = not said and kept if verdict == "accept" else \
            said and not kept and any(texts[reason].search(said) for reason in allowed.split("|"))
        if answer.status != 422 or not right or answer.form.field("org_name").value != good["org_name"]:
            wrong.append((folder, name, verdict, allowed, answer.status, said))
        count += 1
    assert not wrong, wrong
    assert count > (200 if language == "zh" else 28)


@pytest.mark.parametrize("kind, content, reason", [
    ("nothing chosen", Upload(b"", ""), "csr.empty"), ("an empty file", Upload(b"", "empty.csr"), "csr.empty"),
    ("a photo", Upload(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 300, "photo.jpg", "image/jpeg"), "csr.too-large"),
    ("200 KB", Upload(b"A" * 200000), "csr.too-large"), ("zeroes", Upload(bytes(1000)), "csr.not-pem-or-der"),
    ("text in the part of a file", "-----BEGIN CERTIFICATE REQUEST-----", "csr.empty")])
def test_other_files_are_refused_and_the_form_is_kept(instance, kind, content, reason):
    visitor = Visitor(instance)
    page = visitor.get(NEW_FORM)
    answer = visitor.submit(page, dict(filled_in(page, b""), csr=content))
    assert answer.status in (413, 422) and reasons("zh")[reason].search(answer.error("csr")), (kind, answer.main)
    assert answer.form.field("contact_name").value == "秘書處"
    assert_harmless(answer)


def test_a_request_in_the_place_of_other_fields_or_with_a_wrong_type_does_no_harm(instance):
    visitor = Visitor(instance)
    page = visitor.get(NEW_FORM)
    csr = new_csr()
    # the declared type of a part counts for nothing, its content does
    for declared in ("text/html", "application/pkcs10", "nonsense", "application/x-x509-user-cert; a=b"):
        answer = visitor.submit(page, dict(filled_in(page, csr), csr=Upload(csr, "r.csr", declared), code=""))
        assert answer.status == 422 and answer.form.field("csr_kept").value
    # a file where text belongs is no text
    answer = visitor.submit(page, dict(filled_in(page, csr), contact_name=Upload(csr)))
    assert answer.status == 422 and answer.error("contact_name")
    # names of files are not used
    for name in ("../../etc/passwd", "a\x00b", '"; name="code', "檔案.csr", "A" * 1000):
        answer = visitor.submit(page, dict(filled_in(page, csr), csr=Upload(csr, name), code=""))
        assert answer.status == 422
        assert_harmless(answer)


def test_a_body_of_another_type_or_cut_short_is_told(instance):
    visitor = Visitor(instance)
    visitor.get(NEW_FORM)
    for kind in ("application/json", "text/plain", "multipart/mixed; boundary=x", "multipart/form-data",
                 "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 100):
        answer = visitor.send("POST", "/apply/certificate/form", b"--x\r\n\r\n--x--", {"Content-Type": kind})
        assert answer.status == 422, (kind, answer.status, answer.main)
        assert_harmless(answer)
    for body in (b"", b"--x", b"--x--", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb", b"--x\r\n\r\n\r\n--x--",
                 b"--x\r\nContent-Disposition: form-data\r\n\r\nb\r\n--x--", b"\r\n" * 5000, b"--x\r\n" * 5000):
        answer = visitor.send("POST", "/apply/certificate/form", body, {"Content-Type": "multipart/form-data; boundary=x"})
        assert answer.status in (403, 413, 422), (body[:40], answer.status)
        assert_harmless(answer)
    many = "&".join("field%d=x" % i for i in range(200)).encode()
    answer = visitor.send("POST", "/case/status", many, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 413


def test_a_huge_file_in_the_browser_gets_a_page_that_says_so(browser, instance, tmp_path):
    (tmp_path / "film.mp4").write_bytes(bytes(5 * 1024 * 1024))
    open_form(browser, instance, "基金會")
    fill_form(browser, tmp_path / "film.mp4", "huge@example.org.tw")
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    assert "太大" in browser.find_element(By.TAG_NAME, "h1").text
    browser.back()
    assert by_name(browser, "contact_name").get_attribute("value") == "秘書處"


def test_in_the_browser_a_refused_file_leads_to_its_field(browser, instance, tmp_path):
    (tmp_path / "broken.csr").write_bytes((DATA / "valid/boulder__525617_bad_algorithm.der.csr").read_bytes())
    open_form(browser, instance, "基金會")
    fill_form(browser, tmp_path / "broken.csr", "refused@example.org.tw")
    browser.execute_script("document.querySelector('[name=contact_title]').value = \"<img src=x onerror='window.hurt = 1'>\"")
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    link = browser.find_element(By.CSS_SELECTOR, "#errors a[href='#csr']")
    assert "過時的雜湊" in link.text
    click(browser, link)
    assert browser.switch_to.active_element.get_attribute("name") == "csr"
    assert by_name(browser, "contact_title").get_attribute("value").startswith("<img src=x")
    assert browser.execute_script("return window.hurt") is None

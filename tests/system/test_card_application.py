"""申請組織及團體憑證IC卡: from the search to the card in use, as the applicant sees it."""

from selenium.webdriver.common.by import By
from applying import apply, by_name, change_state, choose_address, fill_form, go, send_form
from conftest import BASE, USER_CODE
from readers import readers  # noqa: F401
from test_card_relay import card_of, done, helper  # noqa: F401
from test_printed import printed, terms_version


def main_text(browser):
    return browser.find_element(By.TAG_NAME, "main").text


def status_page(browser, instance, case):
    browser.get(instance.url + "/case/status?lang=zh&number=" + case)
    if "/case/status/" not in browser.current_url:
        by_name(browser, "case_number").clear()
        by_name(browser, "case_number").send_keys(case)
        by_name(browser, "code").send_keys(USER_CODE)
        go(browser, browser.find_element(By.CSS_SELECTOR, "main form button.primary"))
    browser.get(instance.url + "/case/status/" + case)
    return main_text(browser)


def test_a_foundation_gets_its_primary_card(browser, instance, helper, tmp_path):  # noqa: F811
    browser.get(instance.url + "/?lang=zh")
    case = apply(browser, instance, None, "primary@card.example.org.tw", rank="primary")
    assert case.startswith("00001")
    filed = instance.case(case)
    assert filed["xcaKind"] == b"card" and filed["xcaRank"] == b"primary" and "xcaCsr" not in filed and "xcaUse" not in filed
    browser.get(instance.url + "/case/paper/" + case)
    sheets = printed(browser, tmp_path)
    assert len(sheets) == 2
    for sheet in sheets:
        for mark in ("組織及團體憑證（正卡）申請書", case, "卡片寄送地址", "市府路1號", "負責人印鑑", "民國"):
            assert mark in sheet, mark
        assert "公開金鑰" not in sheet
    browser.get(instance.url + "/case/checklist/" + case)
    assert "卡片寄送地址正確無誤" in main_text(browser)

    # a second primary card: told before the form is filled in, and refused if it comes all the same
    browser.get(instance.url + "/apply/card/start?oid=" + filed["xcaOid"].decode())
    primary = browser.find_element(By.CSS_SELECTOR, "input[name=rank][value=primary]")
    assert not primary.is_enabled() and case in main_text(browser)
    assert browser.find_element(By.CSS_SELECTOR, "input[name=rank][value=secondary]").is_enabled()
    browser.get(instance.url + "/apply/card/form?rank=primary&oid=%s&terms=%s" % (filed["xcaOid"].decode(), terms_version(browser, instance)))
    fill_form(browser, None, "second@card.example.org.tw")
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    assert browser.current_url.endswith("/apply/card/form") and case in browser.find_element(By.ID, "rank-error").text
    by_name(browser, "code").send_keys(USER_CODE)
    by_name(browser, "code_again").send_keys(USER_CODE)
    browser.find_element(By.CSS_SELECTOR, "input[name=rank][value=secondary]").click()
    secondary = send_form(browser)
    assert instance.case(secondary)["xcaRank"] == b"secondary"

    instance.approve(case)
    instance.wait_for_state(case, "approved")
    assert "等待製卡" in status_page(browser, instance, case)
    done(helper([], "produce", "--case", case, timeout=300))
    number = card_of(instance, case)["xcaCardNumber"]
    assert "卡片製作完成" in status_page(browser, instance, case)
    done(helper([], "dispatch", "--case", case, "--card", number, "--mail-number", "98765432101234"))
    instance.wait_for_state(case, "dispatched")
    text = status_page(browser, instance, case)
    assert number in text and "98765432101234" in text and "開卡期限" in text
    done(helper([USER_CODE], "activate"))
    instance.wait_for_state(case, "completed")
    text = status_page(browser, instance, case)
    assert "已開卡" in text and "憑證生效，可以使用了" in text
    serials = [v["xcaSerial"][0].decode() for _, v in instance.bind("admin").search_s("ou=certificates," + BASE, 1, "(xcaCardNumber=%s)" % number)]
    for serial in serials:
        assert browser.find_element(By.CSS_SELECTOR, "a[href='/certificates/%s']" % serial).is_displayed()
    assert len(serials) == 3

    # what became of them since is told too: of one, of the whole card
    change_state(browser, instance, serials[0], "suspend")
    text = status_page(browser, instance, case)
    assert "狀態不同" in text and "憑證生效" not in text and len(browser.find_elements(By.CSS_SELECTOR, "main .results .tag.wait")) == 1
    change_state(browser, instance, number, "suspend")
    text = status_page(browser, instance, case)
    assert "憑證目前停用" in text and len(browser.find_elements(By.CSS_SELECTOR, "main .results .tag.wait")) == 3


def test_a_new_school_applies_with_its_code_corrects_and_gets_an_oid(browser, instance, helper, tmp_path):  # noqa: F811
    browser.get(instance.url + "/apply/card/new?lang=zh&keyword=小學")
    assert browser.find_element(By.CSS_SELECTOR, "input[name=class][value=school]").is_selected()
    assert len(browser.find_elements(By.NAME, "class")) == 6
    browser.get(instance.url + "/apply/card/form?class=school&rank=secondary&terms=" + terms_version(browser, instance))
    for name, text in (("org_name", "臺北市私立試辦國民小學"), ("ubn", "77120019"), ("school_code", "383602p"), ("org_phone", "02-27208889")):
        by_name(browser, name).send_keys(text)
    choose_address(browser, "org")
    fill_form(browser, None, "school@card.example.org.tw")
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    assert browser.find_element(By.ID, "school_code-error").is_displayed()
    by_name(browser, "school_code").clear()
    by_name(browser, "school_code").send_keys("383602000P")
    for name in ("code", "code_again"):
        by_name(browser, name).send_keys(USER_CODE)
    case = send_form(browser)
    assert case.startswith("04001") and instance.case(case)["xcaSchoolCode"] == b"383602000P"
    browser.get(instance.url + "/case/paper/" + case)
    sheet = printed(browser, tmp_path)[0]
    assert "學校附卡憑證申請書" in sheet and "學校印信" in sheet and "負責人印鑑" not in sheet
    browser.get(instance.url + "/case/edit/" + case)
    assert not browser.find_elements(By.NAME, "csr")
    browser.find_element(By.CSS_SELECTOR, "input[name=rank][value=primary]").click()
    go(browser, browser.find_element(By.CSS_SELECTOR, "main form .buttons .primary"))
    assert instance.case(case)["xcaRank"] == b"primary" and instance.case(case)["xcaKind"] == b"card"
    instance.approve(case)
    instance.wait_for_state(case, "approved")
    done(helper([], "produce", "--case", case, timeout=300))
    assert instance.case(case)["xcaAssignedOid"].startswith(b"2.16.886.111.")


def test_a_draft_of_a_card_is_not_taken_for_one_without(browser, instance, tmp_path):
    import http.cookiejar
    import ssl
    import urllib.request
    from visiting import Upload, Visitor

    visitor = Visitor(instance)
    page = visitor.get("/apply/card/form?class=association&rank=secondary&terms=" + terms_version(browser, instance))
    values = dict(page.form.values(), org_name="社團法人草稿協會", rank="secondary", button="save")
    draft = visitor.submit(page, values)
    assert draft.status == 200 and '<field name="kind">card</field>' in draft.text and "社團法人草稿協會" in draft.text and "secondary" in draft.text
    again = visitor.submit(page, dict(page.form.values(), draft=Upload(draft.text.encode(), "draft.xml"), button="load"))
    assert again.form.field("org_name").value == "社團法人草稿協會"
    assert [f.value for f in again.form.fields if f.name == "rank" and f.on] == ["secondary"]
    other = visitor.get("/apply/certificate/form?class=foundation&terms=" + terms_version(browser, instance))
    refused = visitor.submit(other, dict(other.form.values(), draft=Upload(draft.text.encode(), "draft.xml"), button="load"))
    assert refused.status == 422 and "另一種申請" in refused.text

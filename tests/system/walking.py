"""Every page of the portal in its states, in one language. Whoever walks is called at each of them: look(name). The
accessibility tests and "make screenshots" walk the same way."""

import os
import re
import signal
import subprocess
import time

import ldap
from selenium.webdriver.common.by import By
from applying import by_name, choose, fill_form, go, open_form, send_form
from certifying import accept
from conftest import BASE, BUILD, USER_CODE
from officers import Officer
from visiting import Visitor, file_case

LONG_NAME = "財團法人臺北市私立一二三四五六七八九十社會福利慈善事業暨文教藝術推廣紀念基金會附設數位學習資源與公益資訊發展中心"


class Walk:
    def __init__(self, browser, instance, folder):
        self.browser, self.instance, self.folder = browser, instance, folder
        self.visitor = Visitor(instance)  # for what nobody looks at
        self.counter = 0
        self.cases, self.serials = {}, {}
        self.language = "zh"

    # Small steps -------------------------------------------------------------------------------------------------

    def get(self, path):
        self.browser.get(self.instance.url + path)

    def speak(self, language):
        self.language = language
        self.get("/about?lang=" + language)

    def main(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, "main " + selector)

    def press(self, selector=".buttons .primary"):
        go(self.browser, self.main(selector))

    def csr(self):
        self.counter += 1
        name = os.path.join(str(self.folder), "request-%d" % self.counter)
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        name + ".key", "-out", name + ".csr", "-subj", "/CN=request"], check=True, capture_output=True)
        return name + ".csr"

    def add_expired(self, name, serial):
        """No certificate of a new instance has expired: the entry of a valid one comes again under another number with an
        earlier end. Only the signer may add one, and nobody may change these attributes."""
        signer = self.instance.bind("signer")
        entry = signer.search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]
        self.serials[name] = "%032x" % (int(serial, 16) ^ 1)
        entry.update(xcaSerial=[self.serials[name].encode()], xcaNotBefore=[b"20200101000000Z"], xcaNotAfter=[b"20250101000000Z"])
        for attribute in ("xcaCaseNumber", "xcaKeyHash"):
            entry.pop(attribute, None)
        signer.add_s("xcaSerial=%s,ou=certificates,%s" % (self.serials[name], BASE), list(entry.items()))

    def open_case(self, number, code=USER_CODE, door="/case/status"):
        self.get(door)
        by_name(self.browser, "case_number").send_keys(number)
        by_name(self.browser, "code").send_keys(code)
        self.press()

    def open_acceptance(self, serial, code=USER_CODE):
        self.get("/certificates/accept?serial=" + serial)
        by_name(self.browser, "code").send_keys(code)
        self.press()

    # What the pages show: cases and certificates in every state ---------------------------------------------------

    def file(self, name):
        with open(self.csr(), "rb") as request:
            self.cases[name] = file_case(self.visitor, request.read(), name + "@example.org.tw")
        return self.cases[name]

    def issue(self, name):
        case = self.file(name)
        self.instance.approve(case)
        self.instance.wait_for_state(case, "issued")
        self.serials[name] = self.instance.case(case)["xcaSerial"].decode()
        return self.serials[name]

    def publish(self, name):
        serial = self.issue(name)
        accept(self.instance, serial)
        self.instance.wait_for_state(self.cases[name], "completed")
        return serial

    def suspend(self, serial, action="suspend"):
        self.get("/certificates/suspend?action=%s&serial=%s" % (action, serial))
        by_name(self.browser, "code").send_keys(USER_CODE)
        self.press()

    def prepare(self):
        """Cases and certificates that both languages look at."""
        self.speak("zh")
        self.file("filed")
        self.file("reviewed")
        assert self.instance.decide("accept", self.cases["reviewed"], "ra-tpe-edu", "--letter", "北市教字第1150000002號").returncode == 0
        self.file("returned")
        assert self.instance.decide("return", self.cases["returned"], "ra-tpe-edu", "--reason",
                                    "設立登記印鑑不清楚，請重新用印。\n電話少一碼，請更正。").returncode == 0
        self.file("corrected")
        self.correct("corrected", "02-27208000", "主任委員")
        lapsed = self.issue("lapsed")
        self.instance.lapse(self.cases["lapsed"])
        self.issue("pending")
        self.publish("valid")
        self.suspend(self.publish("suspended"))
        refused = self.issue("refused")
        self.open_acceptance(refused)
        self.press("button[value=refuse]")
        self.press("button[value=refuse-sure]")
        self.instance.wait_for_state(self.cases["refused"], "refused")
        self.publish("revoked")
        self.revoke(self.serials["revoked"])
        self.add_expired("expired", self.serials["valid"])
        self.instance.wait_for_state(self.cases["reviewed"], "reviewed")
        self.instance.wait_for_state(self.cases["returned"], "returned")
        return lapsed

    def correct(self, name, phone, title):
        self.open_case(self.cases[name], door="/case/edit")
        self.get("/case/edit/" + self.cases[name])
        by_name(self.browser, "contact_phone").clear()
        by_name(self.browser, "contact_phone").send_keys(phone)
        by_name(self.browser, "contact_title").send_keys(title)
        self.press("form .buttons .primary")

    def revoke(self, serial):
        secrets = self.instance.home / "officers"
        filed = self.instance.admin("revoke", "--serial", serial, "--reason", "lost", "--letter", "北市教字第3號", "--officer",
                                    "ra-tpe-edu", "--key", str(secrets / "ra-tpe-edu.p12"), "--password-file",
                                    str(secrets / "password"))
        number = re.search(r"^\d{25}$", filed.stdout, re.M).group(0)
        assert self.instance.decide("accept", number, "central-2").returncode == 0
        self.instance.wait_for_state(number, "completed")
        self.cases["revocation"] = number

    # The walks ---------------------------------------------------------------------------------------------------

    def public(self, look):
        for name, path in (("home", "/"), ("start", "/start"), ("sitemap", "/sitemap"), ("about", "/about"),
                           ("guide", "/apply/guide"), ("repository", "/repository"), ("statistics", "/statistics"), ("expiring", "/expiring"), ("interface", "/interface"),
                           ("expiring-notices", "/expiring/notices"),
                           ("statistics-chosen", "/statistics?year=%d&class=foundation&county=臺北市" % time.localtime().tm_year), ("oid", "/oid"), ("oid-arc", "/oid/2.16.886"),
                           ("oid-deeper", "/oid/2.16.886.104"), ("windows", "/windows"), ("window-county", "/windows/臺北市"),
                           ("window-central", "/windows/central"), ("organisations", "/organisations"),
                           ("organisations-found", "/organisations?name=基金會"), ("organisations-none", "/organisations?name=查無此名"),
                           ("organisations-nothing", "/organisations?name=&ubn="), ("postal", "/postal?county=臺北市")):
            self.get(path)
            look(name)
        self.get("/organisations?name=基金會")
        self.press("ul.results a")
        look("organisation")

    def content(self, look):
        """What officers publish, and the form for questions."""
        for name, path in (("news", "/news"), ("news-archive", "/news/archive"), ("news-year", "/news/archive?year=2026"),
                           ("news-none", "/news/archive?year=1999"), ("news-item", "/news/prepare-an-application"), ("faq", "/faq"),
                           ("faq-found", "/faq?q=PIN"), ("faq-none", "/faq?q=查無此事"), ("faq-item", "/faq/card-not-found"),
                           ("faq-item-list", "/faq/who-can-apply"), ("uses", "/uses"), ("fees", "/fees"), ("forms", "/forms"), ("downloads", "/downloads"),
                           ("terms", "/downloads/terms"), ("profile", "/downloads/profile"), ("questions", "/questions")):
            self.get(path)
            look(name)
        self.press()
        look("questions-errors")
        choose(self.browser, self.main("input[name=topic][value=other]"))
        by_name(self.browser, "question").send_keys("請問附卡可以幾張？")
        by_name(self.browser, "asker_name").send_keys("王小明")
        by_name(self.browser, "asker_mail").send_keys("asker@example.org.tw")
        self.press()
        look("questions-sent")

    def applying(self, look):
        address = "walk-%d@example.org.tw" % self.counter
        for name, query in (("search", ""), ("search-found", "?keyword=基金會"), ("search-none", "?keyword=查無此名"),
                            ("search-one-character", "?keyword=藥"), ("search-signs", "?keyword=、。"), ("search-wrong-ubn", "?ubn=123")):
            self.get("/apply/certificate" + query)
            look("apply-" + name)
        self.get("/apply/certificate?keyword=基金會")
        self.press("ul.results a")
        look("apply-1-start")
        self.press()
        look("apply-2-terms")
        self.press()
        look("apply-2-terms-missing")
        choose(self.browser, self.main("input[type=checkbox][name=terms]"))
        self.press()
        look("apply-3-form")
        self.press("form .buttons .primary")
        look("apply-3-form-errors")
        open_form(self.browser, self.instance, "基金會")
        fill_form(self.browser, self.csr(), address)
        look("apply-3-form-filled")
        self.new_organisation(look)
        open_form(self.browser, self.instance, "基金會")
        fill_form(self.browser, self.csr(), address)
        number = send_form(self.browser)
        self.filed(number, look)

    def applying_card(self, look):
        """The same pages where they differ for a card, for an organisation that no other test gives one. The cards' later states: test_card_application.py."""
        address = "walk-card-%d-%s@example.org.tw" % (self.counter, self.language)
        for name, query in (("search", ""), ("search-found", "?keyword=藥局"), ("new", "/new?keyword=小學")):
            self.get("/apply/card" + query)
            look("apply-card-" + name)
        self.get("/apply/card?keyword=藥局")
        self.press("ul.results a")
        look("apply-card-1-rank")
        self.press()
        look("apply-card-1-rank-missing")
        choose(self.browser, self.main("input[name=rank][value=secondary]"))
        self.press()
        look("apply-card-2-terms")
        self.get("/apply/card/form?class=school&rank=primary&terms=2026-1")
        look("apply-card-3-form-school")
        self.press("form .buttons .primary")
        look("apply-card-3-form-school-errors")
        open_form(self.browser, self.instance, "藥局", "secondary" if self.language == "en" else "primary")
        fill_form(self.browser, None, address, window="tpe-health")
        number = send_form(self.browser)
        look("apply-card-4-print")
        for step, path in (("4-paper", "paper"), ("5-checklist", "checklist"), ("edit", "edit"), ("status-filed", "status")):
            self.get("/case/%s/%s" % (path, number))
            look("apply-card-" + step)
        self.get("/apply/card?keyword=藥局")
        self.press("ul.results a")
        look("apply-card-1-rank-taken")

    def new_organisation(self, look):
        self.get("/apply/certificate/new")
        look("apply-new")
        self.press()
        look("apply-new-missing")
        self.get("/apply/certificate/form?class=foundation&terms=2026-1")
        look("apply-3-form-new")
        by_name(self.browser, "org_name").send_keys(LONG_NAME[:60])
        by_name(self.browser, "ubn").send_keys("12345678")
        self.press("form .buttons .primary")
        look("apply-3-form-new-errors")

    def filed(self, number, look):
        look("apply-4-print")
        self.get("/case/paper/" + number)
        look("apply-4-paper")
        self.get("/case/letter/" + number)
        look("apply-4-letter-code")
        by_name(self.browser, "code").send_keys(USER_CODE)
        self.press()
        look("apply-4-letter")
        self.get("/case/checklist/" + number)
        look("apply-5-checklist")
        self.press()
        look("apply-5-checklist-missing")
        for box in self.browser.find_elements(By.CSS_SELECTOR, "main input[type=checkbox]"):
            choose(self.browser, box)
        self.press()
        look("apply-6-window")
        self.get("/case/device-secret/" + number)
        look("case-secret")
        by_name(self.browser, "code").send_keys(USER_CODE)
        self.press("form .buttons .primary")
        look("case-secret-made")
        self.get("/case/device-secret/" + number)
        look("case-secret-there")
        self.get("/case/edit/" + number)
        look("case-edit")
        second = self.browser.find_element(By.NAME, "revision").get_attribute("value")
        by_name(self.browser, "contact_title").send_keys("秘書長")
        self.press("form .buttons .primary")
        look("case-edit-saved")
        self.conflict(number, second, look)

    def conflict(self, number, revision, look):
        """The page of an older revision is sent again."""
        self.get("/case/edit/" + number)
        self.browser.execute_script("document.querySelector('[name=revision]').value = arguments[0]", revision)
        by_name(self.browser, "contact_title").clear()
        by_name(self.browser, "contact_title").send_keys("主任")
        self.press("form .buttons .primary")
        look("case-edit-conflict")

    def following(self, look):
        self.get("/case/edit")
        look("case-edit-door")
        self.get("/case/status")
        look("case-status-door")
        self.press()
        look("case-status-door-empty")
        for state in ("filed", "reviewed", "returned", "pending", "valid", "refused", "lapsed"):
            self.open_case(self.cases[state])
            look("case-status-" + state)
        self.open_case(self.cases["reviewed"], door="/case/edit")
        look("case-print-closed")
        self.open_case(self.cases["returned"], door="/case/edit")
        look("case-print-returned")

    def certificates(self, look):
        self.get("/certificates")
        look("certificates")
        self.press("form .primary")
        look("certificates-nothing")
        by_name(self.browser, "name").send_keys("基金會")
        self.press("form .primary")
        look("certificates-found")
        by_name(self.browser, "serial").send_keys("00ff")
        self.press("form .primary")
        look("certificates-none")
        for state in ("pending", "valid", "suspended", "revoked", "expired", "lapsed"):
            self.get("/certificates/" + self.serials[state])
            look("certificate-" + state)
        self.get("/certificates/accept")
        look("accept")
        self.press()
        look("accept-empty")
        self.open_acceptance(self.serials["pending"])
        look("accept-content")
        self.press("button[value=refuse]")
        look("accept-refuse")
        self.open_acceptance(self.serials["valid"])
        look("accept-already")
        fresh = self.issue("fresh-%d" % self.counter)
        self.open_acceptance(fresh)
        self.press("button[value=accept]")
        look("accept-done")
        self.get("/certificates/suspend")
        look("suspend")
        self.press()
        look("suspend-empty")
        self.suspend(fresh)
        look("suspend-done")
        self.suspend(fresh)
        look("suspend-denied")
        self.suspend(fresh, "resume")
        look("resume-done")
        self.get("/certificates/revoke")
        look("revoke")
        self.get("/certificates/revoke/form")
        look("revoke-paper")
        self.get("/certificates/revoke/form?number=" + self.serials["valid"])
        look("revoke-paper-filled")

    def log(self, look):
        """The public log, with and without a certificate that is looked for."""
        serial = self.publish("log-%s" % self.language)
        for name, query in (("", ""), ("-wrong", "?serial=xyz"), ("-none", "?serial=" + "00" * 16)):
            self.get("/log" + query)
            look("log" + name)
        until = time.monotonic() + 20
        while not self.browser.find_elements(By.PARTIAL_LINK_TEXT, serial) and time.monotonic() < until:
            self.get("/log?serial=" + serial)
        look("log-found")

    def codes(self, look):
        for name, path in (("code-reset", "/code-reset"), ("code-reset-paper", "/code-reset/form"), ("code-change", "/code-reset/change")):
            self.get(path)
            look(name)
        self.press("form .primary")
        look("code-change-empty")
        serial = self.serials["valid"]
        self.get("/code-reset/form?number=" + serial)
        look("code-reset-paper-filled")
        self.get("/code-reset/change?number=" + serial)
        for name, text in (("code", USER_CODE), ("new_code", USER_CODE + "x"), ("new_code_again", USER_CODE + "x")):
            by_name(self.browser, name).send_keys(text)
        self.press("form .primary")
        look("code-change-done")
        self.get("/code-reset/change?number=" + serial)
        for name, text in (("code", USER_CODE + "x"), ("new_code", USER_CODE), ("new_code_again", USER_CODE)):
            by_name(self.browser, name).send_keys(text)
        self.press("form .primary")

    def cards(self, look):
        """Without a card helper; with one: test_bridge.py."""
        for name in ("helper", "activate", "unlock", "change-pin", "contact", "test", "info"):
            self.get("/card/" + name)
            look("card-" + name)
        self.main("[data-part=begin] button").click()
        until = time.monotonic() + 15
        while time.monotonic() < until and not self.main("[data-part=no-helper]").is_displayed():
            time.sleep(0.1)
        look("card-no-helper")
        self.main("#card-command summary").click()
        look("card-by-command")

    def bounce(self):
        """One notice that was sent has come back."""
        admin = self.instance.bind("admin")
        sent = admin.search_s("ou=outbox," + BASE, ldap.SCOPE_ONELEVEL, "(xcaState=sent)", ["xcaNotice", "xcaTo"])[0][1]
        report = ("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
                  "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; %s\n"
                  "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n--b\n"
                  "Content-Type: text/rfc822-headers\n\nMessage-ID: <%s@localhost>\n\n--b--\n"
                  % (sent["xcaTo"][0].decode(), sent["xcaNotice"][0].decode()))
        subprocess.run([str(BUILD / "xca-admin"), "--settings", str(self.instance.home / "xca.conf"), "mail", "bounce"], check=True,
                       input=report.encode(), env=self.instance.environment, capture_output=True, timeout=60)

    def changes(self, look):
        """OID changes: the public page, and the officers' one from the upload to what has become of each row."""
        self.counter += 1
        abolished, renamed = ("臺北市立第%d所%s國民小學" % (self.counter, word) for word in ("裁撤", "更名"))
        admin = self.instance.bind("admin")
        for arc, name in ((2 * self.counter, abolished), (2 * self.counter + 1, renamed)):
            entry = {"objectClass": "xcaArcEntry", "xcaArc": str(700000 + arc), "xcaOid": "2.16.886.111.%d" % (700000 + arc), "o": name,
                     "xcaNameKey": name, "xcaOrgClass": "school", "xcaCounty": "臺北市"}
            admin.add_s("xcaArc=%d,xcaArc=111,ou=oid,%s" % (700000 + arc, BASE), [(k, [v.encode()]) for k, v in entry.items()])
        sheet = os.path.join(str(self.folder), "changes-%d.csv" % self.counter)
        with open(sheet, "w", encoding="utf-8") as to:
            to.write("異動形式,統一編號,全稱,地址,電話,原全稱,主管機關,備註\n"
                     "新增,77120046,臺北市立第%d所新設國民小學,臺北市大安區和平東路二段106號,02-27377592,,臺北市政府教育局,\n"
                     "修改,,%s分校,,,%s,,\n裁撤,,,,,%s,,\n裁撤,,,,,沒有這個學校,,\n新增,12345678,甲,和平東路,,,不存在的機關,\n"
                     % (self.counter, renamed, renamed, abolished))
        for path, name in (("/oid/changes", "oid-changes"), ("/office/sheets", "office-sheets")):
            if path.startswith("/office"):
                self.officer("ra-tpe-edu")
            self.get(path)
            look(name)
            self.main("#file").send_keys(os.path.abspath(os.path.join(os.path.dirname(__file__), "../data/sheets/macros.xlsx")))
            self.press("form[enctype] .primary")
            look(name + "-refused")
            self.main("#file").send_keys(sheet)
            self.press("form[enctype] .primary")
            look(name + "-checked")
        self.press("form[action='/office/sheets/file'] .primary")
        look("office-sheets-missing")
        self.main("#contact_name").send_keys("承辦人")
        self.main("#contact_email").send_keys("desk@example.gov.tw")
        self.press("form[action='/office/sheets/file'] .primary")
        look("office-case-sheet")
        number = self.browser.current_url.split("/")[-1]
        self.instance.approve(number)
        self.instance.wait_for_state(number, "completed")
        self.get("/office/cases/" + number)
        look("office-case-sheet-done")
        self.press(".office-head form button")

    def office(self, look):
        self.get("/office")
        look("office-login")
        self.get("/office/login?out=1")
        look("office-logged-out")
        self.get("/office/login?over=1")
        look("office-session-over")
        self.bounce()
        self.officer("central-1")
        self.get("/office/mail")
        look("office-mail")
        self.officer("ra-tpe-edu")
        self.get("/office")
        look("office-desk")
        for name, query in (("", ""), ("-all", "?state=all"), ("-search", "?q=基金會"), ("-none", "?q=查無此名"), ("-newest", "?state=all&sort=newest&page=2"), ("-again", "?again=1")):
            self.get("/office/cases" + query)
            look("office-cases" + name)
        for state in ("filed", "reviewed", "returned", "corrected", "valid"):
            self.get("/office/cases/" + self.cases[state])
            look("office-case-" + state)
        self.get("/office/cases")
        self.main("input[name=case]").click()
        self.press("form[action='/office/decide'] .primary")
        look("office-decide")
        self.press("form[action='/office/decide'] .primary")
        look("office-decide-missing")
        by_name(self.browser, "letter").send_keys("北市教字第1150000004號")
        self.press("form[action='/office/decide'] .primary")
        look("office-sign")
        self.result(look)
        self.officer("central-1")
        self.get("/office")
        look("office-desk-central")
        self.get("/office/cases?kind=revocation&state=all")
        look("office-cases-revocation")
        self.get("/office/cases/" + self.cases["revocation"])
        look("office-case-revocation")
        for path in ("officers", "officers/new", "officers/ra-tpe-edu", "windows", "windows/new", "windows/tpe-edu", "orders"):
            self.get("/office/" + path)
            look("office-" + path.replace("/", "-"))
        self.get("/office/officers/new")
        self.press("form.form .primary")
        look("office-officer-missing")
        self.get("/office/officers/ra-tpe-soc")
        by_name(self.browser, "title").send_keys("（代理）")
        self.press("form.form .primary")
        look("office-order-sign")
        self.order(look)
        for uid in ("card-1", "audit-1"):
            self.officer(uid)
            self.get("/office")
            look("office-desk-" + uid)
        self.press(".office-head form button")

    def result(self, look):
        """Of decisions that were signed without this browser's helper: one that counts, one too late."""
        case = self.file("outcome-%d" % self.counter)
        officers = [Officer(self.instance, "ra-tpe-edu") for _ in range(2)]
        pages = [officers[0].write_decision([case], "accept", "北市教字第1150000005號"), officers[1].write_decision([case], "return", reason="不符")]
        done = [one.hand_in(page, one.to_sign(page)).headers["Location"] for one, page in zip(officers, pages)]
        self.officer("ra-tpe-edu")
        self.get(done[0] + "&" + done[1].split("?")[1])
        look("office-result")

    def order(self, look):
        """Signed by one, seen by the other, then signed by both."""
        one, two = Officer(self.instance, "central-1"), Officer(self.instance, "central-2")
        page = one.submit(one.get("/office/officers/ra-tpe-soc"), {"title": "臺北市政府社會局 初審承辦人 %d" % self.counter})
        order = one.sign_order(page).headers["Location"].split("/")[-1].split("?")[0]
        self.officer("central-2")
        self.get("/office/orders/" + order)
        look("office-order-waiting")
        self.get("/office/orders")
        look("office-orders-waiting")
        waiting = two.get("/office/orders/" + order)
        two.sign_order(two.submit(waiting, {}, form=two.form_of(waiting, "/office/orders/" + order)))
        self.get("/office/orders/%s?signed=1" % order)
        look("office-order-done")

    def holders(self, look):
        """Revocations and code resets, from the search to what is signed; signed without this browser's helper."""
        serial = self.publish("holders-%d-%s" % (self.counter, self.language))
        self.officer("ra-tpe-edu")
        for name, query in (("", ""), ("-found", "?q=基金會"), ("-none", "?q=查無此名"), ("-wrong", "?q=Xc1")):
            self.get("/office/revocations" + query)
            look("office-revocations" + name)
        self.get("/office/revocations/new?number=" + serial)
        look("office-revocation")
        self.press("form.form .primary")
        look("office-revocation-errors")
        choose(self.browser, self.main("input[name=revoke_reason][value=lost]"))
        by_name(self.browser, "letter").send_keys("北市教字第1150000007號")
        self.press("form.form .primary")
        look("office-revocation-sign")
        for name, number in (("under-way", serial), ("revoked", self.serials["revoked"]), ("unknown", "00ff")):
            self.get("/office/revocations/new?number=" + number)
            look("office-revocation-" + name)
        self.officer("central-1")
        self.get("/office/code-resets?q=" + serial)
        look("office-code-resets")
        self.press(".results a")
        look("office-code-reset")
        self.press("form.form .primary")
        look("office-code-reset-errors")
        by_name(self.browser, "contact_name").send_keys("秘書處 王小明")
        by_name(self.browser, "contact_phone").send_keys("02-27208889")
        by_name(self.browser, "remark").send_keys("週一至週五下午二時至五時")
        self.press("form.form .primary")
        look("office-code-reset-sign")
        self.reset(self.main(".office-statements .code").text, look)

    def reset(self, number, look):
        officers = [Officer(self.instance, uid) for uid in ("central-1", "central-2")]
        self.officer("central-2")
        for one, state in zip(officers, ("reviewed", "issued")):
            assert one.decide([number], "accept")[number]["counted"]
            self.instance.wait_for_state(number, state)
            self.get("/office/cases/" + number)
            look("office-case-code-reset-" + state)
        self.get("/office/call-sheets/" + number)
        look("office-call-sheet")
        self.officer("audit-1")
        self.get("/office/code-resets")
        look("office-code-resets-audit-1")
        assert officers[0].decide([number], "accept")[number]["counted"]
        self.press(".office-head form button")

    def office_content(self, look):
        """What central officers write."""
        self.get("/questions")
        choose(self.browser, self.main("input[name=topic][value=use]"))
        by_name(self.browser, "question").send_keys("請問可以用在 Outlook 嗎？")
        by_name(self.browser, "asker_name").send_keys("李小姐")
        by_name(self.browser, "asker_mail").send_keys("office-walk@example.org.tw")
        self.press()
        self.officer("central-1")
        for name, path in (("", ""), ("-faq", "?kind=faq"), ("-new-news", "/new?kind=news"), ("-new-faq", "/new?kind=faq"), ("-edit", "/pin-locked")):
            self.get("/office/content" + path)
            look("office-content" + name)
        self.press("button[value=preview]")
        look("office-content-preview")
        by_name(self.browser, "body_en").clear()
        by_name(self.browser, "body_zh").send_keys(" <b>x</b>")
        self.press("button[value=published]")
        look("office-content-errors")
        self.get("/office/questions?state=closed")
        look("office-questions-closed")
        self.get("/office/questions")
        look("office-questions")
        self.press(".results a")
        look("office-question")
        self.press("form .primary")
        look("office-question-error")
        self.press(".office-head form button")

    def office_audit(self, look):
        """What the auditor sees of the audit log."""
        self.officer("audit-1")
        for name, query in (("", ""), ("-about", "?q=central-1&kind=decision"), ("-none", "?until=2000-01-01"), ("-wrong", "?since=x"),
                            ("-entry", "/1"), ("-verify", "/verify?from=1&to=20"), ("-range", "/verify?from=9&to=8")):
            self.get("/office/audit" + query)
            look("office-audit" + name)
        self.get("/office/audit?kind=officer-change")
        self.press("td a")
        self.main("details summary").click()
        look("office-audit-entry-text")
        self.press(".office-head form button")

    def officer(self, uid):
        """This browser is the officer's from now on, without a helper."""
        Officer(self.instance, uid).lend(self.browser)

    def errors(self, look):
        self.get("/no-such-page")
        look("error-404")
        self.get("/certificates/00ff")
        look("error-404-certificate")
        self.post("/about", "x=1")
        look("error-405")
        self.post("/case/status", "case_number=1")
        look("error-403")
        self.post("/case/status", "x=" + "x" * 300000)
        look("error-413")
        number = self.file("locked-%d" % self.counter)
        for _ in range(3):
            self.open_case(number, "Wrong-code-1")
        look("error-429")

    def post(self, path, body):
        """What no link does: a form made up on a page, sent to that path."""
        self.get("/about")
        self.browser.execute_script("window.left = false; const f = document.createElement('form'); f.method = 'post'; f.action = arguments[0];"
                                    "for (const pair of arguments[1].split('&')) { const i = document.createElement('input');"
                                    "[i.name, i.value] = pair.split('='); f.append(i); } document.body.append(f); f.submit();", path, body)
        until = time.monotonic() + 15
        while time.monotonic() < until and self.browser.execute_script("return window.left !== undefined || document.readyState != 'complete'"):
            time.sleep(0.1)

    def outage(self, look):
        """The directory hangs; then the signer is silent."""
        slapd = int((self.instance.home / "run" / "slapd.pid").read_text())
        os.kill(slapd, signal.SIGSTOP)
        try:
            self.get("/organisations?name=基金會")
            look("error-503")
            self.get("/")
            look("home-directory-down")
        finally:
            os.kill(slapd, signal.SIGCONT)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            self.get("/organisations?name=基金會")
            if self.browser.find_elements(By.CSS_SELECTOR, "ul.results a"):
                return
            time.sleep(0.3)
        raise AssertionError("the directory does not come back")

    def everything(self, language, look):
        self.speak(language)
        self.public(look)
        self.content(look)
        self.applying(look)
        self.applying_card(look)
        self.following(look)
        self.certificates(look)
        self.log(look)
        self.codes(look)
        self.cards(look)
        self.office(look)
        self.holders(look)
        self.office_content(look)
        self.office_audit(look)
        self.changes(look)
        self.errors(look)
        self.outage(look)

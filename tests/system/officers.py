"""Officers at the portal. Without a browser: they log in with a signature of their key file and sign what the pages give them.
With one: a real helper signs with the key file."""

import base64
import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from applying import go
from bridging import Bridge, CardPage, browser_for, settings_of
from visiting import Visitor


class Signer:
    """An officer's key file. openssl signs, as any program could."""

    def __init__(self, instance, uid):
        self.folder = tempfile.TemporaryDirectory(prefix="xca-officer-")
        self.pem = Path(self.folder.name) / "officer.pem"
        subprocess.run(["openssl", "pkcs12", "-in", instance.home / "officers" / (uid + ".p12"), "-passin",
                        "file:%s" % (instance.home / "officers/password"), "-nodes", "-out", self.pem], check=True, capture_output=True)

    def sign(self, text):
        """SignedData over the text, base64."""
        done = subprocess.run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-nosmimecap", "-signer", self.pem,
                               "-outform", "DER"], input=text.encode(), check=True, capture_output=True)
        return base64.b64encode(done.stdout).decode()


class Officer(Visitor):
    """One officer with a browser of their own."""

    def __init__(self, instance, uid, address="127.0.0.1", language="zh", login=True):
        super().__init__(instance, address, language)
        self.uid, self.signer = uid, Signer(instance, uid)
        if login:
            done = self.login()
            assert done.status == 303 and done.headers["Location"] == "/office", (done.status, done.main)

    def challenge(self, to=""):
        page = self.get("/office/login" + to)
        return page, self.to_sign(page)[0]

    def to_sign(self, page):
        """The texts that the page gives to be signed; browsers drop the first line break of a textarea."""
        return [re.sub(r"^\n", "", e.text) for e in page.elements() if e.get("data-sign")]

    def login(self, to=""):
        page, challenge = self.challenge(to)
        return self.submit(page, {"signed": self.signer.sign(challenge)}, form=self.form_of(page, "/office/login"))

    def form_of(self, page, action):
        return next(f for f in page.forms if f.action == action)

    def cookie(self):
        return self.cookies.get("__Host-xca-office")

    def session_dn(self):
        return "xcaSession=%s,ou=sessions,ou=XCA,c=TW" % hashlib.sha256(self.cookie().encode()).hexdigest()

    def token(self, page):
        return re.search(r'name="token" value="([^"]+)"', page.text).group(1)

    def write_decision(self, cases, action, letter="", why=(), reason="", **more):
        """The page with the statements to sign (or what is wrong). Cases: number, or "number.revision" as lists have it."""
        page = self.get("/office")
        return self.post("/office/decide", [("token", self.token(page)), ("action", action), ("letter", letter), ("reason", reason)] +
                         [("case", c) for c in cases] + [("why", w) for w in why] + list(more.items()))

    def hand_in(self, page, texts, signer=None):
        """Signs and sends them; gives the answer, a redirect to the outcome."""
        signer = signer or self.signer
        return self.post("/office/signed", [("token", self.token(page))] + [("signed", signer.sign(t)) for t in texts])

    def decide(self, cases, action, letter="", why=(), reason=""):
        """All of it; gives what the page of the outcome tells, by case."""
        page = self.write_decision(cases, action, letter, why, reason)
        texts = self.to_sign(page)
        assert len(texts) == len(cases), page.main
        done = self.hand_in(page, texts)
        assert done.status == 303, done.main
        return self.outcome(done)

    def outcome(self, done):
        shown = self.get(done.headers["Location"], Accept="application/json").json()
        return {r.get("number"): r for r in shown["results"]}

    def sign_order(self, page, signer=None, text=None):
        """Signs and sends the order that the page shows."""
        texts = self.to_sign(page)
        assert len(texts) == 1, page.main
        certificate = next((e.get("value") for e in page.elements() if e.get("name") == "certificate"), None)
        return self.post("/office/orders", [("token", self.token(page)), ("certificate", certificate or ""),
                                            ("signed", (signer or self.signer).sign(text or texts[0]))])

    def lend(self, browser):
        """The session to a real browser: its pages are this officer's."""
        for name, value in self.cookies.items():
            if name == "xca-lang":
                continue
            browser.add_cookie({"name": name, "value": value, "path": "/", "secure": True})

    def logout(self):
        page = self.get("/office")
        return self.submit(page, {}, form=self.form_of(page, "/office/logout"))


class NoReader:
    """Key files need none."""
    environment = dict(os.environ)


class Desk:
    """An officer at a browser, whose helper serves with the officer's key file."""

    def __init__(self, instance, uid, folder, language="zh", browser=None):
        self.instance, self.uid = instance, uid
        self.own_browser = browser is None
        self.browser = browser or browser_for(instance)
        self.bridge = Bridge(NoReader, settings_of(instance, folder), "--key", instance.home / "officers" / (uid + ".p12"),
                             "--password-file", instance.home / "officers/password", terminal=True)
        self.page = CardPage(self.browser, instance)
        self.get("/about?lang=" + language)

    def close(self):
        self.bridge.stop()
        if self.own_browser:
            self.browser.quit()

    def get(self, path):
        self.browser.get(self.instance.url + path)

    def main(self):
        return self.browser.find_element(By.TAG_NAME, "main")

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, "main " + selector)

    def press(self, selector):
        go(self.browser, self.find(selector))

    def sign(self, count=1):
        """Begins, and confirms where the helper runs; the page that follows is there at the end."""
        self.browser.execute_script("window.left = false")
        before = len(self.bridge.said())
        self.page.begin()
        self.bridge.wait_for("Is this to be signed? (y/n)" if count == 1 else "Are all these %d to be signed? (y/n)" % count, after=before)
        self.bridge.type("y")
        self.wait_left()
        return self.bridge.said()[before:]

    def wait_left(self):
        WebDriverWait(self.browser, 30, ignored_exceptions=[WebDriverException]).until(
            lambda b: b.execute_script("return window.left === undefined && document.readyState == 'complete'"))

    def login(self, to=""):
        """By the helper's link, as an officer does."""
        self.browser.get(self.bridge.link)
        self.get("/office/login" + to)
        self.browser.execute_script("window.left = false")
        self.page.begin()
        self.page.confirm()
        self.wait_left()

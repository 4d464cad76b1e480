"""A card helper that serves (xca-card serve), and a browser that is allowed to use it."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

from selenium.webdriver.common.by import By

from conftest import BUILD, SANITIZER, new_browser


def settings_of(instance, folder):
    config = folder / "xca-card.conf"
    config.write_text("portal-url = %s\nca-file = %s\nofficer = card-1\nkey = %s\npassword-file = %s\n" % (
        instance.url, instance.home / "ca/root.pem", instance.home / "officers/card-1.p12", instance.home / "officers/password"))
    config.chmod(0o600)
    return config


def helper_run(readers, config, typed, *command, timeout=120):
    """One command of xca-card, which is typed what it asks."""
    reading, writing = os.pipe()
    os.write(writing, "".join(line + "\n" for line in typed).encode())
    os.close(writing)
    try:
        return subprocess.run([str(BUILD / "xca-card"), "--config", str(config), "--language", "en", "--wait", "20", "--yes",
                               "--secrets-fd", str(reading)] + list(command), env=readers.environment, pass_fds=[reading],
                              capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    finally:
        os.close(reading)


class Bridge:
    """xca-card serve on a free port; what it says on its own side is in lines."""

    def __init__(self, readers, config, *more, language="en", pass_fds=()):
        self.lines = []
        self.process = subprocess.Popen([str(BUILD / "xca-card"), "--config", str(config), "--language", language, "serve", "--port", "0",
                                         *map(str, more)], env=readers.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, stdin=subprocess.DEVNULL, pass_fds=pass_fds, start_new_session=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.link = re.search(r"https://\S+#bridge=(\d+)\.([0-9a-f]{32})", self.wait_for("#bridge="))
        self.port, self.token = int(self.link.group(1)), self.link.group(2)
        self.link = self.link.group(0)
        self.origin = self.link.split("/card/")[0]

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self):
        return "\n".join(self.lines)

    def wait_for(self, text, seconds=20):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in list(self.lines):
                if text in line:
                    return line
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)
        raise AssertionError("%s was not said: %s" % (text, self.said()))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(40) == 0, self.said()
        self.reader.join(10)
        assert not SANITIZER.search(self.said()), self.said()

    def ask(self, method, path, body=None, host=None, timeout=40, **headers):
        """As a page of the portal would; headers with None are left out. Returns status, JSON, headers."""
        sent = {"Origin": self.origin, "X-XCA-Token": self.token, "Accept-Language": "en", "Content-Type": "application/json"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        if host is not None:
            sent["Host"] = host
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.port, path), data=data, method=method,
                                         headers={name: value for name, value in sent.items() if value is not None})
        try:
            answer = urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            answer = error
        text = answer.read()
        return answer.status, json.loads(text) if text else {}, answer.headers

    def listens_on(self, address):
        with socket.socket() as one:
            one.settimeout(2)
            return one.connect_ex((address, self.port)) == 0


def browser_for(instance, language="zh-TW", grant=True):
    """The portal counts as a public site for it, so that its rules for local network access hold; the question is answered beforehand."""
    overrides = ",".join("%s:%d=public" % (address, instance.https) for address in ("127.0.0.1", "[::1]"))
    driver = new_browser("--ip-address-space-overrides=" + overrides)
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Taipei"})
    set_permission(driver, instance, "granted" if grant else "denied")
    return driver


def set_permission(driver, instance, setting, origin=None):
    driver.execute_cdp_cmd("Browser.setPermission", {"origin": origin or instance.url, "permission": {"name": "loopback-network"},
                                                     "setting": setting})


class CardPage:
    """One of the card pages, as somebody at the browser uses it."""

    def __init__(self, browser, instance):
        self.browser, self.instance = browser, instance
        self.look = lambda name: None

    def open(self, link_or_path):
        self.browser.get(link_or_path if link_or_path.startswith("https:") else self.instance.url + link_or_path)
        return self

    def part(self, name):
        return self.browser.find_element(By.CSS_SELECTOR, '#card-desk [data-part="%s"]' % name)

    def wait_part(self, *names, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name in names:
                if self.part(name).is_displayed():
                    return name
            time.sleep(0.1)
        raise AssertionError("no %s: %s" % (names, self.text()))

    def text(self):
        return self.browser.find_element(By.ID, "card-desk").text

    def begin(self):
        self.part("begin").find_element(By.CSS_SELECTOR, "button").click()
        return self

    def wait_text(self, text, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if text in self.text():
                return
            time.sleep(0.1)
        raise AssertionError("%s is not in: %s" % (text, self.text()))

    def type_secret(self, *secrets):
        self.wait_part("secret")
        for field, secret in zip(("card-secret", "card-secret-again"), secrets):
            self.browser.find_element(By.ID, field).send_keys(secret)
        self.press("secret")

    def press(self, part, selector="button"):
        self.part(part).find_element(By.CSS_SELECTOR, selector).click()

    def confirm(self):
        self.wait_part("confirm")
        self.press("confirm")

    def facts(self):
        return self.part("facts").text

    def new_pin(self):
        self.wait_part("new-pin")
        return self.part("new-pin").find_element(By.CSS_SELECTOR, ".pin").text

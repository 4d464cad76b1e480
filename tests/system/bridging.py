"""A card helper that serves (xca-card serve), and a browser that is allowed to use it."""

import fcntl
import json
import os
import pty
import re
import signal
import socket
import subprocess
import termios
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from selenium.webdriver.common.by import By

from conftest import BUILD, SANITIZER, new_browser


def settings_of(instance, folder):
    config = folder / "xca-card.conf"
    config.write_text("portal-url = %s\nca-file = %s\nofficer = card-1\nkey = %s\npassword-file = %s\n" % (
        instance.url, instance.home / "ca/root.pem", instance.home / "officers/card-1.p12", instance.home / "officers/password"))
    config.chmod(0o600)
    return config


def helper_run(readers, config, typed, *command, timeout=120, home=None):
    """One command of xca-card, which is typed what it asks. Without a config: that of the home."""
    where = ["--config", str(config)] if config is not None else []
    environment = dict(readers.environment, HOME=str(home)) if home is not None else readers.environment
    environment.pop("XDG_CONFIG_HOME", None)
    reading, writing = os.pipe()
    os.write(writing, "".join(line + "\n" for line in typed).encode())
    os.close(writing)
    try:
        return subprocess.run([str(BUILD / "xca-card"), *where, "--language", "en", "--wait", "20", "--yes",
                               "--secrets-fd", str(reading)] + list(command), env=environment, pass_fds=[reading],
                              capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    finally:
        os.close(reading)


class Bridge:
    """xca-card serve on a free port. On a terminal of its own (typed: what is typed when it starts) or without one; what it says on its
    own side is in said()."""

    def __init__(self, readers, config, *more, language="en", pass_fds=(), terminal=False, typed=()):
        command = [str(BUILD / "xca-card"), "--config", str(config), "--language", language, "serve", "--port", "0", *map(str, more)]
        self.heard, self.master = b"", None
        if terminal:
            self.master, slave = pty.openpty()
            self.process = subprocess.Popen(command, env=readers.environment, stdin=slave, stdout=slave, stderr=slave, pass_fds=pass_fds,
                                            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            os.close(slave)
            source = self.master
        else:
            self.process = subprocess.Popen(command, env=readers.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, pass_fds=pass_fds, start_new_session=True)
            source = self.process.stdout.fileno()
        self.reader = threading.Thread(target=self.read, args=[source], daemon=True)
        self.reader.start()
        for prompt, answer in typed:
            self.wait_for(prompt)
            self.type(answer)
        self.wait_for("#bridge=")
        link = self.link
        self.origin = "https://" + urllib.parse.urlsplit(link).netloc
        port, ticket = re.search(r"#bridge=(\d+)\.([0-9a-f]{32})$", link).groups()
        self.port, self.token = int(port), None
        status, answer, _ = self.ask("POST", "/v1/token", {"ticket": ticket})
        assert status == 200, answer
        self.token = answer["token"]
        while self.link == link:
            time.sleep(0.02)

    @property
    def link(self):
        """The last one that was printed: each is good for once."""
        return re.findall(r"https://\S+#bridge=\d+\.[0-9a-f]{32}\b", self.said())[-1]

    def read(self, source):
        while True:
            try:
                block = os.read(source, 4096)
            except OSError:  # of a terminal that nobody writes to any more
                return
            if not block:
                return
            self.heard += block

    def said(self):
        return self.heard.decode("utf-8", "replace").replace("\r\n", "\n")

    def wait_for(self, text, seconds=20, after=0):
        """The line with it, or what there is of it. Only what was said behind the first `after` characters counts."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.said()[after:].split("\n"):
                if text in line:
                    return line
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)
        raise AssertionError("%s was not said: %s" % (text, self.said()))

    def type(self, text):
        time.sleep(0.3)  # what stands there before the question is thrown away
        os.write(self.master, text.encode() + b"\n")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(40) == 0, self.said()
        self.reader.join(10)
        if self.master is not None:
            os.close(self.master)
            self.master = None
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

    def follow(self, order, answer=None):
        """A job to its end: answer(event) gives what is answered to a question. Returns the events."""
        status, begun, _ = self.ask("POST", "/v1/jobs", order)
        assert status == 201, begun
        path, seen, events = "/v1/jobs/" + begun["job"], 0, []
        while not events or events[-1]["type"] not in ("done", "fault"):
            status, got, _ = self.ask("GET", "%s?after=%d" % (path, seen))
            assert status == 200, got
            for event in got["events"]:
                seen = event["n"]
                events.append(event)
                if event["type"] == "ask":
                    assert self.ask("POST", path + "/answer", dict(answer(event), question=event["n"]))[0] == 204
        return events

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
        self.loses_helper = False

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

"""Firefox without a mouse or a window, by its own Marionette protocol (Debian has no geckodriver): for what differs between browsers."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from conftest import free_ports


class Firefox:
    """With a profile of its own and settings (about:config)."""

    def __init__(self, **settings):
        self.folder = tempfile.mkdtemp(prefix="xca-firefox-")
        port = free_ports(1)[0]
        settings = dict({"marionette.port": port, "browser.shell.checkDefaultBrowser": False, "app.update.enabled": False,
                         "datareporting.policy.dataSubmissionEnabled": False, "toolkit.telemetry.enabled": False}, **settings)
        with open(self.folder + "/user.js", "w") as file:
            file.writelines("user_pref(%s, %s);\n" % (json.dumps(name), json.dumps(value)) for name, value in settings.items())
        self.process = subprocess.Popen(["firefox-esr", "--headless", "--no-remote", "--marionette", "-remote-allow-system-access", "--profile",
                                         self.folder], env=dict(os.environ, HOME=self.folder), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.number, self.heard = 0, b""
        self.connection = self.connect(port)
        self.receive()  # its greeting
        self.command("WebDriver:NewSession", acceptInsecureCerts=True)

    def connect(self, port, seconds=120):
        until = time.monotonic() + seconds
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=120)
            except OSError:
                assert time.monotonic() < until and self.process.poll() is None, "Firefox does not start"
                time.sleep(0.3)

    def receive(self):
        """A message is its length, a colon, JSON."""
        while b":" not in self.heard:
            self.heard += self.more()
        length, self.heard = self.heard.split(b":", 1)
        while len(self.heard) < int(length):
            self.heard += self.more()
        message, self.heard = self.heard[:int(length)], self.heard[int(length):]
        return json.loads(message)

    def more(self):
        block = self.connection.recv(65536)
        assert block, "Firefox has ended"
        return block

    def command(self, name, **arguments):
        self.number += 1
        message = json.dumps([0, self.number, name, arguments]).encode()
        self.connection.sendall(b"%d:%s" % (len(message), message))
        _, number, wrong, result = self.receive()
        assert number == self.number and wrong is None, wrong
        return result

    def get(self, url):
        self.command("WebDriver:Navigate", url=url)

    def run(self, script, *arguments):
        return self.command("WebDriver:ExecuteScript", script=script, args=list(arguments))["value"]

    def run_as_browser(self, script, *arguments):
        """With the rights of the browser itself."""
        self.command("Marionette:SetContext", value="chrome")
        try:
            return self.run(script, *arguments)
        finally:
            self.command("Marionette:SetContext", value="content")

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

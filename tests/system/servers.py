"""An instance whose servers the tests start and stop one by one."""

import re
import signal
import subprocess
import time

import ldap
from conftest import TOP, Instance


class Servers(Instance):
    def __init__(self, home):
        super().__init__(home)
        self.processes = {}

    def prepare(self, data, settings=""):
        """Makes the instance; `settings`: lines more for xca.conf."""
        self.make(data)
        subprocess.run(["bash", "-c", "source tools/demo/common.sh; configure"], env=self.environment, cwd=TOP, check=True)
        with open(self.home / "xca.conf", "a", encoding="utf-8") as file:
            file.write(settings)

    def set_clock(self, offset):
        """For what is started, or reads its settings, from now on."""
        path = self.home / "xca.conf"
        path.write_text(re.sub(r"(?m)^clock-offset = .*$", "clock-offset = %d" % offset, path.read_text("utf-8")), "utf-8")

    def begin(self, name):
        with open(self.home / "log" / (name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen([str(TOP / "tools/demo/service.sh"), name], env=self.environment, stdout=log,
                                                    stderr=log, stdin=subprocess.DEVNULL)
        if name == "slapd":
            self.until(lambda: self.bind("signer") is not None)

    def end(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name, None)
        if process is not None:
            process.send_signal(how)
            process.wait(60)

    def end_all(self):
        for name in ("httpd", "signer", "slapd"):
            self.end(name)

    def until(self, action, wanted=True, seconds=30):
        """Asks until the answer is `wanted`; gives the seconds that it took."""
        began = time.monotonic()
        while True:
            try:
                found = action()
            except (OSError, ldap.LDAPError) as error:
                found = error
            if found == wanted:
                return time.monotonic() - began
            assert time.monotonic() - began < seconds, found
            time.sleep(0.02)

"""Virtual card readers and cards for the tests: Debian's pcscd and vpcd, private to a test, and tests/cardsim in them.

    from readers import readers

    def test_something(readers):
        card = readers.card(pin_tries=5, reselect="drop")   # a blank card in slot 0; settings as in tests/cardsim/README.md
        readers.run("opensc-tool", "-n")                    # with the environment that leads to this pcscd
        card.pull(); card.insert()                          # wait until pcscd has seen it
        card.cut(3, "before")                               # pulled instead of running the third command from now
        card.kill(); card.start()                           # the power fails; the memory (card.state) stays
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else TOP / BUILD

# libpcsclite reads its socket's name once a process: each question is asked by a process of its own.
ASK_PCSCD = """
import ctypes, sys, time
class State(ctypes.Structure):
    _fields_ = [("reader", ctypes.c_char_p), ("data", ctypes.c_void_p), ("current", ctypes.c_ulong), ("event", ctypes.c_ulong),
                ("length", ctypes.c_ulong), ("atr", ctypes.c_ubyte * 33)]
pcsc = ctypes.CDLL("libpcsclite.so.1")
reader, bits, seconds = sys.argv[1].encode(), int(sys.argv[2]), float(sys.argv[3])
until = time.monotonic() + seconds
context = ctypes.c_long()
while pcsc.SCardEstablishContext(2, None, None, ctypes.byref(context)) != 0:
    if time.monotonic() > until:
        sys.exit("pcscd does not answer")
    time.sleep(0.05)
state = State(reader, None, 0, 0, 0)
while True:
    status = pcsc.SCardGetStatusChange(context, ctypes.c_ulong(100), ctypes.byref(state), ctypes.c_ulong(1)) & 0xffffffff
    if status in (0, 0x8010000A) and (state.event & bits or bits == 0):
        break
    if time.monotonic() > until:
        sys.exit("%s: state %x, not %x (%x)" % (reader.decode(), state.event & 0xffff, bits, status))
    state.current = state.event & 0xfffd
    time.sleep(0.02)
print("%x" % (state.event & 0xffff))
"""
EMPTY, PRESENT, IN_USE, MUTE = 0x10, 0x20, 0x100, 0x200


class Card:
    """One cardsim process: put in when started, and its memory file."""

    def __init__(self, readers, slot, name, settings):
        self.readers = readers
        self.slot = slot
        self.folder = readers.folder
        self.state_path = self.folder / (name + ".state")
        self.log_path = self.folder / (name + ".log")
        self.control_path = self.folder / (name + ".control")
        self.settings = settings
        self.process = None

    def start(self, wait=True):
        """Starts the card's process, which puts the card into its slot."""
        options = []
        for name, value in self.settings.items():
            options += ["--set", "%s=%s" % (name.replace("_", "-"), value)]
        self.readers.wait(self.slot, EMPTY)
        self.process = subprocess.Popen([str(BUILD / "cardsim"), "--reader", str(self.folder / ("slot-%d" % self.slot)),
                                         "--state", str(self.state_path), "--log", str(self.log_path),
                                         "--control", str(self.control_path), "--out-ms", "400"] + options, stdin=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.tell("state")
                break
            except OSError:
                time.sleep(0.02)
        assert self.process.poll() is None, "cardsim ended with %s" % self.process.returncode
        if wait:
            self.readers.wait(self.slot, MUTE if self.settings.get("card") == "mute" else PRESENT)
        return self

    def kill(self, wait=True):
        """As if the power failed: no chance to write anything."""
        self.process.kill()
        self.process.wait()
        if wait:
            self.readers.wait(self.slot, EMPTY)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            status = self.process.wait(10)
            assert status == 0, "cardsim ended with %s" % status

    def tell(self, line):
        """One line to the card's control socket; returns what it answers behind "ok"."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(self.control_path))
            control.sendall((line + "\n").encode())
            answer = control.recv(200).decode().strip()
        assert answer.startswith("ok"), "%s: %s" % (line, answer)
        return answer[3:]

    def pull(self, wait=True):
        self.tell("pull")
        if wait:
            self.readers.wait(self.slot, EMPTY)

    def insert(self, wait=True):
        """Puts the card in again, after pcscd has seen that it was out."""
        self.readers.wait(self.slot, EMPTY)
        self.tell("insert")
        if not wait:
            return
        for seconds in (4, 8, 16):
            try:
                self.readers.wait(self.slot, PRESENT, seconds)
                return
            except AssertionError:  # on a busy machine pcscd can miss that the card was out
                self.tell("pull")
                time.sleep(1)
                self.tell("insert")
        self.readers.wait(self.slot, PRESENT)

    def cut(self, number, kind="before"):
        """At the number-th command from now: pulled "before" running it, or "after" it without answering; "flicker": run, not
        answered, and back in the reader; "mute": run and never answered until pulled."""
        self.tell("cut %d %s" % (number, kind))

    def set(self, name, value):
        self.tell("set %s %s" % (name.replace("_", "-"), value))

    def commands(self):
        """How many commands the card has had since its process started."""
        return int(self.tell("state").split()[1])

    def log(self):
        """What went over the contacts: (number, ">" or "<", bytes)."""
        lines = [line.split(" ") for line in self.log_path.read_text().splitlines() if not line.startswith("#")]
        return [(int(number), direction, bytes.fromhex(text)) for number, direction, text in lines]

    def memory(self):
        """The card's memory: name to bytes; "key 9a", "object 5fc102"."""
        pairs = [line.rsplit(" ", 1) for line in self.state_path.read_text().splitlines()]
        return {name: bytes.fromhex(value) for name, value in pairs}


class Readers:
    """A private pcscd with virtual readers."""

    def __init__(self, folder, count=2):
        self.folder = Path(folder)
        self.count = count
        self.process = None
        self.cards = []
        self.environment = dict(os.environ, PCSCLITE_CSOCK_NAME=str(self.folder / "pcscd.comm"), LC_ALL="C.UTF-8")

    def start(self):
        log = open(self.folder / "pcscd.log", "ab")
        self.process = subprocess.Popen([str(BUILD / "cardreader"), str(self.folder), str(self.count)],
                                        env=dict(os.environ, CARDREADER_POLL_MS="40"), stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log)
        log.close()
        if self.count > 0:
            self.wait(0, 0)
        return self

    def plug(self, count):
        """Readers come or go: pcscd is started again with so many, as it notices only USB readers while it runs."""
        self.stop()
        self.count = count
        return self.start()

    def stop(self):
        """Ends pcscd: its clients find no service."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def close(self):
        for card in self.cards:
            card.stop()
        assert self.process is None or self.process.poll() is None, "pcscd ended with %s" % self.process.returncode
        self.stop()

    def name(self, slot):
        return "Virtual reader %s 00 %02d" % (chr(ord("A") + slot // 2), slot % 2)

    def wait(self, slot, bits, seconds=10):
        """Waits until the slot has one of these state bits (EMPTY, PRESENT, MUTE ...), or until the reader is there (0)."""
        asked = subprocess.run([sys.executable, "-c", ASK_PCSCD, self.name(slot), str(bits), str(seconds)], env=self.environment,
                               capture_output=True, text=True, timeout=seconds + 30)
        assert asked.returncode == 0, asked.stderr
        return int(asked.stdout, 16)

    def card(self, slot=0, name=None, start=True, **settings):
        """A card in a slot. The same name again is the same card: its memory is kept."""
        card = Card(self, slot, name or "card-%d" % slot, settings)
        self.cards.append(card)
        return card.start() if start else card

    def run(self, *command, timeout=60, **more):
        return subprocess.run([str(word) for word in command], env=self.environment, capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, errors="replace", **more)


@pytest.fixture
def readers():
    """Two slots, empty; everything is ended and removed after the test."""
    folder = Path(tempfile.mkdtemp(prefix="xca-cards-"))
    one = Readers(folder).start()
    yield one
    one.close()
    shutil.rmtree(folder, ignore_errors=True)

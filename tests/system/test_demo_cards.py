"""The card readers of the demo: two cards for a stranger, in a folder of any name, there again with the next start."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import BUILD, TOP, Instance, small_data
from bridging import CardPage, browser_for
from officers import Officer
from terminal import PROMPT, Terminal, printed_commands
from test_card_relay import file_card

BLANK, NONE = "a PIV card", "no card"


def run(environment, *command):
    return subprocess.run([str(word) for word in command], env=environment, cwd=TOP, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def runs(pid):
    """Whether a process is there that has not ended: who has to take note of its end may be slow."""
    try:
        return "State:\tZ" not in Path("/proc/%d/status" % pid).read_text()
    except OSError:
        return False


class Demo:
    """The hand at the readers of an instance, as the README tells it."""

    def __init__(self, home, environment):
        self.home = home
        self.environment = environment

    def hand(self, *arguments):
        return run(self.environment, "tools/demo/card.sh", *arguments)

    def seen(self):
        """What xca-card sees in the two readers."""
        told = self.hand()
        assert told.returncode == 0, told.stderr
        name, value = told.stdout.strip().removeprefix("export ").split("=", 1)
        listing = run(dict(self.environment, **{name: value}), BUILD / "xca-card", "--config", self.home / "xca-card.conf",
                      "--language", "en", "list")
        assert listing.returncode == 0, listing.stdout + listing.stderr
        return [line.strip()[:len(word)] for line in listing.stdout.splitlines() for word in (BLANK, NONE)
                if line.strip().startswith(word)]

    def wait(self, *wanted):
        until = time.monotonic() + 20
        while self.seen() != list(wanted) and time.monotonic() < until:
            time.sleep(0.2)
        assert self.seen() == list(wanted)


@pytest.fixture
def demo(instance):
    return Demo(instance.home, instance.environment)


def test_the_hand_pulls_and_inserts_and_brings_blanks(demo):
    demo.wait(BLANK, NONE)
    assert demo.hand("2", "insert").returncode == 0
    demo.wait(BLANK, BLANK)
    assert demo.hand("2", "pull").returncode == 0
    demo.wait(BLANK, NONE)
    before = (demo.home / "cards/card-1").read_bytes()
    assert demo.hand("1", "new").returncode == 0
    demo.wait(BLANK, NONE)
    assert before in [kept.read_bytes() for kept in (demo.home / "cards").glob("card-1.kept-*")]
    for wrong in (["3", "pull"], ["1"], ["1", "eat"]):
        refused = demo.hand(*wrong)
        assert refused.returncode == 1 and "usage" in refused.stderr


def test_the_cards_are_there_again_after_a_stop(demo, instance):
    (demo.home / "cards/mark").touch()
    before = (demo.home / "cards/card-1").read_bytes()
    pids = [int((demo.home / ("run/%s.pid" % name)).read_text()) for name in ("readers", "card-1", "card-2")]
    instance.stop()
    assert not [pid for pid in pids if runs(pid)]
    assert not (demo.home / "cards/readers").exists()
    stopped = demo.hand("1", "pull")
    assert stopped.returncode == 1 and "is the demo running" in stopped.stderr
    instance.start()
    demo.wait(BLANK, NONE)
    assert (demo.home / "cards/card-1").read_bytes() == before


def test_ctrl_c_and_a_closed_terminal_end_everything(demo, instance):
    names = ("slapd", "signer", "httpd", "readers", "card-1", "card-2")
    instance.stop()
    try:
        for closed in (False, True):
            terminal = Terminal(TOP, **instance.environment)
            begin = terminal.start("exec tools/demo/start.sh")
            terminal.read("make run-clean", begin, 60)
            pids = [int((demo.home / ("run/%s.pid" % name)).read_text()) for name in names]
            assert [pid for pid in pids if not runs(pid)] == []
            if closed:
                os.close(terminal.master)
            else:
                terminal.type("\x03")
                terminal.read("Stopping the card readers", begin, 20)
            assert terminal.process.wait(30) is not None
            assert [pid for pid in pids if runs(pid)] == []
    finally:
        instance.start()


SCRIPT = """source tools/demo/common.sh; mkdir -p "$home"/{run,log}; fill xca-card.conf.in "$home/xca-card.conf"; trap stop_cards EXIT
start_cards; readers_folder; read -r; """


@pytest.mark.parametrize("name", ["long " + "x" * 100, "with a space", "中文"])
def test_a_folder_of_any_name_has_readers_and_nothing_is_left(tmp_path, name):
    home = tmp_path / name
    demo = Demo(home, dict(os.environ, XCA_HOME=str(home), BUILD=str(BUILD)))
    shell = subprocess.Popen(["bash", "-c", SCRIPT], env=demo.environment, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)
    sockets = shell.stdout.readline().strip()
    assert sockets and not sockets.startswith(str(tmp_path)), (home / "log/readers.log").read_text()
    assert os.stat(sockets).st_mode & 0o777 == 0o700
    demo.wait(BLANK, NONE)
    shell.communicate("\n")
    assert shell.returncode == 0 and not os.path.exists(sockets)


def test_a_folder_of_programs_of_any_name_has_readers(tmp_path):
    """What is preloaded into pcscd has a name that no space cuts: without it pcscd would listen on every interface."""
    programs = tmp_path / "of a stranger"
    programs.mkdir()
    for name in ("cardreader", "cardreader-private.so", "cardsim"):
        shutil.copy(BUILD / name, programs)
    home = tmp_path / "home"
    shell = subprocess.Popen(["bash", "-c", SCRIPT], env=dict(os.environ, XCA_HOME=str(home), BUILD=str(programs)), cwd=TOP,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    sockets = shell.stdout.readline().strip()
    assert sockets, (home / "log/readers.log").read_text()
    try:
        assert "private.so" in open("/proc/%s/maps" % (home / "run/readers.pid").read_text().strip()).read()
        assert os.path.exists(sockets + "/slot-1")
    finally:
        shell.communicate("\n")


def test_without_readers_the_demo_says_so(tmp_path):
    """As on a machine without pcscd: start_cards fails, says why, and leaves nothing."""
    shell = run(dict(os.environ, XCA_HOME=str(tmp_path / "home"), BUILD=str(tmp_path)), "bash", "-c",
                'source tools/demo/common.sh; mkdir -p "$home"/{run,log}; start_cards || { stop_cards; echo none; }')
    assert shell.returncode == 0 and shell.stdout.endswith("none\n") and "cardreader" in shell.stderr, shell
    assert not (tmp_path / "home/run/readers").exists()


# --- what is printed ---

@pytest.fixture(scope="module")
def printing():
    """An instance with the demo's own applications, and what it printed when it was ready."""
    home = Path(tempfile.mkdtemp(prefix="xca-printing-"))
    small_data(home / "data")
    shutil.copy(TOP / "tools/demo/data/applications.csv", home / "data")
    one = Instance(home / "instance")
    one.make(home / "data")
    one.start()
    yield one
    one.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def terminal(printing):
    one = Terminal("/")
    for command in card_commands(printing)[0]:
        assert one.run(command)[1] == 0
    yield one
    one.close()


def printed(instance, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        text = (instance.home / "log/start.log").read_text()
        if "make run-clean" in text:
            return text
        time.sleep(0.1)
    raise AssertionError("nothing printed")


def card_commands(instance):
    """The preparation of the terminal, and the commands of the part about cards."""
    before, cards = printed(instance).split("\nCertificate IC cards")
    return printed_commands(before.split("\nA walk")[0]), printed_commands(cards)


def test_officers_find_the_demos_applications_by_name(printing):
    officer = Officer(printing, "central-1")
    for number, name, _ in [line.split("\t") for line in (printing.home / "applications").read_text("utf-8").splitlines()]:
        for typed in (name, name[4:8]):
            page = officer.get("/office/cases?q=" + quote(typed), Accept="application/json").json()
            assert [case["number"] for case in page["cases"]] == [number], typed


def between(commands, first, last):
    """From the first command that has the word to the one before that which has the last."""
    begin = next(i for i, command in enumerate(commands) if first in command)
    return commands[begin:next(i for i, command in enumerate(commands) if i > begin and last in command)]


def walked(terminal, command, *answers):
    said, status = terminal.run(command, *answers)
    assert status == 0, said
    return said


def test_a_card_is_made_and_activated_by_the_printed_commands(printing, terminal):
    _, commands = card_commands(printing)
    walk = between(commands, " list", "card.sh 1 pull")
    assert [re.search("(list|produce|dispatch|activate|info|test)", command).group(1) for command in walk] == [
        "list", "produce", "dispatch", "activate", "info", "test"]
    listing, produce, dispatch, activate, info, test = walk
    said = walked(terminal, listing)
    assert said.count(BLANK) == 1 and said.count(NONE) == 1
    assert "Cards made: 1." in walked(terminal, produce)
    walked(terminal, dispatch)
    pin = re.search(r"Your PIN .*: (\d+)", walked(terminal, activate, (r"\(y/n\)", "y"), ("User code: ", "Demo-card-1"))).group(1)
    assert "財團法人示範文教基金會" in walked(terminal, info)
    said = walked(terminal, test, (r"\nPIN: ", pin))
    assert pin not in said and said.count("good") >= 7 and said.count("OCSP") == 2, said
    card = re.search(r"Xc\d{14}", walked(terminal, info)).group(0)
    assert "state: active" in printing.admin("card", "show", card).stdout


def test_the_second_card_is_made_and_activated_in_the_browser(printing, terminal):
    _, commands = card_commands(printing)
    walk = between(commands, "card.sh 1 pull", "serve")
    assert [re.search("(pull|insert|produce|dispatch)", command).group(1) for command in walk] == ["pull", "insert", "produce", "dispatch"]
    for command in walk:
        walked(terminal, command)
    begin = terminal.start(next(command for command in commands if " serve" in command))
    link = terminal.read(r"https://\S+#bridge=\S+", begin, 20).group(0)
    chromium = browser_for(printing)
    try:
        page = CardPage(chromium, printing).open(link).begin()
        page.wait_part("confirm")
        assert "社團法人示範協會" in page.facts()
        page.confirm()
        page.type_secret("Demo-card-2")
        assert re.fullmatch(r"\d{6,8}", page.new_pin())
        page.wait_part("done", seconds=90)
    finally:
        chromium.quit()
        terminal.type("\x03")
    terminal.read(PROMPT, begin, 20)
    assert printing.admin("card", "list", "--state", "active").stdout.count("社團法人示範協會") == 1


def test_an_application_of_ones_own_gets_a_new_blank(printing, terminal):
    case = file_card(printing)
    printing.approve(case)
    printing.wait_for_state(case, "approved")
    _, commands = card_commands(printing)
    new, queue, produce, usage = commands[-4:]
    walked(terminal, "tools/demo/card.sh 2 pull")
    before = sorted((printing.home / "cards").glob("card-1*"))
    walked(terminal, new)
    assert len(sorted((printing.home / "cards").glob("card-1*"))) == len(before) + 1
    assert case in walked(terminal, queue)
    assert "Cards made: 1." in walked(terminal, produce.replace("CASE", case))
    assert "usage" in walked(terminal, usage)


def test_the_next_start_prints_what_is_left(printing):
    left = [line.split("\t")[0] for line in (printing.home / "applications").read_text().splitlines()]
    assert len(left) == 2
    states = [printing.case(number)["xcaState"] for number in left]
    assert printing.restart() < (30 if os.environ.get("SANITIZE") else 10)
    text = printed(printing)
    for number, state in zip(left, states):
        assert ("produce --case " + number in text) == (state == b"approved")
    assert " info" in text and " test" in text

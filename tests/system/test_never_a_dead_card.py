"""No cut makes a dead card, with all the real parts: cards in Debian's pcscd, the helper, httpd, the signer and slapd as programs that are
killed. A card's life (production, activation, unlocking) is cut once in each of its three parts, at a command to the card or at an
exchange with the portal, and the same command is run again: the card works, and the directory says of it what is so.

tests/core/test_card_cuts.c cuts at every single command, with the same code in one program. Here is every exchange and a spread of
commands; XCA_CARD_CUTS=all (make check-cards) takes every command in every way, which needs half an hour."""

import os
import time

import pytest
from card_centre import assert_whole, has_pin, pin_shown, told
from conftest import USER_CODE
from readers import Readers

ALL = os.environ.get("XCA_CARD_CUTS") == "all"
KINDS = {"plain": {}, "yubico": {"yubico": "yes", "management_algorithm": "aes192", "pin_tries": 5, "puk_tries": 5},
         "extended": {"transfer": "extended", "reselect": "drop", "blocked": "6983"}}
# Commands of the runs below, and exchanges of each run: what is counted in a run that nobody cuts must not be more.
COMMANDS = {"produce": 90, "activate": 54, "unlock": 54}
EXCHANGES = 7
CARD_CUTS = ("before", "after", "flicker")
# At an exchange: the helper is killed before it is made or behind it; the portal is gone for a moment; the signer is killed.
PORTAL_CUTS = ("helper killed, request lost", "helper killed, answer lost", "request lost", "answer lost", "signer killed")


@pytest.fixture(scope="module")
def slot(tmp_path_factory):
    one = Readers(tmp_path_factory.mktemp("slot"), 1).start()
    yield one
    one.close()


class Life:
    """One card from the blank on; each step may be cut once, and is then run again."""

    def __init__(self, centre, readers, name, kind):
        self.centre, self.readers = centre, readers
        self.case = centre.approved_case()
        self.card = readers.card(name=name, **KINDS[kind])
        self.cuts = 0

    def run(self, command, cut=None):
        arguments = {"produce": ("produce", "--case", self.case), "activate": ("activate",), "unlock": ("unlock",)}[command]
        secrets = {"produce": [], "activate": [USER_CODE], "unlock": [USER_CODE, "24681357"]}[command]
        self.set(cut)
        run = self.centre.helper(self.readers, *arguments, secrets=secrets)
        was_cut = self.mend(cut)
        if run.returncode == 0:
            return run
        assert was_cut, (run.returncode, run.stdout, run.stderr)
        self.cuts += 1
        again = self.centre.helper(self.readers, *arguments, secrets=secrets)
        if again.returncode == 7:
            # Cut behind the very last word: it was done, and that is what it says.
            assert cut[0] == "helper killed, answer lost", again.stdout + again.stderr
            told(again, 7, {"produce": "is made already", "activate": "active already"}[command])
            return run
        return told(again)

    def set(self, cut):
        if cut is None:
            return
        kind, at = cut
        if kind in CARD_CUTS:
            self.card.cut(at, kind)
        elif kind == "signer killed":
            self.centre.wire.cut(at, "before", self.centre.kill_signer)
        elif kind.startswith("helper killed"):
            self.centre.wire.cut(at, kind.split(", ")[1], self.centre.kill_helper)
        else:
            self.centre.wire.cut(at, kind)

    def mend(self, cut):
        if cut is None:
            return False
        kind, at = cut
        if kind not in CARD_CUTS:
            was_cut = self.centre.wire.was_cut
            self.centre.wire.reset()
            return was_cut
        where = self.card.tell("state")
        if where.startswith("inserted"):
            self.card.tell("honest")
            self.card.tell("cut 1000000 before")
            return kind == "flicker"
        self.card.insert()
        return True

    def whole(self, cuts):
        produce, activate, unlock = cuts
        self.run("produce", produce)
        number = assert_whole(self.centre, self.case, self.card, "made", "pending")
        self.centre.dispatch(self.readers, self.case)
        run = self.run("activate", activate)
        assert_whole(self.centre, self.case, self.card, "active", "valid")
        assert has_pin(self.card, pin_shown(run))
        self.run("unlock", unlock)
        assert_whole(self.centre, self.case, self.card, "active", "valid")
        assert has_pin(self.card, "24681357")
        # The signer knows the PUK of this card: it opens it once more, without a cut.
        told(self.centre.helper(self.readers, "unlock", secrets=[USER_CODE, "97531864"]))
        assert has_pin(self.card, "97531864")
        shown = self.centre.admin("card", "show", number)
        assert shown.stdout.count("\tvalid") == 3 and "state: active" in shown.stdout
        self.card.stop()


def spread(most, count):
    """`count` numbers from 1 to `most`, other ones for each command, so that together they come everywhere."""
    return [1 + (index * most + most // 3) // count % most for index in range(count)]


def card_lives():
    if ALL:
        for turn, kind in enumerate(CARD_CUTS):
            for at in range(1, COMMANDS["produce"] + 1):
                # every command cut in every way, each time with another card
                yield list(KINDS)[(at + turn) % len(KINDS)], [(kind, at), (kind, 1 + at % COMMANDS["activate"]),
                                                              (kind, 1 + (at + 20) % COMMANDS["unlock"])]
        return
    for index, (a, b, c) in enumerate(zip(*(spread(COMMANDS[name], 5) for name in ("produce", "activate", "unlock")))):
        kinds = [CARD_CUTS[(index + step) % len(CARD_CUTS)] for step in range(3)]
        yield list(KINDS)[index % len(KINDS)], list(zip(kinds, (a, b, c)))


def portal_lives():
    for rotation in range(len(PORTAL_CUTS) if ALL else 1):
        for at in range(1, EXCHANGES + 1):
            kinds = [PORTAL_CUTS[(at + 2 * step + rotation) % len(PORTAL_CUTS)] for step in range(3)]
            yield list(KINDS)[at % len(KINDS)], [(kind, at) for kind in kinds]


def name_of(value):
    return "-".join("%s@%d" % cut for cut in value) if isinstance(value, list) else value


def test_a_life_without_a_cut_has_no_more_steps_than_are_cut(centre, slot):
    life = Life(centre, slot, "uncut", "yubico")
    for command, most in COMMANDS.items():
        before = life.card.commands()
        centre.wire.reset()
        life.run(command)
        assert most - 8 < life.card.commands() - before <= most, command
        assert centre.wire.count == EXCHANGES, command
        if command == "produce":
            centre.dispatch(slot, life.case)
    life.card.stop()


@pytest.mark.parametrize("kind, cuts", card_lives(), ids=name_of)
def test_a_card_pulled_at_a_command(centre, slot, kind, cuts):
    Life(centre, slot, "pulled-%s" % time.monotonic_ns(), kind).whole(cuts)


@pytest.mark.parametrize("kind, cuts", portal_lives(), ids=name_of)
def test_a_helper_portal_or_signer_gone_at_an_exchange(centre, slot, kind, cuts):
    Life(centre, slot, "gone-%s" % time.monotonic_ns(), kind).whole(cuts)


def test_a_portal_that_stays_away_is_told_and_nothing_is_lost(centre, slot):
    """httpd itself is ended in the middle of an activation, and comes back later."""
    life = Life(centre, slot, "portal-away", "plain")
    life.run("produce")
    centre.dispatch(slot, life.case)

    def end_httpd():
        centre.servers["httpd"].terminate()
        centre.servers["httpd"].wait(30)

    centre.wire.cut(4, "request lost", end_httpd)  # the PIN is set, the PUK is about to be changed
    helper = centre.start_helper(slot, "activate", secrets=[USER_CODE])
    until = time.monotonic() + 20
    while not centre.wire.was_cut and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(3)
    assert helper.poll() is None  # it waits for the portal
    centre.start_server("httpd")
    out, err = helper.communicate(timeout=60)
    centre.helpers.remove(helper)
    centre.wire.reset()
    assert helper.returncode == 0, out + err
    assert_whole(centre, life.case, life.card, "active", "valid")
    assert "The card is active" in out
    life.card.stop()

"""The signer is killed at random, again and again, while five card helpers make, activate and unlock cards at the same time: every
helper comes to its end without a hand, and no card, certificate or notice is lost or doubled."""

import random
import re
import threading
import time

import ldap
from card_centre import assert_whole, has_pin, pin_shown, told
from conftest import BASE, USER_CODE
from readers import Readers

CARDS = 5
KILLS_AT_LEAST = 15


class Killer:
    """Kills the signer and starts it again, until told to stop."""

    def __init__(self, centre):
        self.centre = centre
        self.chance = random.Random(20261125)
        self.stopped = threading.Event()
        self.kills = 0
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        log = self.centre.home / "log" / "signer.log"
        while not self.stopped.wait(self.chance.uniform(0, 1.2)):
            server = self.centre.servers["signer"]
            server.kill()
            server.wait()
            self.kills += 1
            lived = log.read_bytes().count(b"signer ready")
            self.centre.start_server("signer")
            # One that never comes to work would be no test of what is cut in its work.
            self.centre.until(lambda: self.ready(log, lived), 60)

    @staticmethod
    def ready(log, lived):
        assert log.read_bytes().count(b"signer ready") > lived

    def stop(self):
        self.stopped.set()
        self.thread.join()


def life_of(centre, readers, case, found):
    told(centre.helper(readers, "produce", "--case", case, timeout=300))
    centre.dispatch(readers, case)
    run = centre.helper(readers, "activate", secrets=[USER_CODE], timeout=300)
    if run.returncode == 7:  # the nonce of a message grew older than its answer: told, and run again
        run = centre.helper(readers, "activate", secrets=[USER_CODE], timeout=300)
    told(run)
    assert has_pin(readers.cards[0], pin_shown(run))
    told(centre.helper(readers, "unlock", secrets=[USER_CODE, "24681357"], timeout=300))
    assert has_pin(readers.cards[0], "24681357")
    found.append(case)


def test_five_cards_are_made_activated_and_unlocked_while_the_signer_is_killed(centre, tmp_path):
    cases = [centre.approved_case() for _ in range(CARDS)]
    places = []
    try:
        for index in range(CARDS):
            (tmp_path / str(index)).mkdir(mode=0o700)
            places.append(Readers(tmp_path / str(index), 1).start())
            places[-1].card(yubico="yes" if index % 2 else "no")
        done = []
        lives = [threading.Thread(target=life_of, args=(centre, place, case, done)) for place, case in zip(places, cases)]
        killer = Killer(centre)
        try:
            for life in lives:
                life.start()
            for life in lives:
                life.join()
            while killer.kills < KILLS_AT_LEAST:
                time.sleep(0.1)
        finally:
            killer.stop()
        assert sorted(done) == sorted(cases)
        numbers = [assert_whole(centre, case, place.cards[0], "active", "valid") for case, place in zip(cases, places)]
        assert len(set(numbers)) == CARDS
        for place in places:  # the signer knows each card's PUK
            told(centre.helper(place, "unlock", secrets=[USER_CODE, "97531864"]))
    finally:
        for place in places:
            place.close()
    told_of = [entry["xcaNotice"][0].decode() for _, entry in centre.bind("admin").search_s(
        "ou=outbox," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaNoticeEntry)", ["xcaNotice"])]
    for number in numbers:
        events = sorted(re.sub("-[0-9a-f]{32}$", "", name[len(number) + 1:]) for name in told_of if name.startswith(number))
        assert events == ["card-activated", "card-dispatched", "unlocked", "unlocked"]

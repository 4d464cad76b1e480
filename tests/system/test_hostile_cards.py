"""Cards that lie, in every way that tests/cardsim knows, against the whole centre: the helper ends in time with an exit code of its manual
page, sends a PUK to no card that has not proved its key right before, and what is recorded stays true."""

import re
import secrets
import shutil
import time

import ldap
import pytest
from card_centre import told
from conftest import BASE, USER_CODE
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from readers import Readers
from test_card_relay import answer_of, put_message

KINDS = ["bytes", "length", "tlv", "status", "short", "long", "endless", "certificate", "key", "any"]
CODES = {0, 2, 3, 4, 5, 6, 7, 8, 10}  # exit codes of xca-card.1 that a card may cause
SECONDS = 60


@pytest.fixture(scope="module")
def slot(tmp_path_factory):
    one = Readers(tmp_path_factory.mktemp("hostile"), 1).start()
    yield one
    one.close()


def make_card(centre, slot, name):
    """A card that is on its way to its holder; it is taken out, its memory stays."""
    case = centre.approved_case()
    card = slot.card(name=name)
    told(centre.helper(slot, "produce", "--case", case))
    centre.dispatch(slot, case)
    card.stop()
    return case, card


@pytest.fixture(scope="module")
def sent(centre, slot):
    return make_card(centre, slot, "sent")


def put_in(slot, card, **settings):
    """A copy of the card, that lies."""
    name = "copy-%d" % time.monotonic_ns()
    shutil.copy(card.state_path, slot.folder / (name + ".state"))
    return slot.card(name=name, **settings)


def bounded(centre, slot, *command, **more):
    began = time.monotonic()
    run = centre.helper(slot, *command, timeout=SECONDS + 30, **more)
    assert time.monotonic() - began < SECONDS, command
    assert run.returncode in CODES, (run.returncode, run.stdout, run.stderr)
    if run.returncode != 0:
        assert re.search(r"^xca-card: \S.*", run.stderr, re.M), run.stderr  # in words
    return run


def puks_sent(card):
    """The commands that carry a PUK, each with whether the card proved the key of its certificate (9E) since the one before."""
    key = x509.load_der_x509_certificate(certificate_of(card)).public_key()
    proved, found, asked = False, [], None
    for _, direction, data in card.log():
        if direction == ">":
            asked = data
            if data[1] == 0x2c or (data[1] == 0x24 and data[3] == 0x81):
                found.append(proved)
                # RESET RETRY COUNTER may be tried with both PUKs in the same transaction, behind one proof.
                proved = proved and data[1] == 0x2c
        elif asked is not None and asked[1] == 0x87 and asked[3] == 0x9e:
            proved = verifies(key, asked, data)
    return found


def certificate_of(card):
    """The 9E certificate as the honest card has it."""
    content = card.memory()["object 5fc101"]
    assert content[0] == 0x70 and content[1] == 0x82
    return content[4:4 + int.from_bytes(content[2:4], "big")]


def verifies(key, asked, answered):
    digest = asked[5:5 + asked[4]][-32:]
    if answered[-2:] != b"\x90\x00" or answered[:1] != b"\x7c" or len(answered) < 8:
        return False
    try:
        key.verify(answered[4:-2], digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        return True
    except InvalidSignature:
        return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_always_lies_gets_no_puk(centre, slot, sent, kind):
    case, honest = sent
    card = put_in(slot, honest, hostile=kind, seed=7)
    run = bounded(centre, slot, "activate", secrets=[USER_CODE])
    card.stop()
    assert run.returncode != 0
    assert puks_sent(card) == []
    assert card.memory()["puk"] == honest.memory()["puk"]
    assert centre.card(case)["xcaState"] == [b"dispatched"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_lies_now_and_then_gets_a_puk_only_behind_a_proof(centre, slot, kind):
    """Often enough that it comes far, with other lies each time; whatever was recorded in between, honest again it works, or is told as lost."""
    case, honest = make_card(centre, slot, "now-and-then-" + kind)
    for seed, every in ((1, 12), (2, 25), (3, 40)):
        card = put_in(slot, honest, hostile=kind, hostile_every=every, seed=seed)
        bounded(centre, slot, "activate", secrets=[USER_CODE])
        card.stop()
        assert all(puks_sent(card)), card.log_path
        shutil.copy(card.state_path, honest.state_path)
    card = put_in(slot, honest)
    again = bounded(centre, slot, "activate", secrets=[USER_CODE])
    if again.returncode == 7 and "active already" in again.stderr:
        again = bounded(centre, slot, "unlock", secrets=[USER_CODE, "24681357"])
    card.stop()
    if again.returncode != 0:
        # A lie as answer to a wrong or right PUK can cost tries: stopped in words before the last one.
        told(again, again.returncode)
    assert puks_sent(card) and all(puks_sent(card))
    assert card.memory()["puk-tries"][0] > 0
    assert centre.card(case)["xcaState"] == [b"active"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_that_lies_is_not_recorded_as_made_unless_it_is(centre, slot, kind):
    case = centre.approved_case()
    for seed, every in ((1, 10), (2, 30)):
        card = slot.card(name="blank-%s-%d" % (kind, seed), hostile=kind, hostile_every=every, seed=seed)
        run = bounded(centre, slot, "produce", "--case", case)
        card.stop()
        state = centre.case(case)["xcaState"]
        assert state == (b"made" if run.returncode == 0 else b"issuing"), (state, run.stdout, run.stderr)
        if run.returncode == 0:
            memory = card.memory()
            for use, (_, der) in centre.certificates(centre.card_number(case)).items():
                assert der in memory[{"signature": "object 5fc10a", "encryption": "object 5fc10b", "card-auth": "object 5fc101"}[use]]
            return
    card = slot.card(name="blank-%s-good" % kind)
    told(centre.helper(slot, "produce", "--case", case))
    card.stop()


# --- wrong codes: at the signer, whoever carries the message ---

def test_wrong_codes_lock_at_the_signer_not_only_at_the_portal(centre, slot):
    """The message of the helper is put into the directory past the portal's page, as a broken-in portal could."""
    case, honest = make_card(centre, slot, "wrong-codes")
    card = put_in(slot, honest)
    portal = centre.bind("portal")
    taken = []
    for tries_left in (2, 1, 0):
        centre.wire.cut(3, "request lost", lambda: (taken.append(centre.wire.body), centre.kill_helper()))
        centre.helper(slot, "activate", secrets=["Wrong-code-%d" % tries_left])
        centre.wire.reset()
        nonce = re.search(rb"^nonce: ([0-9a-f]{32})$", taken[-1], re.M).group(1).decode()
        put_message(portal, nonce, taken[-1])
        answer = answer_of(portal, nonce)
        assert answer["xcaAnswer"] == [b"code.wrong" if tries_left else b"code.locked-for-good"]
        assert int(centre.card(case)["xcaTries"][0]) == 3 - tries_left
        # The same once more, under a name of its own, counts nothing: a message is for its own request.
        other = secrets.token_hex(16)
        put_message(portal, other, taken[-1])
        assert answer_of(portal, other)["xcaAnswer"] == [b"card.nonce"]
        assert int(centre.card(case)["xcaTries"][0]) == 3 - tries_left
    told(centre.helper(slot, "activate", secrets=[USER_CODE]), 7, "locked")
    card.stop()
    assert puks_sent(card) == []
    assert centre.card(case)["xcaState"] == [b"dispatched"]


# --- where secrets could be left ---

def searched(folder, needles, leave_out):
    from test_secrets import data_of
    return [(str(path), needle) for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path not in leave_out
            for needle in needles if needle in data_of(path)]


def test_codes_pins_and_puks_are_left_nowhere(centre, slot):
    code = "Zq7-never-Written"
    from test_broken_portal import code_hash
    case = centre.approved_case(xcaCodeHash=code_hash(code))
    card = slot.card(name="unspoken", command_ms=20)
    told(centre.helper(slot, "produce", "--case", case))
    first_puk = card.memory()["puk"]
    centre.dispatch(slot, case)
    helper = centre.start_helper(slot, "activate", secrets=[code])
    seen = []
    while helper.poll() is None:
        try:
            seen += [open("/proc/%d/%s" % (helper.pid, name), "rb").read() for name in ("cmdline", "environ")]
            limits = open("/proc/%d/limits" % helper.pid).read()
        except OSError:
            break
        time.sleep(0.05)
    out, err = helper.communicate(timeout=60)
    centre.helpers.remove(helper)
    assert helper.returncode == 0, err
    pin = re.search(r"Your PIN[^\n]*?: *(\d{6,8})", out).group(1)
    assert len(seen) > 10 and not any(code.encode() in piece or pin.encode() in piece for piece in seen)
    assert re.search(r"Max core file size\s+0\s+0", limits)
    told(centre.helper(slot, "unlock", secrets=[code, "86429753"]))
    second_puk = card.memory()["puk"]
    card.stop()
    assert first_puk != second_puk and len(first_puk) == 8
    needles = [code.encode(), pin.encode(), b"86429753", first_puk, second_puk]
    own = {one.state_path for one in slot.cards} | {one.log_path for one in slot.cards}
    assert searched(centre.home, needles, own) == []
    assert searched(slot.folder, needles, own) == []
    assert code not in out + err and out.count(pin) == 1
    for _, entry in centre.bind("admin").search_s("ou=requests," + BASE, ldap.SCOPE_ONELEVEL, "(xcaKind=card)"):
        assert not any(needle in value for values in entry.values() for value in values for needle in needles)

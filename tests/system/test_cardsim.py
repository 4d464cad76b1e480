"""The simulated card is a PIV card for those who know PIV cards: Yubico's and OpenSC's tools use it through the real pcscd.

Tools of Debian 12 that fail for reasons of their own: Yubico's cannot sign certificates and requests (its issue 388, OpenSSL 3), so
certificates are issued by a CA of the test's own; OpenSC's piv-tool makes a key and then fails to write the public key down
(OSSL_PARAM_BLD_to_param called twice), so it is read from the card's log; its exit status after writing is the number of bytes."""

import signal
import socket
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from card_tools import SLOTS, agree, certify, decrypt, make_authority, openssl, personalise, said, sign, yubico
from readers import BUILD, EMPTY, MUTE, PRESENT, Readers, readers  # noqa: F401

ALGORITHMS = ["RSA2048", "ECCP256"]
CONTAINERS = {"9c": "object 5fc10a", "9d": "object 5fc10b"}
NEW_KEY = "0102030405060708090a0b0c0d0e0f101112131415161718"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("algorithm", ALGORITHMS + ["ECCP384"])
def test_yubicos_tool_makes_and_uses_a_card(readers, authority, tmp_path, algorithm):
    readers.card(yubico="yes")
    personalise(readers, authority, tmp_path, algorithm)
    for slot in ("9a", "9c"):
        said(yubico(readers, "-a", "verify-pin", "-P", "123456", "-a", "test-signature", "-s", slot, "-i",
                    tmp_path / (slot + ".pem")), "Successful")
    said(yubico(readers, "-a", "verify-pin", "-P", "123456", "-a", "test-decipher", "-s", "9d", "-i", tmp_path / "9d.pem"),
         "Successfully performed")
    status = yubico(readers, "-a", "status")
    said(status, "PIN tries left:\t3", *["CN=Holder " + slot for slot in SLOTS])
    assert status.stdout.count(algorithm) == 4


def test_yubicos_tool_changes_pin_puk_and_management_key_and_unblocks(readers):
    readers.card(yubico="yes")
    said(yubico(readers, "-a", "change-pin", "-P", "123456", "-N", "654321"), "Successfully changed the pin code")
    said(yubico(readers, "-a", "change-puk", "-P", "12345678", "-N", "87654321"), "Successfully changed the puk code")
    for left in ("2 tries left", "1 tries left", "Pin code blocked"):
        assert left in yubico(readers, "-a", "verify-pin", "-P", "123456").stderr
    assert "Pin code blocked" in yubico(readers, "-a", "verify-pin", "-P", "654321").stderr
    said(yubico(readers, "-a", "unblock-pin", "-P", "87654321", "-N", "246810"), "Successfully unblocked")
    said(yubico(readers, "-a", "verify-pin", "-P", "246810"), "Successfully verified PIN")
    said(yubico(readers, "-a", "set-mgm-key", "-n", NEW_KEY), "Successfully set new management key")
    assert "Failed authentication" in yubico(readers, "-a", "set-chuid").stderr
    said(yubico(readers, "-k" + NEW_KEY, "-a", "set-chuid"), "Successfully set new CHUID")


def test_opensc_knows_the_reader_and_the_card(readers):
    readers.card(slot=1)
    listing = readers.run("opensc-tool", "-l").stdout
    assert "No              Virtual reader A 00 00" in listing
    assert "Yes             Virtual reader A 00 01" in listing
    said(readers.run("opensc-tool", "-a"), "3b:87:81:31:fe:15:80:73:c0:01:80:31:c0:9f")
    said(readers.run("opensc-tool", "-n"), "Personal Identity Verification Card")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_opensc_reads_signs_and_decrypts(readers, authority, tmp_path, algorithm):
    readers.card(yubico="yes")
    personalise(readers, authority, tmp_path, algorithm)
    dump = readers.run("pkcs15-tool", "--dump")
    said(dump, "PKCS#15 Card [Holder 9a]", "Reference      : 128 (0x80)")
    for slot, name in SLOTS.items():
        read = readers.run("pkcs15-tool", "--read-certificate", name).stdout
        assert openssl("x509", "-outform", "der", stdin=read.encode()) == openssl("x509", "-in", tmp_path / (slot + ".pem"),
                                                                                "-outform", "der")
    said(readers.run("pkcs11-tool", "--login", "--pin", "123456", "--test", timeout=200), "No errors")
    for slot in ("9a", "9c"):
        sign(readers, tmp_path, slot, "SHA256-RSA-PKCS" if algorithm == "RSA2048" else "ECDSA")
    (decrypt if algorithm == "RSA2048" else agree)(readers, tmp_path)


def test_a_card_that_was_pulled_keeps_what_it_was_told(readers):
    card = readers.card(yubico="yes")
    said(yubico(readers, "-a", "change-pin", "-P", "123456", "-N", "654321"))
    card.pull()
    assert "Failed to connect" in yubico(readers, "-a", "status").stderr
    card.insert()
    said(yubico(readers, "-a", "verify-pin", "-P", "654321"), "Successfully verified PIN")
    card.kill()
    card.start()
    said(yubico(readers, "-a", "verify-pin", "-P", "654321"), "Successfully verified PIN")


def test_a_wrong_try_counts_though_the_card_is_pulled_before_it_answers(readers):
    card = readers.card(yubico="yes")
    yubico(readers, "-a", "version")
    opening = card.commands()
    for left in (2, 1, 0):
        card.cut(opening + 1, "after")
        assert yubico(readers, "-a", "verify-pin", "-P", "111111").returncode != 0
        assert card.log()[-1][1:] == (">", b"\x00\x20\x00\x80\x08111111\xff\xff")
        assert card.memory()["pin-tries"] == bytes([left, 3])
        card.insert()


def test_a_card_upside_down_is_mute(readers):
    readers.card(card="mute", start=False).start()
    assert readers.wait(0, MUTE) & MUTE


def test_a_card_is_described_in_a_file_moved_by_signals_and_speaks_to_any_vpcd(tmp_path):
    """No pcscd: the test is vpcd, on TCP."""
    (tmp_path / "card.conf").write_text("# a card of another maker\natr = 3B 80 80 01 01\npin-tries = 5\n")
    with socket.create_server(("127.0.0.1", 0)) as vpcd:
        vpcd.settimeout(10)
        card = subprocess.Popen([str(BUILD / "cardsim"), "--reader", "127.0.0.1:%d" % vpcd.getsockname()[1], "--out-ms", "0",
                                 "--config", str(tmp_path / "card.conf")])
        try:
            for _ in range(2):
                reader, _ = vpcd.accept()
                with reader:
                    reader.settimeout(10)
                    assert ask(reader, b"\x04") == b"\x3b\x80\x80\x01\x01"
                    assert ask(reader, bytes.fromhex("00A4040005A000000308"))[-2:] == b"\x90\x00"
                    assert ask(reader, bytes.fromhex("00200080")) == b"\x63\xc5"
                    card.send_signal(signal.SIGUSR1)
                    assert reader.recv(1) == b""
                card.send_signal(signal.SIGUSR2)
        finally:
            card.terminate()
            assert card.wait(10) == 0


def ask(reader, message):
    """One message of vpcd, and its answer."""
    reader.sendall(len(message).to_bytes(2, "big") + message)
    length = int.from_bytes(reader.recv(2, socket.MSG_WAITALL), "big")
    return reader.recv(length, socket.MSG_WAITALL)


def test_readers_are_plugged_in_late(readers):
    readers.plug(0)
    assert "No smart card readers found" in readers.run("opensc-tool", "-l").stdout
    readers.plug(4)
    readers.card()
    listing = readers.run("opensc-tool", "-l").stdout
    assert "Yes             Virtual reader A 00 00" in listing
    assert "No              Virtual reader B 00 01" in listing


def test_two_private_pcscds_do_not_see_each_other(readers, tmp_path_factory):
    other = Readers(tmp_path_factory.mktemp("r")).start()
    try:
        readers.card(slot=0)
        assert "Yes" in readers.run("opensc-tool", "-l").stdout
        assert "Yes" not in other.run("opensc-tool", "-l").stdout
    finally:
        other.close()


def public_key_of(answer):
    """The public key in the answer to GENERATE ASYMMETRIC KEY PAIR, as PEM."""
    def element(data):
        length, at = data[1], 2
        if length > 0x80:
            at += length - 0x80
            length = int.from_bytes(data[2:at], "big")
        return data[at:at + length], data[at + length:]
    content, _ = element(answer[1:])  # the tag 7F49 has two bytes
    first, rest = element(content)
    if content[0] == 0x86:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), first)
    else:
        key = rsa.RSAPublicNumbers(int.from_bytes(element(rest)[0], "big"), int.from_bytes(first, "big")).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def last_generated(card):
    """Command and answer parts behind the last GENERATE."""
    log = card.log()
    start = max(i for i, (_, direction, data) in enumerate(log) if direction == ">" and data[1] == 0x47)
    answer = b""
    for _, direction, data in log[start + 1:]:
        if direction == "<":
            answer += data[:-2]
            if data[-2] != 0x61:
                return answer
    raise AssertionError("the answer to GENERATE has no end")


@pytest.mark.parametrize("algorithm,number,length", [("3des", "03", 24), ("aes128", "08", 16), ("aes256", "0C", 32)])
def test_a_plain_card_is_personalised_by_standard_commands_alone(readers, authority, tmp_path, algorithm, number, length):
    key = bytes(range(0x40, 0x40 + length))
    card = readers.card(management_algorithm=algorithm, management_key=key.hex())
    (tmp_path / "management").write_text(key.hex(":"))
    readers.environment["PIV_EXT_AUTH_KEY"] = str(tmp_path / "management")
    for slot, kind in (("9c", "07"), ("9d", "11")):
        readers.run("piv-tool", "-A", "M:9B:" + number, "-G", "%s:%s" % (slot.upper(), kind), "-o", tmp_path / "unwritten")
        (tmp_path / "pub").write_bytes(public_key_of(last_generated(card)))
        certify(authority, tmp_path / "pub", tmp_path / (slot + ".pem"), "Holder " + slot)
        readers.run("piv-tool", "-A", "M:9B:" + number, "-C", slot.upper(), "-i", tmp_path / (slot + ".pem"))
        assert openssl("x509", "-in", tmp_path / (slot + ".pem"), "-outform", "der") in card.memory()[CONTAINERS[slot]]
    sign(readers, tmp_path, "9c")
    agree(readers, tmp_path)
    unknown = {data[1] for _, direction, data in card.log() if direction == ">"} & {0xF7, 0xF8, 0xFA, 0xFB, 0xFD, 0xFE, 0xFF}
    assert unknown == set()


KINDS = [{}, {"reselect": "drop"}, {"discovery": "no"}, {"default_selected": "yes"}, {"response_block": 100}, {"transfer": "both"},
         {"no_le": "61xx", "wrong_le": "6Cxx"}, {"pin_tries": 5, "blocked": "6983"}, {"empty_object": "5300"}, {"shortest_aid": 9},
         {"command_ms": 20}]


def test_opensc_uses_every_kind_of_card(readers, authority, tmp_path):
    card = readers.card(name="one", yubico="yes")
    personalise(readers, authority, tmp_path, "RSA2048", {"9c": "02", "9d": "03"})
    for kind in KINDS:
        card.stop()
        card = readers.card(name="one", **kind)
        sign(readers, tmp_path, "9c")
        decrypt(readers, tmp_path)


def test_a_key_that_takes_long_and_is_cut_is_none(readers):
    card = readers.card(yubico="yes", generate_ms=1500)
    begun = time.monotonic()
    said(yubico(readers, "-a", "generate", "-s", "9a", "-A", "ECCP256"))
    assert time.monotonic() - begun > 1.5
    running = subprocess.Popen(["yubico-piv-tool", "-r", "Virtual", "-a", "generate", "-s", "9c", "-A", "ECCP256"],
                               env=readers.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while card.log()[-1][2][:2] != b"\x00\x47":
        time.sleep(0.02)
    card.pull()
    assert running.wait(30) != 0
    assert "key 9a" in card.memory() and "key 9c" not in card.memory()


def test_a_card_that_loses_contact_has_done_what_it_was_told(readers):
    card = readers.card(yubico="yes")
    yubico(readers, "-a", "version")
    card.cut(card.commands() + 1, "flicker")
    assert yubico(readers, "-a", "change-pin", "-P", "123456", "-N", "654321").returncode != 0
    readers.wait(0, EMPTY)
    readers.wait(0, PRESENT)
    said(yubico(readers, "-a", "verify-pin", "-P", "654321"), "Successfully verified PIN")


def test_a_card_that_falls_silent_holds_its_user_until_it_is_pulled(readers):
    card = readers.card(yubico="yes")
    yubico(readers, "-a", "version")
    card.cut(card.commands() + 1, "mute")
    running = subprocess.Popen(["yubico-piv-tool", "-r", "Virtual", "-a", "verify-pin", "-P", "123456"], env=readers.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(1.5)
    card.pull()
    assert running.wait(30) != 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hostile_card_breaks_neither_itself_nor_pcscd(readers, seed):
    card = readers.card(yubico="yes", hostile="any", hostile_every=4, seed=seed)
    for command in (("opensc-tool", "-n"), ("pkcs15-tool", "--dump"), ("yubico-piv-tool", "-r", "Virtual", "-a", "status")):
        try:
            readers.run(*command, timeout=10)
        except subprocess.TimeoutExpired:  # the tool believes in an endless answer: that is the tool's affair
            pass
    card.tell("honest")
    card.pull()
    card.insert()
    said(readers.run("opensc-tool", "-n"), "Personal Identity Verification Card")

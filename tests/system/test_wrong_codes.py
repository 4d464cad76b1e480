"""Wrong user codes: a case locks for a time, an address from which many come locks for a time, a certificate locks until the
code is reset; each says so, and how long."""

import re

import pytest
from calling import Caller
from devices import Device, ask
from test_bad_fields import new_csr
from test_code_reset import file_reset, officer
from test_xds import file as file_sheet, number_of, schools, sheet
from visiting import Visitor, file_case

CODE = "Test-code-1"
MINUTE = 60


def open_case(visitor, number, code, door="/case/status"):
    return visitor.submit(visitor.get(door), {"case_number": number, "code": code})


def suspend(visitor, serial, code, action="suspend"):
    return visitor.submit(visitor.get("/certificates/suspend"), {"number": serial, "code": code, "action": action})


@pytest.fixture
def clock(spare):
    """Moves the clock of all programs; at the end it stands right again."""
    yield lambda seconds: spare.restart(seconds)
    if spare.environment.get("XCA_CLOCK_OFFSET", "0") != "0":
        spare.restart()


def test_three_wrong_codes_lock_a_case_for_fifteen_minutes(spare, clock):
    number = file_case(Visitor(spare), new_csr())
    visitor = Visitor(spare, "127.0.0.11")
    answers = [open_case(visitor, number, "wrong-%d" % i, door) for i, door in enumerate(("/case/status", "/case/edit", "/case/status"))]
    assert [a.status for a in answers] == [403, 403, 429]
    assert "還可以再試 2 次" in answers[0].error("code") and "還可以再試 1 次" in answers[1].error("code")
    assert "15 分鐘" in answers[2].error("code")
    assert answers[2].form.field("case_number").value == number
    locked = open_case(visitor, number, CODE)
    assert locked.status == 429 and re.search(r"1[45] 分鐘", locked.error("code"))
    english = open_case(Visitor(spare, "127.0.0.11", "en"), number, CODE)
    assert english.status == 429 and re.search(r"again in 1[45] minutes", english.error("code"))
    # another case of the same visitor is not locked by it
    other = file_case(Visitor(spare), new_csr(), "other@example.org.tw")
    assert open_case(visitor, other, CODE).status == 303

    clock(16 * MINUTE)
    again = open_case(visitor, number, "wrong-4")
    assert again.status == 403 and "還可以再試 2 次" in again.error("code")
    assert open_case(visitor, number, CODE).status == 303
    assert "xcaTries" not in spare.case(number)


def test_what_cannot_be_a_code_costs_no_try(spare):
    number = file_case(Visitor(spare), new_csr(), "no-try@example.org.tw")
    visitor = Visitor(spare, "127.0.0.12")
    for code in ("", "short", "有中文的代碼", "with space", "A" * 65, b"wrong\x00-1", "Ｔｅｓｔ－ｃｏｄｅ－１"):
        answer = open_case(visitor, number, code)
        assert answer.status == 422 and answer.error("code"), answer.main
    assert "xcaTries" not in spare.case(number)
    assert open_case(visitor, number, CODE).status == 303


def issued(spare, mail):
    """The serial number of a new certificate that waits to be accepted."""
    number = file_case(Visitor(spare), new_csr(), mail)
    spare.approve(number)
    spare.wait_for_state(number, "issued")
    return spare.case(number)["xcaSerial"].decode()


def test_no_case_and_a_wrong_code_look_the_same_to_who_guesses(spare):
    visitor = Visitor(spare, "127.0.0.13")
    answer = open_case(visitor, "00001" + "9" * 20, "wrong-1")
    assert answer.status == 403 and "案件流水號或用戶代碼不正確" in answer.error("code")


@pytest.fixture(scope="module")
def codeless(spare, tmp_path_factory):
    """The numbers of cases that have no user code: a revocation, a code reset, a change of OIDs."""
    serial = issued(spare, "codeless@example.org.tw")
    visitor = Visitor(spare, "127.0.0.19")
    visitor.submit(visitor.get("/certificates/accept"), {"serial": serial, "code": CODE, "decision": "accept"})
    revocation = spare.admin("revoke", "--serial", serial, "--reason", "lost", "--letter", "北市教字第3號", *officer(spare, "ra-tpe-edu"))
    (name, _), = schools(spare, 1)
    change = sheet(tmp_path_factory.mktemp("codeless"), [["裁撤", "", "", "", "", name, "", ""]])
    numbers = [number_of(revocation), file_reset(spare, serial), number_of(file_sheet(spare, change))]
    assert all("xcaCodeHash" not in spare.case(n) for n in numbers)
    return numbers


def test_the_number_of_a_case_without_a_code_is_as_one_that_there_is_not(spare, codeless, tmp_path):
    caller, device = Caller(spare), Device(tmp_path, "codeless")
    answers = []
    for number in ["00001" + "8" * 20] + codeless:
        page, edit = (open_case(Visitor(spare, "127.0.0.20"), number, CODE, door) for door in ("/case/status", "/case/edit"))
        api = caller.post("/cases/status", {"case_number": number, "user_code": CODE})
        est = ask(spare, "simpleenroll", number, body=device.request)
        assert "電子郵件通知" in page.error("code") and "xcaTries" not in (spare.case(number) if number in codeless else {})
        answers.append((page.status, page.error("code"), edit.status, edit.error("code"), api.status, api.json()["code"], est[0], est[2]))
    assert answers[0][0] == answers[0][2] == 403 and answers[0][4:6] == (403, "code.wrong-case") and answers[0][6] == 401
    assert all(answer == answers[0] for answer in answers)
    # and such tries count at the address: these were eight of the twenty
    guesser = Visitor(spare, "127.0.0.20")
    tries = [open_case(guesser, codeless[i % 3], CODE).status for i in range(12)]
    assert tries == [403] * 11 + [429]


def test_many_wrong_codes_from_one_address_lock_the_address(spare, clock):
    number = file_case(Visitor(spare), new_csr(), "address@example.org.tw")
    guesser = Visitor(spare, "127.0.0.14")
    for i in range(19):
        assert open_case(guesser, "00001%020d" % (10**12 + i), "wrong-%d" % i).status == 403
    last = open_case(guesser, "00001%020d" % 10**13, "wrong-20")
    assert last.status == 429 and "15 分鐘" in last.error("code") and "網路位址" in last.error("code")
    # whatever is typed there now, and with whatever browser, is not tried
    for answer in (open_case(Visitor(spare, "127.0.0.14"), number, CODE), open_case(guesser, number, CODE, "/case/edit"),
                   suspend(guesser, "ab" * 16, CODE)):
        assert answer.status == 429 and "網路位址" in answer.error("code")
    accept = guesser.submit(guesser.get("/certificates/accept"), {"serial": "ab" * 16, "code": CODE})
    assert accept.status == 429
    assert guesser.get("/about").status == 200 and guesser.get("/organisations?name=%E8%82%B2").status == 200
    assert open_case(Visitor(spare, "127.0.0.15"), number, CODE).status == 303
    # the directory holds no address
    found = spare.bind("portal").search_s("ou=sources,ou=XCA,c=TW", 1, "(xcaSource=*)")
    assert found and not [dn for dn, values in found if b"127.0.0" in b"".join(sum(values.values(), []))]

    clock(16 * MINUTE)
    assert open_case(guesser, number, CODE).status == 303


def test_three_wrong_codes_lock_a_certificate_until_a_reset(spare, clock):
    serial = issued(spare, "for-good@example.org.tw")
    visitor = Visitor(spare, "127.0.0.16")
    accept = visitor.get("/certificates/accept")
    first = visitor.submit(accept, {"serial": serial, "code": "wrong-1"})
    assert first.status == 403 and "還可以再試 2 次" in first.error("code") and first.form.field("serial").value == serial
    # the same form sent again is the same try
    assert visitor.submit(accept, {"serial": serial, "code": "wrong-1"}).status == 403
    answers = [suspend(visitor, serial, "wrong-2"), suspend(visitor, serial, "wrong-3")]
    assert [a.status for a in answers] == [403, 429]
    assert "還可以再試 1 次" in answers[0].error("code") and "重設" in answers[1].error("code")

    clock(24 * 60 * MINUTE)  # no lock that time opens
    visitor = Visitor(spare, "127.0.0.17")
    for answer in (suspend(visitor, serial, CODE), visitor.submit(visitor.get("/certificates/accept"), {"serial": serial, "code": CODE})):
        assert answer.status == 429 and "重設" in answer.error("code")
    dn = "xcaSerial=%s,ou=certificates,ou=XCA,c=TW" % serial
    entry = spare.bind("admin").search_s(dn, 0)[0][1]
    assert entry["xcaTries"] == [b"3"] and entry["xcaState"] == [b"pending"]

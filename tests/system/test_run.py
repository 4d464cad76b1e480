"""tests/run.py itself: a disk that is full is named, so that nobody looks for another reason why tests fail."""

import importlib.util
import re
import threading

import pytest
from conftest import TOP


@pytest.fixture
def run():
    spec = importlib.util.spec_from_file_location("run", TOP / "tests" / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lane(run, *failures):
    """The suite "unit" with these failures."""
    def suite():
        count = run.Count()
        count.passed, count.failed = 3, ["test_x: " + failure for failure in failures]
        return count

    run.SUITES = {"unit": suite}
    run.run_lane(["unit"], {}, threading.Lock())


def test_a_disk_with_room_is_not_named(run, capsys):
    assert run.short_of_room(0) == []
    run.ROOM_NONE = 0
    lane(run, "a failure")
    told = capsys.readouterr().out
    assert "FAILED test_x: a failure" in told and "DISK" not in told


def test_each_disk_without_room_is_named_once(run, monkeypatch, tmp_path):
    lines = run.short_of_room(1 << 62)
    assert len(lines) == len({run.BUILD.stat().st_dev, tmp_path.stat().st_dev})
    assert all(re.fullmatch(r"only \d+ MB are left on the disk of /.+", line) for line in lines)
    monkeypatch.setattr(run, "BUILD", tmp_path / "not" / "made" / "yet")  # its disk is that of the folder above
    assert str(run.BUILD) in run.short_of_room(1 << 62)[0]


def test_a_suite_that_fails_on_a_full_disk_says_so_in_one_line(run, capsys):
    run.ROOM_NONE = 1 << 62
    lane(run)
    assert "DISK" not in capsys.readouterr().out
    lane(run, "one", "two")
    assert len(re.findall(r"(?m)^!!! THE DISK IS FULL: only \d+ MB .*: that may be why unit failed$", capsys.readouterr().out)) in (1, 2)

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys

import pytest
from planned import end, plan
from samples import A, Clock

from pointsman.dispatch.errors import SettingsError
from pointsman.dispatch.session_file import SessionFile
from pointsman.dispatch.sessions import Session
from pointsman.dispatch.settings import Settings

SETTLES = """
import sys
from pointsman.dispatch.session_file import SessionFile
from pointsman.dispatch.sessions import Session
table = SessionFile(sys.argv[1], "session", 300.0, 10_000)
for n in range(300):
    print(table.settle(str(n), None, Session(sys.argv[2])).model)
"""


def test_processes_at_once_agree_on_every_session(tmp_path, environment):
    command = [sys.executable, "-c", SETTLES, str(tmp_path / "sessions.sqlite")]
    running = [
        subprocess.Popen([*command, model], env=environment, stdout=subprocess.PIPE, text=True) for model in "abc"
    ]
    found = [one.communicate(timeout=60)[0].split() for one in running]
    assert len(found[0]) == 300
    assert found[0] == found[1] == found[2]


def test_what_was_kept_is_there_after_a_restart_and_kinds_are_apart(tmp_path):
    SessionFile(tmp_path / "s", "session", 300.0, 5).answered("k", A)
    assert SessionFile(tmp_path / "s", "session", 300.0, 5).get("k") == Session("a", "p")
    assert SessionFile(tmp_path / "s", "response", 300.0, 5).get("k") is None


def test_a_key_is_not_in_the_file_and_nobody_else_may_read_it(tmp_path):
    SessionFile(tmp_path / "s", "session", 300.0, 5).answered("who-i-am", A)
    assert b"who-i-am" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


def test_the_file_is_bounded(tmp_path):
    clock = Clock()
    table = SessionFile(tmp_path / "s", "session", 10.0, 3, clock)
    for n in range(9):
        clock.now = float(n)
        table.answered(str(n), A)
    assert [n for n in range(9) if table.get(str(n))] == [6, 7, 8]
    clock.now = 100.0
    for n in range(3):
        table.answered(f"new {n}", A)
    with sqlite3.connect(tmp_path / "s") as file:
        assert file.execute("SELECT COUNT(*) FROM session").fetchone() == (3,)


def test_a_file_that_is_something_else_is_told_and_left_alone(tmp_path):
    (tmp_path / "s").write_text("not a database, but something that somebody needs")
    with pytest.raises(SettingsError, match=r"session_file is '.*', which cannot be used: file is not a database"):
        SessionFile(tmp_path / "s", "session", 10.0, 3)
    assert (tmp_path / "s").read_text().endswith("needs")
    with pytest.raises(SettingsError, match="cannot be used"):
        SessionFile(tmp_path / "none" / "s", "session", 10.0, 3)


def test_when_the_file_fails_requests_go_on_and_the_log_says_so(tmp_path, caplog):
    table = SessionFile(tmp_path / "s", "session", 10.0, 3)
    with sqlite3.connect(tmp_path / "s") as file:
        file.execute("DROP TABLE session")
    with caplog.at_level(logging.ERROR):
        assert table.get("k") is None
        assert table.settle("k", None, Session("a")) == Session("a")
        table.answered("k", A)
    assert caplog.text.count("the session file cannot be used") == 3


def test_a_dispatcher_takes_it_from_its_settings(router, core, familiars, tmp_path):
    settings = Settings(session_margin=9.0, session_file=str(tmp_path / "s"))
    before = core(settings)
    end(before, plan(before, familiars[0], session_id="s", cost_quality=10))
    after = plan(core(settings), familiars[0], session_id="s", cost_quality=0)
    assert after.model == router.models[0]
    assert after.decided.reason.endswith("held by the session")

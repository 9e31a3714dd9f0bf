"""live.json and control.json: what is written, what is believed, and what is not."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfgen.core.ports import LaneRow
from selfgen.errors import CannotCreate, StoreFault
from selfgen.store import control
from selfgen.store.control import BadOrder, Inbox, Order, give, new_order, read_order, send, wait_for_session
from selfgen.store.live import Live, Reply, Sight, Told, Used, drop_live, look, put_live, read_live
from selfgen.store.run_dir import Lock, RunDir
from selfgen.store.small import MOST_BYTES, Distrusted, read_small, replace_small

LIVE = Live(
    title="runs/mine   self-instruct  zh  tiny", lang="zh", target=5000, kept=12, drafts=(20, 12, 5, 1, 2),
    turns_in_flight=3, calls=40, calls_in_flight=8, prompt_tokens=1000, completion_tokens=300, records_per_s=0.5,
    tokens_per_s=812.5, acceptance=None, eta_s=9976.0, cost=None, cost_at_most=None, currency="",
    budgets=(Used("max_calls", 40.0, 1000.0, "calls"),), rejected=(("near_duplicate", 5),), lost=(), unreadable=(),
    lanes=(LaneRow("http://a/v1", "", 8, 16, 40, 812.5, ((0.0, 16, "start"), (4.5, 32, "a clean round"))),),
    states=("http://b/v1 is away",), draining=False, ended="", running_s=24.0, last="写一首关于茶的诗。",
    session="ab12", pid=os.getpid(), host=socket.gethostname(), at=1_800_000_000.0,
    story=(Told(1_800_000_000.0, "away", "http://b/v1 is away"),), replies=(Reply("00", True, "ok"),),
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    run = RunDir(tmp_path / "mine")
    run.create()
    return run


def test_what_is_put_is_read(run: RunDir) -> None:
    put_live(run, LIVE)
    assert read_live(run) == LIVE
    assert run.live.stat().st_size < 2000
    drop_live(run)
    assert read_live(run) is None
    assert os.listdir(run.path) == []


WRONG: list[dict[str, Any]] = [
    {"format": 2},
    {"target": "5000"},
    {"target": 5000.0},
    {"target": True},
    {"target": 10**50},
    {"records_per_s": "fast"},
    {"eta_s": float("nan")},
    {"drafts": [1, 2, 3]},
    {"lanes": [{"name": "x"}]},
    {"lanes": "x"},
    {"states": [1]},
    {"draining": 0},
    {"rejected": [["a", 1, 2]]},
    {"title": None},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_live_file_of_another_shape_counts_as_none(run: RunDir, wrong: dict[str, Any]) -> None:
    put_live(run, LIVE)
    values = json.loads(run.live.read_bytes())
    run.live.write_text(json.dumps(values | {"more": "is passed over"}))
    assert read_live(run) == LIVE
    run.live.write_text(json.dumps(values | wrong))
    assert read_live(run) is None


@given(st.binary(max_size=200) | st.sampled_from([b"[" * 100_000, b'{"format":1', b"\xff\xfe", b"1" * 5000]))
def test_no_bytes_make_a_reader_stumble(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    run = RunDir(tmp_path_factory.mktemp("r") / "r")
    run.create()
    run.live.write_bytes(data)
    assert read_live(run) is None
    with pytest.raises(BadOrder):
        read_order(data)


def test_small_files_are_replaced_in_one_step_with_the_rights_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o770)
    path = folder / "live.json"
    replace_small(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    handle = path.open("rb")
    (folder / ".live.json.new").write_bytes(b"left by a process that was killed")
    replace_small(path, b"two")
    assert handle.read() == b"one"
    handle.close()
    assert read_small(path) == b"two"
    assert os.listdir(folder) == ["live.json"]
    folder.chmod(0o700)


def test_links_pipes_folders_and_large_files_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"keep me")
    path = tmp_path / "control.json"
    path.symlink_to(secret)
    with pytest.raises(Distrusted, match="link"):
        read_small(path)
    replace_small(path, b"mine")
    assert (secret.read_bytes(), path.is_symlink()) == (b"keep me", False)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Distrusted, match="ordinary"):
        read_small(path)
    path.unlink()
    path.mkdir()
    with pytest.raises((Distrusted, OSError)):
        read_small(path)
    path.rmdir()
    path.write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(Distrusted, match="bytes"):
        read_small(path)


def test_who_is_at_work_is_told_by_the_lock_and_by_the_time(run: RunDir) -> None:
    put_live(run, replace(LIVE, at=time.time()))
    assert not look(run).at_work, "left by a process of this machine that was killed"
    put_live(run, replace(LIVE, host="elsewhere", at=time.time() - 3))
    assert look(run).at_work, "another machine, whose lock may not show here"
    put_live(run, replace(LIVE, host="elsewhere", at=time.time() - 60))
    assert not look(run).at_work
    with Lock(run):
        sight = look(run)
        assert (sight.at_work, sight.news) == (True, None), "the word is of a session before this one"
        put_live(run, replace(LIVE, at=time.time() - 60))
        sight = look(run)
        assert sight.news is not None
        assert 59 < sight.age_s < 65


GOOD = {"id": "0123456789abcdef", "session": "s", "action": "set", "settings": {"target": "5"}}


def test_an_order_is_read_back(run: RunDir) -> None:
    inbox = Inbox(run)
    order = new_order("s", "set", {"concurrency": "64"})
    give(run, order)
    assert inbox.take("s") == order
    assert inbox.take("s") is None
    assert os.listdir(run.path) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../../etc/passwd"},
        {"id": 7},
        {"session": None},
        {"action": "eval"},
        {"action": ["set"]},
        {"settings": []},
        {"settings": {"target": 5}},
        {"settings": {"target": "5" * 41}},
        {"settings": {str(number): "1" for number in range(17)}},
        {"run": "rm -rf"},
    ],
    ids=str,
)
def test_what_is_no_order_is_taken_away_and_told_once(run: RunDir, wrong: dict[str, Any]) -> None:
    inbox = Inbox(run)
    run.control.write_text(json.dumps(GOOD | wrong))
    with pytest.raises(BadOrder):
        inbox.take("s")
    assert inbox.take("s") is None
    assert os.listdir(run.path) == []
    run.control.write_text(json.dumps(GOOD))
    assert inbox.take("s") == Order("0123456789abcdef", "s", "set", {"target": "5"})


def test_a_link_in_the_place_of_an_order_is_removed_and_what_it_leads_to_stays(run: RunDir, tmp_path: Path) -> None:
    target = tmp_path / "order"
    target.write_text(json.dumps(GOOD))
    inbox = Inbox(run)
    run.control.symlink_to(target)
    with pytest.raises(BadOrder, match="link"):
        inbox.take("s")
    assert target.exists()
    assert not run.control.is_symlink()
    run.control.mkdir()
    with pytest.raises(BadOrder):
        inbox.take("s")
    assert inbox.take("s") is None, "a folder cannot be taken away, and is told of once"


def test_orders_for_another_session_and_from_before_are_ignored(run: RunDir) -> None:
    give(run, new_order("s", "abandon"))
    inbox = Inbox(run)
    assert inbox.take("s") is None
    give(run, new_order("the one before", "abandon"))
    with pytest.raises(BadOrder, match="another session"):
        inbox.take("s")


class Session(threading.Thread):
    """The session's side, in a thread: takes orders and answers them, passing over the first `deaf` of them."""

    def __init__(self, run: RunDir, deaf: int = 0) -> None:
        super().__init__()
        self._run, self._deaf, self.taken = run, deaf, [""][:0]
        self.over = threading.Event()
        self._inbox = Inbox(run)

    def run(self) -> None:
        replies: tuple[Reply, ...] = ()
        while not self.over.is_set():
            if order := self._inbox.take("s"):
                self.taken.append(order.id)
                if len(self.taken) > self._deaf:
                    replies += (Reply(order.id, True, "done"),)
            put_live(self._run, replace(LIVE, session="s", at=time.time(), replies=replies))
            time.sleep(0.01)


def test_an_order_is_answered_and_given_again_where_it_was_lost(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "GIVE_AGAIN_S", 0.1)
    with Lock(run):
        session = Session(run, deaf=2)
        session.start()
        try:
            assert wait_for_session(run, 5, lambda told: None).news is not None
            order = new_order("s", "drain")
            assert send(run, order, 5) == Reply(order.id, True, "done")
            assert session.taken == [order.id] * 3
        finally:
            session.over.set()
            session.join()


def test_a_session_that_is_silent_gone_or_another(run: RunDir) -> None:
    order = new_order("s", "drain")
    assert send(run, order, 5) is None
    with Lock(run):
        with pytest.raises(CannotCreate, match=f"process {os.getpid()} on .* does not answer"):
            wait_for_session(run, 0.15, lambda told: None)
        put_live(run, replace(LIVE, session="another"))
        assert send(run, order, 5) is None
        put_live(run, replace(LIVE, session="s"))
        with pytest.raises(CannotCreate, match="does not answer"):
            send(run, order, 0.15)
        assert not run.control.exists()
    assert wait_for_session(run, 5, lambda told: None) == Sight("", None, 0.0) or not look(run).at_work


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else(run: RunDir) -> None:
    run.path.chmod(0o500)
    with pytest.raises(StoreFault, match="SIGTERM"):
        give(run, new_order("s", "drain"))
    run.path.chmod(0o700)

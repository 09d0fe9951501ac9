"""Several threads and processes on the same files: nothing that one of them wrote is lost."""

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from highwall.activity.register import Entry, Register
from highwall.core.errors import OutputError
from highwall.workflows.alone import one_at_a_time
from highwall.workflows.live.gateways import _keep
from highwall.workflows.live.run import findings_book

N = 12
DAY = dt.date(2026, 1, 1)


def at_once(work: Callable[[int], object]) -> list[Exception]:
    """Do something in many threads at once, and give what they met."""
    start = threading.Barrier(N)
    met: list[Exception] = []

    def one(number: int) -> None:
        start.wait()
        try:
            work(number)
        except Exception as error:
            met.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(N)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return met


def test_decisions_of_several_servers_on_one_run_are_all_kept(tmp_path: Path) -> None:
    ground = "POLYGON ((0 0, 1 0, 1 1, 0 0))"
    entries = tuple(
        Entry(finding_id=f"F{number}", kind="pit", first_seen=DAY, last_seen=DAY, facts={}, ground=ground)
        for number in range(N)
    )
    (tmp_path / "register.json").write_text(Register(crs="EPSG:32634", entries=entries).model_dump_json())
    books = [findings_book(tmp_path) for _ in range(N)]

    def decide(number: int) -> None:
        book = books[number]
        assert book is not None
        book.decide(f"F{number}", "confirmed", "ada", "seen")

    assert at_once(decide) == []
    assert books[0] is not None
    assert [one["state"] for one in books[0].read()] == ["confirmed"] * N
    assert [one.name for one in tmp_path.iterdir()] == ["register.json"]


def test_a_file_of_the_broker_is_whole_whoever_writes_it(tmp_path: Path) -> None:
    contents = [bytes([number]) * 200_000 for number in range(N)]

    def keep(number: int) -> None:
        for _ in range(5):
            _keep(tmp_path / "acl", contents[number])

    assert at_once(keep) == []
    assert (tmp_path / "acl").read_bytes() in contents
    assert [one.name for one in tmp_path.iterdir()] == ["acl"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="choose a folder"), one_at_a_time(tmp_path / "file" / "register.json"):
        pass

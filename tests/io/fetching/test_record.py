import datetime as dt
from pathlib import Path

import pytest

from highwall.core.errors import InputError
from highwall.io.catalog import checksum
from highwall.io.fetching.record import RECORD, FetchedFile, FetchedScene, Record

EMPTY = Record(place="mine", archive="http://a", crs="EPSG:32633", bounds=(0, 0, 10, 10))
SCENE = FetchedScene(date=dt.date(2021, 7, 1), begin=dt.datetime(2021, 7, 1, 10, tzinfo=dt.UTC), hidden={"cloud": 0.1})


def filled(folder: Path) -> Record:
    (folder / "a.tif").write_bytes(b"pixels")
    file = FetchedFile(checksum=checksum(folder / "a.tif"), items=("x",), sources={"http://a/x": "sha256"})
    return EMPTY.with_file("a.tif", file).with_scene(2021, SCENE).with_scene(2019, SCENE)


def test_what_was_written_is_resumed(tmp_path: Path) -> None:
    record = filled(tmp_path)
    record.write(tmp_path)
    assert EMPTY.resumed(tmp_path) == record
    assert list(record.scenes) == [2019, 2021]


def test_a_file_that_is_gone_or_changed_is_not_there(tmp_path: Path) -> None:
    record = filled(tmp_path)
    assert record.has(tmp_path, "a.tif")
    assert not record.has(tmp_path, "b.tif")
    (tmp_path / "a.tif").write_bytes(b"other pixels")
    assert not record.has(tmp_path, "a.tif")
    (tmp_path / "a.tif").unlink()
    assert not record.has(tmp_path, "a.tif")


def test_another_area_and_a_broken_record_are_refused(tmp_path: Path) -> None:
    assert EMPTY.resumed(tmp_path) == EMPTY
    filled(tmp_path).write(tmp_path)
    moved = EMPTY.model_copy(update={"bounds": (0.0, 0.0, 20.0, 10.0)})
    with pytest.raises(InputError, match="scenes of another area"):
        moved.resumed(tmp_path)
    (tmp_path / RECORD).write_text('{"place": "mine"')
    with pytest.raises(InputError, match="is no record of a fetch"):
        EMPTY.resumed(tmp_path)

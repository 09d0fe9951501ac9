from pathlib import Path

import pytest

from highwall.core.errors import OutputError, SceneError
from highwall.io.aside import aside, remove, resumable, write_text


def break_off(path: Path, error: BaseException) -> None:
    with aside(path) as temporary:
        temporary.write_text("half")
        temporary.with_name(f"{temporary.name}-journal").write_text("left by the writer")
        raise error


def break_off_folder(path: Path, error: BaseException) -> None:
    with aside(path) as temporary:
        (temporary / "new").mkdir(parents=True)
        raise error


def test_the_file_appears_when_the_block_ends(tmp_path: Path):
    path = tmp_path / "deep" / "a.json"
    with aside(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.suffix == ".json"
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [SceneError("bad"), KeyError("x"), KeyboardInterrupt()])
def test_an_exception_goes_through_and_leaves_the_former_file(tmp_path: Path, error: BaseException):
    path = write_text("old", tmp_path / "a.json")
    with pytest.raises(type(error)):
        break_off(path, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_whole(tmp_path: Path):
    path = tmp_path / "d.zarr"
    (path / "old").mkdir(parents=True)
    with aside(path) as temporary:
        (temporary / "new").mkdir(parents=True)
    assert [child.name for child in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_never_takes_the_place_of_a_folder(tmp_path: Path):
    kept = tmp_path / "kept" / "precious.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(OutputError, match="it is a folder; name a file in it"):
        write_text("scores", kept.parent)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "precious.txt"]


def test_a_failed_folder_leaves_the_former_one(tmp_path: Path):
    path = tmp_path / "d.zarr"
    (path / "old").mkdir(parents=True)
    with pytest.raises(OutputError, match="No space left"):
        break_off_folder(path, OSError(28, "No space left on device"))
    assert [child.name for child in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_a_folder_is_replaced_and_its_target_kept(tmp_path: Path):
    target = tmp_path / "target"
    target.mkdir()
    link = tmp_path / "out"
    link.symlink_to(target)
    write_text("new", link)
    assert link.read_text() == "new"
    assert target.is_dir()


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"could not write .*a\.json.*choose another folder"):
        write_text("x", tmp_path / "file" / "a.json")


def test_a_mistake_in_the_block_is_not_called_a_full_disk(tmp_path: Path):
    with pytest.raises(RuntimeError, match="broken model"), aside(tmp_path / "a.json"):
        raise RuntimeError("broken model")


def stop_half_way(path: Path, *, identity: str) -> None:
    with resumable(path, identity=identity) as folder:
        (folder / "chip.tif").write_text("hours of work")
        raise KeyboardInterrupt


def test_what_was_stopped_stays_when_another_of_a_like_name_is_done(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        stop_half_way(tmp_path / "mines-v2", identity="a")
    with resumable(tmp_path / "mines", identity="b") as folder:
        (folder / "chip.tif").write_text("new")
    with resumable(tmp_path / "mines-v2", identity="a") as folder:
        assert (folder / "chip.tif").read_text() == "hours of work"


def test_only_what_a_writer_left_goes_with_a_file(tmp_path: Path):
    kept = ["findings.gpkg.bak", "findings.gpkg-2023", "findings.gpkgx"]
    gone = ["findings.gpkg", "findings.gpkg-wal", "findings.gpkg-shm", "findings.gpkg-journal", "findings.gpkg.aux.xml"]
    for name in (*kept, *gone):
        (tmp_path / name).write_text("")
    remove(tmp_path / "findings.gpkg")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)

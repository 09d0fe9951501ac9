import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from highwall.core.errors import SceneError, TransferError
from highwall.io.fetching.checks import Expected
from highwall.io.fetching.options import TransferOptions
from highwall.io.fetching.transfer import Remote, download, plain_address, size_and_ranges

from ..archive_server import Archive, archive_server, checksums

CONTENT = bytes(range(256)) * 4096
HALF = len(CONTENT) // 2
TAG = f'"{hashlib.md5(CONTENT).hexdigest()}"'
"""Mark of its version that the server gives."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    held = Archive(tmp_path / "server")
    held.folder.mkdir()
    (held.folder / "scene.tif").write_bytes(CONTENT)
    with archive_server(held):
        yield held


def remote(archive: Archive, query: str = "") -> Remote:
    address = f"{archive.url}/files/scene.tif{query}"
    return Remote(lambda: address, plain_address(address))


def fetched(archive: Archive, path: Path, *, expected: Expected | None = None, attempts: int = 3) -> list[float]:
    """Download with pauses that are only noted."""
    pauses: list[float] = []
    options = TransferOptions(attempts=attempts, pause_s=1.0, patience_s=10)
    download(remote(archive), path, expected=expected or Expected(), options=options, sleep=pauses.append)
    return pauses


def truth(archive: Archive) -> Expected:
    stated = checksums(archive.folder / "scene.tif")
    return Expected(stated["file:size"], stated["file:checksum"])


def test_a_whole_file_comes_and_nothing_beside_it(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "here" / "scene.tif"
    assert fetched(archive, path, expected=truth(archive)) == []
    assert path.read_bytes() == CONTENT
    assert [each.name for each in path.parent.iterdir()] == ["scene.tif"]


def test_a_cut_file_goes_on_where_it_stopped(archive: Archive, tmp_path: Path) -> None:
    archive.faults["scene.tif"] = ["cut", "cut"]
    assert fetched(archive, tmp_path / "scene.tif", expected=truth(archive)) == [1.0, 2.0]
    assert (tmp_path / "scene.tif").read_bytes() == CONTENT
    ranges = [wanted for _, _, wanted in archive.asked]
    assert ranges == ["", f"bytes={HALF}-", f"bytes={HALF + HALF // 2}-"]
    assert archive.sent == len(CONTENT)  # no byte twice


def test_the_next_run_goes_on_too(archive: Archive, tmp_path: Path) -> None:
    archive.faults["scene.tif"] = ["cut"]
    with pytest.raises(TransferError, match="run again to go on"):
        fetched(archive, tmp_path / "scene.tif", attempts=1)
    assert not (tmp_path / "scene.tif").exists()
    fetched(archive, tmp_path / "scene.tif", expected=truth(archive))
    assert (tmp_path / "scene.tif").read_bytes() == CONTENT
    assert archive.sent == len(CONTENT)


def test_a_file_that_changed_meanwhile_is_begun_anew(archive: Archive, tmp_path: Path) -> None:
    archive.faults["scene.tif"] = ["cut"]
    with pytest.raises(TransferError):
        fetched(archive, tmp_path / "scene.tif", attempts=1)
    (archive.folder / "scene.tif").write_bytes(CONTENT[::-1])
    fetched(archive, tmp_path / "scene.tif")  # no checksum would find it out
    assert (tmp_path / "scene.tif").read_bytes() == CONTENT[::-1]


def test_a_server_without_parts_begins_anew(archive: Archive, tmp_path: Path) -> None:
    archive.gives_parts = False
    archive.faults["scene.tif"] = ["cut"]
    fetched(archive, tmp_path / "scene.tif", expected=truth(archive))
    assert (tmp_path / "scene.tif").read_bytes() == CONTENT
    assert archive.sent == HALF + len(CONTENT)


@pytest.mark.parametrize("code", ["503", "429", "500", "403"])
def test_a_busy_server_is_asked_again(archive: Archive, tmp_path: Path, code: str) -> None:
    archive.faults["scene.tif"] = [code]
    assert fetched(archive, tmp_path / "scene.tif") == [1.0]
    assert (tmp_path / "scene.tif").read_bytes() == CONTENT


def test_a_file_that_is_not_there_is_asked_for_once(archive: Archive, tmp_path: Path) -> None:
    archive.faults["scene.tif"] = ["404", "404"]
    with pytest.raises(SceneError, match="404 Not Found") as raised:
        fetched(archive, tmp_path / "scene.tif")
    assert not isinstance(raised.value, TransferError)
    assert len(archive.asked) == 1


def test_a_wrong_checksum_is_tried_again_and_then_refused(archive: Archive, tmp_path: Path) -> None:
    wrong = Expected(len(CONTENT), "1220" + "0" * 64)
    with pytest.raises(SceneError, match=r"its checksum is 1220.*the archive states 12200000") as raised:
        fetched(archive, tmp_path / "scene.tif", expected=wrong)
    assert not isinstance(raised.value, TransferError)
    assert len(archive.asked) == 3
    assert not list(tmp_path.glob("scene.tif*"))


def test_what_was_whole_when_it_stopped_is_taken(archive: Archive, tmp_path: Path) -> None:
    """A kill between the last byte and the renaming: the server has nothing left to give."""
    (tmp_path / "scene.tif.part").write_bytes(CONTENT)
    (tmp_path / "scene.tif.part.tag").write_text(TAG)
    fetched(archive, tmp_path / "scene.tif", expected=truth(archive))
    assert archive.sent == 0
    assert (tmp_path / "scene.tif").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "scene.tif.part").write_bytes(CONTENT + b"more")
    (tmp_path / "scene.tif.part.tag").write_text(TAG)
    fetched(archive, tmp_path / "scene.tif", expected=truth(archive))
    assert (tmp_path / "scene.tif").read_bytes() == CONTENT


def test_nobody_listens(tmp_path: Path) -> None:
    nowhere = Remote(lambda: "http://127.0.0.1:9/scene.tif", "http://127.0.0.1:9/scene.tif")
    options = TransferOptions(attempts=2, patience_s=1)
    with pytest.raises(TransferError, match="the connection failed"):
        download(nowhere, tmp_path / "x.tif", expected=Expected(), options=options, sleep=lambda pause_s: None)


def test_progress_is_told_in_bytes(archive: Archive, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    options = TransferOptions()
    download(
        remote(archive), tmp_path / "x.tif", expected=Expected(), options=options, advance=lambda *a: told.append(a)
    )
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_size_and_parts_are_asked_for_without_the_file(archive: Archive) -> None:
    assert size_and_ranges(remote(archive), patience_s=5) == (len(CONTENT), True)
    archive.gives_parts = False
    assert size_and_ranges(remote(archive), patience_s=5) == (len(CONTENT), False)
    assert archive.sent == 0


def test_a_signature_stays_out_of_messages(archive: Archive) -> None:
    assert remote(archive, "?sig=secret").name == f"{archive.url}/files/scene.tif"

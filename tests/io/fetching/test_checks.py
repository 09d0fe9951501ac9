import hashlib
from pathlib import Path

import pystac
import pytest

from highwall.io.fetching.checks import Expected, expected_of, fault_of, how_checked

CONTENT = b"a scene"
HASHES = {
    "1220" + hashlib.sha256(CONTENT).hexdigest(): "sha256",
    "1114" + hashlib.sha1(CONTENT).hexdigest(): "sha1",
    "1340" + hashlib.sha512(CONTENT).hexdigest(): "sha512",
    "d50110" + hashlib.md5(CONTENT).hexdigest(): "md5",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scene.tif"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("stated", HASHES)
def test_every_hash_holds_its_file_and_no_other(file: Path, stated: str) -> None:
    expected = expected_of(pystac.Asset("scene.tif", extra_fields={"file:checksum": stated.upper(), "file:size": 7}))
    assert fault_of(file, expected) is None
    assert how_checked(expected) == HASHES[stated]
    file.write_bytes(b"another")
    assert "its checksum is" in (fault_of(file, expected) or "")


def test_the_size_is_looked_at_first(file: Path) -> None:
    assert fault_of(file, Expected(8, next(iter(HASHES)))) == "it has 7 bytes, the archive states 8"
    assert how_checked(Expected(8)) == "size"


def test_a_hash_that_we_do_not_know_is_not_taken_for_a_fault(file: Path) -> None:
    expected = Expected(None, "1e20" + "0" * 64)  # blake3
    assert fault_of(file, expected) is None
    assert how_checked(expected) == "nothing"


def test_older_items_name_it_otherwise() -> None:
    stated = next(iter(HASHES))
    assert expected_of(pystac.Asset("x", extra_fields={"checksum:multihash": stated})) == Expected(None, stated)
    assert expected_of(pystac.Asset("x")) == Expected()

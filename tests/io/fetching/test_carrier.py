import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystac
import pytest
import requests

from highwall.core.errors import MissingInputError, SceneError, TransferError
from highwall.io.fetching.carrier import Carrier, _over_http
from highwall.io.fetching.options import TransferOptions

from ..archive_server import Archive, archive_server, checksums

CONTENT = bytes(1000)


def item(collection: str | None = "sentinel-2-l2a") -> pystac.Item:
    return pystac.Item("a", None, None, dt.datetime(2021, 6, 1), {}, collection=collection)


def asset(href: str, **stated: Any) -> pystac.Asset:
    return pystac.Asset(href, extra_fields=stated)


def carrier(folder: Path, *, mode: str = "auto", **options: Any) -> Carrier:
    how = TransferOptions.model_validate({"mode": mode, "attempts": 2, "patience_s": 5, **options})
    return Carrier(folder / "downloads", how, sleep=lambda pause_s: None)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    held = Archive(tmp_path / "server")
    held.folder.mkdir()
    (held.folder / "b.tif").write_bytes(CONTENT)
    return held


@pytest.mark.parametrize(
    ("mode", "max_whole_mb", "gives_parts", "is_whole"),
    [
        ("whole", 0.0, True, True), ("window", 99.0, True, False), ("auto", 1.0, True, True),
        ("auto", 0.0005, True, False), ("auto", 0.0005, False, True),
    ],
)  # fmt: skip
def test_small_files_come_whole_and_large_ones_are_read_where_they_are(
    archive: Archive, tmp_path: Path, mode: str, max_whole_mb: float, gives_parts: bool, is_whole: bool
) -> None:
    archive.gives_parts = gives_parts
    with archive_server(archive) as url:
        carried = carrier(tmp_path, mode=mode, max_whole_mb=max_whole_mb).carry(item(), asset(f"{url}/files/b.tif"))
    assert Path(carried.address).is_file() == is_whole
    assert carried.checked == ("nothing" if is_whole else "window")
    assert carried.source == f"{url}/files/b.tif"


def test_a_file_comes_once_and_goes_with_release(archive: Archive, tmp_path: Path) -> None:
    stated = checksums(archive.folder / "b.tif")
    with archive_server(archive) as url:
        holder, thing = carrier(tmp_path), asset(f"{url}/files/b.tif", **stated)
        first = holder.carry(item(), thing)
        assert holder.carry(item(), thing) == first
        assert (first.checked, len(archive.asked)) == ("sha256", 1)
        assert holder.address_of(thing.href) == first.address
        again = carrier(tmp_path).carry(item(), thing)  # another run finds it there
        assert (again.address, len(archive.asked)) == (first.address, 1)
        holder.release()
    assert not holder.folder.exists()
    assert holder.address_of(thing.href) == thing.href


def test_a_file_on_this_disk_is_read_in_place_and_checked(archive: Archive, tmp_path: Path) -> None:
    path = archive.folder / "b.tif"
    for href in (str(path), path.as_uri()):
        carried = carrier(tmp_path).carry(item(), asset(href, **checksums(path)))
        assert (carried.address, carried.checked) == (str(path), "sha256")
    path.write_bytes(b"another")
    with pytest.raises(SceneError, match="is not what the archive states: it has 7 bytes"):
        carrier(tmp_path).carry(item(), asset(str(path), **{"file:size": 1000}))
    with pytest.raises(MissingInputError, match="which does not exist"):
        carrier(tmp_path).carry(item(), asset(str(tmp_path / "nowhere.tif")))


def test_public_objects_of_s3_are_asked_for_over_https() -> None:
    wanted = "https://copernicus-dem-30m.s3.amazonaws.com/a/b.tif"
    assert _over_http("s3://copernicus-dem-30m/a/b.tif") == wanted
    assert _over_http("https://example.org/b.tif") == "https://example.org/b.tif"


def tokens(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], dict[str, str]]) -> list[str]:
    asked: list[str] = []

    def get(address: str, **how: Any) -> requests.Response:
        asked.append(address)
        response = requests.Response()
        response.status_code, response._content = 200, json.dumps(answer()).encode()
        return response

    monkeypatch.setattr(requests, "get", get)
    return asked


def test_azure_is_signed_with_the_collections_token_until_it_runs_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ends = iter([dt.timedelta(hours=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)])

    def token() -> dict[str, str]:
        return {"token": "sig=1", "msft:expiry": (dt.datetime.now(dt.UTC) + next(ends)).isoformat()}

    asked = tokens(monkeypatch, token)
    holder = carrier(tmp_path, mode="window")
    holder.token_url = "https://archive.example/token"
    address = "https://sentinel2l2a.blob.core.windows.net/a.tif"
    assert holder.carry(item(), asset(address)).address == f"{address}?sig=1"
    assert holder.carry(item(), asset(address.replace("a.tif", "b.tif?x=2"))).address.endswith("b.tif?x=2&sig=1")
    assert asked == ["https://archive.example/token/sentinel-2-l2a"]
    holder.carry(item("cop-dem-glo-30"), asset(address.replace("a.tif", "c.tif")))
    holder.carry(item("cop-dem-glo-30"), asset(address.replace("a.tif", "d.tif")))  # its token ends in a minute
    assert len(asked) == 3
    assert holder.carry(item(), asset("https://elsewhere.example/a.tif")).address == "https://elsewhere.example/a.tif"
    assert "sig" not in holder.carry(item(), asset(address)).source


def test_a_token_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tokens(monkeypatch, lambda: {"detail": "no"})
    holder = carrier(tmp_path, mode="window")
    holder.token_url = "https://archive.example/token"
    with pytest.raises(TransferError, match="gave no reading token"):
        holder.carry(item(), asset("https://x.blob.core.windows.net/a.tif"))


def test_windows_are_read_again_and_broken_whole_files_are_not_kept(archive: Archive, tmp_path: Path) -> None:
    def broken() -> None:
        tries.append(1)
        raise SceneError("the pixels cannot be read")

    tries: list[int] = []
    with archive_server(archive) as url:
        windows = carrier(tmp_path / "a", mode="window")
        windows.carry(item(), asset(f"{url}/files/b.tif"))
        with pytest.raises(TransferError, match="--transfer whole"):
            windows.patiently(broken)
        assert len(tries) == 2
        whole = carrier(tmp_path / "b", mode="whole")
        whole.carry(item(), asset(f"{url}/files/b.tif"))
        with pytest.raises(SceneError, match="cannot be read"):
            whole.patiently(broken)
    assert len(tries) == 3
    assert not whole.folder.exists()
    assert windows.patiently(lambda: 7) == 7

"""Images on a gateway: each judged once, and only the result and the evidence chip leave it."""

import base64
import datetime as dt
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from highwall.core.errors import InputError, OutputError
from highwall.edge.options import InferOptions, WatchOptions
from highwall.edge.watching import fetch_still, judge_new
from highwall.telemetry.messages import Event

NOON = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)


def picture(seed: int = 0) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def options(folder: Path, **more: object) -> WatchOptions:
    return WatchOptions(folder=str(folder), infer=InferOptions(threshold=1e-6), **more)  # type: ignore[arg-type]


def judge(folder: Path, given: WatchOptions) -> list[Event]:
    kept: list[Event] = []
    judge_new(given, kept.append, journal=folder / "images.jsonl", clock=lambda: NOON, fetch=lambda address: picture(9))
    return kept


def test_an_image_is_judged_once_with_its_evidence_chip(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "a.png").write_bytes(picture())
    (event,) = judge(tmp_path, options(images))
    assert event.kind == "inference"
    assert event.event_us == round(NOON.timestamp() * 1e6)
    assert event.data["image"] == "a.png"
    assert len(event.data["image_sha256"]) == len(event.data["model_sha256"]) == 64
    best = max(event.data["finds"], key=lambda find: find["probability"])
    with (
        Image.open(io.BytesIO(base64.b64decode(event.data["chip_png"]))) as chip,
        Image.open(images / "a.png") as whole,
    ):
        where = (best["x"], best["y"], best["x"] + chip.width, best["y"] + chip.height)
        assert np.array_equal(np.asarray(chip), np.asarray(whole.crop(where)))
    assert judge(tmp_path, options(images)) == []


def test_an_image_whose_result_could_not_be_kept_is_judged_again(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "a.png").write_bytes(picture())

    def full(event: Event) -> None:
        raise OutputError("no room.")

    with pytest.raises(OutputError):
        judge_new(options(images), full, journal=tmp_path / "images.jsonl", clock=lambda: NOON)
    assert len(judge(tmp_path, options(images))) == 1


def test_an_image_that_cannot_be_used_is_told_and_the_others_are_judged(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "a.png").write_bytes(b"no image")
    (images / "b.png").write_bytes(picture())
    bad, good = judge(tmp_path, options(images))
    assert "set_aside" in bad.data
    assert "class" in good.data


def test_a_camera_is_asked_for_an_image(tmp_path: Path) -> None:
    images = tmp_path / "images"
    (event,) = judge(tmp_path, options(images, camera="http://camera.example/still"))
    assert event.data["image"] == "camera-20260304T120000Z.png"
    assert (images / "camera-20260304T120000Z.png").read_bytes() == picture(9)


def test_a_camera_that_does_not_answer_is_told() -> None:
    with pytest.raises(InputError, match="does not answer"):
        fetch_still("http://127.0.0.1:1/still")

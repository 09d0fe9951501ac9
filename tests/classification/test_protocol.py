"""The training workflow: reading, splitting, and one small run from files to card."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from highwall.classification.extract import ChipModel
from highwall.classification.options import ProtocolOptions
from highwall.core.errors import MissingInputError, SceneError
from highwall.workflows.train import make_folds, read_chips, read_scenes, train_chips
from tests.classification.synthetic import SMALL_RUN, chips, scene

MOSAICS = ("a_positives", "b_positives", "a_negatives", "b_negatives", "industrial_negatives2025")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder laid out as the real one: four scenes at three places, five mosaics."""
    for folder in ("mine-chips", "mine-classes", "tailings-ponds/images"):
        (tmp_path / folder).mkdir(parents=True)
    found = chips(8)
    for number, family in enumerate(MOSAICS):
        kind = found.pixels[found.is_artisanal == ("positives" in family)]
        mosaic = np.concatenate(list(np.roll(kind, number, axis=1)), axis=1).transpose(2, 0, 1)
        path = tmp_path / "mine-chips" / f"{family}_S2L1C_clear0.75_2024.png"
        with (
            pytest.warns(rasterio.errors.NotGeoreferencedWarning),
            rasterio.open(path, "w", **_profile(mosaic)) as file,
        ):
            file.write(mosaic)
    for name, west in (("1", 0.0), ("2", 0.005), ("3", 1.0), ("4", 2.0)):  # 1 and 2 overlap
        made = scene(name)
        bands = np.rint(made.pixels[::-1] / 255.0 * 3000.0).astype(np.uint16)
        profile = {**_profile(bands), "driver": "GTiff", "crs": "EPSG:4326"}
        path = tmp_path / "tailings-ponds" / "images" / f"{name}.tif"
        with rasterio.open(path, "w", **profile, transform=from_origin(west, 0.0, 1e-4, 1e-4)) as file:
            file.write(bands)
        y, x = (int(axis.min()) for axis in np.nonzero(made.coverage))
        ring = [[x, y], [x + 32, y], [x + 32, y + 32], [x, y + 32]]
        feature = {"properties": {"class": "excavation", "pixel_xy": ring}}
        (tmp_path / "mine-classes" / f"{name}-1.geojson").write_text(json.dumps({"features": [feature]}))
    return tmp_path


def _profile(bands: np.ndarray) -> dict[str, object]:
    count, height, width = bands.shape
    return {"driver": "PNG", "count": count, "height": height, "width": width, "dtype": bands.dtype}


def test_scenes_come_back_as_they_were_drawn(data):
    found = read_scenes(data)
    assert [(s.name, s.place) for s in found] == [("1", "1"), ("2", "1"), ("3", "3"), ("4", "4")]
    np.testing.assert_array_equal(found[0].pixels, scene("1").pixels)
    np.testing.assert_array_equal(found[0].coverage, scene("1").coverage)


def test_industrial_negatives_are_left_out(data):
    assert set(read_chips(data).family) == set(MOSAICS[:4])


@pytest.mark.parametrize("n_bytes", [20, -50], ids=["header", "pixels"])
def test_a_truncated_mosaic_is_named(data, n_bytes):
    path = data / "mine-chips" / "a_positives_S2L1C_clear0.75_2024.png"
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(SceneError, match="a_positives"):
        read_chips(data)


def test_a_folder_without_data_is_named(tmp_path):
    with pytest.raises(MissingInputError, match="mine-chips"):
        read_chips(tmp_path)
    with pytest.raises(MissingInputError, match="polygons"):
        read_scenes(tmp_path)


def test_folds_share_no_place_and_no_family():
    scenes = [scene(name) for name in "abcdef"]
    seen_scenes, seen_families = [], []
    for split in make_folds(scenes, chips(24), protocol=ProtocolOptions(n_folds=2)):
        assert not {s.place for s in split.scenes} & {s.place for s in split.unseen_scenes}
        assert not set(split.chips.family) & set(split.unseen_chips.family)
        assert len(set(split.unseen_chips.is_artisanal)) == 2  # each fold judges both kinds
        seen_scenes += [s.name for s in split.unseen_scenes]
        seen_families += list(set(split.unseen_chips.family))
    assert sorted(seen_scenes) == list("abcdef")
    assert sorted(seen_families) == sorted(MOSAICS[:4])


def test_a_small_run_goes_from_files_to_card(data, tmp_path):
    protocol = ProtocolOptions(n_test_places=2, n_resamples=10, cross_validate=False)
    steps = []
    out = tmp_path / "out"
    path = train_chips(
        data,
        out,
        options=SMALL_RUN.model_copy(update={"n_steps": 2}),
        protocol=protocol,
        progress=lambda stage, step, n, loss: steps.append((stage, step, n)),
    )
    card = json.loads((out / "chips.card.json").read_text(encoding="utf-8"))
    assert steps == [("chips", 1, 2), ("chips", 2, 2)]
    assert ChipModel.open(path).metadata.name == "highwall-chips"
    assert not set(card["test"]["scenes"]) & set(card["training_data"]["scenes"])
    assert {p.stem for p in (out / "footprints").iterdir()} == set(card["test"]["scenes"])
    assert (out / "chips.md").read_text(encoding="utf-8").startswith("# highwall-chips")

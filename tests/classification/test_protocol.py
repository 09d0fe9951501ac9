"""The training workflow: reading, splitting, and one small run from files to card."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from pydantic import ValidationError
from rasterio.transform import from_origin

from highwall.classification.encoder import Encoder
from highwall.classification.extract import ChipModel
from highwall.classification.options import ProtocolOptions, TrainOptions
from highwall.core.errors import ConfigError, InputError, MissingInputError, SceneError
from highwall.workflows.training.chip_data import read_chips, read_label_tables, read_scenes
from highwall.workflows.training.chips import options_of, train_chips, with_second_reader
from tests.classification.synthetic import SMALL_RUN, chips, scene

MOSAICS = ("a_positives", "b_positives", "a_negatives", "b_negatives", "industrial_negatives2025")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder laid out as the real one: five scenes at four places, five mosaics."""
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
    for name, west in (("1", 0.0), ("2", 0.005), ("3", 1.0), ("4", 2.0), ("5", 3.0)):  # 1 and 2 overlap
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
    assert [(s.name, s.place) for s in found] == [("1", "1"), ("2", "1"), ("3", "3"), ("4", "4"), ("5", "5")]
    np.testing.assert_array_equal(found[0].pixels, scene("1").pixels)
    np.testing.assert_array_equal(found[0].coverage, scene("1").coverage)


def test_industrial_negatives_that_nobody_sorted_are_left_out(data):
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


def test_mosaics_of_one_kind_only_cannot_train(data, tmp_path):
    for path in (data / "mine-chips").glob("*negatives*"):
        path.unlink()
    with pytest.raises(InputError, match="0 without: add mosaics of the other kind"):
        train_chips(
            data, tmp_path / "out", options=SMALL_RUN, protocol=ProtocolOptions(n_test_places=2, cross_validate=False)
        )


def test_a_small_run_goes_from_files_to_card(data, tmp_path):
    protocol = ProtocolOptions(n_test_places=2, n_folds=2, n_seeds=2, n_seed_folds=1, fold_steps=3, n_resamples=10)
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
    assert steps[-2:] == [("chips", 1, 2), ("chips", 2, 2)]
    assert {n for stage, _, n in steps if stage != "chips"} == {3}
    assert len({stage for stage, _, _ in steps}) == 4  # two folds, the first with another seed, and the final network
    judged = card["cross_validation"]
    assert sorted(name for fold in judged["folds"] for name in fold["families"]) == sorted(MOSAICS[:4])
    assert sum(fold["n"] for fold in judged["folds"]) == judged["chips"]["n"]
    assert judged["one_view"].keys() == judged["seeds"]["20240601"].keys()
    metadata = ChipModel.open(path).metadata
    assert metadata.name == "highwall-chips"
    assert metadata.temperature == pytest.approx(card["cross_validation"]["temperature"], abs=1e-4)
    assert metadata.threshold == pytest.approx(card["cross_validation"]["chips"]["chosen_threshold"], abs=1e-4)
    assert not set(card["test"]["scenes"]) & set(card["training_data"]["scenes"])
    assert {p.stem for p in (out / "footprints").iterdir()} == set("12345")
    assert (out / "chips.md").read_text(encoding="utf-8").startswith("# highwall-chips")
    kept = np.load(out / "out-of-fold.npz")
    assert sorted(set(kept["family"])) == sorted(MOSAICS[:4])
    np.testing.assert_allclose(kept["probability"].sum(axis=1), 1.0, atol=1e-6)


def test_a_finished_run_is_taken_up_where_it_was(data, tmp_path):
    protocol = ProtocolOptions(n_test_places=2, cross_validate=False)
    options = SMALL_RUN.model_copy(update={"n_steps": 3})
    steps = []
    first = train_chips(data, tmp_path / "out", options=options, protocol=protocol).read_bytes()
    again = train_chips(
        data, tmp_path / "out", options=options, protocol=protocol, progress=lambda *step: steps.append(step)
    )
    assert steps == []
    assert again.read_bytes() == first


def test_a_second_reader_begins_from_a_file_and_all_that_is_written_says_so(data, tmp_path):
    features = tmp_path / "lite0.pth"
    held = {key: value for key, value in Encoder(3, dropout=0.0).state_dict().items() if not key.startswith("head.")}
    torch.save({**held, "_fc.bias": torch.zeros(1000)}, features)
    network = SMALL_RUN.network.model_copy(update={"second_reader": True})
    path = train_chips(
        data,
        tmp_path / "out",
        options=SMALL_RUN.model_copy(update={"n_steps": 2, "network": network}),
        protocol=ProtocolOptions(n_test_places=2, cross_validate=False, n_resamples=10),
        features=features,
    )
    card = json.loads((tmp_path / "out" / "chips.card.json").read_text(encoding="utf-8"))
    assert card["features"] == {"file": "lite0.pth", "sha256": hashlib.sha256(features.read_bytes()).hexdigest()}
    assert ChipModel.open(path).metadata.begun_from == "lite0.pth"
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert "a second reader judges too" in text
    assert "lite0.pth" in text


def test_the_network_with_a_second_reader_is_otherwise_the_default():
    assert with_second_reader().model_copy(update={"second_reader": False}) == TrainOptions().network


def test_options_keep_defaults_and_name_what_is_out_of_bounds():
    train, protocol = options_of(train={"n_steps": None, "seed": 3}, protocol={"n_seeds": 2})
    assert (train.n_steps, train.seed, protocol.n_seeds) == (3600, 3, 2)
    with pytest.raises(ConfigError, match="optimiser"):
        options_of(train={"optimiser": "lion"}, protocol={})


def test_the_tables_of_the_package_can_be_read():
    tables = read_label_tables()
    assert {name.split("_S2L1C_")[0] for name in tables.sorted_mosaics} == {"industrial_negatives2025-08"}
    assert set(tables.of_content.values()) == {"unsure"}
    assert not read_label_tables(with_corrections=False).of_content


@pytest.mark.real
def test_every_chip_of_the_tables_is_in_the_data(real_data):
    tables = read_label_tables()
    found = read_chips(real_data)
    without = read_chips(real_data, tables=read_label_tables(with_corrections=False))
    assert len(without) - len(found) == len(tables.of_content)
    assert set(tables.group_of) <= set(found.family)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n_seed_folds": 1}, "n_seed_folds is 1, and there is one seed"),
        ({"cross_validate": False, "fold_steps": 10}, "cross_validate is off"),
        ({"cross_validate": False, "n_seeds": 2}, "cross_validate is off"),
    ],
)
def test_what_no_fold_would_use_is_refused(given, told):
    with pytest.raises(ValidationError, match=told):
        ProtocolOptions(**given)

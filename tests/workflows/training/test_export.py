import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from highwall.classification.export import export_network, metadata_of
from highwall.classification.metadata import ModelMetadata
from highwall.classification.network import ChipNetwork
from highwall.classification.radiometry import L2A_SIX
from highwall.core.errors import MissingInputError, ModelError
from highwall.learning.mlm import ModelFile
from highwall.learning.onnx import OnnxModel, largest_difference
from highwall.learning.onnx_files import set_properties
from highwall.workflows.console import export_table
from highwall.workflows.training import export
from highwall.workflows.training.export import Exported, export_model, read_sample
from tests.classification.networks import SMALL_NETWORK

SIDE = 48


def levels(n: int, *, seed: int = 0) -> np.ndarray:
    """Chips of different colour and texture: (N, y, x, 3)."""
    random = np.random.default_rng(seed)
    colour = random.uniform(40.0, 255.0, (n, 1, 1, 3))
    return (colour * random.uniform(0.5, 1.0, (n, SIDE, SIDE, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> ChipNetwork:
    """Random weights whose normalisation has seen some chips."""
    torch.manual_seed(0)
    made = ChipNetwork(SMALL_NETWORK).train()
    seen = torch.from_numpy(np.moveaxis(levels(16), 3, 1)).float()
    with torch.no_grad():
        for _ in range(60):
            made.logits(seen)
        made.temperature.copy_(torch.tensor([0.8, 1.5]))
    return made.eval()


@pytest.fixture
def trained(tmp_path: Path, network: ChipNetwork) -> Path:
    """What a training run leaves: a checkpoint, and the ONNX file beside it."""
    averaged = {f"module.{key}": value for key, value in network.state_dict().items()}
    path = tmp_path / "run.ckpt"
    torch.save({"network_options": SMALL_NETWORK.model_dump(), "averaged": averaged}, path)
    facts = metadata_of(network, name="small", version="1", training_data="nothing", threshold=0.7)
    export_network(network, path.with_suffix(".onnx"), metadata=facts)
    return path


@pytest.fixture
def mosaics(tmp_path: Path) -> Path:
    """64 chips in a square, the last of them empty."""
    folder = tmp_path / "mosaics"
    folder.mkdir()
    chips = levels(64, seed=1)
    chips[-1] = 0
    rows = chips.reshape(8, 8, SIDE, SIDE, 3).swapaxes(1, 2).reshape(8 * SIDE, 8 * SIDE, 3)
    Image.fromarray(rows).save(folder / "m.png")
    return folder


def test_a_checkpoint_becomes_two_files_and_a_record(tmp_path, trained, mosaics):
    out = tmp_path / "out"
    floats, whole = export_model(out, source=trained, chips=mosaics)
    assert sorted(path.name for path in out.iterdir()) == ["run.int8.onnx", "run.onnx", "run.stac.json"]
    assert floats.largest_difference < 1e-4
    assert (floats.file.precision, whole.file.precision) == ("float32", "int8")
    assert whole.same_class > 0.8  # weights are random: classes lie closer together than those of a trained network
    assert floats.chip_ms > 0.0
    facts = ModelMetadata.from_properties(OnnxModel.open(out / "run.int8.onnx").properties)
    assert (facts.precision, facts.threshold, facts.temperature, facts.cell_temperature) == ("int8", 0.7, 1.5, 0.8)
    record = json.loads((out / "run.stac.json").read_text(encoding="utf-8"))
    assert record["assets"]["float32"]["file:size"] == (out / "run.onnx").stat().st_size


def test_without_chips_there_is_no_int8(tmp_path, trained):
    (only,) = export_model(tmp_path / "out", source=trained)
    assert only.file.precision == "float32"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["run.onnx", "run.stac.json"]


def test_the_shipped_network_is_copied_as_it_is(tmp_path):
    from highwall.classification.extract import SHIPPED_MODEL

    (only,) = export_model(tmp_path)
    assert (tmp_path / only.file.name).read_bytes() == SHIPPED_MODEL.read_bytes()
    assert only.largest_difference is None


def test_an_export_says_what_the_network_says(tmp_path, trained, network):
    export_model(tmp_path / "out", source=trained)
    chips = np.moveaxis(levels(5, seed=3), 3, 1).astype(np.float32)
    with torch.no_grad():
        expected = tuple(part.numpy() for part in network(torch.from_numpy(chips)))
    assert largest_difference(expected, OnnxModel.open(tmp_path / "out" / "run.onnx").run(chips)) < 1e-4


def test_a_checkpoint_without_facts_asks_for_them(tmp_path, trained):
    trained.with_suffix(".onnx").unlink()
    with pytest.raises(MissingInputError, match="--facts"):
        export_model(tmp_path / "out", source=trained)


def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"no network at .*absent\.ckpt"):
        export_model(tmp_path / "out", source=tmp_path / "absent.ckpt")


def test_an_onnx_file_takes_no_other_facts(tmp_path, trained):
    file = trained.with_suffix(".onnx")
    with pytest.raises(ModelError, match="says its own facts"):
        export_model(tmp_path / "out", source=file, facts=file)


def test_facts_of_another_network_are_refused(tmp_path, trained):
    other = ChipNetwork(SMALL_NETWORK.model_copy(update={"cell_px": 2})).eval()
    facts = metadata_of(other, name="other", version="1", training_data="nothing")
    export_network(other, tmp_path / "other.onnx", metadata=facts)
    with pytest.raises(ModelError, match="cell_px 2 for 4"):
        export_model(tmp_path / "out", source=trained, facts=tmp_path / "other.onnx")


def test_facts_of_other_weights_are_told(tmp_path, trained):
    told: list[str] = []
    export_model(tmp_path / "same", source=trained, say=told.append)
    assert told == ["wrote run.onnx"]
    torch.manual_seed(7)
    other = ChipNetwork(SMALL_NETWORK).eval()
    facts = metadata_of(other, name="other", version="1", training_data="nothing")
    export_network(other, tmp_path / "other.onnx", metadata=facts)
    export_model(tmp_path / "other", source=trained, facts=tmp_path / "other.onnx", say=told.append)
    assert any("run.ckpt answers otherwise than other.onnx" in line for line in told)


def test_a_radiometry_that_nobody_makes_is_refused(tmp_path, trained):
    file = trained.with_suffix(".onnx")
    set_properties(file, {**OnnxModel.open(file).properties, "radiometry": "float-1"})
    with pytest.raises(ModelError, match="'float-1'"):
        export_model(tmp_path / "out", source=file)


def test_only_the_shipped_network_has_a_licence_of_its_own(tmp_path, trained):
    export_model(tmp_path / "shipped")
    export_model(tmp_path / "own", source=trained)
    export_model(tmp_path / "said", source=trained, licence="MIT")
    records = [next((tmp_path / folder).glob("*.stac.json")) for folder in ("shipped", "own", "said")]
    said = [json.loads(record.read_text(encoding="utf-8"))["properties"]["license"] for record in records]
    assert said == ["Apache-2.0", "other", "MIT"]


def test_int8_is_held_against_cells_too(tmp_path, trained, mosaics, monkeypatch):
    def another(path, chips):
        cells, chip = np.zeros((2, len(chips), 3, 1, 1), np.float32)
        cells[:, 1 if "int8" in path.name else 0] = 1.0
        return [cells, chip[..., 0, 0]]

    monkeypatch.setattr(export, "_answers", another)
    with pytest.raises(ModelError, match="over cells"):
        export_model(tmp_path / "out", source=trained, chips=mosaics)
    assert not (tmp_path / "out" / "run.int8.onnx").exists()


def test_an_int8_file_is_no_source(tmp_path, trained, mosaics):
    export_model(tmp_path / "out", source=trained, chips=mosaics)
    with pytest.raises(ModelError, match="holds int8"):
        export_model(tmp_path / "again", source=tmp_path / "out" / "run.int8.onnx")


def test_chips_are_cut_from_mosaics_and_empty_ones_left_out(trained, mosaics):
    metadata = ModelMetadata.from_properties(OnnxModel.open(trained.with_suffix(".onnx")).properties)
    found = read_sample(mosaics, metadata)
    assert found.shape == (63, 3, SIDE, SIDE)
    assert (np.moveaxis(found[9], 0, 2) == levels(64, seed=1)[9]).all()


def test_too_few_chips_are_refused(tmp_path, trained):
    folder = tmp_path / "few"
    folder.mkdir()
    Image.fromarray(levels(1)[0]).save(folder / "m.png")
    with pytest.raises(MissingInputError, match="holds 1 chips"):
        export_model(tmp_path / "out", source=trained, chips=folder)
    assert not (tmp_path / "out").exists()  # nothing half done


def test_other_bands_cannot_be_fixed_by_mosaics(tmp_path, mosaics):
    six = ChipNetwork(SMALL_NETWORK.model_copy(update={"n_bands": 6})).eval()
    facts = metadata_of(six, name="six", version="1", training_data="nothing", radiometry=L2A_SIX)
    with pytest.raises(ModelError, match="reads 6 bands"):
        read_sample(mosaics, facts)


def test_the_table_shows_only_what_was_measured():
    copy = Exported(ModelFile("m.onnx", 400_000, "ab", "float32"), 0.5, None, None)
    whole = Exported(ModelFile("m.int8.onnx", 150_000, "cd", "int8"), 0.25, 0.056, 0.998)
    cells = [list(column.cells) for column in export_table([copy, whole]).columns]
    assert cells == [["m.onnx", "m.int8.onnx"], ["400", "150"], ["0.50", "0.25"], ["", "0.056"], ["", "99.8 %"]]

from dataclasses import replace

import numpy as np
import pytest
import torch

from highwall.classification.export import export_network, load_checkpoint, metadata_of, parity
from highwall.classification.extract import ChipModel
from highwall.classification.network import ChipNetwork
from highwall.classification.options import NetworkOptions
from highwall.classification.radiometry import L1C_RGB, L2A_SIX
from highwall.core.errors import MissingInputError, ModelError, OutputError
from highwall.learning.onnx import OnnxModel, largest_difference
from tests.classification.networks import SMALL_NETWORK


def chips(n: int, height: int, width: int, *, n_bands: int = 3) -> np.ndarray:
    """Chips of different colour and texture."""
    random = np.random.default_rng(1)
    brightest = random.uniform(0.0, 255.0, (n, n_bands, 1, 1))
    return (brightest * random.random((n, 1, height, width))).astype(np.float32)


def network(options: NetworkOptions = SMALL_NETWORK) -> ChipNetwork:
    """Random weights that have seen some chips, so that normalisation has its statistics."""
    torch.manual_seed(0)
    made = ChipNetwork(options).train()
    with torch.no_grad():
        for _ in range(60):
            made.logits(torch.from_numpy(chips(8, 48, 48, n_bands=options.n_bands)))
        made.temperature.copy_(torch.tensor([0.7, 1.6]))
    return made.eval()


def torch_says(made: ChipNetwork, levels: np.ndarray) -> tuple[np.ndarray, ...]:
    with torch.no_grad():
        return tuple(part.numpy() for part in made(torch.from_numpy(levels)))


NETWORK = network()
FACTS = metadata_of(NETWORK, name="test", version="1", training_data="nothing")


@pytest.mark.parametrize("options", [SMALL_NETWORK, NetworkOptions()], ids=["small", "default"])
def test_the_exported_network_says_the_same(tmp_path, options):
    made = network(options)
    assert export_network(made, tmp_path / "m.onnx", metadata=FACTS) < 1e-4
    levels = chips(5, 64, 80)
    expected = torch_says(made, levels)
    assert np.ptp(expected[1], axis=0).max() > 0.05  # it does tell chips apart
    assert largest_difference(expected, OnnxModel.open(tmp_path / "m.onnx", threads=1).run(levels)) < 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


@pytest.mark.parametrize("cell_px", [1, 2, 4])
def test_every_chip_size_says_the_same(tmp_path, cell_px):
    """One file for each cell reads chips of every size that holds whole cells."""
    made = network(SMALL_NETWORK.model_copy(update={"chip_px": 48, "cell_px": cell_px}))
    export_network(made, tmp_path / "m.onnx", metadata=replace(FACTS, cell_px=cell_px))
    exported = OnnxModel.open(tmp_path / "m.onnx", threads=1)
    for chip_px in (px for px in range(3, 65) if px % cell_px == 0):
        levels = chips(2, chip_px, chip_px)
        assert largest_difference(torch_says(made, levels), exported.run(levels)) < 1e-4


def test_normalisation_is_folded_away(tmp_path):
    onnx = pytest.importorskip("onnx")
    export_network(NETWORK, tmp_path / "m.onnx", metadata=FACTS)
    assert "BatchNormalization" not in {node.op_type for node in onnx.load(str(tmp_path / "m.onnx")).graph.node}


def test_a_file_that_says_something_else_is_noticed(tmp_path):
    export_network(NETWORK, tmp_path / "m.onnx", metadata=FACTS)
    other = network()
    with torch.no_grad():
        other.chip_head[1].bias[0] += 1.0
    assert parity(other, tmp_path / "m.onnx") > 1e-2


def test_facts_travel_with_the_file(tmp_path):
    export_network(NETWORK, tmp_path / "m.onnx", metadata=FACTS)
    found = ChipModel.open(tmp_path / "m.onnx").metadata
    assert found == FACTS
    assert (found.cell_temperature, found.temperature) == (0.7, 1.6)


@pytest.mark.parametrize(
    "wrong", [{"classes": ("none", "mine")}, {"radiometry": L2A_SIX}], ids=["classes", "radiometry"]
)
def test_facts_that_are_not_the_networks_are_refused(wrong):
    with pytest.raises(ModelError, match="name its own"):
        metadata_of(NETWORK, name="test", version="1", training_data="nothing", **wrong)


def test_other_bands_and_classes_travel_too(tmp_path):
    six = network(SMALL_NETWORK.model_copy(update={"n_bands": 6, "n_classes": 2}))
    facts = metadata_of(
        six, name="six", version="1", training_data="nothing", classes=("none", "mine"), radiometry=L2A_SIX
    )
    export_network(six, tmp_path / "m.onnx", metadata=facts)
    cells, chip = OnnxModel.open(tmp_path / "m.onnx").run(np.zeros((2, 6, 48, 48), np.float32))
    assert (cells.shape, chip.shape) == ((2, 2, 12, 12), (2, 2))
    assert (facts.level, facts.bands) == ("L2A", L2A_SIX.bands)
    assert FACTS.bands == L1C_RGB.bands


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"bands": L2A_SIX.bands}, "bands 6 for 3"),
        ({"classes": ("none", "mine")}, "classes 2 for 3"),
        ({"cell_px": 2}, "cell_px 2 for 4"),
        ({"chip_px": 64}, "chip_px 64 for 48"),
        ({"temperature": 1.0}, r"temperature 1 for 1\.6"),
    ],
    ids=["bands", "classes", "cell", "chip", "temperature"],
)
def test_facts_of_another_network_are_not_written(tmp_path, wrong, says):
    with pytest.raises(ModelError, match=says):
        export_network(NETWORK, tmp_path / "m.onnx", metadata=replace(FACTS, **wrong))
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    broken = network()
    with torch.no_grad():
        broken.chip_head[1].bias[0] = float("nan")
    with pytest.raises(ModelError, match="differs by nan"):
        export_network(broken, tmp_path / "m.onnx", metadata=FACTS)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(OutputError, match="writable folder"):
        export_network(NETWORK, tmp_path / "absent" / "m.onnx", metadata=FACTS)


def test_a_checkpoint_gives_the_averaged_network_back(tmp_path):
    averaged = {f"module.{key}": value for key, value in NETWORK.state_dict().items()}
    state = {"network_options": SMALL_NETWORK.model_dump(), "averaged": {**averaged, "n_averaged": torch.tensor(3)}}
    torch.save(state, tmp_path / "run.ckpt")
    chips = torch.full((1, 3, 48, 48), 90.0)
    assert torch.equal(load_checkpoint(tmp_path / "run.ckpt")(chips).chip, NETWORK(chips).chip)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(MissingInputError, match=r"absent\.ckpt"):
        load_checkpoint(tmp_path / "absent.ckpt")
    (tmp_path / "bad.ckpt").write_bytes(b"no checkpoint")
    torch.save({"step": 3}, tmp_path / "other.ckpt")
    torch.save({"network_options": SMALL_NETWORK}, tmp_path / "objects.ckpt")
    for name in ("bad.ckpt", "other.ckpt", "objects.ckpt"):
        with pytest.raises(ModelError, match="no checkpoint of a chip network"):
            load_checkpoint(tmp_path / name)

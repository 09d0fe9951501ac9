import pytest
import torch

from highwall.classification.encoder import Encoder
from highwall.core.errors import MissingInputError, ModelError


def whole_file(path, *, seed: int = 0):
    """Weights as they are handed out: those of the stages that are used, in their order, and more behind them."""
    torch.manual_seed(seed)
    made = Encoder(3, dropout=0.0)
    held = {f"_{key}": torch.rand_like(value) for key, value in _features(made).items()}
    torch.save({**held, "_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}, path)
    return made, list(held.values())


def _features(encoder: Encoder) -> dict[str, torch.Tensor]:
    return {
        key: value
        for key, value in encoder.state_dict().items()
        if not key.startswith("head.") and value.is_floating_point()
    }


@pytest.mark.parametrize("shape", [(48, 48), (3, 5), (96, 108), (256, 256)])
def test_any_extent_is_answered(shape):
    said = Encoder(3, dropout=0.0).eval()(torch.rand(2, 3, *shape))
    assert said.shape == (2, 3)
    assert torch.isfinite(said).all()


def test_it_begins_from_the_weights_of_a_file(tmp_path):
    _, held = whole_file(tmp_path / "weights.pth")
    torch.manual_seed(5)
    encoder = Encoder(3, dropout=0.0)
    head = encoder.head[1].weight.clone()
    encoder.load_features(tmp_path / "weights.pth")
    assert all(torch.equal(a, b) for a, b in zip(_features(encoder).values(), held, strict=True))
    assert torch.equal(encoder.head[1].weight, head)


def test_it_has_the_layers_of_efficientnet_lite0():
    """Widths and kernels of the first eight blocks, as published: Tan & Le 2019, table 1."""
    kernels = [value for key, value in _features(Encoder(3, dropout=0.0)).items() if value.ndim == 4]
    depthwise = [(k.shape[0], k.shape[-1]) for k in kernels[1:] if k.shape[1] == 1]
    assert depthwise == [(32, 3), (96, 3), (144, 3), (144, 5), (240, 5), (240, 3), (480, 3), (480, 3)]
    assert kernels[-1].shape == (80, 480, 1, 1)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"none\.pth"):
        Encoder(3, dropout=0.0).load_features(tmp_path / "none.pth")


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save({"a": torch.zeros(3, 3), "b": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="another network"):
        Encoder(3, dropout=0.0).load_features(tmp_path / "other.pth")


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ModelError, match="no file of weights"):
        Encoder(3, dropout=0.0).load_features(tmp_path / "text.pth")

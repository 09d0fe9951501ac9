import pytest
import torch

from highwall.core.errors import ModelError
from highwall.core.taxonomy import SUBSETS
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import NetworkOptions
from highwall.segmentation.refusals import refusal

SMALLEST = "tu-mobilenetv3_small_050"
JOINT = NetworkOptions(architecture="linknet", encoder=SMALLEST, bands=("B04", "B08"), subsets=(1, 3, 4))


def network(options=JOINT):
    torch.manual_seed(0)
    return SegmentationNetwork(options).eval()


def images(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("architecture", "encoder"),
    [
        ("unet", SMALLEST), ("unetplusplus", SMALLEST), ("fpn", SMALLEST), ("deeplabv3", SMALLEST),
        ("deeplabv3plus", SMALLEST), ("linknet", "resnet18"),
    ],
)  # fmt: skip
def test_every_architecture_answers_at_every_pixel(architecture, encoder):
    width = {"linknet": {}, "fpn": {"decoder_width": 64}}.get(architecture, {"decoder_width": 16})
    made = network(NetworkOptions(architecture=architecture, encoder=encoder, subsets=(2, 4), **width))
    with torch.inference_mode():
        assert made(images(1, 3, 32, 64)).shape == (1, 2, 32, 64)


def test_the_classes_of_a_subset_and_its_background_add_up_to_one():
    made = network()
    given = images(2, 2, 32, 32)
    with torch.inference_mode():
        found, logits = made(given), made.logits(given)
    start = 0
    for subset, each in zip(JOINT.subsets, logits, strict=True):
        stop = start + len(SUBSETS[subset])
        background = each.softmax(dim=1)[:, 0]
        assert torch.allclose(found[:, start:stop].sum(dim=1) + background, torch.ones_like(background), atol=1e-6)
        start = stop
    assert start == found.shape[1]


def test_bands_are_normalised_inside():
    plain, scaled = network(), network()
    scaled.mean.fill_(-12.0)
    scaled.std.fill_(4.0)
    given = images(1, 2, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(plain(given), scaled(4.0 * given - 12.0), atol=1e-5)


def test_a_missing_value_is_the_mean_of_its_band():
    made = network()
    made.mean[:, 1] = 0.3
    filled = images(1, 2, 32, 32)
    filled[:, 1, :9] = 0.3
    missing = filled.clone()
    missing[:, 1, :9] = torch.nan
    with torch.inference_mode():
        assert torch.equal(made(missing), made(filled))


def test_a_high_temperature_makes_it_less_sure():
    made = network()
    given = images(1, 2, 32, 32)
    with torch.inference_mode():
        made.temperature.fill_(1000.0)
        found = made(given)
    assert torch.allclose(found[:, -1], torch.full_like(found[:, -1], 0.5), atol=0.01)


def test_other_bands_and_odd_sides_are_refused():
    with pytest.raises(ModelError, match="images have 3 bands; the network reads 2: B04, B08"):
        network()(images(1, 3, 32, 32))
    with pytest.raises(ModelError, match="multiples of 32"):
        network()(images(1, 2, 32, 40))


@pytest.mark.parametrize("encoder", ["vgg16", "densenet121", "xception"])
@pytest.mark.parametrize("architecture", ["deeplabv3", "deeplabv3plus"])
def test_what_the_library_refuses_is_known_by_name(architecture, encoder):
    assert "dilated" in refusal(architecture, encoder)
    with pytest.raises(ModelError, match=f"no network of {architecture} and {encoder}.*Choose another"):
        network(NetworkOptions(architecture=architecture, encoder=encoder))


def test_nothing_speaks_against_the_others_of_the_paper():
    assert refusal("unetplusplus", "vgg16") is None
    assert refusal("deeplabv3plus", "efficientnet-b0") is None
    assert refusal("linknet", "mit_b0")


def test_an_encoder_that_there_is_not_is_refused():
    with pytest.raises(ModelError, match="no encoder has this name; did you mean 'resnet18'"):
        network(NetworkOptions(architecture="fpn", encoder="resnet19"))
    with pytest.raises(ModelError, match="tu-nothing"):
        network(NetworkOptions(architecture="fpn", encoder="tu-nothing"))


def test_fpn_may_normalise_over_the_batch_so_that_a_pixel_does_not_hang_on_the_window():
    given = images(1, 3, 64, 256)
    other = given.clone()
    other[..., 224:] = 5.0  # 192 px from what is compared: the encoder hardly reaches there
    change = {}
    for norm in ("library", "batch"):
        made = network(NetworkOptions(architecture="fpn", encoder="resnet18", decoder_width=64, decoder_norm=norm))
        kinds = {type(module).__name__ for module in made.body.decoder.modules()}
        assert ("GroupNorm" in kinds) == (norm == "library")
        with torch.inference_mode():
            change[norm] = float((made(given) - made(other))[..., :32].abs().max())
    assert change["batch"] < 0.2 * change["library"]


def test_dropout_drops_in_training_alone():
    made = network(NetworkOptions(architecture="linknet", encoder=SMALLEST, dropout=0.5))
    given = images(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(made(given), made(given))
        made.body.segmentation_head.train()
        assert not torch.equal(made(given), made(given))

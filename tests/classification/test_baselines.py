import sys

import pytest
import torch
from torch import nn

from highwall.classification import baselines
from highwall.classification.baselines import BASELINES, build_baseline, with_bands
from highwall.classification.dataset import CHIP_PX
from highwall.core.errors import ModelError

PUBLISHED = {
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "googlenet": 6_624_904,
    "resnet50": 25_557_032,
    "densenet121": 7_978_856,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v2_finer": 3_504_872,
    "mobilenet_v2_224": 3_504_872,
    "mobilenet_v3_small": 2_542_856,
    "csp_nano": 2_719_288,
}
"""Values for three bands and 1000 classes: torchvision's tables; for csp_nano, the 2.7 M of YOLOv8n-cls."""
PUBLISHED_MILLIONS = {"mobilenet_v4_small": 3.77, "efficientnet_lite0": 4.65, "lcnet_050": 1.88, "ghostnet_050": 2.59,
                      "tinynet_e": 2.04}  # fmt: skip
"""The same, as timm's tables round them."""


def n_values(name: str, *, n_bands: int = 3, n_classes: int = 1000) -> int:
    with torch.device("meta"):  # counted without being made
        return sum(p.numel() for p in build_baseline(name, n_bands=n_bands, n_classes=n_classes).parameters())


LIGHT = [name for name in BASELINES if n_values(name, n_classes=3) <= 5_000_000]


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_has_the_published_number_of_values(name):
    assert n_values(name) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED_MILLIONS)
def test_it_has_about_the_published_number_of_values(name):
    assert n_values(name) / 1e6 == pytest.approx(PUBLISHED_MILLIONS[name], abs=0.005)


def test_the_mining_watch_networks_are_as_large_as_their_names_say():
    small, large = (n_values(name, n_bands=13, n_classes=1) for name in ("mining_watch_2024", "mining_watch_800k"))
    assert small == pytest.approx(100_000, rel=0.2)  # "~ 100k params"
    assert large == pytest.approx(800_000, rel=0.05)  # "~800k parameters"


@pytest.mark.parametrize("name", BASELINES)
def test_a_chip_gets_one_logit_a_class(name):
    network = build_baseline(name, n_bands=4, n_classes=3).eval()
    with torch.no_grad():
        logits = network(torch.full((1, 4, CHIP_PX, CHIP_PX), 100.0))
    assert logits.shape == (1, 3)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", LIGHT)
def test_every_value_of_a_light_one_learns_from_any_number_of_bands(name):
    torch.manual_seed(0)
    network = build_baseline(name, n_bands=13, n_classes=2).train()
    levels = 255.0 * torch.rand(4, 13, CHIP_PX, CHIP_PX)
    nn.functional.cross_entropy(network(levels), torch.tensor([0, 1, 0, 1])).backward()
    idle = [key for key, value in network.named_parameters() if value.grad is None]
    assert not idle


@pytest.mark.parametrize(("name", "side_px"), [("alexnet", 64), ("vgg16", 48)])
def test_the_one_cell_left_is_repeated_as_the_published_pool_would(name, side_px):
    with torch.no_grad():
        network = build_baseline(name, n_bands=3, n_classes=2).network.eval()
        cells = network.features(torch.rand(1, 3, side_px, side_px, generator=torch.Generator().manual_seed(0)))
        assert cells.shape[2:] == (1, 1)
        torch.testing.assert_close(network.avgpool(cells), nn.AdaptiveAvgPool2d(network.avgpool.size)(cells))


def test_bands_that_are_added_matter():
    torch.manual_seed(0)
    network = build_baseline("plain_cnn", n_bands=5, n_classes=2).eval()
    levels = 255.0 * torch.rand(1, 5, CHIP_PX, CHIP_PX)
    darker = levels.clone()
    darker[:, 4] = 0.0
    with torch.no_grad():
        assert not torch.allclose(network(levels), network(darker))


def test_only_the_first_convolution_reads_other_bands():
    before = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), nn.Conv2d(4, 5, 1))
    after = with_bands(before, 7)
    assert after[0].weight.shape == (4, 7, 3, 3)
    assert (after[0].stride, after[0].padding, after[0].bias) == ((2, 2), (1, 1), None)
    assert after[1].weight.shape == (5, 4, 1, 1)


def test_bands_of_what_has_no_convolution_cannot_be_set():
    with pytest.raises(ModelError, match="has no convolution"):
        with_bands(nn.Linear(2, 2), 3)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ModelError, match=r"'resnet51'; there are plain_cnn, .*resnet50"):
        build_baseline("resnet51", n_bands=3, n_classes=2)


def test_a_missing_library_names_the_cure(monkeypatch):
    monkeypatch.setattr(baselines, "import_torchvision", lambda: None)
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModelError, match=r"timm is not installed.*\.\[train\]"):
        build_baseline("tinynet_e", n_bands=3, n_classes=2)

"""What the chip network is measured against: one registry of other networks, none of them shipped or pretrained.

Every one reads levels 0…255 of any number of bands, (B, band, 48, 48), and gives one logit a class, (B, class). Those
made for photographs of 224 px run as published, so that most have one to four cells left of a chip of 48 px; where one
cannot run on 48 px at all, the registry says what was done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor, nn
from torch.nn import functional

from highwall.classification.baseline_networks import (
    CrossStageClassifier,
    MiningWatch800k,
    MiningWatch2024,
    PlainCnn,
    RowRnn,
    SmallUNet,
)
from highwall.core.errors import ModelError
from highwall.learning.torch_shim import import_torchvision

_LEVEL_MEAN, _LEVEL_STD = 90.0, 40.0
"""Levels of 255 over the training chips, all bands alike, rounded."""
_SSD_MAPS = 4
"""Feature maps of SSD that a chip of 48 px has; the last two of the six need about 260 px."""


@dataclass(frozen=True)
class Baseline:
    """One row of the registry."""

    title: str
    """Name for people."""
    source: str
    """Paper, and what was changed."""
    build: Callable[[int, int], nn.Module]
    """Makes the network from the number of bands and of classes."""
    side_px: int | None = None
    """px, side to which chips are enlarged first."""


class Standardised(nn.Module):
    """A network that is given levels 0…255 and reads them with mean about 0 and spread about 1."""

    def __init__(self, network: nn.Module, *, side_px: int | None = None) -> None:
        super().__init__()
        self.network, self.side_px = network, side_px

    def forward(self, levels: Tensor) -> Tensor:
        """Class logits: (B, band, H, W) -> (B, class)."""
        x = (levels - _LEVEL_MEAN) / _LEVEL_STD
        if self.side_px is not None:
            x = functional.interpolate(x, size=(self.side_px, self.side_px), mode="bilinear", align_corners=False)
        logits: Tensor = self.network(x)
        return logits


class SsdClassifier(nn.Module):
    """The classification branch of SSD300: class logits of all default boxes, averaged over the chip.

    Source: Liu et al. 2016, section 2.1; torchvision's ``ssd300_vgg16`` with the first four of its six maps.
    """

    def __init__(self, n_bands: int, n_classes: int) -> None:
        super().__init__()
        import_torchvision()
        from torchvision.models.detection import ssd300_vgg16

        detector = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=n_classes)
        self.features = with_bands(detector.backbone, n_bands)
        self.features.extra = self.features.extra[: _SSD_MAPS - 1]
        self.boxes = detector.head.classification_head
        self.boxes.module_list = self.boxes.module_list[:_SSD_MAPS]

    def forward(self, x: Tensor) -> Tensor:
        """Class logits: (B, band, H, W) -> (B, class)."""
        maps = list(self.features(x).values())
        logits: Tensor = self.boxes(maps).mean(dim=1)  # (B, box, class) -> (B, class)
        return logits


def build_baseline(name: str, *, n_bands: int, n_classes: int) -> nn.Module:
    """Make an untrained network of the registry.

    Parameters
    ----------
    name
        A key of `BASELINES`.
    n_bands, n_classes
        Channels of the levels that it reads, and logits that it gives.

    Raises
    ------
    ModelError
        The name is unknown, or the library that has it is not installed.
    """
    if name not in BASELINES:
        raise ModelError(f"no baseline is called {name!r}; there are {', '.join(BASELINES)}.")
    chosen = BASELINES[name]
    return Standardised(chosen.build(n_bands, n_classes), side_px=chosen.side_px)


def with_bands(network: nn.Module, n_bands: int) -> Any:
    """Give a network's first convolution another number of input channels, with new weights."""
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            parent, _, child = name.rpartition(".")
            setattr(network.get_submodule(parent), child, _conv_like(layer, n_bands))
            return network
    raise ModelError(f"{type(network).__name__} has no convolution, so its number of bands cannot be set.")


def _conv_like(layer: nn.Conv2d, n_bands: int) -> nn.Conv2d:
    return nn.Conv2d(
        n_bands,
        layer.out_channels,
        kernel_size=layer.kernel_size,  # type: ignore[arg-type]
        stride=layer.stride,  # type: ignore[arg-type]
        padding=layer.padding,  # type: ignore[arg-type]
        bias=layer.bias is not None,
    )


def _from_torchvision(name: str, **options: object) -> Callable[[int, int], nn.Module]:
    def build(n_bands: int, n_classes: int) -> nn.Module:
        models = import_torchvision().models
        made: nn.Module = with_bands(models.get_model(name, weights=None, num_classes=n_classes, **options), n_bands)
        return made

    return build


def _with_one_cell(name: str, *, side: int, **options: object) -> Callable[[int, int], nn.Module]:
    """Networks whose head wants ``side``×``side`` cells and gets the one that small chips leave, repeated.

    Their own mean pool does the same, in a form that ONNX cannot write.
    """

    def build(n_bands: int, n_classes: int) -> nn.Module:
        network = _from_torchvision(name, **options)(n_bands, n_classes)
        network.avgpool = nn.Upsample(size=(side, side))
        return network

    return build


def _from_timm(name: str) -> Callable[[int, int], nn.Module]:
    def build(n_bands: int, n_classes: int) -> nn.Module:
        import_torchvision()
        try:
            import timm
        except ModuleNotFoundError as error:
            raise ModelError("timm is not installed; install what training needs: pip install '.[train]'.") from error
        made: nn.Module = timm.create_model(name, pretrained=False, in_chans=n_bands, num_classes=n_classes)
        return made

    return build


def _mobilenet_v2_finer(n_bands: int, n_classes: int) -> nn.Module:
    network: Any = _from_torchvision("mobilenet_v2")(n_bands, n_classes)
    network.features[0][0].stride = (1, 1)
    made: nn.Module = network
    return made


BASELINES: Final[dict[str, Baseline]] = {
    "plain_cnn": Baseline("plain CNN", "four 3×3 convolutions with batch norm and max-pool", PlainCnn),
    "mining_watch_2024": Baseline("Mining Watch CNN 2024", "earthrise-media/mining-detector", MiningWatch2024),
    "mining_watch_800k": Baseline("Mining Watch CNN 800k", "earthrise-media/mining-detector", MiningWatch800k),
    "rnn": Baseline("RNN (GRU over rows)", "Cho et al. 2014", RowRnn),
    "unet": Baseline("U-Net, small", "Ronneberger et al. 2015; 8 to 64 channels", SmallUNet),
    "csp_nano": Baseline("YOLOv8n-cls layout", "Wang et al. 2020; written anew", CrossStageClassifier),
    "mobilenet_v2": Baseline("MobileNetV2", "Sandler et al. 2018", _from_torchvision("mobilenet_v2")),
    "mobilenet_v2_finer": Baseline(
        "MobileNetV2, finer", "Sandler et al. 2018; first stride 1 instead of 2", _mobilenet_v2_finer
    ),
    "mobilenet_v2_224": Baseline(
        "MobileNetV2 at 224 px",
        "Sandler et al. 2018; chips enlarged to its own size",
        _from_torchvision("mobilenet_v2"),
        224,
    ),
    "mobilenet_v3_small": Baseline("MobileNetV3-small", "Howard et al. 2019", _from_timm("mobilenetv3_small_100")),
    "mobilenet_v4_small": Baseline("MobileNetV4-conv-small", "Qin et al. 2024", _from_timm("mobilenetv4_conv_small")),
    "efficientnet_lite0": Baseline(
        "EfficientNet-Lite0", "Tan & Le 2019; Lite of 2020", _from_timm("efficientnet_lite0")
    ),
    "lcnet_050": Baseline("PP-LCNet ×0.5", "Cui et al. 2021", _from_timm("lcnet_050")),
    "ghostnet_050": Baseline("GhostNet ×0.5", "Han et al. 2020", _from_timm("ghostnet_050")),
    "tinynet_e": Baseline("TinyNet-E", "Han et al. 2020 (Model Rubik's cube)", _from_timm("tinynet_e")),
    "starnet_s050": Baseline("StarNet ×0.5", "Ma et al. 2024", _from_timm("starnet_s050")),
    "densenet121": Baseline("DenseNet-121", "Huang et al. 2017", _from_torchvision("densenet121")),
    "googlenet": Baseline(
        "GoogLeNet",
        "Szegedy et al. 2015, without side heads",
        _from_torchvision("googlenet", aux_logits=False, init_weights=False),
    ),
    "resnet50": Baseline("ResNet-50", "He et al. 2016", _from_torchvision("resnet50")),
    "ssd": Baseline("SSD, classes", "Liu et al. 2016; four of six maps, boxes averaged", SsdClassifier),
    "alexnet": Baseline(
        "AlexNet", "Krizhevsky et al. 2012; chips enlarged to 64 px, its least", _with_one_cell("alexnet", side=6), 64
    ),
    "vgg16": Baseline("VGG-16", "Simonyan & Zisserman 2014", _with_one_cell("vgg16", side=7, init_weights=False)),
    "vgg19": Baseline("VGG-19", "Simonyan & Zisserman 2014", _with_one_cell("vgg19", side=7, init_weights=False)),
}
"""Every network to compare with, smallest kinds first."""

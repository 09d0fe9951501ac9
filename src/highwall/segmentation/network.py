"""The network: bands in, the probability of every class out, one softmax for each subset of classes.

An encoder and a decoder of segmentation_models.pytorch are shared by all subsets; each subset has a head of its own,
whose first channel is background. Bands are normalised inside, so that who runs the network need not know how; what is
missing becomes the mean of the band.

Source: Jabłońska et al. 2024, section 2.3 (one network a subset); several heads over one decoder are ours.
"""

import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from highwall.core.checks import nearest_name
from highwall.core.errors import ModelError
from highwall.core.taxonomy import CLASS_SETS
from highwall.learning.torch_shim import import_torchvision
from highwall.segmentation.normalisation import BandStatistics
from highwall.segmentation.options import ENCODER_STEPS, STRIDE, Architecture, NetworkOptions
from highwall.segmentation.refusals import refusal

_CLASS_OF: Final[dict[Architecture, str]] = {
    "unet": "Unet", "unetplusplus": "UnetPlusPlus", "linknet": "Linknet", "fpn": "FPN", "deeplabv3": "DeepLabV3",
    "deeplabv3plus": "DeepLabV3Plus",
}  # fmt: skip
"""Names of the library's classes."""


class SegmentationNetwork(nn.Module):
    """Images of any bands in, probability of each class out."""

    mean: Tensor
    std: Tensor
    temperature: Tensor
    """(subset,) divisors of the logits, from calibration after training; 1 before."""

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        self.sizes = [1 + len(CLASS_SETS[number]) for number in options.subsets]
        self.register_buffer("mean", torch.zeros(1, len(options.bands), 1, 1))
        self.register_buffer("std", torch.ones(1, len(options.bands), 1, 1))
        self.register_buffer("temperature", torch.ones(len(self.sizes)))
        self.body = _body(options, n_channels=sum(self.sizes))

    def logits(self, images: Tensor) -> tuple[Tensor, ...]:
        """Logits of each subset, background first, before calibration.

        Parameters
        ----------
        images : (B, band, H, W) float32
            In the units of the scenes; NaN is missing. H and W are multiples of 32.

        Returns
        -------
        tuple of (B, 1 + class, H, W)

        Raises
        ------
        ModelError
            Other bands, or sides that are no multiple of 32.
        """
        self._check(images)
        x = (images - self.mean) / self.std  # (B, band, H, W)
        x = torch.where(torch.isnan(x), torch.zeros_like(x), x)
        x = self.body(x)  # -> (B, Σ (1 + class), H, W)
        return tuple(x.split(self.sizes, dim=1))

    def forward(self, images: Tensor) -> Tensor:
        """Probability of each class, without the backgrounds: (B, band, H, W) -> (B, class, H, W).

        Those of one subset add up to 1 at most; what is left is background. Errors as in `logits`.
        """
        cooled = [each / t for each, t in zip(self.logits(images), self.temperature, strict=True)]
        return torch.cat([each.softmax(dim=1)[:, 1:] for each in cooled], dim=1)

    def normalise_by(self, statistics: BandStatistics) -> None:
        """Take the mean and spread of each band from the training data."""
        self.mean.copy_(torch.from_numpy(statistics.mean).reshape(1, -1, 1, 1))
        self.std.copy_(torch.from_numpy(statistics.std).reshape(1, -1, 1, 1))

    def encoder_weights(self) -> Iterator[nn.Parameter]:
        """Parameters of the encoder."""
        return self.body.encoder.parameters()  # type: ignore[union-attr]

    def _check(self, images: Tensor) -> None:
        n_bands, height, width = images.shape[1:]
        if n_bands != len(self.options.bands):
            raise ModelError(
                f"images have {n_bands} bands; the network reads {len(self.options.bands)}: "
                f"{', '.join(self.options.bands)}. Select and order them."
            )
        if height % STRIDE or width % STRIDE:
            raise ModelError(f"images of {height} × {width} px; sides must be multiples of {STRIDE}: pad them.")


def _body(options: NetworkOptions, *, n_channels: int) -> nn.Module:
    """Encoder, decoder and head of the library, weights at random.

    Raises
    ------
    ModelError
        The library refuses the combination, or knows no such encoder.
    """
    library = _library()
    reason = refusal(options.architecture, options.encoder) or _unknown(options.encoder, library.encoders.encoders)
    if reason is None:
        made = getattr(library, _CLASS_OF[options.architecture])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of timm, about names it maps for us
                body: nn.Module = made(
                    encoder_name=options.encoder, encoder_weights=None, in_channels=len(options.bands),
                    classes=n_channels, **_decoder(options),
                )  # fmt: skip
            return _changed(body, options)
        except (KeyError, ValueError, RuntimeError, NotImplementedError, TypeError, AttributeError) as error:
            reason = str(error).strip("'\"")
    stop = "" if reason.endswith("?") else "."
    raise ModelError(
        f"no network of {options.architecture} and {options.encoder}: {reason}{stop} Choose another encoder or "
        "architecture."
    )


def _unknown(encoder: str, known: Iterable[str]) -> str | None:
    """Tell that the library has no such encoder; timm's own, ``tu-``, are looked for by the library."""
    if encoder in known or encoder.startswith("tu-"):
        return None
    return f"no encoder has this name{nearest_name(encoder, known)}"


def _changed(body: nn.Module, options: NetworkOptions) -> nn.Module:
    """The library's network, with dropout before the head where its decoder has none, and the norm asked for."""
    if options.dropout and options.architecture in ("unet", "unetplusplus", "linknet"):
        body.segmentation_head = nn.Sequential(nn.Dropout2d(options.dropout), cast(nn.Module, body.segmentation_head))
    if options.decoder_norm == "batch":
        _normalise_over_batch(body)
    return body


def _normalise_over_batch(module: nn.Module) -> None:
    """Put batch normalisation in the place of every group normalisation."""
    for name, child in module.named_children():
        if isinstance(child, nn.GroupNorm):
            setattr(module, name, nn.BatchNorm2d(child.num_channels))
        else:
            _normalise_over_batch(child)


def _library() -> Any:
    """segmentation_models.pytorch, which imports torchvision."""
    import_torchvision()
    import segmentation_models_pytorch

    return segmentation_models_pytorch


def encoder_of_library(name: str, *, weights: str) -> nn.Module:
    """An encoder of three bands with weights that the library knows by name, downloaded if need be."""
    encoder: nn.Module = _library().encoders.get_encoder(name, in_channels=3, depth=ENCODER_STEPS, weights=weights)
    return encoder


def _decoder(options: NetworkOptions) -> dict[str, Any]:
    """Arguments of the decoder."""
    width = options.decoder_width
    match options.architecture:
        case "unet" | "unetplusplus":
            return {"decoder_channels": [width >> step for step in range(ENCODER_STEPS)]}
        case "fpn":
            sizes = {"decoder_pyramid_channels": width, "decoder_segmentation_channels": width // 2}
            return sizes if options.dropout is None else sizes | {"decoder_dropout": options.dropout}
        case "deeplabv3" | "deeplabv3plus":
            sizes = {"decoder_channels": width}
            return sizes if options.dropout is None else sizes | {"decoder_aspp_dropout": options.dropout}
        case "linknet":
            return {}

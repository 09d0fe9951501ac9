"""Which encoder a decoder cannot take, known by name before anything is built, so that a search leaves it out."""

from typing import Final

from highwall.segmentation.options import Architecture

_DILATED: Final = ("deeplabv3", "deeplabv3plus")
"""Decoders that ask the encoder to widen its last steps instead of halving the picture again."""
_NO_DILATION: Final = ("vgg", "densenet", "inceptionresnetv2", "inceptionv4", "xception")
"""Families of encoders that halve by pooling, which cannot be widened (segmentation_models.pytorch 0.6)."""
_NESTED: Final = ("unetplusplus", "linknet")
"""Decoders that read the picture at every halving, which mixed transformers do not give."""
_NO_FIRST_HALVING: Final = ("mit_b",)


def refusal(architecture: Architecture, encoder: str) -> str | None:
    """Why this decoder cannot take this encoder; None if nothing speaks against it."""
    if architecture in _DILATED and encoder.startswith(_NO_DILATION):
        return f"{encoder} halves by pooling and has no dilated mode, which {architecture} needs"
    if architecture in _NESTED and encoder.startswith(_NO_FIRST_HALVING):
        return f"{encoder} gives no picture at half size, which {architecture} needs"
    return None

"""Recipes that come with the package: each a YAML file of `TrainOptions`, in which only what differs is said.

``baseline``
    MineCam's (Jabłońska et al. 2024, section 2.4). For a GPU.
``small``
    What a CPU trains in an hour: a light encoder, small chips drawn around what was labelled.
``mines``
    That of the shipped weights: three visible bands, an encoder that knows ImageNet.
``metre``
    DeepLabV3-ResNet50 on imagery of about a metre, chips of 256 px at a step of 128.
"""

from importlib.resources import files
from typing import Final

RECIPES: Final = ("baseline", "small", "metre", "mines")


def recipe_text(name: str) -> str:
    """YAML of a packaged recipe; a ``KeyError`` names one that there is not."""
    if name not in RECIPES:
        raise KeyError(name)
    return files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")

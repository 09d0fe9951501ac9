import pytest
import yaml

from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import TrainOptions
from highwall.segmentation.recipes import RECIPES, recipe_text


def options(name):
    return TrainOptions.model_validate(yaml.safe_load(recipe_text(name)))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_valid_and_names_a_network_that_can_be_built(name):
    made = options(name)
    assert SegmentationNetwork(made.network).options == made.network


def test_the_baseline_is_the_papers():
    made = options("baseline")
    assert (made.network.architecture, made.network.encoder) == ("unetplusplus", "resnet50")
    assert (made.batch, made.optimiser.learning_rate, made.sampling.chip_px, made.n_epochs) == (4, 3e-4, 512, 150)
    assert made.augment.flips
    assert made.augment.turns
    assert made.validation_crop == "centre"


def test_the_recipe_at_metre_scale_is_the_second_papers():
    made = options("metre")
    assert (made.network.architecture, made.network.encoder) == ("deeplabv3", "resnet50")
    assert (made.sampling.chip_px, made.sampling.step_px) == (256, 128)
    assert made.augment.turns
    assert not made.augment.flips
    assert made.network.classes == ("coal_gangue_dump", "iron_open_pit", "clay_open_pit", "sandstone_open_pit")


def test_an_unknown_recipe_is_none():
    with pytest.raises(KeyError):
        recipe_text("none")

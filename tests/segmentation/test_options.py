import pytest
from pydantic import ValidationError

from highwall.core.bands import CONFIGURATIONS
from highwall.segmentation.options import AugmentOptions, LossOptions, NetworkOptions, TrainOptions


def test_a_configuration_of_bands_is_spelled_out():
    assert NetworkOptions(bands="m+s").bands == CONFIGURATIONS["M+S"]
    assert NetworkOptions(bands=("red", "green", "nir")).bands == ("red", "green", "nir")
    assert NetworkOptions(bands="B04").bands == ("B04",)


def test_classes_follow_the_subsets():
    assert NetworkOptions(subsets=(1, 4)).classes == ("excavation", "preparatory_work_area", "mining_area")


@pytest.mark.parametrize(
    ("made", "given", "says"),
    [
        (NetworkOptions, {"bands": ("B04", "B04")}, "named twice"),
        (NetworkOptions, {"bands": ()}, "at least 1"),
        (NetworkOptions, {"subsets": (2, 1)}, "rising order"),
        (NetworkOptions, {"subsets": (9,)}, "subsets are 1, 2, 3, 4, 5"),
        (NetworkOptions, {"architecture": "linknet", "decoder_width": 64}, "leave decoder_width out"),
        (NetworkOptions, {"architecture": "fpn", "decoder_width": 96}, "multiple of 64"),
        (NetworkOptions, {"archtecture": "unet"}, "Extra inputs"),
        (LossOptions, {"terms": {"jaccard": 0.0}}, "at least one above 0"),
        (LossOptions, {"class_weight": {"dam": -1.0}}, "0 or more"),
        (AugmentOptions, {"scale": 0.5}, "greater than or equal to 1"),
        (TrainOptions, {"sampling": {"chip_px": 100}}, "multiple of 32"),
        (TrainOptions, {"loss": {"class_weight": {"dam": 2.0}}}, "excavation, preparatory_work_area apart"),
        (TrainOptions, {"name": "../mine"}, "should match pattern"),
        (TrainOptions, {"batch": 1, "network": {"architecture": "deeplabv3plus"}}, "batch of 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_cure(made, given, says):
    with pytest.raises(ValidationError, match=says):
        made.model_validate(given)


def test_the_baseline_of_the_paper_is_the_default():
    options = TrainOptions()
    assert (options.network.architecture, options.network.encoder) == ("unetplusplus", "resnet50")
    assert (options.batch, options.optimiser.learning_rate, options.n_epochs) == (4, 3e-4, 150)
    assert options.sampling.chip_px == 512

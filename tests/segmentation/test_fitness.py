import pytest

from highwall.core.errors import ModelError
from highwall.segmentation.fitness import SceneFacts, check_suits
from tests.segmentation.networks_made import facts

RGB = ("B02", "B03", "B04")


def scene(**changes):
    return SceneFacts(**({"name": "scene", "bands": RGB, "level": "L1C", "pixel_m": 10.0} | changes))


@pytest.mark.parametrize(("model", "place"), [
    ({}, {}), ({"level": "L1C"}, {}), ({"level": "any"}, {"level": "unknown"}), ({}, {"pixel_m": 9.3}),
    ({"name": "demo", "is_simulated": True}, {"is_simulated": True}),
])  # fmt: skip
def test_a_scene_like_those_of_the_training_is_taken(model, place):
    check_suits(facts(**model), scene(**place))


@pytest.mark.parametrize(("model", "place", "words"), [
    ({"level": "L2A"}, {}, "learned from L2A and scene is L1C"),
    ({"level": "L2A"}, {"level": "unknown"}, "say so: --level"),
    ({"pixel_m": 1.0}, {}, "pixels of 1 m, those of scene are 10 m"),
    ({"name": "demo", "is_simulated": True}, {}, "nothing but simulation"),
])  # fmt: skip
def test_another_scene_is_refused_unless_forced(model, place, words):
    with pytest.raises(ModelError, match=words):
        check_suits(facts(**model), scene(**place))
    check_suits(facts(**model), scene(**place), force=True)


@pytest.mark.parametrize(("bands", "words"), [(("B04", "B08"), "lacks B08"), (("B04", "VV"), "--radar")])
def test_a_missing_band_cannot_be_forced(bands, words):
    with pytest.raises(ModelError, match=words):
        check_suits(facts(bands=bands), scene(), force=True)

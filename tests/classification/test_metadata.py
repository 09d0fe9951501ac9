from dataclasses import MISSING, fields

import pytest

from highwall.classification.metadata import ModelMetadata, check_known, check_scene
from highwall.classification.radiometry import CAMERA_RGB, L1C_RGB
from highwall.core.errors import ModelError
from highwall.core.taxonomy import CHIP_CLASSES

FACTS = ModelMetadata(
    name="test",
    version="1",
    bands=L1C_RGB.bands,
    level=L1C_RGB.level,
    radiometry=L1C_RGB.name,
    classes=CHIP_CLASSES,
    cell_px=4,
    chip_px=48,
    pixel_m=10.0,
    training_data="nothing",
    temperature=1.3,
    cell_temperature=0.8,
    threshold=0.62,
    precision="int8",
)
OPTIONAL = {field.name for field in fields(ModelMetadata) if field.default is not MISSING}


def test_facts_survive_the_way_through_text():
    properties = FACTS.to_properties()
    assert all(isinstance(value, str) for value in properties.values())
    assert ModelMetadata.from_properties(properties) == FACTS


@pytest.mark.parametrize("key", sorted(set(FACTS.to_properties()) - OPTIONAL))
def test_a_file_without_a_fact_is_refused(key):
    properties = FACTS.to_properties()
    del properties[key]
    with pytest.raises(ModelError, match=key):
        ModelMetadata.from_properties(properties)


def test_a_file_that_was_never_calibrated_says_so():
    properties = {key: value for key, value in FACTS.to_properties().items() if key not in OPTIONAL}
    found = ModelMetadata.from_properties(properties)
    assert (found.temperature, found.cell_temperature, found.threshold, found.precision) == (1.0, 1.0, 0.5, "float32")


@pytest.mark.parametrize("key", ["cell_px", "chip_px", "pixel_m", "temperature"])
def test_a_garbled_fact_is_refused(key):
    with pytest.raises(ModelError, match="four"):
        ModelMetadata.from_properties({**FACTS.to_properties(), key: "four"})


@pytest.mark.parametrize(
    ("key", "value"),
    [("cell_px", "0"), ("chip_px", "50"), ("temperature", "0.0"), ("cell_temperature", "nan"), ("threshold", "62.0")],
)
def test_a_fact_that_cannot_be_is_refused(key, value):
    with pytest.raises(ModelError, match=f"{key} {value}"):
        ModelMetadata.from_properties({**FACTS.to_properties(), key: value})


def test_a_known_network_names_its_radiometry():
    assert check_known(FACTS) is L1C_RGB


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"classes": "none,mine"}, "none, mine apart"), ({"radiometry": "float-1"}, "'float-1'")],
    ids=["classes", "levels"],
)
def test_a_network_for_other_things_is_refused(changed, says):
    with pytest.raises(ModelError, match=says):
        check_known(ModelMetadata.from_properties({**FACTS.to_properties(), **changed}))


def test_a_caller_with_one_radiometry_takes_no_other():
    with pytest.raises(ModelError, match="uint8-camera can be made"):
        check_known(FACTS, radiometry=CAMERA_RGB.name)


def test_the_right_scene_passes():
    check_scene(FACTS, bands=("B04", "B03", "B02"), level="L1C")


def test_another_order_of_bands_is_refused_always():
    with pytest.raises(ModelError, match="Select and order"):
        check_scene(FACTS, bands=("B02", "B03", "B04"), level="L1C", allow_other=True)


def test_another_level_is_refused_unless_told():
    with pytest.raises(ModelError, match="L2A"):
        check_scene(FACTS, bands=("B04", "B03", "B02"), level="L2A")
    check_scene(FACTS, bands=("B04", "B03", "B02"), level="L2A", allow_other=True)


def test_a_level_that_is_not_said_is_asked_for():
    with pytest.raises(ModelError, match=r"scenes\.level"):
        check_scene(FACTS, bands=("B04", "B03", "B02"), level="unknown")

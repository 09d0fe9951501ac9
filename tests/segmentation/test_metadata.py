import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from highwall.core.bands import CUBE
from highwall.core.errors import ModelError
from highwall.core.taxonomy import CLASS_NAMES, SUBSETS
from highwall.segmentation.metadata import DEFAULT_THRESHOLD, SegmentationMetadata

PROBABILITY = st.floats(0.0, 1.0)
METADATA = st.builds(
    SegmentationMetadata,
    name=st.text(min_size=1).map(lambda name: f"demo{name}"),
    version=st.text(),
    subsets=st.sets(st.sampled_from((1, 2, 3, 4)), min_size=1).map(lambda found: tuple(sorted(found))),
    classes=st.just(()),
    bands=st.lists(st.sampled_from(CUBE), min_size=1, unique=True).map(tuple),
    level=st.sampled_from(("L1C", "L2A", "any")),
    pixel_m=st.floats(0.1, 1000.0),
    window_px=st.integers(1, 32).map(lambda n: 32 * n),
    stride=st.just(32),
    thresholds=st.dictionaries(st.sampled_from(CLASS_NAMES), PROBABILITY),
    temperature=st.dictionaries(st.sampled_from((1, 2, 3, 4)), st.floats(0.1, 10.0)),
    is_simulated=st.booleans(),
)


@given(METADATA)
def test_properties_give_the_facts_back(metadata):
    properties = metadata.to_properties()
    assert all(isinstance(value, str) for value in properties.values())
    assert SegmentationMetadata.from_properties(properties) == metadata


@given(METADATA)
def test_channels_of_the_subsets_partition_the_output(metadata):
    found = [metadata.classes[metadata.channels_of(subset)] for subset in metadata.subsets]
    assert found == [SUBSETS[subset] for subset in metadata.subsets]
    assert sum(map(len, found)) == len(metadata.classes)


def facts(**changes):
    return {"name": "one", "version": "1", "subsets": (2,), "bands": ("B04",)} | changes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": ("dam",)}, "are not those of subsets"),
        ({"subsets": (7,)}, "are not those of subsets"),
        ({"window_px": 100}, "multiple of stride"),
        ({"is_simulated": True}, "demo"),
        ({"licens": "MIT"}, "Extra inputs"),
    ],
)
def test_facts_that_contradict_one_another_are_refused(changes, says):
    with pytest.raises(ValidationError, match=says):
        SegmentationMetadata(**facts(**changes))


def test_a_file_of_another_kind_is_refused():
    with pytest.raises(ModelError, match="does not say that it is a segmentation network"):
        SegmentationMetadata.from_properties({"classes": "none,mine"})
    garbled = SegmentationMetadata(**facts()).to_properties() | {"subsets": "[2"}
    with pytest.raises(ModelError, match="garbled"):
        SegmentationMetadata.from_properties(garbled)


def test_a_class_without_a_threshold_has_the_default():
    metadata = SegmentationMetadata(**facts(thresholds={"dumping_ground": 0.3}))
    assert metadata.threshold_of("dumping_ground") == 0.3
    assert metadata.threshold_of("dam") == DEFAULT_THRESHOLD
    with pytest.raises(ModelError, match="knows subsets 2, not 1"):
        metadata.channels_of(1)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from highwall.core.taxonomy import CLASS_SETS
from highwall.segmentation.decision import CODES, bits_of_classes, codes_of, decide, footprint_probability
from highwall.segmentation.labels import BITS, OUTSIDE
from tests.segmentation.networks_made import facts

ALL = facts(subsets=(1, 2, 3, 4))


def softmaxed(raw, metadata):
    """Probabilities as a network gives them: each subset and its background add up to 1."""
    parts = []
    for subset in metadata.subsets:
        own = raw[metadata.channels_of(subset)]
        both = np.exp(np.concatenate([np.zeros((1, *own.shape[1:])), own]))
        parts.append((both / both.sum(axis=0))[1:])
    return np.concatenate(parts).astype(np.float32)


@given(raw=arrays(np.float64, (11, 4, 5), elements=st.floats(-5, 5)), threshold=st.sampled_from([None, 0.1, 0.5, 0.9]))
def test_a_subset_says_one_class_at_most(raw, threshold):
    said = decide(softmaxed(raw, ALL), ALL, threshold=threshold)
    for subset in ALL.subsets:
        assert (said[ALL.channels_of(subset)].sum(axis=0) <= 1).all()


@given(raw=arrays(np.float64, (11, 30), elements=st.floats(-5, 5)))
def test_the_most_probable_counts_where_no_threshold_is_stated(raw):
    probability = softmaxed(raw, ALL)
    said = decide(probability, ALL)
    for subset in ALL.subsets:
        own = probability[ALL.channels_of(subset)]
        with_background = np.concatenate([1.0 - own.sum(axis=0, keepdims=True), own])
        expected = with_background.argmax(axis=0)
        clear = np.sort(with_background, axis=0)[-1] - np.sort(with_background, axis=0)[-2] > 1e-6
        found = np.where(said[ALL.channels_of(subset)].any(axis=0), said[ALL.channels_of(subset)].argmax(axis=0) + 1, 0)
        assert np.array_equal(found[clear], expected[clear])


def test_a_threshold_of_the_network_counts_and_the_greatest_factor_wins():
    metadata = facts(subsets=(1,), thresholds={"excavation": 0.6, "preparatory_work_area": 0.1})
    probability = np.array([[0.55, 0.7, 0.7, 0.3], [0.05, 0.05, 0.2, 0.1]], dtype=np.float32)
    said = decide(probability, metadata)
    assert said.tolist() == [[False, True, False, False], [False, False, True, True]]


def test_a_given_threshold_counts_against_those_of_the_network():
    metadata = facts(subsets=(2,), thresholds={"dumping_ground": 0.9})
    assert decide(np.array([[0.4, 0.6]], dtype=np.float32), metadata, threshold=0.5).tolist() == [[False, True]]


def test_what_is_missing_is_nothing():
    for threshold in (None, 0.5):
        assert not decide(np.full((11, 3), np.nan, dtype=np.float32), ALL, threshold=threshold).any()


def test_codes_and_bits_say_the_same():
    said = np.zeros((11, 2, 3), dtype=bool)
    for number, name in enumerate(("excavation", "dumping_ground", "dam", "mining_area")):
        said[ALL.classes.index(name), 0, min(number, 2)] = True
    valid = np.ones((2, 3), dtype=bool)
    valid[1, 2] = False
    bits = bits_of_classes(said, ALL.classes, valid=valid)
    assert bits[0].tolist() == [BITS["excavation"], BITS["dumping_ground"], BITS["dam"]]
    assert bits[1].tolist() == [0, 0, OUTSIDE]
    assert codes_of(said, ALL, subset=1)[0].tolist() == [CODES["excavation"], 0, 0]
    assert codes_of(said, ALL, subset=4)[0].tolist() == [0, 0, CODES["mining_area"]]


def test_every_class_has_a_code_of_its_own():
    names = [name for classes in CLASS_SETS.values() for name in classes]
    assert sorted(CODES) == sorted(names)
    assert len(set(CODES.values())) == len(names)


def test_the_footprint_is_subset_4_where_it_is_known_and_else_follows_from_the_parts():
    probability = np.zeros((11, 1), dtype=np.float32)
    probability[ALL.classes.index("mining_area")] = 0.3
    probability[ALL.classes.index("excavation")] = 0.5
    assert footprint_probability(probability, ALL) == pytest.approx([0.3])
    parts = facts(subsets=(1, 2))
    found = footprint_probability(np.array([[0.5], [0.2], [0.5]], dtype=np.float32), parts)
    assert found == pytest.approx([1 - 0.3 * 0.5])

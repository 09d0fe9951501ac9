"""Sentinel-1 over Mexico City: real, strong subsidence; 13 dates, 30 pairs, processed with GAMMA for PyRate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from highwall.insar.inversion import DEFAULT_LOOKS, invert
from highwall.insar.mending.closure import closure, typical_phase
from highwall.insar.network import Network
from highwall.insar.options import AlreadyReferenced, AutomaticReference, InversionOptions, PixelReference
from highwall.insar.quality import decorrelated
from highwall.insar.reference import subtract_reference
from highwall.insar.stack import mean_coherence, metres_per_radian
from highwall.io.radar.interferograms import open_stack
from tests.oracles.insar import coherence_weights, sbas

pytestmark = pytest.mark.real
REFERENCE = PixelReference(row=9, col=8)


@pytest.fixture(scope="module")
def stack(real_data):
    return open_stack(real_data / "insar" / "mexico-city-s1").stack


def test_velocity_of_the_manifest(stack):
    result = invert(stack, options=InversionOptions(reference=REFERENCE, weighting="none"))
    velocity = result["velocity"].where(result["n_components"] == 1) * 1e3
    assert round(float(velocity.min())) == -302
    assert round(float(velocity.max())) == 8
    assert int((result["n_components"] == 1).sum()) == 5882


@pytest.mark.parametrize("weighting", ["none", "coherence"])
def test_every_date_agrees_with_float64(stack, weighting):
    options = InversionOptions(reference=REFERENCE, weighting=weighting)
    phase = invert(stack, options=options)["displacement"] / metres_per_radian(stack)
    network = Network.from_stack(stack)
    unw = stack["unw"].values.astype(np.float64)
    unw -= unw[:, REFERENCE.row, REFERENCE.col][:, None, None]
    coh = stack["coh"].values.astype(np.float64)
    weights = coherence_weights(coh, DEFAULT_LOOKS) if weighting == "coherence" else np.ones_like(coh)
    rows, cols = np.nonzero(np.isfinite(unw).any(axis=0) & (np.isfinite(unw) & (weights > 0)).any(axis=0))
    some = np.random.default_rng(0).permutation(len(rows))[:600]
    split = np.flatnonzero((np.isfinite(unw).sum(axis=0) < 30)[rows, cols])
    for number in np.union1d(some, split):
        r, c = rows[number], cols[number]
        truth = sbas(unw[:, r, c], weights[:, r, c], network.pairs, network.years)
        assert_allclose(phase[:, r, c], truth.phase, atol=1e-4)


def test_closure_of_the_manifest(stack):
    counts = closure(subtract_reference(stack, reference=REFERENCE)).counts
    assert len(counts.triplets.rows) == 24
    assert round(100 * counts.share_open, 2) == 0.10


def test_closure_of_the_manifest_after_medians(stack):
    counts = closure(stack, offsets=typical_phase(stack)).counts
    assert round(100 * counts.share_open, 3) == 0.018


def velocity_at(stack, reference):
    """Velocity of the pixels that have every pair [mm/year]."""
    options = InversionOptions(reference=AlreadyReferenced(), weighting="none")
    result = invert(subtract_reference(stack, reference=reference), options=options)
    return 1e3 * result["velocity"].values[stack["unw"].notnull().all("pair").values]


def test_the_automatic_reference_makes_little_rise(stack):
    """Half the city would rise by more than 5 mm/year at the scene's median, 0.4 % do at the manifest's pixel."""
    velocity = velocity_at(stack, AutomaticReference())
    assert (velocity > 5).mean() < 0.07  # 0.055 measured
    assert -300 < velocity.min() < -285
    assert velocity.max() < 20
    assert (velocity - np.median(velocity) > 5).mean() > 0.45


def test_differences_of_velocity_do_not_depend_on_the_reference(stack):
    one, other = (velocity_at(stack, reference) for reference in (REFERENCE, AutomaticReference()))
    assert_allclose(one - one[0], other - other[0], atol=0.01)  # float32 of 60 rad: 4e-6 rad a pair; in mm/year


def test_little_of_the_city_is_decorrelated(stack):
    result = invert(stack)
    lost = decorrelated(result, n_pairs=stack.sizes["pair"], coherence=mean_coherence(stack))
    outside = stack["unw"].isnull().all("pair") & stack["coh"].isnull().all("pair")
    assert not (lost & outside).any()
    assert 0.0 < float(lost.mean()) < 0.05

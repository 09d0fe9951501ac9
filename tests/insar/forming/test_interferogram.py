import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import InputError, NetworkError, StackError
from highwall.insar.forming.coherence import expected_coherence
from highwall.insar.forming.interferogram import interferograms
from highwall.insar.options import InterferogramOptions
from highwall.io.radar.slc import open_slcs
from tests.insar.images import DATES, WAVELENGTH, bowl, make_slcs, wrapped

SHAPE = (96, 120)
CLEAN = InterferogramOptions(looks_y=2, looks_x=3, samples_per_look=1.0, coherence_window_px=1)


def still(n_epochs=2, shape=SHAPE):
    return np.zeros((n_epochs, *shape))


def formed(slcs, pairs=((0, 1),), options=CLEAN):
    return interferograms(slcs, np.array(pairs), options=options).load(scheduler="synchronous")


def test_phase_is_positive_where_the_ground_moves_away():
    away = np.stack([np.zeros(SHAPE), np.full(SHAPE, 0.004)])  # range grows by 4 mm
    phase = np.angle(formed(make_slcs(away))["ifg"])
    assert_allclose(phase, 4 * np.pi / WAVELENGTH * 0.004, atol=1e-4)


def test_the_other_way_round_is_the_conjugate():
    slcs = make_slcs(np.stack([np.zeros(SHAPE), bowl(SHAPE, depth=0.01, width=20.0)]))
    both = formed(slcs, pairs=((0, 1), (1, 0)))["ifg"]
    assert_allclose(both[1], np.conj(both[0]), rtol=1e-6)


def test_averaging_keeps_the_phase_of_a_ramp():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    ramp = 0.05 * y - 0.08 * x
    slcs = make_slcs(np.stack([np.zeros(SHAPE), ramp * WAVELENGTH / (4 * np.pi)]))
    slcs["slc"] = slcs["slc"] / np.abs(slcs["slc"])  # equal weights: the window's phase is that of its middle
    phase = np.angle(formed(slcs)["ifg"][0])
    middle = ramp.reshape(48, 2, 40, 3).mean(axis=(1, 3))
    assert_allclose(wrapped(phase - middle), 0.0, atol=1e-5)


def test_dates_name_pairs_and_baselines_follow():
    slcs = make_slcs(still(3)).assign_coords(bperp=("epoch", [0.0, 40.0, -25.0]))
    dataset = interferograms(slcs, DATES[[[0, 2], [1, 2]]], options=CLEAN)
    assert_array_equal(dataset["first"], DATES[[0, 1]])
    assert_array_equal(dataset["second"], DATES[[2, 2]])
    assert_array_equal(dataset["bperp"], [-25.0, -65.0])
    assert dataset.attrs == {"wavelength_m": WAVELENGTH, "looks": 6.0}
    assert dataset["ifg"].dtype == np.complex64
    assert dataset["ifg"].chunks is not None


def test_numbers_do_not_depend_on_chunks():
    slcs = make_slcs(still(3), coherence=0.5)
    options = CLEAN.model_copy(update={"coherence_window_px": 3, "filter_alpha": 0.5})
    whole = formed(slcs, ((0, 1), (0, 2)), options)
    pieces = formed(slcs.chunk(epoch=1, y=17, x=31), ((0, 1), (0, 2)), options)
    assert whole.equals(pieces)


def test_blocks_give_the_numbers_of_the_whole(monkeypatch):
    slcs = make_slcs(still(), coherence=0.5)
    whole = formed(slcs)
    monkeypatch.setattr("highwall.insar.forming.interferogram.BLOCK_PX", 20)
    assert formed(slcs).equals(whole)


def test_missing_samples_are_left_out_and_too_few_are_missing():
    slcs = make_slcs(still())
    values = slcs["slc"].values
    values[0, :2, :3] = 0  # a whole window
    values[1, 2:4, 3:4] = np.nan  # a third of a window
    values[1, 4:6, 0:2] = np.nan  # two thirds
    result = formed(slcs)
    ifg, coh = result["ifg"].values[0], result["coh"].values[0]
    assert np.isnan(ifg[0, 0])
    assert np.isnan(coh[0, 0])
    assert np.isnan(ifg[2, 0])
    assert np.isfinite(ifg[1, 1])
    assert np.isnan(ifg).sum() == np.isnan(coh).sum() == 2
    power = (np.abs(values[0, 2:4, 4:6]) ** 2).mean()  # mean of what is valid
    assert_allclose(np.abs(ifg[1, 1]), power, rtol=1e-5)


@pytest.mark.parametrize("coherence", [0.0, 0.3, 0.8])
def test_estimate_follows_touzi_and_correction_takes_the_bias_out(coherence):
    slcs = make_slcs(still(2, (240, 240)), coherence=coherence, seed=5)
    biased = formed(slcs)["coh"].values
    looks = CLEAN.coherence_looks
    assert looks == 6.0
    error = biased.std() / np.sqrt(biased.size)  # windows share no sample
    assert abs(biased.mean() - expected_coherence(coherence, looks=looks)) < 4 * error
    corrected = formed(slcs, options=CLEAN.model_copy(update={"corrects_bias": True}))["coh"].values
    assert abs(corrected.mean() - coherence) < 0.6 * abs(biased.mean() - coherence) + 4 * error


def test_sliding_window_lowers_the_bias():
    slcs = make_slcs(still(), coherence=0.0)
    wide = formed(slcs, options=CLEAN.model_copy(update={"coherence_window_px": 5}))["coh"].values
    inner = wide[0, 2:-2, 2:-2]
    # 150 looks; windows overlap 25 times, which leaves about 60 independent ones of a spread of 0.037
    assert_allclose(inner.mean(), expected_coherence(0.0, looks=150.0), atol=4 * 0.037 / np.sqrt(60))


def test_height_is_taken_out_of_any_pair():
    height = bowl(SHAPE, depth=300.0, width=25.0).astype(np.float32)
    per_metre = np.array([0.02, 0.0, -0.013], np.float32)  # rad/m against the second image
    away = per_metre[:, None, None] * height * WAVELENGTH / (4 * np.pi)
    slcs = make_slcs(away).assign(
        height=(("y", "x"), height),
        height_to_phase=(("epoch", "y", "x"), np.broadcast_to(per_metre[:, None, None], away.shape)),
    )
    flat = formed(slcs, ((0, 1), (0, 2), (1, 2)))["ifg"]
    assert_allclose(np.angle(flat), 0.0, atol=2e-3)
    kept = formed(slcs, ((0, 2),), CLEAN.model_copy(update={"topography": "keep"}))["ifg"]
    assert np.abs(np.angle(kept)).max() > 1.0
    said = formed(slcs.assign_attrs(topography_removed="yes"), ((0, 2),))["ifg"]
    assert_array_equal(said, kept)


def test_given_phase_is_taken_out():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    ramp = np.stack([np.zeros(SHAPE), 0.9 * x + 0.2 * y])
    slcs = make_slcs(ramp * WAVELENGTH / (4 * np.pi)).assign(geometric_phase=(("epoch", "y", "x"), ramp))
    result = formed(slcs, ((0, 1),))
    assert_allclose(np.angle(result["ifg"]), 0.0, atol=1e-3)
    assert result["coh"].min() > 0.999


def test_options_that_cannot_be():
    slcs = make_slcs(still())
    with pytest.raises(StackError, match="no geometry"):
        interferograms(slcs, [[0, 1]], options=InterferogramOptions(topography="remove"))
    with pytest.raises(ValueError, match="odd"):
        InterferogramOptions(coherence_window_px=4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        InterferogramOptions(filter_alpha=1.5)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([[0, 2]], "no image number 2"),
        ([[1, 1]], "joins an image with itself"),
        (np.empty((0, 2), int), "at least one"),
        ([["2023-03-19", "2023-05-01"]], "no image of 2023-05-01"),
    ],
)
def test_pairs_that_cannot_be(pairs, words):
    given = np.asarray(pairs)
    dates = given.astype("datetime64[D]") if given.dtype.kind == "U" else given
    with pytest.raises(NetworkError, match=words):
        interferograms(make_slcs(still()), dates)


def test_images_that_are_none():
    slcs = make_slcs(still())
    with pytest.raises(StackError, match="amplitudes"):
        interferograms(np.abs(slcs), [[0, 1]])
    with pytest.raises(StackError, match="at least two"):
        interferograms(slcs.isel(epoch=[0]), [[0, 1]])
    with pytest.raises(StackError, match="wavelength_m"):
        interferograms(slcs.drop_attrs(), [[0, 1]])
    with pytest.raises(InputError, match="Rename or transpose"):
        interferograms(slcs.transpose("y", "x", "epoch"), [[0, 1]])
    with pytest.raises(StackError, match="name them 'slc'"):
        interferograms(slcs.rename(slc="image"), [[0, 1]])
    with pytest.raises(StackError, match="dates"):
        interferograms(slcs.drop_vars("epoch"), [[0, 1]])


@pytest.mark.real
def test_amsterdam(real_data):
    slcs = open_slcs(real_data / "insar" / "amsterdam-slc-pair").slcs
    options = InterferogramOptions(looks_y=2, looks_x=8, coherence_window_px=1)
    pair = interferograms(slcs, [[0, 1]], options=options).load(scheduler="synchronous")
    # the manifest's 0.75; windows from 2×4 to 9×9 samples give 0.767 to 0.749
    assert_allclose(pair["coh"].mean(), 0.75, atol=0.02)
    phase = pair["ifg"].values[0]
    # flat earth and topography are out: what is left is one level, no fringes
    level = np.exp(1j * np.angle(phase)).mean()
    assert abs(level) > 0.8
    assert ((pair["latitude"] > 52.36) & (pair["latitude"] < 52.38)).all()
    assert ((pair["longitude"] > 4.88) & (pair["longitude"] < 4.91)).all()
    # seen from a descending pass, looking west: rows run south, columns west
    assert (pair["latitude"].diff("y") < 0).all()
    assert (pair["longitude"].mean("y").diff("x") < 0).all()
    assert pair.attrs["looks"] == 8.0
    assert_allclose(pair["bperp"], [-33.9], atol=0.01)

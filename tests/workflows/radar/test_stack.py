"""From a folder of images to the stack that is measured: which pairs are made, and which of them are used."""

import datetime as dt

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from highwall.core.errors import InputError
from highwall.insar.options import InterferogramOptions, NetworkOptions, UnwrappingOptions
from highwall.insar.selection import candidate_pairs
from highwall.workflows.config import DeformSection
from highwall.workflows.radar.stack import Given, of_images, open_radar, unwrapped
from highwall.workflows.run import silent
from tests.insar.images import DATES, WAVELENGTH, bowl, make_slcs

SHAPE = (32, 40)
DAYS = [dt.date(2023, 3, 19) + dt.timedelta(12 * number) for number in range(4)]
"""Dates of the images."""


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "slc"
    folder.mkdir()
    ranges = np.stack([bowl(SHAPE, depth=0.005 * number, width=8.0) for number in range(len(DATES))])
    profile = {"driver": "GTiff", "height": SHAPE[0], "width": SHAPE[1], "count": 1, "dtype": "complex64",
               "crs": "EPSG:32633", "transform": from_origin(500_000.0, 5_000_000.0, 5.0, 5.0)}  # fmt: skip
    for day, image in zip(DAYS, make_slcs(ranges)["slc"].values, strict=True):
        with rasterio.open(folder / f"{day}.tif", "w", **profile) as dataset:
            dataset.write(image, 1)
            dataset.update_tags(WAVELENGTH_METRES=str(WAVELENGTH))
    return folder


def measured(images, network):
    """Days of the pairs that are used."""
    options = DeformSection(
        network=network,
        interferograms=InterferogramOptions(looks_y=2, looks_x=2, samples_per_look=1.0),
        unwrapping=UnwrappingOptions(method="spanning_tree"),
    )
    given, choice, _ = unwrapped(Given(images), images.parent, options=options, say=silent)
    scene = open_radar(given, choice)
    return {tuple(pair) for pair in scene.selection.network.epochs[scene.selection.network.pairs].astype(object)}


def test_what_is_left_out_of_images_is_neither_made_nor_missed(images):
    network = NetworkOptions(exclude_dates=(DAYS[1],), exclude_pairs=((DAYS[0], DAYS[3]),), super_master=DAYS[2])
    assert measured(images, network) == {(DAYS[0], DAYS[2]), (DAYS[2], DAYS[3])}


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (NetworkOptions(exclude_dates=(dt.date(2020, 1, 1),)), "2020-01-01 is no epoch of the network"),
        (NetworkOptions(exclude_dates=(DAYS[1],), super_master=DAYS[1]), "super_master 2023-03-31 has no pair left"),
    ],
)
def test_dates_that_contradict_the_images_are_refused_before_a_pair_is_made(images, network, message):
    with pytest.raises(InputError, match=message):
        measured(images, network)
    assert [path.name for path in images.parent.iterdir()] == ["slc"]


@pytest.mark.parametrize(
    ("network", "n_pairs"),
    [
        (NetworkOptions(), 57 + 57 + 57 + 3),
        (NetworkOptions(exclude_dates=(DAYS[0],)), 56 + 56 + 56 + 3),
        (NetworkOptions(super_master=DAYS[0]), 174),
        (NetworkOptions(min_mean_coherence=0.3), 174),
        (NetworkOptions(n_nearest=1), 59),
        (NetworkOptions(max_btemp_days=24), 59 + 58),
    ],
)
def test_of_many_images_the_nearest_are_paired_unless_their_number_is_bounded_otherwise(network, n_pairs):
    days = [DAYS[0] + dt.timedelta(12 * number) for number in range(60)]
    assert candidate_pairs(days, options=of_images(network)).n_pairs == n_pairs

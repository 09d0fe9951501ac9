"""Many simulated sites as training data: splits, series, files that the dataset's reader takes like real ones."""

import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from highwall.core.bands import CUBE, OPTICAL
from highwall.core.errors import ConfigError
from highwall.core.truth import LABELS
from highwall.segmentation.dataset import TEST, TRAINING, VALIDATION, SampleSet
from highwall.segmentation.labels import BITS, MINING_BITS
from highwall.workflows.datasets.scenes import find_scenes, open_scene
from highwall.workflows.datasets.simulate import SimulatedFolder, options_of, simulate_dataset
from highwall.workflows.datasets.simulated_sites import SimulatedSitesOptions, mask_of_layers, simulated_samples
from highwall.workflows.datasets.site_table import read_sites

OPTIONS = SimulatedSitesOptions(n_sites=6, side_px=48, first_year=2018, last_year=2020, step_years=2)


@pytest.fixture(scope="module")
def samples() -> SampleSet:
    return simulated_samples(OPTIONS)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SimulatedFolder:
    return simulate_dataset(tmp_path_factory.mktemp("simulated"), options=OPTIONS)


def test_the_whole_series_is_in_training_and_one_date_elsewhere(samples: SampleSet) -> None:
    for site in samples.sites:
        own = [sample for sample in samples if sample.site == site]
        assert len({sample.split for sample in own}) == 1
        assert len(own) == (2 if own[0].split == TRAINING else 1)
    assert all(len(samples.where(split=split)) for split in (TRAINING, VALIDATION, TEST))


def test_samples_are_whole_cubes_and_say_that_they_are_simulated(samples: SampleSet) -> None:
    for sample in samples:
        assert sample.is_simulated
        assert sample.level == "L2A"
        assert sample.bands == CUBE
        assert sample.image().shape == (len(CUBE), 48, 48)
        assert np.isfinite(sample.image()).all()
        has_mine = bool((sample.mask() & MINING_BITS).any())
        assert (sample.material is None) <= (not has_mine)


def test_a_mask_has_the_bits_of_its_layers() -> None:
    layers = np.eye(len(LABELS), dtype=bool)[:, None, :]
    mask = mask_of_layers(layers)
    assert mask.dtype == np.uint16
    assert mask[0].tolist() == [BITS[name] for name in LABELS]


def test_files_say_what_the_samples_say(samples: SampleSet, written: SimulatedFolder) -> None:
    found = find_scenes(written.scenes, written.labels)
    assert not found.unlabelled
    assert not found.strange
    assert len(found.scenes) == written.n_scenes == len(samples)
    by_name = {(sample.site, sample.date): sample for sample in samples}
    for files in found.scenes:
        scene, sample = open_scene(files, CUBE), by_name[files.site, files.date]
        assert scene.is_simulated
        assert scene.level == "L2A"
        optical = slice(0, len(OPTICAL))
        # digital numbers of 1/10,000 round by half of one
        np.testing.assert_allclose(scene.read(None)[optical], sample.image()[optical], rtol=0, atol=0.51e-4)
        np.testing.assert_allclose(scene.read(None)[12:], sample.image()[12:], rtol=0, atol=1e-4)
        with rasterio.open(files.labels[0].path) as dataset:
            assert np.array_equal(dataset.read(1), sample.mask())


def test_the_site_table_agrees_with_the_samples(samples: SampleSet, written: SimulatedFolder) -> None:
    table = read_sites(written.sites)
    assert set(table) == set(samples.sites)
    for sample in samples:
        row = table[sample.site]
        assert (row.material, row.mine_type, row.split) == (sample.material, sample.mine_type, sample.split)
        assert sample.date in row.dates


def test_earthworks_are_no_mines(samples: SampleSet, written: SimulatedFolder) -> None:
    polygons = gpd.read_file(written.earthworks)
    assert set(polygons["site"]) <= set(samples.sites)
    assert set(polygons.columns) >= {"site", "kind", "resembles"}
    assert polygons.to_crs("EPSG:3857").area.min() > 0.0


def test_options_of_the_command_line_go_before_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "sites.yaml").write_text("n_sites: 9\nscenes: {cloudy_share: 0.0}\n")
    found = options_of(tmp_path / "sites.yaml", {"n_sites": 5, "side_px": None}, years="2017-2019")
    assert (found.n_sites, found.side_px, found.scenes.cloudy_share) == (5, 384, 0.0)
    assert list(found.years) == [2017, 2018, 2019]


@pytest.mark.parametrize(
    ("changes", "years", "said"),
    [({"side_px": 50}, None, "multiple of 6"), ({}, "2020-2018", "comes before"), ({}, "soon", "valid integer")],
)
def test_impossible_options_are_refused(changes: dict[str, int], years: str | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        options_of(None, changes, years=years)


def test_dates_lie_in_the_years_asked_for(samples: SampleSet) -> None:
    assert {sample.date.year for sample in samples if sample.date} == {2018, 2020}
    assert all(isinstance(sample.date, dt.date) for sample in samples)

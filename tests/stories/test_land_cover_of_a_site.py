"""A site watched by land-cover networks in the place of the chip network. All of it is made up."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from tests.segmentation.networks_made import facts, write_network

from highwall.core.errors import ConfigError, InputError
from highwall.workflows.watching.monitor import monitor

VISIBLE = ("B02", "B03", "B04")


@pytest.fixture
def bundle(small_site):
    folder = small_site.folder / "bundle"
    folder.mkdir()
    for subset, name in ((2, "dumping_ground"), (4, "mining_area")):
        metadata = facts(name=f"made {subset}", subsets=(subset,), bands=VISIBLE, level="L1C")
        write_network(folder / f"{subset}.onnx", metadata, seen={name: "B04"}, gain=4.0)
    small_site.config["model"] = {"bundle": ["bundle"]}
    small_site.write_config()
    return small_site


def test_a_bundle_leads_to_patches_motion_and_findings(bundle, tmp_path):
    out = tmp_path / "out"
    summary = monitor(bundle.yaml, out)
    assert {"mining.gpkg", "mining_subset_2.tif", "mining_labels.tif", "probability.tif"} <= {
        p.name for p in out.iterdir()
    }
    assert list(summary["area_m2"])[-1] == "dumping_ground"
    assert summary["area_m2"]["dumping_ground"] == pytest.approx(70 * 70 * 100, rel=0.02)
    patches = gpd.read_parquet(out / "activity.parquet")
    assert patches["mine_class"].tolist() == ["dumping_ground"]
    assert patches["permit_status"].notna().all()
    assert summary["motion"] is not None
    findings = json.loads((out / "stac" / "assess.json").read_text())["properties"]["highwall:facts"]
    assert findings["n_findings"] == len(summary["findings"])
    with rasterio.open(out / "probability.tif") as raster:
        assert raster.descriptions == ("none", "dumping_ground")
        assert np.abs(raster.read().astype(int).sum(axis=0) - 250).max() <= 1
    assert "made 2 + made 4" in (out / "stac" / "detect.json").read_text()


def test_the_same_again_is_kept(bundle, tmp_path):
    first = monitor(bundle.yaml, tmp_path / "out")
    heard = []
    assert monitor(bundle.yaml, tmp_path / "out", say=heard.append) == first
    assert {f"{stage}: unchanged, kept" for stage in ("segment", "mining", "detect", "refine")} <= set(heard)


def test_networks_that_do_not_suit_are_told_and_motion_goes_on(bundle, tmp_path):
    write_network(
        bundle.folder / "bundle" / "4.onnx",
        facts(subsets=(4,), bands=("B11",), level="L1C"),
        seen={"mining_area": "B11"},
    )
    summary = monitor(bundle.yaml, tmp_path / "out")
    assert any("lacks B11" in sentence for sentence in summary["missing"])
    assert summary["patches"] is None
    assert summary["motion"] is not None


def test_weights_and_a_bundle_are_too_much(bundle, tmp_path):
    bundle.config["model"]["weights"] = "chips.onnx"
    bundle.write_config()
    with pytest.raises(ConfigError, match="either weights or bundle"):
        monitor(bundle.yaml, tmp_path / "out")
    bundle.config["model"] = {"bundle": ["nowhere"]}
    bundle.config.pop("insar")
    bundle.write_config()
    with pytest.raises(InputError, match="no model at"):
        monitor(bundle.yaml, tmp_path / "out")

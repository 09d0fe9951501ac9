"""The stages as verbs of their own, in the order of the how-to."""

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import ConfigError, InputError, MissingInputError
from highwall.insar.options import PixelReference, PointReference
from highwall.workflows.blocks import crew
from highwall.workflows.mapping.detect_verb import ToDetect, detect_alone
from highwall.workflows.outlining.refine import ToRefine
from highwall.workflows.outlining.verbs import refine_alone
from highwall.workflows.radar.stack import Given
from highwall.workflows.radar.verbs import deform_alone, deform_changes
from highwall.workflows.watching.simulate import simulate
from highwall.workflows.watching.verbs import assess_alone, report_alone


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("verbs"), seed=2).parent


@pytest.fixture(scope="module")
def done(site):
    """Every verb in turn into one folder; what was said, and the summary."""
    out, said = site / "out", []
    detect_alone(ToDetect((site / "scenes",)), out, say=said.append)
    outline(out, said.append, land_cover=site / "land_cover.tif")
    with crew() as hands:
        changes = deform_changes(reference="100,10", weighting=None)
        deform_alone(Given(site / "insar"), out, changes=changes, run_file=None, crew=hands, say=said.append)
    assess(site, out, said.append)
    report_alone(out, say=said.append)
    return out, said, json.loads((out / "summary.json").read_text())


def outline(out, say, **given):
    with crew() as hands:
        refine_alone(ToRefine(out / "probability.tif", **given), out, changes={}, run_file=None, crew=hands, say=say)


def assess(site, out, say, date="2023-07-17"):
    assess_alone(
        out / "patches.parquet", out, permits=site / "permits.gpkg", fields={}, motion=out / "displacement.zarr",
        date=dt.date.fromisoformat(date) if date else None, run_file=None, say=say,
    )  # fmt: skip


def test_each_says_what_it_left(done):
    _, said, _ = done
    for words in (
        "probability.tif: S2SIM_20230717",
        "detections.gpkg: ",
        "patches.gpkg: ",
        "velocity.tif: ",
        "findings.gpkg: 3 findings",
    ):
        assert any(line.startswith(words) for line in said), words


def test_the_report_holds_all_of_them(done):
    out, _, summary = done
    assert summary["site"]["crs"] == "EPSG:32723"
    assert len(summary["findings"]) == 3
    assert summary["motion"]["reference"].startswith("row 100, column 10")
    assert (out / "report.html").exists()


def test_the_command_line_says_where_the_report_lies(done):
    told = CliRunner().invoke(app, ["report", str(done[0])])
    assert told.exit_code == 0
    assert f"Report: {done[0] / 'report.html'}" in told.stdout


def test_a_plan_needs_no_folder_and_the_work_does(site):
    planned = CliRunner().invoke(app, ["deform", str(site / "insar"), "--plan"])
    assert planned.exit_code == 0, planned.output
    assert "GiB before compression" in planned.output
    refused = CliRunner().invoke(app, ["deform", str(site / "insar")])
    assert refused.exit_code == 2
    assert "--out" in refused.output


def test_a_stage_behind_its_inputs_is_left_out_of_the_report(site, done):
    out, _, _ = done
    outline(out, lambda line: None)
    report_alone(out, say=lambda line: None)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["findings"] is None
    assert any(sentence.startswith("assess: left out") for sentence in summary["missing"])
    assess(site, out, lambda line: None)
    report_alone(out, say=lambda line: None)
    assert json.loads((out / "summary.json").read_text())["findings"]


def test_permits_need_a_date(site, done):
    with pytest.raises(ConfigError, match="--date"):
        assess(site, done[0], lambda line: None, date=None)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reference": "nine"}, InputError, "ROW,COLUMN.*lonlat:LONGITUDE,LATITUDE"),
        ({"reference": "27.3,-26.1"}, InputError, "neither a pixel nor a place"),
        ({"reference": "-1,4"}, InputError, "neither a pixel nor a place"),
        ({"reference": "lonlat:27.3"}, InputError, "neither a pixel nor a place"),
        ({"weighting": "foo"}, ConfigError, "'coherence' or 'none'"),
        ({"wavelength_m": 5.6}, ConfigError, "wavelength_m"),
    ],
)
def test_wrong_options_of_deform(site, tmp_path, options, error, message):
    given = Given(site / "insar", options.pop("wavelength_m", None))

    def work(hands):
        changes = deform_changes(**({"reference": None, "weighting": None} | options))
        deform_alone(given, tmp_path, changes=changes, run_file=None, crew=hands, say=lambda line: None)

    with crew() as hands, pytest.raises(error, match=message):
        work(hands)


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(MissingInputError, match="holds no run"):
        report_alone(tmp_path, say=lambda line: None)


def test_a_reference_is_a_pixel_or_a_place():
    assert deform_changes(reference="9,8", weighting=None) == {"reference": PixelReference(row=9, col=8).model_dump()}
    place = PointReference(x=27.315, y=-26.142).model_dump()
    assert deform_changes(reference="lonlat:27.315,-26.142", weighting=None) == {"reference": place}


@pytest.mark.parametrize(("name", "correction"), [("dem", "stratified"), ("gacos", "gacos")])
def test_what_serves_a_correction_that_was_not_asked_for_is_refused(site, tmp_path, name, correction):
    given, nothing = Given(site / "insar")._replace(**{name: tmp_path}), {"changes": {}, "say": lambda line: None}
    with crew() as hands:
        asked = rf"--{name} serves .*corrections: \{{{correction}: true\}}.*leave --{name} out"
        with pytest.raises(InputError, match=asked):
            deform_alone(given, tmp_path / "out", run_file=None, crew=hands, **nothing)
        bounds = tmp_path / "run.yaml"
        bounds.write_text(f"deform: {{corrections: {{{correction}: true}}}}\n")
        with pytest.raises((InputError, MissingInputError)) as unreadable:  # asked for, of an empty folder
            deform_alone(given, tmp_path / "out", run_file=bounds, crew=hands, **nothing)
    assert "serves a correction" not in str(unreadable.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "elsewhere"], "serves --portfolio alone"),
        (["--finding", "F-1", "--out", "elsewhere"], "serves --portfolio alone"),
        (["--register", "register.json"], "serves --finding alone"),
        (["--portfolio", "--register", "register.json"], "serves --finding alone"),
    ],
)
def test_options_of_another_report_are_refused(tmp_path, options, message):
    refused = CliRunner().invoke(app, ["report", str(tmp_path), *options])
    assert refused.exit_code == 2
    assert message in refused.output

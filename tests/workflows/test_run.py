import datetime as dt
import json

import pystac
import pytest
from odc.geo.geom import box

from highwall.core.errors import OutputError, SetAside
from highwall.core.site import Site
from highwall.workflows.run import Outcome, Run, Stage, facts_of, plain


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run", Site.over("Here", box(10, 50, 10.1, 50.1, crs="EPSG:4326")))


class Worker:
    """Counts how often it worked and leaves one file."""

    def __init__(self, run, content="a"):
        self.run, self.content, self.n = run, content, 0

    def __call__(self):
        self.n += 1
        self.run.folder.mkdir(exist_ok=True)
        self.run.path("out.json").write_text(self.content)
        return Outcome({"n": 1, "nan": float("nan")}, [dt.date(2024, 5, 1)], [SetAside("b.tif", "broken")])


def stage(path, **parameters):
    return Stage("detect", {"in": path}, parameters, ("out.json",))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("one")
    return path


def test_unchanged_work_is_skipped(run, source):
    work = Worker(run)
    first = run.stage(stage(source), work)
    assert run.stage(stage(source), work) == first
    assert work.n == 1
    assert facts_of(first) == {"n": 1, "nan": None}
    assert first["highwall:set_aside"] == [{"name": "b.tif", "reason": "broken"}]


@pytest.mark.parametrize("change", ["input", "parameter", "output", "output_gone", "record_gone"])
def test_any_change_does_the_work_again(run, source, change):
    work = Worker(run)
    run.stage(stage(source, a=1), work)
    parameters = {"a": 1}
    if change == "input":
        source.write_text("two, longer")
    elif change == "parameter":
        parameters["a"] = 2
    elif change == "output":
        run.path("out.json").write_text("tampered")
    elif change == "output_gone":
        run.path("out.json").unlink()
    else:
        (run.folder / "stac" / "detect.json").unlink()
    run.stage(stage(source, **parameters), work)
    assert work.n == 2


def test_a_stage_that_fails_keeps_the_earlier_result_but_does_not_count(run, source):
    first = run.stage(stage(source), Worker(run))
    again = Run(run.folder, run.site)

    def fail():
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        again.stage(stage(source, a=2), fail)
    assert again.record("detect") == first
    assert again.completed == []
    assert again.stands("detect")


def test_a_file_that_is_not_written_again_does_not_pass_for_new(run, source):
    def work(*names):
        def write():
            run.folder.mkdir(exist_ok=True)
            for name in names:
                (run.folder / "part").write_text(name)
                (run.folder / "part").replace(run.path(name))
            return Outcome({})

        return write

    outputs = ("a.json", "b.json")
    run.stage(Stage("deform", {"in": source}, {"b": True}, outputs), work("a.json", "b.json"))
    run.stage(Stage("deform", {"in": source}, {"b": False}, outputs), work("a.json"))
    assert list(run.files("deform")) == ["a.json"]
    assert not run.path("b.json").exists()


def test_the_record_is_a_stac_catalogue(run, source):
    run.stage(stage(source, threshold=0.5), Worker(run))
    catalog = pystac.Catalog.from_file(str(run.path("catalog.json")))
    (item,) = catalog.get_items()
    assert item.datetime.date() == dt.date(2024, 5, 1)
    assert item.properties["highwall:parameters"] == {"threshold": 0.5}
    assert item.properties["highwall:inputs"]["in"]["checksum"].startswith("1220")
    assert item.assets["out.json"].get_absolute_href() == str(run.path("out.json"))
    assert json.loads((run.folder / "stac" / "detect.json").read_text())["type"] == "Feature"


def test_plain_values_go_through_json():
    value = {"date": dt.date(2024, 1, 2), "pair": (1, float("nan")), "deep": {"x": [dt.date(2024, 1, 3)]}}
    assert json.loads(json.dumps(plain(value))) == {
        "date": "2024-01-02",
        "pair": [1, None],
        "deep": {"x": ["2024-01-03"]},
    }


def test_a_folder_below_a_file_is_refused_before_any_work(tmp_path, run, source):
    (tmp_path / "taken").write_text("here already")
    work = Worker(Run(tmp_path / "taken" / "run", run.site))
    with pytest.raises(OutputError, match="taken is a file; name a folder"):
        work.run.stage(stage(source), work)
    assert work.n == 0

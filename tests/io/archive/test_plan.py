import datetime as dt

import pytest

from highwall.core.errors import InputError, MissingInputError
from highwall.io.archive.plan import ArchivePlan
from tests.io.archives import plan


def test_a_plan_is_read_as_it_was_written(tmp_path):
    made = plan()
    assert ArchivePlan.read(made.write(tmp_path / "plan.json")) == made


def test_no_plan_and_a_damaged_plan_are_named(tmp_path):
    with pytest.raises(MissingInputError, match="highwall radar search"):
        ArchivePlan.read(tmp_path / "plan.json")
    path = plan().write(tmp_path / "plan.json")
    path.write_text(path.read_text()[:-20])
    with pytest.raises(InputError, match="is no plan"):
        ArchivePlan.read(path)
    path.write_text('{"name": "serra"}')
    with pytest.raises(InputError, match=r"aoi.*Field required"):
        ArchivePlan.read(path)


def test_the_pass_of_a_date():
    made = plan()
    assert made.acquisition(dt.date(2018, 1, 18)) is made.acquisitions[1]
    with pytest.raises(InputError, match="no acquisition of 2018-01-19"):
        made.acquisition(dt.date(2018, 1, 19))
    assert made.pairs[0].name == "20180106_20180118"

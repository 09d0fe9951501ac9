"""The table of sites."""

import datetime as dt

import pytest

from highwall.core.errors import InputError, MissingInputError
from highwall.workflows.datasets.site_table import SiteRow, read_sites


def written(tmp_path, text, *, encoding="utf-8"):
    path = tmp_path / "sites.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_codes_words_and_dates_are_understood(tmp_path, separator):
    rows = (
        ("Site", "Raw material", "mine_type", "dates", "split"), ("a", "mo", "open-pit", "2020-05-01 2021-06-02", ""),
        ("b", "Coal and lignite", "OC", "", "val"), ("c", "", "", "", ""),
    )  # fmt: skip
    path = written(tmp_path, "\ufeff" + "\r\n".join(separator.join(row) for row in rows))
    assert read_sites(path) == {
        "a": SiteRow("MO", "OP", frozenset({dt.date(2020, 5, 1), dt.date(2021, 6, 2)})),
        "b": SiteRow("CL", "OC", frozenset(), "validation"),
        "c": SiteRow(),
    }


def test_a_row_each_date_is_one_site(tmp_path):
    path = written(tmp_path, "site,material,date\na,RR,2020-05-01\na,RR,2021-05-01\n\n")
    assert read_sites(path)["a"].dates == {dt.date(2020, 5, 1), dt.date(2021, 5, 1)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name of mine,material\na,MO\n", "needs a column site in its first line; found name of mine, material"),
        ("site,material\na,gold\n", r"line 2: material 'gold' is unknown.*use CL, MO, RR"),
        ("site,mine_type\na,UG\n", "line 2: mine_type 'UG' is unknown"),
        ("site,dates\na,June 2020\n", "line 2: 'June 2020' holds no date; write dates as 2021-06-30"),
        ("site,material\na,MO\na,CL\n", "line 3: site 'a' stands there twice with different facts"),
        ("site,material\n,MO\n", "line 2: the site has no name"),
        ("site,material\n", "no site below its heading"),
        ("", "found nothing"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_sites(written(tmp_path, text))


def test_missing_files_and_foreign_encodings_are_told_of(tmp_path):
    with pytest.raises(MissingInputError, match="no site table"):
        read_sites(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_sites(written(tmp_path, "site\nMüller\n", encoding="latin-1"))

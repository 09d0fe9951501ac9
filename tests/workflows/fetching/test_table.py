from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError, MissingInputError
from highwall.workflows.datasets.site_table import read_sites
from highwall.workflows.fetching.table import DEFAULT_SIDE_M, read_wanted, write_table
from highwall.workflows.fetching.verb import years_of


def table(folder: Path, text: str, name: str = "sites.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_each_way_to_say_where(tmp_path: Path) -> None:
    gpd.GeoDataFrame(geometry=[shapely.box(10, 45, 10.1, 45.1)], crs="EPSG:4326").to_file(tmp_path / "a.geojson")
    path = table(
        tmp_path,
        "site,west,south,east,north,lon,lat,side_m,aoi,wkt,material\n"
        "boxed,10,45,10.1,45.1,,,,,,RR\n"
        "pointed,,,,,15.0,45.0,,,,\n"
        "wide,,,,,15.0,45.0,20000,,,\n"
        "drawn,,,,,,,,a.geojson,,\n"
        'written,,,,,,,,,"POLYGON((10 45,10.1 45,10.1 45.1,10 45.1,10 45))",MO\n',
    )
    sites = {site.name: site for site in read_wanted(path)}
    assert list(sites) == ["boxed", "pointed", "wide", "drawn", "written"]
    for name in ("boxed", "drawn", "written"):
        assert sites[name].area.geom.equals(shapely.box(10, 45, 10.1, 45.1))
    assert sites["pointed"].area.crs.epsg == 32633
    assert sites["pointed"].area.boundingbox.span_x == pytest.approx(DEFAULT_SIDE_M)
    assert sites["wide"].area.boundingbox.span_x == pytest.approx(20_000)
    assert (dict(sites["boxed"].facts), dict(sites["wide"].facts)) == ({"material": "RR"}, {})


def test_a_box_from_east_to_west_goes_over_the_dateline(tmp_path: Path) -> None:
    (site,) = read_wanted(table(tmp_path, "site;west;south;east;north\nfiji;179.9;-17.1;-179.9;-17.0\n"))
    assert site.area.boundingbox.span_x == pytest.approx(0.2)


def test_polygons_by_site_and_a_file_that_is_one(tmp_path: Path) -> None:
    squares = [shapely.box(x, 45, x + 0.1, 45.1) for x in (10, 10.2, 20)]
    named = gpd.GeoDataFrame(
        {"site": ["a", "a", "b"], "material": ["RR", "RR", None]}, geometry=squares, crs="EPSG:4326"
    )
    named.to_file(tmp_path / "many.gpkg")
    sites = read_wanted(tmp_path / "many.gpkg")
    assert [(site.name, dict(site.facts)) for site in sites] == [("a", {"material": "RR"}), ("b", {})]
    assert sites[0].area.boundingbox.span_x == pytest.approx(0.3)
    named[["geometry"]].iloc[:1].to_file(tmp_path / "one mine.gpkg")
    assert [site.name for site in read_wanted(tmp_path / "one mine.gpkg")] == ["one mine"]


def test_a_row_a_date_is_one_site(tmp_path: Path) -> None:
    path = table(tmp_path, "site,lon,lat,dates\na,10,45,2020-01-01\na,10,45,2021-01-01\n")
    assert [(site.name, dict(site.facts)) for site in read_wanted(path)] == [("a", {})]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("site,lon,lat\n", "has no row"),
        ("", "has no row"),
        ("lon,lat\n10,45\n", "line 2 names no site"),
        ("site,lon\na,10\n", "does not say where it lies"),
        ("site,lon,lat\na,ten,45\n", "does not say where it lies"),
        ("site,lon,lat\na,10,95\n", "is no place that Sentinel-2 sees"),
        ("site,wkt\na,POLYGON((\n", "does not say where it lies"),
        ("site,lon,lat\n../a,10,45\n", "no folder can be"),
        ("site,lon,lat\na,10,45\na,11,45\n", "in two places"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_wanted(table(tmp_path, text))


def test_a_missing_table_and_a_missing_aoi(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="no table of sites"):
        read_wanted(tmp_path / "nowhere.csv")
    with pytest.raises(MissingInputError, match=r"b\.geojson"):
        read_wanted(table(tmp_path, "site,aoi\na,b.geojson\n"))
    path = tmp_path / "latin.csv"
    path.write_bytes("site,lon,lat\nMinério,10,45\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_wanted(path)


def test_the_table_that_is_written_is_one_of_a_dataset(tmp_path: Path) -> None:
    rows = [{"site": "a", "material": "RR", "dates": "2020-01-01;2021-02-03"}, {"site": "b", "mine_type": "OC"}]
    sites = read_sites(write_table(rows, tmp_path / "out.csv"))
    assert {str(date) for date in sites["a"].dates} == {"2020-01-01", "2021-02-03"}
    assert (sites["a"].material, sites["b"].mine_type) == ("RR", "OC")


def test_years_and_months_are_read() -> None:
    assert years_of("2016-2018,2020") == (2016, 2017, 2018, 2020)
    assert years_of("11-2", cycle=12) == (11, 12, 1, 2)
    for text in ("", "twenty", "2020-"):
        with pytest.raises(InputError, match="neither a number nor a span"):
            years_of(text)
    with pytest.raises(InputError, match="write 2016-2022"):
        years_of("2022-2016")


@given(st.sets(st.integers(1, 12), min_size=1))
def test_months_one_by_one_and_back(months: set[int]) -> None:
    assert set(years_of(",".join(map(str, months)), cycle=12)) == months

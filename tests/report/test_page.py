import re
from functools import cache
from html.parser import HTMLParser

import pytest

from highwall.report.page import render

from . import content as made

EVIL = "<script>alert('x')</script><img src=http://evil.example/a.png>"
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Collects tags and addresses, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action", "data"}]
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


NOTHING_FOUND = made.content(
    stages=("prepare", "refine", "assess"), scene=made.scene(), patches=made.patches().iloc[:0], permits=made.permits(),
    findings=made.findings().iloc[:0],
)  # fmt: skip
PATCH_COLUMNS = ["patch_id", "mine_class", "area_m2", "probability_mean", "geometry"]
RUNS = {
    "everything": made.everything(),
    "only patches": made.content(stages=("refine",), patches=made.patches()[PATCH_COLUMNS]),
    "patches on a scene": made.content(stages=("prepare", "refine"), scene=made.scene(), patches=made.patches()),
    "only motion": made.content(stages=("deform",), motion=made.motion(), network=made.network(known=False)),
    "nothing found": NOTHING_FOUND,
    "nothing at all": made.content(stages=()),
}  # fmt: skip


@cache
def rendered(name: str) -> str:
    return render(RUNS[name])


@pytest.mark.parametrize("run", RUNS)
def test_every_page_stands_alone_and_asks_for_nothing(run: str):
    text = rendered(run)
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not re.search(r"url\(|@import|https?://", re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL))
    assert "Serra Velha" in text
    for picture in made.pictures_of(text):
        assert picture.shape[0] > 200
        assert made.count_colours(picture) > 20


def test_a_page_shows_everything_that_it_was_given():
    text = rendered("everything")
    assert len(made.pictures_of(text)) == 6  # patches, motion, series, baselines and two findings
    for words in (
        "open pit", "5.0 ha", "-57", "+31", "Mine ground of at least 1.0 ha.", "L-7, Serra", "120 m", "industrial mine",
        "No land cover was given.", "cannot be read", "row 9, column 8", "falls into 2 pieces",
        "continued mining", "0.83", "revegetating",
        "Moves otherwise since 2020-08-01:\n-10 before, -40 mm/year after", "<dt>ahead</dt><dd>2.0 ha</dd>",
    ):  # fmt: skip
        assert words in text
    assert ">nan" not in text.lower()
    assert "None" not in text


def test_an_unknown_activity_has_no_probability():
    patches = made.patches().assign(activity=["unknown", "inactive"], activity_probability=[1.0, 0.6])
    text = render(made.everything(patches=patches))
    assert '<td>unknown</td>\n<td class="n">–</td>' in text
    assert '<td>inactive</td>\n<td class="n">0.60</td>' in text


def test_only_patches_says_that_permits_were_not_checked():
    text = rendered("only patches")
    assert "permits not checked" in text
    assert "not measured" in text
    assert made.pictures_of(text) == []


def test_nothing_found_is_no_statement_that_there_is_none():
    text = rendered("nothing found")
    assert "No mine was detected. That is not a statement that there is none" in text
    assert "every patch lies within a permit" in text


def test_a_page_of_zones_alone_says_that_permits_were_not_checked():
    parts = {"scene": made.scene(), "patches": made.patches(), "is_checked": True}
    text = render(made.content(stages=("prepare", "assess"), findings=made.findings(), **parts))
    assert "findings; permits not checked" in text
    empty = render(made.content(stages=("prepare", "assess"), findings=made.findings().iloc[:0], **parts))
    assert "no patch enters the land" in empty
    assert "every patch lies within a permit" not in empty


def test_only_motion_draws_map_and_network():
    assert len(made.pictures_of(rendered("only motion"))) == 2


def test_what_others_wrote_is_shown_as_text():
    evil = made.everything(
        site=made.SITE | {"name": EVIL, "minerals": [EVIL]},
        findings=made.findings(holder=[EVIL] * 2, permit_id=[EVIL] * 2, statement=[EVIL] * 2, evidence=[EVIL] * 2),
        missing=[EVIL],
        set_aside=[{"name": EVIL, "reason": EVIL}],
        records=made.RECORDS | {"prepare": made.record(scene_id=EVIL, acquired=EVIL, source=EVIL, level=EVIL)},
    )
    text = render(evil)
    page = Page(text)
    assert "script" not in page.tags
    assert all(address.startswith("data:") for address in page.addresses)
    assert text.count("&lt;script&gt;") >= 10


def test_long_tables_are_cut_and_the_page_says_so():
    patches = made.patches().iloc[[0] * 203].reset_index(drop=True)
    text = render(made.content(stages=("refine",), patches=patches))
    assert "3 more in patches.gpkg." in text
    assert text.count("<tr>") == 201


def test_the_same_run_gives_the_same_page():
    assert render(RUNS["only motion"]) == rendered("only motion")

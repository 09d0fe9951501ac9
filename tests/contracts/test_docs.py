"""The docs in step with the command line, the products, the schemas and the files that they link."""

import re
import runpy
from pathlib import Path

import pytest
import yaml

from highwall.workflows.config import RunConfig, SiteConfig

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATOR = runpy.run_path(str(DOCS / "generate.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("name", GENERATOR["pages"]())
def test_reference_pages_are_those_that_the_code_writes(name):
    assert (DOCS / "reference" / name).read_text() == GENERATOR["pages"]()[name], "run `make docs`"


def test_the_benchmark_tables_are_those_that_were_measured():
    text = (ROOT / "README.md").read_text()
    assert text == GENERATOR["with_speeds"](text), "run `make docs`"


def test_the_tables_of_the_rooms_are_those_that_were_measured():
    for page in (DOCS / "rooms").glob("*.md"):
        text = page.read_text()
        assert text == GENERATOR["with_changes"](text), f"{page.name}: run `make docs`"


def test_every_verb_and_every_option_has_help():
    for name, command in GENERATOR["commands"]():
        assert command.help, name
        for parameter in command.params:
            assert parameter.name == "help" or parameter.help, f"{name} {parameter.name}"


def test_the_pages_name_no_verb_that_does_not_exist():
    known = {name.split()[0] for name, _ in GENERATOR["commands"]()}
    for page in PAGES:
        for verb in re.findall(r"`highwall ([a-z]+)", page.read_text()):
            assert verb in known, f"{page.name} names highwall {verb}"


@pytest.mark.parametrize(("name", "model"), [("site", SiteConfig), ("run", RunConfig)])
def test_the_samples_are_valid(name, model):
    content = yaml.safe_load((DOCS / "reference" / f"{name}.yaml").read_text())
    assert model.model_validate(content)


def test_no_page_links_to_a_file_that_is_not_there():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"

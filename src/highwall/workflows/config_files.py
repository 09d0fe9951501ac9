"""Reading the files that a user writes: unknown keys are refused with the nearest known one.

Paths are relative to the file that names them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from highwall.core.checks import nearest_name
from highwall.core.errors import ConfigError, MissingInputError
from highwall.workflows.config import RunConfig, SiteConfig

Model = TypeVar("Model", bound=BaseModel)


def load_site(path: Path) -> SiteConfig:
    """Read SITE.yaml; its relative paths are resolved against its folder.

    Raises
    ------
    MissingInputError
        No such file.
    ConfigError
        Not YAML, an unknown key, or a value out of bounds.
    """
    config = _validated(SiteConfig, path)
    return _resolved(config, path.resolve().parent)


def load_run(path: Path | None) -> RunConfig:
    """Read run.yaml, or take every default.

    Raises
    ------
    MissingInputError
        No such file.
    ConfigError
        Not YAML, an unknown key, or a value out of bounds.
    """
    return RunConfig() if path is None else _validated(RunConfig, path)


def _validated(model: type[Model], path: Path) -> Model:
    if not path.is_file():
        name = "site" if model is SiteConfig else "run"
        raise MissingInputError(f"no configuration at {path}; `highwall config {name}` prints a sample.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    return checked(model, content, source=str(path))


def checked(model: type[Model], content: Any, *, source: str) -> Model:
    """Validate what a user gave.

    Raises
    ------
    ConfigError
        An unknown key, or a value out of bounds.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = dict.fromkeys(f"{source}: {_problem(model, detail)}" for detail in error.errors())
        raise ConfigError("\n".join(problems)) from error


def _problem(model: type[BaseModel], detail: Any) -> str:
    place = [str(part) for part in detail["loc"] if not str(part).startswith(("function-", "list[", "lax-or-strict"))]
    where = ".".join(place)
    if detail["type"] == "extra_forbidden":
        section = _section(model, place[:-1])
        known = list(section.model_fields) if section else []
        return f"unknown key {where}{nearest_name(place[-1], known)} (known: {', '.join(known)})"
    return f"{where}{': ' if where else ''}{detail['msg']} (found {detail['input']!r})"


def _section(model: type[BaseModel], place: list[str]) -> type[BaseModel] | None:
    """Model of the section at a place; in a choice of sections the place names which by its ``kind``."""
    rest = list(place)
    while rest:
        field = model.model_fields.get(rest.pop(0))
        choices = list(_models_in(field.annotation)) if field else []
        if len(choices) > 1 and rest:
            kind = rest.pop(0)
            choices = [choice for choice in choices if choice.model_fields["kind"].default == kind]
        if not choices:
            return None
        model = choices[0]
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that an annotation allows, however deep."""
    if _is_model(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _resolved(config: Model, folder: Path) -> Model:
    """Copy a configuration with every relative path made absolute against ``folder``."""
    changes: dict[str, Any] = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            changes[name] = _resolved(value, folder)
        elif isinstance(value, Path):
            changes[name] = folder / value
        elif isinstance(value, tuple) and value and isinstance(value[0], Path):
            changes[name] = tuple(folder / path for path in value)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            changes[name] = tuple(_resolved(section, folder) for section in value)
    return config.model_copy(update=changes)

"""Samples of SITE.yaml and run.yaml, written from the typed configuration."""

from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from highwall.workflows.config import RunConfig, SiteConfig

SAMPLES: dict[str, type[BaseModel]] = {"site": SiteConfig, "run": RunConfig}


def sample(name: str) -> str:
    """Return a commented sample of ``site`` or ``run``.

    Of a site, what has an example stands and the rest is commented out; of a run, every default stands.
    """
    model = SAMPLES[name]
    title = (model.__doc__ or "").strip().splitlines()[0]
    return "\n".join([f"# {title}", *_lines(model, indent=0, hidden=False, defaults=name == "run")]) + "\n"


def _lines(model: type[BaseModel], *, indent: int, hidden: bool, defaults: bool) -> list[str]:
    lines: list[str] = []
    for name, field in model.model_fields.items():
        section = _section_of(field)
        if section:
            hide = hidden or indent > 0 or not (defaults or any(map(_stands, section.model_fields.values())))
            lines += [""] if indent == 0 else []
            lines.append(f"{_pad(indent, hide)}{name}:  # {(section.__doc__ or '').strip().splitlines()[0]}")
            lines += _section(section, field, indent=indent, hidden=hide, defaults=defaults)
        else:
            hide = hidden or not (defaults or _stands(field))
            lines.append(f"{_pad(indent, hide)}{name}: {_value(field)}  # {_comment(field)}".rstrip(" #"))
    return lines


def _section(section: type[BaseModel], field: FieldInfo, *, indent: int, hidden: bool, defaults: bool) -> list[str]:
    """Lines of a section; of one that may stand several times, as the first of a list."""
    if get_origin(field.annotation) is not tuple:
        return _lines(section, indent=indent + 1, hidden=hidden, defaults=defaults)
    first, *others = _lines(section, indent=indent + 2, hidden=hidden, defaults=defaults)
    return [first.replace("    ", "  - ", 1), *others]


def _comment(field: FieldInfo) -> str:
    """What a field means, and its choices where its description leaves one out."""
    told = field.description or ""
    choices = [str(choice) for choice in get_args(field.annotation)] if get_origin(field.annotation) is Literal else []
    return told if len(choices) < 2 or all(choice in told for choice in choices) else f"{told} ({', '.join(choices)})"


def _stands(field: FieldInfo) -> bool:
    return field.is_required() or bool(field.examples)


def _pad(indent: int, hide: bool) -> str:
    return ("# " if hide else "") + "  " * indent


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _value(field: FieldInfo) -> str:
    value: Any = field.examples[0] if field.examples else field.get_default(call_default_factory=True)
    if isinstance(value, NoneType):
        return "null"
    plain = list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
    text = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=10_000).strip()
    return text.removesuffix("...").strip()

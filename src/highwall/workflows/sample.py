"""Samples of SITE.yaml and run.yaml, written from the typed configuration."""

from pathlib import Path
from types import NoneType
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from highwall.workflows.config import RunConfig, SiteConfig

SAMPLES: dict[str, type[BaseModel]] = {"site": SiteConfig, "run": RunConfig}


def sample(name: str) -> str:
    """Return a commented sample of ``site`` or ``run``; what is optional is commented out and shows its default."""
    model = SAMPLES[name]
    text = (model.__doc__ or "").strip().splitlines()[0]
    return "\n".join([f"# {text}", *_lines(model, indent=0, optional=False)]) + "\n"


def _lines(model: type[BaseModel], *, indent: int, optional: bool) -> list[str]:
    lines: list[str] = []
    for name, field in model.model_fields.items():
        section = _section_of(field)
        hide = optional or (not field.is_required() and model is not RunConfig and indent > 0)
        pad = ("# " if hide else "") + "  " * indent
        if section:
            if indent == 0:
                lines.append("")
            lines.append(f"{pad}{name}:  # {(section.__doc__ or '').strip().splitlines()[0]}")
            lines += _lines(section, indent=indent + 1, optional=hide)
        else:
            lines.append(f"{pad}{name}: {_value(field)}  # {field.description or ''}")
    return lines


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

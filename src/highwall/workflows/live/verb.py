"""What `highwall serve` does with its arguments."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from highwall.core.errors import ConfigError, MissingInputError
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.serve import Serving, new_code, serve

_VARIABLE: Final = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def serve_verb(
    store: str,
    *,
    bus: str,
    runs: Sequence[Path],
    secrets: Path | None,
    config: Path | None,
    address: tuple[str, int],
    user: str | None,
    is_pages_only: bool = False,
    say: Callable[[str], None],
) -> str:
    """Serve, or make a code; return what remains to be told.

    Raises
    ------
    HighwallError
        Something given cannot be used.
    """
    if user is not None:
        return f"one-time code of {user}: {new_code(store, user)}"
    serving = Serving(store, bus, tuple(runs), secrets, read_config(config), is_pages_only)
    serve(serving, host=address[0], port=address[1], say=say)
    return ""


def read_config(path: Path | None) -> ServeConfig:
    """Read serve.yaml, or take every default.

    Raises
    ------
    MissingInputError
        No such file.
    ConfigError
        Not YAML, an unknown key, or a value out of bounds; values are not repeated, because they may be secret.
    """
    if path is None:
        return ServeConfig()
    if not path.is_file():
        raise MissingInputError(f"no configuration at {path}; docs/how-to/run-the-twin.md has a sample.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML; look at its indentation.") from error
    try:
        return ServeConfig.model_validate(_with_environment(content))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)
        )
        raise ConfigError(f"{path} cannot be used: {faults}.") from None


def _with_environment(content: Any) -> Any:
    """Put variables of the environment in the place of ``${NAME}``: secrets need not stand in the file."""
    if isinstance(content, dict):
        return {key: _with_environment(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_with_environment(value) for value in content]
    named = _VARIABLE.fullmatch(content) if isinstance(content, str) else None
    if named is None:
        return content
    if named[1] not in os.environ:
        raise ConfigError(f"the environment has no {named[1]}, which serve.yaml asks for; set it.")
    return os.environ[named[1]]

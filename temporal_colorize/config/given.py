"""Options that a program gives by name, composed as those of a command line are."""

import functools
import os
import threading
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING

from temporal_colorize.config.composing import LIST_KEYS, LITERAL_KEYS, compose_quoted, quote, quote_literals

if TYPE_CHECKING:
    from omegaconf import DictConfig

_ONE_AT_A_TIME = threading.Lock()  # Hydra composes with state of its own


def composed(program: str, options: Mapping[str, object]) -> "DictConfig":
    """Compose `conf/<program>.yaml`, in any thread; the same options give the same object, which nobody changes.

    Raises:
        ValueError: In one line, if an option, a group's choice or a value is unknown.
    """
    return _composed(program, tuple(_override(*item) for item in options.items()))


@functools.lru_cache(maxsize=64)
def _composed(program: str, overrides: tuple[str, ...]) -> "DictConfig":
    with _ONE_AT_A_TIME:
        return compose_quoted(program, overrides)


def _override(name: str, value: object) -> str:
    """Write an option in Hydra's grammar: text as on a command line, but what is in a list literally."""
    if not isinstance(value, list | tuple):
        return quote_literals([f"{name}={_plain(name, value)}"])[0]
    if name in LITERAL_KEYS - LIST_KEYS:
        raise ValueError(f"{name} is given a {type(value).__name__}: one path is needed")
    parts = (quote(_plain(name, one)) if isinstance(one, str | os.PathLike) else _plain(name, one) for one in value)
    return f"{name}=[{','.join(parts)}]"


def _plain(name: str, value: object) -> str:
    """Write what is no list.

    Raises:
        ValueError: If it is nothing that a command line could say.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    if isinstance(value, Real):
        return str(value)
    needed = (
        "a path is needed" if name in LITERAL_KEYS else "give text, a number, True, False, None, or a list of those"
    )
    raise ValueError(f"{name} is given a {type(value).__name__}: {needed}")

"""Says of a mistyped option which one was meant."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

_HYDRA = re.compile(r"Could not (?:override|delete from config\.) '([^']+)'")  # nowhere else does its error name it


def unknown_in(error: Exception) -> str | None:
    """Return the option that Hydra does not know; None if its error is another."""
    found = _HYDRA.match(str(error))
    return found and found[1]


def known_options(config: Mapping[str, object], folder: Path) -> list[str]:
    """Name the options of a configuration, as plain mappings, and the groups of its folder."""
    groups = [path.name for path in folder.iterdir() if path.is_dir()]
    return sorted({*groups, *_names(config)})


def _names(config: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for name, node in config.items():
        yield f"{prefix}{name}"
        if isinstance(node, Mapping):
            yield from _names(node, f"{prefix}{name}.")


def say_unknown(option: str, known: Collection[str], *, program: str) -> str:
    """Say that an option is none, and which is near: one that is spelt alike, or ends in its name."""
    inside = [name for name in known if name.endswith(f".{option}")]
    near = [*difflib.get_close_matches(option, known, n=1), *inside]
    return f"{option} is no option" + (
        f"; did you mean {near[0]}?" if near else f": see --help, and conf/{program}.yaml, where all are"
    )

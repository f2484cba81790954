"""What a reader of records relies on: their names and types. docs/provenance.md says what they mean."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import UnionType
from typing import Any

# A mapping of names, a list of a kind, a tuple of kinds (a list of that length), or a type.
Kind = Mapping[str, "Kind"] | list["Kind"] | tuple["Kind", ...] | type | UnionType

_DIGEST: Kind = {"files": int, "bytes": int, "sha256": str}
_FILE: Kind = {"path": str, **_DIGEST}
BESIDE = ("confidence", "sheet")  # files that may be beside the output
_RUN: Kind = {"frame": int, "count": int, "picture": int, "moved": int | None, "damaged": bool}
_RECORD: Kind = {
    "output": {**_DIGEST, "signed": bool},
    "source": _FILE,
    "weights": _FILE,
    "encoder": {"lossless": bool},
    "config": {
        "limits": dict,
        "deinterlace": str,
        "rate": int | float | None,
        "start": int | float,
        "end": int | float | None,
    },
    "done": dict,
    "frames": dict,
}
_FRAMES: Kind = {"time_base": str | None, "first": int, "steps": [(int, int)], "runs": [_RUN]}
_MARK: Kind = {"box": (int, int, int, int)}
_GIVEN: Kind = {"paths": [str], **_DIGEST}


def faults(record: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a record, each in a few words: "lacks output.sha256", "has 3 as frames.first"."""
    found = list(_faults("", record, _RECORD))
    yield from found
    if found:
        return
    if record["frames"]:  # pictures have none
        yield from _faults("frames.", record["frames"], _FRAMES)
        if not _is_positive(record["frames"].get("time_base")):
            yield f"has {_short(record['frames'].get('time_base'))} as frames.time_base"
    if record["done"].get("mark") is not None:
        yield from _faults("done.mark.", record["done"]["mark"], _MARK)
    for name in BESIDE:
        if record.get(name) is not None:
            yield from _faults(f"{name}.", record[name], _FILE)
    given = record.get("given", {})
    yield from _faults("given.", given, dict.fromkeys(given, _GIVEN) if isinstance(given, dict) else {})


def _faults(name: str, value: object, kind: Kind) -> Iterator[str]:
    if isinstance(kind, Mapping):
        if not isinstance(value, dict):
            yield f"has {_short(value)} as {name.removesuffix('.')}"
            return
        for key, inner in kind.items():
            if key in value:
                yield from _faults(f"{name}{key}" + "." * isinstance(inner, Mapping), value[key], inner)
            else:
                yield f"lacks {name}{key}"
    elif isinstance(kind, list | tuple):
        if not isinstance(value, list) or (isinstance(kind, tuple) and len(value) != len(kind)):
            yield f"has {_short(value)} as {name}"
            return
        for number, one in enumerate(value):
            inner = kind[number] if isinstance(kind, tuple) else kind[0]
            yield from _faults(f"{name}[{number}]" + "." * isinstance(inner, Mapping), one, inner)
    elif not isinstance(value, kind):
        yield f"has {_short(value)} as {name}"


def _is_positive(fraction: object) -> bool:
    """Tell whether it is a positive fraction as text, or None."""
    try:
        return fraction is None or Fraction(str(fraction)) > 0
    except (ValueError, ZeroDivisionError):
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

"""Checks an output against its record."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from temporal_colorize.inference.picture import is_picture
from temporal_colorize.inference.weights import find_weights, weights_files
from temporal_colorize.provenance.digests import digest
from temporal_colorize.provenance.pictures import compare_pictures, compare_videos
from temporal_colorize.provenance.record import read, usual_path
from temporal_colorize.provenance.schema import BESIDE
from temporal_colorize.provenance.signing import read_manifest
from temporal_colorize.video import VideoError
from temporal_colorize.video.live.addresses import redacted_in
from temporal_colorize.video.source import locate


class Check(NamedTuple):
    """What came of a check.

    Attributes:
        name: What was checked.
        passed: Whether it is as the record says; None if that cannot be told, which is no failure.
        text: What was found, in a line.
    """

    name: str
    passed: bool | None
    text: str

    def __str__(self) -> str:
        return f"{self.name}: {_WORDS[self.passed]}: {self.text}"


_WORDS = {True: "ok", False: "DIFFERS", None: "not checked"}


def verify(
    output: Path, *, record: Path | None = None, source: Path | None = None, weights: str | None = None
) -> Iterator[Check]:
    """Check an output, in the order of cost, each when it is asked for.

    Args:
        output: The coloured file.
        record: Its record; None for the one beside it.
        source: What it was made of; None for where that was then.
        weights: A file or a name; None for where they were then.

    Raises:
        ValueError: If the output or its record cannot be read, or what is given as the source or the weights is not
            there. Where they were then and are no more, they are not checked.
    """
    if not output.is_file():
        raise ValueError(f"output={output}: there is no such file")
    known = read(usual_path(output) if record is None else record)
    original = Path(known["source"]["path"]) if source is None else source
    files, model = _files_of(original, must=source is not None), _weights(known["weights"]["path"], weights)
    yield _same_bytes("output", [output], known["output"])
    yield _signature(output, signed=known["output"]["signed"])
    yield _same_bytes("source", files, known["source"]) if files else _gone("source", known["source"]["path"])
    yield _same_bytes("weights", model, known["weights"]) if model else _gone("weights", known["weights"]["path"])
    for name, given in known.get("given", {}).items():
        yield _if_there(name, [Path(path) for path in given["paths"]], given)
    for name in filter(known.get, BESIDE):
        there = Path(known[name]["path"])
        beside = output.with_name(there.name)  # of an output that has been taken elsewhere with it
        yield _if_there(name, [there if there.is_file() else beside], known[name])
    if not files:
        for name in ("luma",) if is_picture(output) else ("frames", "luma"):
            yield _gone(name, known["source"]["path"], of="source")
    elif is_picture(output):
        yield from _luma_of_picture(output, original, known)
    else:
        yield from _frames_and_luma(output, original, known)


def _gone(name: str, path: str, *, of: str | None = None) -> Check:
    option, what = of or name, redacted_in(path)
    return Check(name, None, f"{'' if of is None else f'the {of} '}{what} is not there; say where: {option}=PATH")


def _files_of(source: Path, *, must: bool) -> list[Path]:
    """List what is read of a source; nothing if it is not there and need not be."""
    try:
        return list(locate(source, rate=None).files)
    except VideoError as error:
        if must:
            raise ValueError(f"source={source}: {error}") from error
        return []


def _weights(path: str, given: str | None) -> list[Path]:
    return weights_files(find_weights(given or path)) if given or Path(path).is_file() else []


def _if_there(name: str, files: Sequence[Path], known: Mapping[str, Any]) -> Check:
    gone = [str(path) for path in files if not path.is_file()]
    if gone or not files:
        return Check(name, None, f"{', '.join(gone) or 'what the record names'} is not there any more")
    return _same_bytes(name, files, known)


def _same_bytes(name: str, files: Sequence[Path], known: Mapping[str, Any]) -> Check:
    found = digest(files)
    if all(found[key] == known[key] for key in found):
        return Check(name, True, f"{files[0].name}, SHA-256 {found['sha256']}")
    return Check(name, False, f"{files[0].name} has SHA-256 {found['sha256']} and {found['bytes']} bytes, not "
                 f"{known['sha256']} and {known['bytes']}")  # fmt: skip


def _signature(output: Path, *, signed: bool) -> Check:
    if not signed:
        return Check("signature", None, "it was not signed")
    try:
        state, _ = read_manifest(output)
    except ModuleNotFoundError:
        return Check("signature", None, "it is signed, and c2pa-python is not installed: pip install '.[c2pa]' in a "
                     "checkout")  # fmt: skip
    except ValueError as error:
        return Check("signature", False, str(error))
    who = "by a certificate on the trust list" if state == "Trusted" else "by whom is not known here"
    return Check("signature", state != "Invalid", f"the C2PA manifest is {state.lower()}, {who}")


def _luma_of_picture(output: Path, source: Path, known: Mapping[str, Any]) -> Iterator[Check]:
    if known["encoder"]["lossless"]:
        yield Check("luma", *compare_pictures(output, source, known))
    else:
        yield _with_loss(output)


def _frames_and_luma(output: Path, source: Path, known: Mapping[str, Any]) -> Iterator[Check]:
    found = compare_videos(output, source, known)
    yield Check("frames", *found.map)
    if found.luma is None:
        yield Check("luma", None, "the frames are not the record's")
    elif known["encoder"]["lossless"]:
        yield Check("luma", *found.luma)
    else:
        yield _with_loss(output)


def _with_loss(output: Path) -> Check:
    advice = "PNG and TIFF keep it" if is_picture(output) else "encoder=lossless keeps it"
    return Check("luma", None, f"{output.name} was written with loss ({advice})")

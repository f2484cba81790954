"""Checks an output against its record."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from temporal_colorize.inference.picture import is_picture
from temporal_colorize.inference.weights import find_weights, weights_files
from temporal_colorize.provenance.digests import digest
from temporal_colorize.provenance.pictures import compare_pictures, compare_videos
from temporal_colorize.provenance.record import read, usual_path
from temporal_colorize.provenance.signing import read_manifest
from temporal_colorize.video import VideoReader, is_sequence


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
        ValueError: If the output or its record cannot be read, or the source or the weights are not there.
    """
    if not output.is_file():
        raise ValueError(f"output={output}: there is no such file")
    known = read(usual_path(output) if record is None else record)
    original = Path(known["source"]["path"]) if source is None else source
    files, model = _files_of(original), _weights(known["weights"]["path"], weights)
    yield _same_bytes("output", [output], known["output"])
    yield _same_bytes("source", files, known["source"])
    yield _same_bytes("weights", model, known["weights"])
    for name, given in known.get("given", {}).items():
        paths = [Path(path) for path in given["paths"]]
        gone = next((path for path in paths if not path.is_file()), None)
        yield _same_bytes(name, paths, given) if gone is None else Check(name, None, f"{gone} is not there any more")
    yield _signature(output, signed=known["output"]["signed"])
    if is_picture(output):
        yield from _luma_of_picture(output, original, known)
    else:
        yield from _frames_and_luma(output, original, known)


def _files_of(source: Path) -> list[Path]:
    advice = "say where it is: source=PATH"
    if is_sequence(source):
        try:
            with VideoReader(source) as reader:
                return list(reader.files)
        except ValueError as error:
            raise ValueError(f"{error}; {advice}") from error
    if not source.is_file():
        raise ValueError(f"source={source}: there is no such file; {advice}")
    return [source]


def _weights(path: str, given: str | None) -> list[Path]:
    if given is None and not Path(path).is_file():
        raise ValueError(f"weights={path}: there is no such file; say where they are: weights=PATH")
    return weights_files(find_weights(given or path))


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
        return Check("signature", None, "it is signed, and c2pa-python is not installed: pip install "
                     "'temporal-colorize[c2pa]'")  # fmt: skip
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
    advice = "PNG, TIFF and WebP keep it" if is_picture(output) else "encoder=lossless keeps it"
    return Check("luma", None, f"{output.name} was encoded with loss ({advice})")

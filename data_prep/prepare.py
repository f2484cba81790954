"""Turn a raw data set into what training reads: small pictures and clips, and a manifest of them.

    python -m data_prep.prepare KIND RAW OUTPUT [--short-side 160] [--tuning-percent 3] [--validation-percent 0]

Several sets may go into one OUTPUT; running again goes on from where it ended. Grey pictures, near-duplicates and
files that cannot be read are left out: OUTPUT/dropped.csv says which and why.
"""

import argparse
import re
from itertools import groupby
from pathlib import Path

from data_prep.command import Parser, guarded
from data_prep.folder import PreparedFolder, locked
from data_prep.make import LEAST_SIDE, Limits, Made, make_all
from data_prep.quality import Rejected
from data_prep.sources import ADAPTERS, GROUPED, REGROUP, RawItem
from data_prep.spread import Spread, add_options, spreading
from temporal_colorize.data.pictures import DataError
from temporal_colorize.options import require_number

_LIMITS = Limits()


def prepare(
    kind: str,
    raw: Path,
    output: Path,
    *,
    name: str | None = None,
    source: str | None = None,
    limits: Limits = _LIMITS,
    tuning_percent: int = 3,
    validation_percent: int = 0,
    workers: int = 0,
    ray: str | None = None,
) -> PreparedFolder:
    """Add a raw data set to a prepared folder.

    Args:
        kind: Which of ADAPTERS lists it.
        raw: Where it was unpacked to.
        output: The prepared folder, made if it is not there.
        name: Of the set; the kind, or for folders of pictures and videos the raw folder's name.
        source: Whether a source is a "file", a "folder", or what has one "look"; as the adapter says if None.
        limits: What is stored.
        tuning_percent: Share of the sources for tuning, by a hash of their names.
        validation_percent: Share of the sources for validation.
        workers: As `spreading` has it; the result is the same for any number.
        ray: As `spreading` has it, with the same result; the cluster's machines see both folders.

    Raises:
        DataError: If the raw folder is not laid out as its kind says, or holds nothing of it.
        ValueError: If an option is out of its range, or another run is writing to the folder.
    """
    _check(limits, tuning_percent, validation_percent)
    name = name or (raw.resolve().name if kind in ("pictures", "videos") else kind)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", name)
    items = list(ADAPTERS[kind](raw))
    if not items:
        raise DataError(f"{raw} holds nothing of the kind {kind}")
    with spreading(workers=workers, ray=ray) as spread, locked(output):
        for part in (output / "clips" / name).glob("*.part"):
            part.unlink()  # of a run that was killed
        folder = PreparedFolder(output, tuning_percent=tuning_percent, validation_percent=validation_percent)
        known = folder.names(name)
        regrouped = list(REGROUP[source or GROUPED.get(kind, "file")](items, spread=spread))
        aliases = folder.known_sources(name, regrouped)
        fresh = (item._replace(source=aliases.get(item.source, item.source)) for item in regrouped)
        _add(folder, name, [item for item in fresh if item.name not in known], limits, spread)
        folder.save()
    return folder


def _check(limits: Limits, tuning_percent: int, validation_percent: int) -> None:
    require_number("--short-side", limits.short_side, least=LEAST_SIDE)
    require_number("--clip-side", limits.clip_side, least=LEAST_SIDE)
    require_number("--clip-frames", limits.clip_frames, least=2)
    require_number("--tuning-percent", tuning_percent, least=0, most=100)
    require_number("--validation-percent", validation_percent, least=0, most=100 - tuning_percent)


def _add(folder: PreparedFolder, name: str, items: list[RawItem], limits: Limits, spread: Spread) -> None:
    for kind, group in groupby(sorted(items, key=lambda item: item.kind), key=lambda item: item.kind):
        outcomes = make_all(list(group), folder.root / "clips" / name, limits, spread=spread)
        if kind == "clip":
            for item, results in outcomes:
                for made in _kept(folder, name, item, results):
                    folder.add_clip(name, item, made)
                folder.save()
            continue
        with folder.pictures(name) as tar:
            for item, results in outcomes:
                for made in _kept(folder, name, item, results):
                    tar.add(item, made)


def _kept(folder: PreparedFolder, name: str, item: RawItem, results: list[Made | Rejected]) -> list[Made]:
    for result in results:
        if isinstance(result, Rejected):
            folder.drop(name, item, result)
    return [result for result in results if isinstance(result, Made)]


def _parser() -> Parser:
    parser = Parser(
        prog="python -m data_prep.prepare",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("kind", choices=ADAPTERS)
    parser.add_argument("raw", type=Path, help="the folder that the data set was unpacked to")
    parser.add_argument("output", type=Path, help="the prepared folder")
    parser.add_argument("--name", help="of the set, if not the kind or the raw folder's name")
    parser.add_argument("--source", choices=REGROUP, help="what one scene is, if not what the kind says")
    parser.add_argument("--short-side", type=int, default=_LIMITS.short_side, help="of pictures, in pixels")
    parser.add_argument("--clip-side", type=int, default=_LIMITS.clip_side, help="short side of clips, in pixels")
    parser.add_argument("--clip-frames", type=int, default=_LIMITS.clip_frames, help="longer videos are cut into clips")
    parser.add_argument("--grey-chroma", type=float, default=_LIMITS.grey_chroma, help="ab units; below it is grey")
    parser.add_argument("--tuning-percent", type=int, default=3, help="of the sources")
    parser.add_argument("--validation-percent", type=int, default=0, help="of the sources")
    add_options(parser)
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    limits = Limits(**{field: options.pop(field) for field in Limits._fields})
    guarded(parser, lambda: print(prepare(**options, limits=limits).summary()))


if __name__ == "__main__":
    main()

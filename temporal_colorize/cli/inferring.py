"""What infer.py does with files, given its configuration. Heavy imports are inside."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cli.guard import INTERRUPTED
from temporal_colorize.cli.interrupt import end_soon
from temporal_colorize.cli.living import is_live_run, live_once
from temporal_colorize.cli.reporting import failures_in, write_failure, write_report
from temporal_colorize.cli.varying import infer_variants
from temporal_colorize.config.building import writable_folder
from temporal_colorize.config.checking import check_coloring, check_files
from temporal_colorize.config.composing import several
from temporal_colorize.config.preparing import Prepared, prepare

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.footage import Footage
    from temporal_colorize.inference.report import Report

# The outputs do not depend on these.
_OF_THE_RUN = ("progress", "progress_seconds", "profile", "report", "resume", "cache", "live")
_SOME_FAILED = 1  # exit status


def infer_once(config: "DictConfig") -> None:
    """Colour one file and print its report, or many of them, or cameras until the program is stopped."""
    with failures_in(config.report):
        _infer(config)


def _infer(config: "DictConfig") -> None:
    from temporal_colorize.inference.footage import find_footage, is_many

    check_coloring(config)
    if is_live_run(config):
        return live_once(config)
    check_files(config)
    end_soon(last=partial(write_failure, config.report, INTERRUPTED))
    video = _named(config.video)
    footage = find_footage(video, config.output) if is_many(video) else None  # before the weights are opened
    for name in ("record", "sheet") if footage is not None else ():
        if config[name] not in (None, True, False):
            raise ValueError(f"{name}={config[name]} is one file: with many videos, {name}=true puts one beside each")
    if footage is not None and config.confidence is not None:
        raise ValueError(f"confidence={config.confidence} is for one file, and video={config.video} names many")
    if footage is not None and config.variants is not None:
        raise ValueError(f"variants={config.variants} are of one video, not of {len(footage)} files")
    if footage is not None and config.hints is not None:
        raise ValueError(f"hints={config.hints} belong to one video: give it alone, not {len(footage)} files")
    if footage is not None and config.output is not None:
        writable_folder(config.output)
    prepared = prepare(config, [Path(video)] if footage is None else [one.source for one in footage])
    if footage is not None:
        return _infer_all(footage, config, prepared)
    if config.variants is not None:
        reports = infer_variants(config, Path(video), prepared)
        if config.report is not None:
            write_report(Path(config.report), {"variants": [dataclasses.asdict(report) for report in reports]})
        return
    report = prepared.colorize(Path(video), config.output and Path(config.output))
    print(report)
    if config.profile:
        print("\n".join(f"{milliseconds:8.2f} ms a frame: {stage}" for stage, milliseconds in report.profile.items()))
    if config.report is not None:
        write_report(Path(config.report), dataclasses.asdict(report))


def _named(video: object) -> str | list[str]:
    """Read the names of videos: one, or several in brackets where there is no file of that very name."""
    names = several(video)
    return str(video) if len(names) == 1 or os.path.lexists(str(video)) else names


def _infer_all(footage: "Sequence[Footage]", config: "DictConfig", prepared: Prepared) -> None:
    """Colour many files; a failure does not stop the rest, and shows in the exit status."""
    from omegaconf import OmegaConf

    from temporal_colorize.inference.batch import colorize_all

    into = None if config.output is None else Path(config.output)

    def one(item: "Footage") -> "Report":
        output = item.output(into)
        output.parent.mkdir(parents=True, exist_ok=True)
        return prepared.colorize(item.source, output)

    chosen = {name: value for name, value in OmegaConf.to_container(config).items() if name not in _OF_THE_RUN}
    again = config.resume == "auto"
    outcome = colorize_all(
        footage, one, folder=into or footage[0].root, settings={**chosen, **prepared.settings}, resume=again
    )
    print(outcome)
    if config.report is not None:
        write_report(Path(config.report), dataclasses.asdict(outcome))
    if outcome.failures:
        sys.exit(_SOME_FAILED)

"""What infer.py does with files, given its configuration. Heavy imports are inside."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cli.guard import INTERRUPTED
from temporal_colorize.cli.interrupt import end_soon
from temporal_colorize.cli.living import is_live_run, live_once
from temporal_colorize.cli.reporting import failures_in, write_failure, write_report
from temporal_colorize.cli.spreading import check_cluster, of_worker, spread
from temporal_colorize.cli.varying import infer_variants
from temporal_colorize.config.building import writable_folder
from temporal_colorize.config.checking import check_coloring, check_files
from temporal_colorize.config.coloring import ListColoring
from temporal_colorize.config.composing import several
from temporal_colorize.config.preparing import Prepared, prepare
from temporal_colorize.remote import RemotePath, as_path, is_remote

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.batch import Outcome
    from temporal_colorize.inference.footage import Footage
    from temporal_colorize.inference.report import Report

# The outputs do not depend on these.
_OF_THE_RUN = ("progress", "progress_seconds", "profile", "report", "resume", "cache", "live", "engine", "ray")
_SOME_FAILED = 1  # exit status
_SLACK = 1.0  # seconds, to leave a cluster


def infer_once(config: "DictConfig") -> None:
    """Colour one file and print its report, or many of them, or cameras until the program is stopped."""
    with failures_in(config.report):
        _infer(config)


def _infer(config: "DictConfig") -> None:
    from temporal_colorize.inference.footage import find_footage, is_many, one_file

    check_coloring(config)
    if is_live_run(config):
        return live_once(config)
    check_files(config)
    spreads = config.engine == "ray"
    if spreads:
        check_cluster(config)
    grace = {"grace": config.ray.stop_seconds + _SLACK} if spreads else {}
    end_soon(last=partial(write_failure, config.report, INTERRUPTED), **grace)
    video = _named(config.video)
    many = is_many(video)
    footage = find_footage(video, config.output) if many else [one_file(video, config.output)]
    if many:
        _check_many(config, footage)
    listed = many or spreads or isinstance(footage[0].source, RemotePath) or isinstance(footage[0].target, RemotePath)
    if listed:
        _check_listed(config)
    local = [one.source for one in footage if isinstance(one.source, Path)]
    narrow = {"threads": config.ray.cores} if spreads else {}
    prepared = prepare(of_worker(config) if spreads else config, local, **narrow)  # the weights are opened last
    if listed:
        return _infer_listed(footage, config, prepared, many=many)
    if config.variants is not None:
        reports = infer_variants(config, Path(video), prepared)
        if config.report is not None:
            write_report(Path(config.report), {"variants": [dataclasses.asdict(report) for report in reports]})
        return
    report = prepared.colorize(Path(video), config.output and Path(config.output))
    print(report)
    _tell_more(report, config)


def _tell_more(report: "Report", config: "DictConfig") -> None:
    """Say of one file where the time went, and write its report, where that was asked for."""
    if config.profile:
        print("\n".join(f"{milliseconds:8.2f} ms a frame: {stage}" for stage, milliseconds in report.profile.items()))
    if config.report is not None:
        write_report(Path(config.report), dataclasses.asdict(report))


def _check_many(config: "DictConfig", footage: "Sequence[Footage]") -> None:
    """Refuse what can only be had of one file."""
    for name in ("record", "sheet"):
        if config[name] not in (None, True, False):
            raise ValueError(f"{name}={config[name]} is one file: with many videos, {name}=true puts one beside each")
    if config.confidence is not None:
        raise ValueError(f"confidence={config.confidence} is for one file, and video={config.video} names many")
    if config.variants is not None:
        raise ValueError(f"variants={config.variants} are of one video, not of {len(footage)} files")
    if config.hints is not None:
        raise ValueError(f"hints={config.hints} belong to one video: give it alone, not {len(footage)} files")
    if config.output is not None and not is_remote(config.output):
        writable_folder(config.output)


def _check_listed(config: "DictConfig") -> None:
    """Refuse what neither a cluster nor a store has."""
    from temporal_colorize.video import is_sequence

    if config.variants is not None:
        raise ValueError(f"variants={config.variants} are made of a file of this machine, without engine=ray")
    if isinstance(config.video, str) and not is_remote(config.video) and is_sequence(config.video):
        raise ValueError(f"video={config.video}: numbered pictures are coloured without engine=ray")


def _named(video: object) -> str | list[str]:
    """Read the names of videos: one, or several in brackets where there is no file of that very name."""
    names = several(video)
    return str(video) if len(names) == 1 or os.path.lexists(str(video)) else names


def _infer_listed(footage: "Sequence[Footage]", config: "DictConfig", prepared: Prepared, *, many: bool) -> None:
    """Colour listed files, here or on a cluster; a failure does not stop the rest, and shows in the exit status."""
    from temporal_colorize.inference.batch import colorize_all, in_turn

    into = as_path(config.output) if many and config.output is not None else None
    here = nullcontext(in_turn(ListColoring(prepared, into)))
    with spread(config, prepared, footage, into) if config.engine == "ray" else here as run:
        outcome = colorize_all(
            footage,
            run,
            folder=into or footage[0].root,
            settings={**_chosen(config), **prepared.settings},
            resume=config.resume == "auto",
        )
    if not many:
        return _tell_of_one(outcome, config)
    print(outcome)
    if config.report is not None:
        write_report(Path(config.report), dataclasses.asdict(outcome))
    if outcome.failures:
        sys.exit(_SOME_FAILED)


def _chosen(config: "DictConfig") -> dict[str, object]:
    """Say what was asked for that the outputs depend on."""
    from omegaconf import OmegaConf

    return {name: value for name, value in OmegaConf.to_container(config).items() if name not in _OF_THE_RUN}


def _tell_of_one(outcome: "Outcome", config: "DictConfig") -> None:
    if outcome.failures:
        raise ValueError(outcome.failures[0])
    for report in outcome.reports:
        _tell_more(report, config)

"""Trainings, evaluations and measurements of the documents: their options here, and small runs that are slow."""

import argparse
import importlib
import sys
from pathlib import Path

import pytest

from temporal_colorize import cli
from tests.support.documents import Command
from tests.support.pasting import (
    OF_SHARED_DATA,
    SMALL,
    expanded,
    files_in,
    of_kind,
    program_of,
    quickened,
    run_apart,
    run_earlier,
    stood_in,
)
from tests.support.shared import shared


@of_kind("slow", "swept")
def test_the_options_of_a_long_command_are_known(command: Command, folder: Path, monkeypatch) -> None:
    words, program = stood_in(command), program_of(command)
    if program.startswith("python -m"):
        _parses(words, monkeypatch)
    else:
        overrides = [_first(word) for word in words[2:] if word != "-m"] if "-m" in words else words[2:]
        assert cli.compose(program.removeprefix("python ").removesuffix(".py"), overrides)


def _first(override: str) -> str:
    """Take the first of the values that are swept over."""
    name, _, value = override.partition("=")
    value = value.removeprefix("tag(log,").removeprefix("interval(").removeprefix("choice(")
    return override if "[" in value else f"{name}={value.split(',')[0]}"


@of_kind("by hand")
def test_the_options_of_a_measurement_are_known(command: Command, folder: Path, monkeypatch) -> None:
    _parses(stood_in(command), monkeypatch)


@of_kind("launched")
def test_what_is_launched_on_many_devices_is_known(command: Command) -> None:
    """The options are composed, and as many processes are asked for as the trainer has devices."""
    words = stood_in(command)
    place = words.index("train.py")
    config = cli.compose("train", words[place + 1 :])
    asked = next(
        int(words[at + 1]) for at, word in enumerate(words) if word in ("--nproc-per-node", "--ntasks-per-node")
    )
    assert config.trainer.strategy == "ddp" and config.trainer.devices == asked


class ParsedError(Exception):
    """What a parser raises here once it has understood everything."""


def _parses(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a module up to where its arguments are understood."""
    module, words = importlib.import_module(words[2]), expanded(words)

    understand = argparse.ArgumentParser.parse_known_args

    def then_stop(*arguments: object, **options: object) -> tuple[argparse.Namespace, list[str]]:
        given, unknown = understand(*arguments, **options)
        if unknown:  # of another pass, or refused by who has asked
            return given, unknown
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", then_stop)
    monkeypatch.setattr(sys, "argv", [words[2], *words[3:]])
    with pytest.raises(ParsedError):
        module.main()


@pytest.mark.slow
@of_kind("slow", "slow alone")
def test_a_long_command_made_small(command: Command, folder: Path) -> None:
    run_earlier(command)
    before = files_in(folder)
    status, out, error = run_apart(quickened(command) + SMALL.get(program_of(command), []))
    assert status == 0, error[-2000:]
    assert out.strip() or files_in(folder) != before, "it neither wrote nor said anything"


@pytest.mark.slow
@of_kind("shared")
def test_a_measurement_of_clips_that_are_not_part_of_the_project(command: Command, folder: Path) -> None:
    shared("data", "val", "clips")
    status, out, error = run_apart(stood_in(command) + OF_SHARED_DATA[program_of(command)])
    assert status == 0 and out.strip(), error[-2000:]

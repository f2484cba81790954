"""Refuses a sweep that Hydra would not make: its plugin is not installed, or the command is one of a single run."""

import importlib.util
from collections.abc import Iterator, Sequence

from temporal_colorize.config.composing import conf_folder

_PACKAGES = {
    "hydra/launcher=submitit_slurm": "hydra_submitit_launcher",
    "hydra/launcher=submitit_local": "hydra_submitit_launcher",
    "hydra/launcher=joblib": "hydra_joblib_launcher",
    "hydra/sweeper=optuna": "hydra_optuna_sweeper",
}
_SEARCH = "override /hydra/sweeper: optuna"  # in a file of conf/sweep


def check_plugins(arguments: Sequence[str]) -> None:
    """Look for what a command asks for.

    Raises:
        ModuleNotFoundError: That names the option, and what to install.
    """
    for argument in arguments:
        for option in (argument, *_asked_by(argument)):
            if option in _PACKAGES and not _is_installed(f"hydra_plugins.{_PACKAGES[option]}"):
                raise ModuleNotFoundError(f"{option} needs what is not installed: pip install '.[sweep]'")


def check_alone(arguments: Sequence[str]) -> None:
    """Look for a sweep in the command of a single run, which would be one training with none of its values.

    Raises:
        ValueError: That says how a sweep is asked for.
    """
    given = {name: value for name, _, value in (argument.partition("=") for argument in arguments)}
    sweep = given.get("sweep", "null")
    if sweep != "null" and given.get("hydra.mode") != "MULTIRUN":
        raise ValueError(f"sweep={sweep} is of many runs: give -m as well, python train.py -m sweep={sweep}")


def _asked_by(argument: str) -> Iterator[str]:
    name, _, choice = argument.partition("=")
    file = conf_folder() / "sweep" / f"{choice}.yaml"
    if name == "sweep" and file.is_file() and _SEARCH in file.read_text():
        yield "hydra/sweeper=optuna"


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the folder that it would be in
        return False

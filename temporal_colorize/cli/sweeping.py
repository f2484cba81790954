"""Prepares a sweep, and has a search go on where it was interrupted.

Hydra loads this, on every machine that runs a part of a sweep.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict

from temporal_colorize.cli.guard import guarded
from temporal_colorize.cli.sweep_table import begin_table, folders_of, given_in
from temporal_colorize.config.composing import quote

if TYPE_CHECKING:
    from optuna import Study

# The folder's name for a search's job number: the trials that wait come first, each with its own, then new numbers.
OmegaConf.register_new_resolver(
    "run_folder", lambda job, again, new: str(again[job] if job < len(again) else new + job - len(again)), replace=True
)


class SweepStart(Callback):
    """What Hydra calls before the first run of a sweep; what is raised here it would only warn of, so it ends here.

    Args:
        search: Options of a search that the command does not give: study_name, max_failure_rate, and the folder `runs`.
        slurm: Likewise of jobs of Slurm, by the launcher's names.
    """

    def __init__(self, *, search: dict[str, Any], slurm: dict[str, Any]) -> None:
        self.search, self.slurm = search, slurm

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        hydra = config.hydra
        given = {one.partition("=")[0].lstrip("+") for one in _as_given(hydra.overrides.hydra)}
        with open_dict(hydra):
            if hydra.launcher._target_.endswith("SlurmLauncher"):
                hydra.launcher.update({k: v for k, v in self.slurm.items() if f"hydra.launcher.{k}" not in given})
            if hydra.sweeper._target_.endswith("OptunaSweeper"):
                guarded(lambda: self._search(hydra, given))
        begin_table(Path(hydra.sweep.dir))

    def _search(self, hydra: DictConfig, given: Collection[str]) -> None:
        sweeper = hydra.sweeper
        _must_minimise(sweeper.direction)
        sweeper.study_name = sweeper.study_name or self.search["study_name"]
        if "hydra.sweep.dir" not in given:
            hydra.sweep.dir = f"{self.search['runs']}/{sweeper.study_name}"
            _for_runs(hydra, "hydra.sweep.dir", quote(hydra.sweep.dir))
        folder = Path(hydra.sweep.dir)
        sweeper.storage = sweeper.storage or f"sqlite:///{folder}/study.db"
        if "hydra.sweeper.max_failure_rate" not in given:
            sweeper.max_failure_rate = self.search["max_failure_rate"]
        folder.mkdir(parents=True, exist_ok=True)
        _go_on(hydra, folder)


def _go_on(hydra: DictConfig, folder: Path) -> None:
    """Have Optuna's sweeper make what is left of a study's trials, those first that were interrupted.

    Raises:
        ValueError: If the study was begun by another command.
    """
    import optuna

    sweeper, states = hydra.sweeper, optuna.trial.TrialState
    study = optuna.create_study(
        study_name=sweeper.study_name,
        storage=sweeper.storage,
        directions=_directions(sweeper.direction),
        load_if_exists=True,
    )
    _same_command(study, [*_as_given(hydra.overrides.task), *(f"{k}={v}" for k, v in (sweeper.params or {}).items())])
    interrupted = [trial for trial in study.get_trials(deepcopy=False) if trial.state == states.RUNNING]
    waiting = [trial.system_attrs["fixed_params"] for trial in study.get_trials(states=(states.WAITING,))]
    for trial in interrupted:
        study.tell(trial.number, state=states.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)
            waiting.append(trial.params)
    left_out = [*study.user_attrs.get("interrupted", []), *(trial.number for trial in interrupted)]
    study.set_user_attr("interrupted", left_out)
    ended = [trial for trial in study.get_trials(states=(states.COMPLETE, states.FAIL)) if trial.number not in left_out]
    again, new = _numbers(waiting, [trial.params for trial in ended if trial.params], folders_of(folder))
    sweeper.n_trials = max(0, sweeper.n_trials - len(ended))
    _for_runs(hydra, "hydra.sweep.subdir", f"'${{run_folder:${{hydra.job.num}},{again},{new}}}'")


def _as_given(overrides: ListConfig) -> list[str]:
    return OmegaConf.to_container(overrides, resolve=False)


def _for_runs(hydra: DictConfig, name: str, value: str) -> None:
    """Give every run an option; runs compose their configuration anew, from what the command gives."""
    hydra.overrides.hydra.append(f"{name}={value}")


def _directions(given: object) -> list[str]:
    several = given if OmegaConf.is_list(given) else [given]
    return [str(getattr(one, "name", one)) for one in several]


def _must_minimise(given: object) -> None:
    if (directions := _directions(given)) != ["minimize"]:
        raise ValueError(
            f"hydra.sweeper.direction={','.join(directions)}: what a run gives is minimised; leave this out, and give "
            "callbacks.best.mode=max where callbacks.best.monitor is to be maximised"
        )


def _same_command(study: "Study", command: Sequence[str]) -> None:
    begun = study.user_attrs.setdefault("command", sorted(command))
    if begun != sorted(command):
        changed = ", ".join(sorted({*begun} ^ {*command}))
        raise ValueError(
            f"hydra.sweeper.study_name={study.study_name} was begun by another command, which differs in {changed}: "
            "give that one to go on, or another study_name"
        )
    study.set_user_attr("command", begun)


def _numbers(
    waiting: Iterable[dict[str, Any]], ended: Iterable[dict[str, Any]], runs: Sequence[Path]
) -> tuple[list[int], int]:
    """Give each trial that waits the folder of its run, or a new one; trials of equal parameters have one each.

    Args:
        waiting: Parameters of the trials, in the order in which they are made.
        ended: Those of trials whose folders are theirs.
        runs: The folders that there are, in the order of their numbers.

    Returns:
        A number for each that waits, and the first that is new after them.
    """
    left, new = list(runs), max((int(run.name) for run in runs), default=-1) + 1
    for params in ended:
        _take_run_of(params, left)
    left.reverse()  # what was interrupted is among the last
    numbers = []
    for params in waiting:
        taken = _take_run_of(params, left)
        numbers.append(new if taken is None else taken)
        new += taken is None
    return numbers, new


def _take_run_of(params: dict[str, Any], left: list[Path]) -> int | None:
    """Take the first folder of a run that was given a trial's parameters out of those that are left."""
    wanted = {f"{name}={value}" for name, value in params.items()}
    found = next((run for run in left if wanted <= set(given_in(run))), None)
    if found is None:
        return None
    left.remove(found)
    return int(found.name)

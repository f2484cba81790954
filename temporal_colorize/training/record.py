"""What a run keeps of itself in its folder: the options that it was begun with, and what became of it."""

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

NAME = "run.json"
_CHECKPOINT = Path("checkpoints") / "last.ckpt"
# What may differ between two parts of one run: where it goes, what shows it, and what only says how it is computed.
_FREE = ("resume", "output", "logger", "data.workers", "data.in_memory", "callbacks.pictures")
_FREE += ("trainer.accelerator", "trainer.devices", "trainer.num_nodes", "trainer.strategy")
_FREE += ("trainer.enable_progress_bar",)


@dataclass(frozen=True)
class Run:
    """A run.

    Attributes:
        options: By their dotted names; those left out that may differ between two parts of one run.
        state: "running" is also what was killed.
        objective: What a sweep minimises, of a finished run, and
        monitor: its name, with a minus in front where the measure of that name is maximised.
        scores: The last validation's.
        steps: Of the optimiser.
        seconds: Of all its parts that ended by themselves.
        error: Of a failed run, in one line.
    """

    options: dict[str, Any]
    state: Literal["running", "preempted", "failed", "finished"] = "running"
    objective: float | None = None
    monitor: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    seconds: float = 0.0
    error: str | None = None

    def write(self, folder: Path) -> None:
        """Put it into a folder, in one step."""
        written = folder / f".{NAME}.{os.getpid()}"
        written.write_text(json.dumps(dataclasses.asdict(self), indent=1))
        written.replace(folder / NAME)

    @classmethod
    def read(cls, folder: Path) -> "Run | None":
        """Read a folder's; None where there is none, or none that can be read."""
        try:
            return cls(**json.loads((folder / NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return None


def named_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten a configuration to what decides a run's result, {dotted name: value}."""
    return {
        name: value
        for name, value in _leaves(config, "")
        if not any(name == free or name.startswith(f"{free}.") for free in _FREE)
    }


def _leaves(config: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def begin(folder: Path, options: dict[str, Any], *, resume: object) -> tuple[Run, str | None]:
    """Find out how a run begins in its folder.

    Args:
        folder: Of the run.
        options: From `named_options`.
        resume: "auto" goes on with what the folder holds of the same options; a path with that checkpoint; None, False
            or "off" begins anew, and throws away what the folder has kept to go on from.

    Returns:
        The run so far, which is finished where nothing is left to do, and the checkpoint to go on from, None for a
        fresh start.

    Raises:
        ValueError: If what the folder holds was begun with other options.
    """
    kept, checkpoint = Run.read(folder), folder / _CHECKPOINT
    if resume in (None, False, "off"):
        checkpoint.unlink(missing_ok=True)
        return Run(options), None
    if resume != "auto":
        return Run(options, seconds=kept.seconds if kept else 0.0), str(resume)
    if kept is None and checkpoint.exists():
        raise ValueError(f"{folder} has a checkpoint whose options are not known: {_ways_out(checkpoint)}")
    if kept is None or not (checkpoint.exists() or kept.state == "finished"):
        return Run(options), None
    _must_be_the_same(folder, kept.options, options)
    if kept.state == "finished":
        return kept, None
    return Run(options, seconds=kept.seconds), str(checkpoint)


def _must_be_the_same(folder: Path, kept: dict[str, Any], options: dict[str, Any]) -> None:
    changed = [name for name in {**kept, **options} if kept.get(name) != options.get(name)]
    if changed:
        name = changed[0]
        others = f", and {len(changed) - 1} more" if len(changed) > 1 else ""
        was = f"{name} was {kept.get(name)} there{others}"
        raise ValueError(
            f"{name}={options.get(name)}: {folder} holds another run ({was}): {_ways_out(folder / _CHECKPOINT)}"
        )


def _ways_out(checkpoint: Path) -> str:
    return f"give another hydra.run.dir; or resume={checkpoint} goes on with it, and resume=off writes over it"

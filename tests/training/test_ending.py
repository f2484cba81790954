import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from temporal_colorize import cli
from temporal_colorize.cli import training
from temporal_colorize.training.ending import SIGNALS, PreemptedError, preempted_by_signals
from tests.support.runs import TINY


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_the_first_step_ends_the_run_as_one_after_it(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_fit", lambda config: signal.raise_signal(number))
    with pytest.raises(PreemptedError) as ended:
        training.train_once(cli.compose("train", [*TINY, f"output={tmp_path}"]))
    assert ended.value.code == 75
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "preempted"
    assert signal.getsignal(number) is signal.SIG_DFL


def test_who_has_a_handler_keeps_it() -> None:
    seen = []
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    with preempted_by_signals():
        signal.raise_signal(signal.SIGTERM)
    assert seen == [signal.SIGTERM]

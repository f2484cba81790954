"""The arithmetic, with numbers worked by hand."""

import json
import os
from pathlib import Path

import pytest

from benchmarks import fleet
from benchmarks.fleet import Assumed, Measured, Need

MEASURED = {"fixed": Measured(30.0, 60.0, 4000.0, 5000.0, 0.1), "moving": Measured(10.0, 30.0, 8000.0, 9000.0, 0.5)}
ASSUMED = Assumed(
    cameras=1000, hours=7200, days=10, fps=15, moving=0.25, efficiency=0.5, cores_a_server=10, price_core_hour=0.1,
    price_gigabyte_month=0.02, kept_days=10,
)  # fmt: skip


def test_a_second_of_video() -> None:
    need = Need.of(MEASURED, ASSUMED)
    assert need.core_seconds == pytest.approx(15 * (0.75 / 30 + 0.25 / 10) / 0.5)  # 1.5
    assert need.bits_in == pytest.approx(15 * 8 * 5000) and need.bits_out == pytest.approx(15 * 8 * 6000)


def test_the_report_says_what_it_takes() -> None:
    text = fleet.report(MEASURED, ASSUMED)
    for row in (
        "| cores | 1,500 |",  # 1000 cameras at 1.5
        "| servers | 150 |",
        "| runs of the neural network a second | 3,000 |",  # 1000 cameras, 15 times 0.2 each
        "| runs of the neural network | 7.8e+07 |",  # 3 a second of video
        "| network out, Gbit/s | 0.7 |",  # 1000 at 720 kbit/s
        "| kept for 10 days, TB | 78 |",  # 90 kB/s, 864,000 s
        "| cores, money a month | 109,500 |",
        "| storage, money a month | 1,555 |",
        "| core hours | 10,800 |",
        "| cores | 45 |",  # in 240 hours
        "| output, TB | 2 |",
        "| money an hour of video | 0.150 |",
        "| half the pictures a second | 0.75 | 0.50 |",
        "| colouring for nothing | 0.63 | 0.42 |",  # 30 * (0.75 / 60 + 0.25 / 30)
        "| decoding and encoding in hardware, for nothing | 0.88 | 0.58 |",  # the rest of 1.5
    ):
        assert row in text, row


@pytest.mark.slow
def test_it_is_measured_on_one_core(tmp_path: Path) -> None:
    allowed = os.sched_getaffinity(0)
    measured = fleet.measure(tmp_path, seconds=0.2, rounds=1)
    assert os.sched_getaffinity(0) == allowed and not list(tmp_path.glob("*.floor.mp4"))
    for one in measured.values():
        assert 0 < one.fps < one.floor and one.given > 0 and one.made > 0 and 0 < one.looks <= 1


def test_what_is_assumed_is_whole() -> None:
    assert Assumed(**json.loads(fleet._ASSUMED.read_text())).cameras == 10_000

import json
from pathlib import Path

import pytest

from benchmarks import soak as soak_module
from benchmarks.live_scene import make_scene, number_of
from benchmarks.plots import save
from benchmarks.soak import Event, examine, judge, plan_events, plot, soak
from tests.support.rtsp import needs_rtsp
from tests.support.videos import lumas_of

LOOP = 500


def pictures(numbers: list[int], *, at: float = 0.0) -> list[tuple[float, int, int]]:
    return [(at + number / 25, 3600 * place, number % LOOP) for place, number in enumerate(numbers)]


def test_numbers_are_read_back_from_the_scene(tmp_path: Path) -> None:
    assert make_scene(tmp_path / "scene.h264", width=320, height=180, seconds=0.6) == 15
    assert [number_of(luma) for luma in lumas_of(tmp_path / "scene.h264")] == list(range(15))


def test_disorder_is_found_and_a_restart_is_none() -> None:
    clean = pictures([*range(0, 40), *range(42, 600)])
    assert examine(clean, [], loop=LOOP) == []
    assert len(examine([*clean[:10], clean[8], *clean[10:]], [], loop=LOOP)) == 2
    event = Event("kill", at=2.0, seconds=3.0, back=5.0)
    again = [*pictures(list(range(50))), *[(6.5 + n / 25, 3600 * (60 + n), n) for n in range(50)]]
    assert examine(again, [event], loop=LOOP) == [] and event.recovery == pytest.approx(1.5)
    assert len(examine(again, [], loop=LOOP)) == 1


def test_the_verdict() -> None:
    log = {
        "minutes": 10,
        "memory": [[second, 500.0 + (9 if second > 400 else 0)] for second in range(0, 600, 5)],
        "events": [{"recovery": 4.0}],
        "disorder": [],
        "exit": {"status": 0, "seconds": 0.5},
    }
    assert judge(log)["passed"] and judge(log)["memory_growth"] == 0.018
    for change in ({"disorder": ["1"]}, {"events": [{"recovery": None}]}, {"exit": {"status": 1, "seconds": 0.5}}):
        assert not judge({**log, **change})["passed"]


def test_the_plot_s_labels_stay_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[object] = []
    monkeypatch.setattr(soak_module, "save", lambda drawn, path: kept.extend(drawn) or save(drawn, path))
    events = [{"kind": kind, "at": at, "recovery": 1.5} for kind, at in (("restart", 90.0), ("kill", 300.0))]
    health = [{"seconds": at, "colored": 20 * at} for at in range(0, 600, 10)]  # 20 a second: never near 0
    plot({"memory": [[0.0, 400.0], [600.0, 500.0]], "events": events, "health": health}, tmp_path / "soak.png")
    lower = kept[1]
    inside = lower.get_window_extent()
    assert [label.get_text() for label in lower.texts] == ["restart 1.5 s", "kill 1.5 s"]
    for label in lower.texts:
        box = label.get_window_extent()
        assert inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1)


@pytest.mark.slow
@needs_rtsp
def test_ten_minutes(tmp_path: Path) -> None:
    log = soak(10, plan_events(10, 10), tmp_path)
    plot(log, tmp_path / "soak.png")
    assert judge(log)["passed"], json.dumps([judge(log), log["events"], log["disorder"]])

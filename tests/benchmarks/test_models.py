import re

import pytest
import torch

from benchmarks import models


def test_one_row_a_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--size", "64", "--rounds", "1", "--threads", str(torch.get_num_threads())]
    monkeypatch.setattr("sys.argv", ["models", "tiny", "cnn", *options])
    models.main()
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split("`")[1] for row in rows] == ["tiny", "cnn"]
    assert all(re.search(r"\| \d+\.\d \| \d+\.\d \| \d+\.\d \|$", row) for row in rows)


def test_a_network_in_openvino(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--size", "64", "--rounds", "1", "--threads", str(torch.get_num_threads())]
    monkeypatch.setattr("sys.argv", ["models", "--openvino", "tiny", *options])
    models.main()
    _, _, row = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\| `tiny, OpenVINO` \|  \|  \| \d+\.\d \|", row)

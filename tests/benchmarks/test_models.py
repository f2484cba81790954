import re

import pytest
import torch

from benchmarks import models


def test_one_row_a_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    monkeypatch.setattr(
        "sys.argv", ["models", "tiny", "cnn", "--size", "64", "--rounds", "1", "--threads", str(threads)]
    )
    models.main()
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split("`")[1] for row in rows] == ["tiny", "cnn"]
    assert all(re.search(r"\| \d+\.\d M \| 64x64 \| \d+\.\d \| \d+ \|$", row) for row in rows)


def test_operations_by_hand() -> None:
    """One 3x3 convolution of 1 to 2 channels over 4x4 pixels: 9 * 2 * 16 multiplications, and as many additions."""

    class One(torch.nn.Module):
        fixed_size = None

        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(1, 2, 3, padding=1)

        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return self.conv(clip.flatten(0, 1))

    assert models.gflop(One(), models.frame_for(One(), 4)) == 2 * 9 * 2 * 16 / 1e9

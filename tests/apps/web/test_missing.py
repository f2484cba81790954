"""Without its extra, the page says what to install."""

import sys

import pytest

from temporal_colorize.apps.web import dressed


def test_without_gradio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ValueError, match=r"^the page needs Gradio: pip install '\.\[web\]' in a checkout$"):
        dressed()

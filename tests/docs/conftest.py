"""The files that the documents name, for every test anew."""

from pathlib import Path

import pytest

from tests.support.documents import fences
from tests.support.program import ROOT
from tests.support.stock import copy_stock, make_stock


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_stock(tmp_path_factory.mktemp("stock"))
    # hints.json is the one that the first pages show.
    shown = [content for language, content, _ in fences(ROOT / "docs" / "first-clip.md") if language == "json"]
    (folder / "hints.json").write_text(shown[0])
    return folder


@pytest.fixture
def folder(stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy_stock(stock, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"

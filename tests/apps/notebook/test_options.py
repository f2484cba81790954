"""What a panel is made with, and what it needs."""

import subprocess
import sys

import pytest

from temporal_colorize.apps import panel
from temporal_colorize.apps.notebook.options import PanelOptions


def test_options_have_one_place() -> None:
    assert PanelOptions.usual().per_second >= 2
    with pytest.raises(ValueError, match="longest=0"):
        PanelOptions(upload_mib=1, inline_mib=1, longest=0, per_second=1, patience=1)
    with pytest.raises(ValueError, match="folder=nowhere"):
        panel(folder="nowhere")


def test_without_ipywidgets_one_line_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['ipywidgets'] = None\n"
        "try: from temporal_colorize.apps import panel\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "the panel needs ipywidgets: pip install '.[notebook]' in a checkout"

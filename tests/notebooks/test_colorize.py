"""The notebook runs from any folder, and its panel works while the kernel does something else."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client import BlockingKernelClient
from nbclient import NotebookClient

from temporal_colorize.inference.statement import STATEMENT
from tests.support.videos import packets_of

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "colorize.ipynb"


class Browser:
    """Sees and says what a browser does beside a kernel in which the notebook has run."""

    def __init__(self, client: NotebookClient) -> None:
        self.widgets = {name: dict(state) for name, state in client.widget_state.items()}
        self._client = BlockingKernelClient()
        self._client.load_connection_info(client.km.get_connection_info())
        self._client.start_channels()
        self._client.wait_for_ready(timeout=30)

    def widget(self, **traits: object) -> str:
        """Return the widget that has these traits."""
        (found,) = (name for name, state in self.widgets.items() if traits.items() <= state.items())
        return found

    def say(self, widget: str, message: dict[str, object]) -> None:
        """Send what somebody does with a widget."""
        channel = self._client.shell_channel
        channel.send(self._client.session.msg("comm_msg", {"comm_id": widget, "data": message}))

    def run(self, expression: str) -> str:
        """Have the kernel do something else."""
        reply = self._client.execute("", user_expressions={"value": expression}, reply=True, timeout=30)
        return reply["content"]["user_expressions"]["value"]["data"]["text/plain"]

    def look(self) -> None:
        """See what has become of the widgets."""
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=0.1)
            except queue.Empty:
                return
            content = message["content"]
            if message["msg_type"] in ("comm_open", "comm_msg"):
                self.widgets.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))

    def close(self) -> None:
        """Leave the kernel."""
        self._client.stop_channels()


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NotebookClient, Path]]:
    folder = tmp_path_factory.mktemp("elsewhere")
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT))
    patch.setenv("OMP_NUM_THREADS", "1")
    client = NotebookClient(
        nbformat.read(NOTEBOOK, as_version=4), timeout=120, resources={"metadata": {"path": str(folder)}}
    )
    with client.setup_kernel():
        for index, cell in enumerate(client.nb.cells):
            client.execute_cell(cell, index)
        yield client, folder
    patch.undo()


def test_the_notebook_runs(executed: tuple[NotebookClient, Path]) -> None:
    client, folder = executed
    assert packets_of(folder / "sample.color.mp4", "audio") == packets_of(folder / "sample.mp4", "audio") != []
    assert (folder / "sample.grey.mp4").is_file()
    kinds = {kind for cell in client.nb.cells for out in cell.get("outputs", []) for kind in out.get("data", {})}
    assert {"image/png", "text/html", "application/vnd.jupyter.widget-view+json"} <= kinds
    assert any(STATEMENT in str(state.get("value")) for state in client.widget_state.values())


def test_its_panel_works_beside_the_kernel(executed: tuple[NotebookClient, Path]) -> None:
    client, folder = executed
    (folder / "sample.color.mp4").unlink()
    browser = Browser(client)
    start, bar = browser.widget(description="start"), browser.widget(_model_name="IntProgressModel")
    file = {"method": "update", "state": {"value": "sample.mp4"}, "buffer_paths": []}
    browser.say(browser.widget(description="file"), file)
    browser.say(start, {"method": "custom", "content": {"event": "click"}})
    assert browser.run("6 * 7") == "42"
    assert not (folder / "sample.color.mp4").exists(), "it had ended before anything else could run"
    browser.look()
    assert browser.widgets[start]["disabled"]
    deadline = time.monotonic() + 60
    while browser.widgets[start]["disabled"] and time.monotonic() < deadline:
        browser.look()
    browser.close()
    assert browser.widgets[bar]["value"] == browser.widgets[bar]["max"] == 40
    assert (folder / "sample.color.mp4").is_file()
    assert any(state.get("_model_name") == "VideoModel" for state in browser.widgets.values())


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and not any(cell.outputs or cell.execution_count for cell in code)
    assert "widgets" not in notebook.metadata

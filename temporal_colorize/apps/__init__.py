"""Where people use it: in a browser, by programs and in a notebook; each has its extra in pyproject.toml."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporal_colorize.apps.notebook.panel import panel

__all__ = ["panel"]


def __getattr__(name: str) -> object:
    if name != "panel":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from temporal_colorize.apps.notebook.panel import panel
    except ModuleNotFoundError as error:
        if error.name != "ipywidgets":
            raise
        raise ModuleNotFoundError(
            "the panel needs ipywidgets: pip install '.[notebook]' in a checkout", name=error.name
        ) from None
    return panel

"""The model card of shared weights: how they are used, what they are, and what they cannot do."""

import json
from pathlib import Path

from safetensors import safe_open

from temporal_colorize.inference.statement import STATEMENT
from temporal_colorize.inference.weights import name_of

_CARD = """---
license: apache-2.0
library_name: temporal-colorize
pipeline_tag: image-to-image
tags:
- colorization
- video
- cctv
---

# {name}

**{statement}**

```python
from temporal_colorize import Colorizer

colorizer = Colorizer.load("user/{name}")  # this repository
colorizer.file("clip.mp4", "clip.color.mp4")
```

{text}
"""
_UNKNOWN = """Nobody has written down what these weights were trained on or how they were judged, so nothing is known of
how right their colours are. What the file says of itself:

{facts}

**Limits.** Luma does not tell which of many colours a thing has, and near-infrared footage tells nothing of them."""


def card_of(weights: Path) -> str:
    """Write the card of a file of ours, around the text that lies beside it, `convlstm.md` beside
    `convlstm.safetensors`; where there is none, the card says that nothing is known but the file's own metadata."""
    beside = weights.with_suffix(".md")
    text = _without_title(beside.read_text()) if beside.is_file() else _UNKNOWN.format(facts=_facts(weights))
    return _CARD.format(name=name_of(weights), statement=STATEMENT, text=text)


def metadata_of(weights: Path) -> dict[str, object]:
    """Read what a file of ours says of itself: architecture, decoding, calibration, notes."""
    with safe_open(weights, framework="pt") as file:
        return {name: _value(text) for name, text in sorted((file.metadata() or {}).items())}


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _facts(weights: Path) -> str:
    return "\n".join(f"- {name}: `{json.dumps(value)}`" for name, value in metadata_of(weights).items())


def _without_title(text: str) -> str:
    first, _, rest = text.partition("\n")
    return (rest if first.startswith("# ") else text).strip()

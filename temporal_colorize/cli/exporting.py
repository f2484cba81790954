"""What export.py does, given its configuration. Heavy imports are inside."""

from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.building import asked_of_weights
from temporal_colorize.config.composing import build

if TYPE_CHECKING:
    from omegaconf import DictConfig


def export_once(config: "DictConfig") -> None:
    """Write weights as a graph, and print where."""
    from temporal_colorize.export.writing import check_export, export_weights
    from temporal_colorize.inference.session import SessionOptions
    from temporal_colorize.inference.weights import load_weights
    from temporal_colorize.options import require_number

    for option, least in {"pictures": 0, "clips": 0, "frames": 1}.items():
        require_number(f"calibration.{option}", config.calibration[option], least=least)
    suffix = ".xml" if config.format == "openvino" else ".onnx"
    output = Path(config.output or f"{Path(config.weights).stem}-{config.precision}{suffix}")
    check_export(output, format=config.format, precision=config.precision)
    asked = asked_of_weights(config.get("model"))
    weights = load_weights(config.weights, architecture=asked.get("architecture"), options=asked.get("network"))
    items = ()
    if config.precision == "int8":
        from temporal_colorize.export.calibration import calibration_items

        data = build(config.data)
        data.setup()
        scenes = data.tuning.scenes(**config.calibration)
        items = calibration_items(weights, scenes, SessionOptions(**config.inference))
    export_weights(weights, output, format=config.format, precision=config.precision, calibration=items)
    size = sum(path.stat().st_size for path in {output, output.with_suffix(".bin")} if path.is_file())
    print(f"{output}: {weights.net.architecture}, {config.precision}, {size / 1e6:.1f} MB")

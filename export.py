"""Write weights as a graph: `python export.py weights=convlstm format=onnx`."""

from temporal_colorize.cli import export

if __name__ == "__main__":
    export()

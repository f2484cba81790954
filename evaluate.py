"""Score weights on pictures and clips whose colours are known: `python evaluate.py data.root=/my/validation`."""

from temporal_colorize.cli import evaluate

if __name__ == "__main__":
    evaluate()

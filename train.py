"""Train a network: `python train.py model=convlstm data.root=/my/data`."""

from temporal_colorize.cli import train

if __name__ == "__main__":
    train()

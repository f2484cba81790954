"""Networks that colour video, all under the one contract of `contract.py`."""

"""One thread a test: the networks here are tiny, and two cores are easily crowded."""

import atexit
import os
import shutil
import tempfile

import cv2
import torch

torch.set_num_threads(1)
cv2.setNumThreads(1)

# Converted networks are kept for all tests of a run, and not among the user's own.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="temporal-colorize-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

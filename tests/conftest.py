"""One thread a test: the networks here are tiny, and two cores are easily crowded."""

import cv2
import torch

torch.set_num_threads(1)
cv2.setNumThreads(1)

"""A real corridor with people whose boxes and identities are known, and real weights to see them with."""

import os
from functools import cache
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest

STRIDE = 25
ENTRY = "07_shopping_center_entry_corridor_cctv.mp4"
ASSISTANT = "09_shopping_center_assistant_cctv.mp4"


def real(variable: str) -> Path:
    if not (folder := os.environ.get(variable)):
        pytest.skip(f"{variable} is not set")
    return Path(folder)


def weights(name: str) -> Path:
    return real("VITRINA_REAL_MODELS") / name


def detector_weights() -> Path:
    return weights("yolov8n_int8_openvino_model")


def pose_weights() -> Path:
    return weights("yolov8n-pose_int8_openvino_model")


def appearance_weights() -> Path:
    return weights("osnet_x0_25_msmt17.onnx")


@cache
def frames(clip: str) -> dict[int, np.ndarray]:
    """Every 25th frame by its number."""
    with av.open(str(real("VITRINA_REAL_DATA") / "sellers" / clip)) as video:
        decoded = enumerate(video.decode(video=0))
        return {number: frame.to_ndarray(format="bgr24") for number, frame in decoded if number % STRIDE == 0}


def labels() -> pl.DataFrame:
    """Boxes of the clip at the entry: frame, person, x1, y1, x2, y2."""
    return pl.read_csv(real("VITRINA_REAL_DATA") / "sellers" / "EnterExitCrossingPaths1cor.identity_stride25.csv")


def boxes_on(frame: int) -> np.ndarray:
    return labels().filter(pl.col("frame") == frame).select("x1", "y1", "x2", "y2").to_numpy().astype(np.float32)

"""Boxes that people drew, as a delivery: a MOT file whose path says which video it belongs to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import BinaryIO

import polars as pl

from vitrina.inbox.messages import RefusedFileError, message, shown
from vitrina.inbox.readers import Contents
from vitrina.sellers.mot import CORNERS, Kind, MotFileError, read_mot

FOLDER = "annotations"
_PLACE = 3
"""Store, camera and start stand at the end of the path."""


def read_annotations(path: str, file: BinaryIO) -> Iterator[Contents]:
    """Read ``annotations/<store>/<camera>/<start>.txt``.

    Parameters
    ----------
    path
        Of the file within the inbox.
    file
        The file.

    Yields
    ------
    Contents
        All of it: store_id, camera_id, start, frame, identity, corners and ignored, as text.

    Raises
    ------
    RefusedFileError
        The path or a line cannot be meant; nothing of the file is used.
    """
    place = PurePosixPath(path).with_suffix("").parts[-_PLACE:]
    if len(PurePosixPath(path).parts) < _PLACE + 2:
        raise RefusedFileError(
            message("{path} does not say which video it belongs to.", path=shown(path)),
            message("Name it annotations/<store>/<camera>/<start>.txt, as the video is named."),
        )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PurePosixPath(path).name[-100:]
        with copy.open("wb") as target:
            copyfileobj(file, target)
        try:
            boxes = read_mot(copy, Kind.TRUTH)
        except MotFileError as error:
            raise RefusedFileError(
                message("{problem}", problem=shown(error.problem, 500)),
                message("Deliver boxes in the format of MOT Challenge, one line per person and frame."),
            ) from error
    named = zip(("store_id", "camera_id", "start"), place, strict=True)
    frame = boxes.select(
        *(pl.lit(value).alias(name) for name, value in named),
        *(pl.col(name).cast(pl.String) for name in ("frame", "identity", *CORNERS, "ignored")),
    )
    yield Contents(frame, pl.Series("source_row", range(1, frame.height + 1), dtype=pl.Int64))

"""A YOLO of ultralytics, ready to predict: an OpenVINO export on a processor, or torch's own weights, on a GPU where there is one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.sellers.fitting import fitted
from vitrina.sellers.weights import TORCH, WeightsError, export_facts, prepare_ultralytics

Image: TypeAlias = npt.NDArray[np.uint8]
Task: TypeAlias = Literal["detect", "pose"]

PERSON = "person"
IMAGE_SIZE = 640
BATCH = 32
"""Pictures that a GPU takes at a time; processors take one, for more are no faster there."""


def has_gpu() -> bool:
    """Whether torch finds a GPU."""
    import torch  # noqa: PLC0415  # takes seconds to load

    return bool(torch.cuda.is_available())


class Yolo:
    """A loaded network that sees persons and nothing else.

    Parameters
    ----------
    weights
        Folder of an OpenVINO export, or a file of torch's. Whoever wrote the latter can run code here: take none from strangers.
    task
        What the network must have been made for.
    confidence
        Least confidence of a person.
    overlap
        Intersection over union above which the less sure of two boxes is dropped.
    threads
        Threads of the processor. Small networks gain little from a second one: two videos side by side on a thread each are faster.
    image_size
        Longer side that pictures are brought to; an export has its own, and takes no other.
    picture
        Width and height of the pictures to come, or numbers in their ratio: no more of them is computed than they need. None where
        pictures are of several shapes.
    """

    def __init__(  # noqa: PLR0913  # all that a prediction depends on
        self,
        weights: Path,
        task: Task,
        *,
        confidence: float,
        overlap: float,
        threads: int = 1,
        image_size: int = IMAGE_SIZE,
        picture: tuple[int, int] | None = None,
    ) -> None:
        _facts(weights, task, image_size)  # before anything heavy is loaded
        prepare_ultralytics()
        # all of it is in memory once it is loaded
        with tempfile.TemporaryDirectory(prefix="vitrina-fitted-", ignore_cleanup_errors=True) as folder:
            loaded = fitted(weights, picture, Path(folder)) if picture and weights.is_dir() else weights
            self._load(loaded, task, confidence, overlap, threads, image_size)

    def _load(self, weights: Path, task: Task, confidence: float, overlap: float, threads: int, image_size: int) -> None:  # noqa: PLR0913, PLR0917  # as of the class
        self.image_size, names = _facts(weights, task, image_size)
        from ultralytics import YOLO  # type: ignore[attr-defined]  # noqa: PLC0415  # exports lazily; takes seconds to load

        self.on_gpu = weights.suffix == TORCH and has_gpu()
        try:
            self._model: Any = YOLO(str(weights), task=task)
        except Exception as error:  # whatever torch or pickle make of a file that is none of theirs
            raise WeightsError(f"{weights} cannot be loaded: {error}.", "Copy it again, or name other weights.") from error
        if self._model.task != task:
            raise WeightsError(f"{weights} was made for the task {self._model.task!r}, not {task!r}.", "Name other weights.")
        names = names or dict(self._model.names)
        self._how: dict[str, Any] = {
            "conf": confidence,
            "iou": overlap,
            "classes": [number for number, name in names.items() if name == PERSON],
            "imgsz": list(self.image_size),
            "device": "cuda:0" if self.on_gpu else "cpu",
            "verbose": False,
        }
        if not self._how["classes"]:
            raise WeightsError(
                f"{weights} knows {', '.join(names.values())}, but no {PERSON!r}.", "Name weights that know persons."
            )
        self._model.predict(np.zeros((*self.image_size, 3), dtype=np.uint8), **self._how)
        if weights.suffix != TORCH:
            self._limit_threads(weights, threads)
        elif not self.on_gpu:
            import torch  # noqa: PLC0415  # see above

            torch.set_num_threads(threads)

    def predict(self, images: Sequence[Image], confidence: float | None = None) -> list[Any]:
        """Ultralytics' results of pictures, in their order; boxes are in pixels of each picture.

        Parameters
        ----------
        images
            Any number of them, none included; blue, green and red, shape (height, width, 3).
        confidence
            Least confidence of a person, where it is another one than usual.
        """
        size, how = BATCH if self.on_gpu else 1, self._how if confidence is None else {**self._how, "conf": confidence}
        return [
            result
            for start in range(0, len(images), size)
            for result in self._model.predict(list(images[start : start + size]), **how)
        ]

    def _limit_threads(self, export: Path, threads: int) -> None:
        """Ultralytics takes all cores, and offers no way to say otherwise: the network is compiled again by its own OpenVINO."""
        import openvino as ov  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; takes a second to load

        backend = self._model.predictor.model.backend
        core = ov.Core()
        backend.ov_compiled_model = core.compile_model(
            core.read_model(next(export.glob("*.xml"))),
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads,
                # pinned threads of processes side by side end up on the same core
                "ENABLE_CPU_PINNING": False,
            },
        )


def _facts(weights: Path, task: Task, image_size: int) -> tuple[tuple[int, int], dict[int, str]]:
    if weights.is_dir():
        facts = export_facts(weights)
        if facts.task != task:
            raise WeightsError(f"{weights} was made for the task {facts.task!r}, not {task!r}.", "Name other weights.")
        return facts.image_size, facts.names
    if weights.suffix != TORCH or not weights.is_file():
        raise WeightsError(f"{weights} is no folder of an OpenVINO export and no file *{TORCH}.", "Name one of the two.")
    return (image_size, image_size), {}

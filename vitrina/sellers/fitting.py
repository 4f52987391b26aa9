"""Square exports brought to the shape of the camera's picture: what a YOLO computes of grey bars above and below is wasted.

Of a YOLO of ultralytics everything but two constants fits any size: the grid that its boxes are told on, and its strides. These two are
computed anew. A network that does not have exactly them is left as it is.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import yaml

from vitrina.sellers.weights import WeightsError, export_facts

FloatArray: TypeAlias = npt.NDArray[np.float32]

STRIDES = (8, 16, 32)
"""Of the grids that YOLOv8 and its kin tell boxes on, in pixels."""

LARGEST = STRIDES[-1]
"""Sides are multiples of it."""

LEAST_BORDER = 16
"""Pixels of grey that a shortened side keeps at least: without any, people at the picture's edge are missed who were found before."""


def fitted_size(export: tuple[int, int], picture: tuple[int, int]) -> tuple[int, int]:
    """Height and width that suffice for a picture at the scale at which an export looks at it, with a little border.

    Parameters
    ----------
    export
        Height and width that it was made for.
    picture
        Width and height of the picture, or numbers in their ratio.

    Examples
    --------
    >>> fitted_size((640, 640), (1920, 1080)), fitted_size((640, 640), (4, 3)), fitted_size((288, 512), (16, 9))
    ((384, 640), (512, 640), (288, 512))
    """
    height, width = export
    across, down = picture
    scale = min(width / across, height / down)
    return _whole(scale * down, height), _whole(scale * across, width)


def _whole(side: float, most: int) -> int:
    """A side with its border as a multiple of the largest stride; rounded first, for a fraction's last digit must not cost a row of cells."""
    return min(math.ceil((round(side, 6) + LEAST_BORDER) / LARGEST) * LARGEST, most)


def fitted(export: Path, picture: tuple[int, int], folder: Path) -> Path:
    """An export that computes as little as a picture of this shape needs.

    Parameters
    ----------
    export
        Folder of an OpenVINO export.
    picture
        As of `fitted_size`.
    folder
        An empty one, into which the export is written.

    Returns
    -------
    pathlib.Path
        Folder of the new export, of the same name; or `export` itself, where nothing is to be gained, or its network is of another kind.

    Raises
    ------
    WeightsError
        The export cannot be read.
    """
    import openvino as ov  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; takes a second to load

    size = export_facts(export).image_size
    wanted = fitted_size(size, picture)
    if wanted == size:
        return export
    source = next(export.glob("*.xml"))
    try:
        network = ov.Core().read_model(source)
    except RuntimeError as error:
        raise WeightsError(f"{source} cannot be loaded: {error}", "Copy the export again, or name another one.") from error
    if not _brought_to(network, size, wanted):
        return export
    made = folder / export.name
    made.mkdir()
    ov.serialize(network, made / source.name)
    facts = yaml.safe_load((export / "metadata.yaml").read_text(encoding="utf-8"))
    (made / "metadata.yaml").write_text(yaml.safe_dump({**facts, "imgsz": list(wanted)}, allow_unicode=True), encoding="utf-8")
    return made


def _brought_to(network: Any, size: tuple[int, int], wanted: tuple[int, int]) -> bool:
    """Whether a network was changed to another size of its input."""
    import openvino as ov  # noqa: PLC0415  # as above

    replaced = []
    for old, new in zip(_constants(size), _constants(wanted), strict=True):
        found = [node for node in network.get_ops() if _holds(node, old)]
        if len(found) != 1:
            return False
        replaced.append((found[0], new.reshape(*found[0].shape[:-1], -1)))
    for node, new in replaced:
        constant = ov.opset8.constant(new)
        for target in node.output(0).get_target_inputs():
            target.replace_source_output(constant.output(0))
    # `reshape` would validate what is half changed
    network.inputs[0].get_node().set_partial_shape(ov.PartialShape([1, 3, *wanted]))
    try:
        network.validate_nodes_and_infer_types()
    except RuntimeError:
        return False
    return True


def _constants(size: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Middles of the cells, x and y, of all grids, in cells, shape (2, cells); and the stride of each, shape (1, cells)."""
    middles, strides = [], []
    for stride in STRIDES:
        down, across = (np.arange(side // stride, dtype=np.float32) + 0.5 for side in size)
        middles.append(np.stack([np.tile(across, len(down)), np.repeat(down, len(across))]))
        strides.append(np.full((1, len(down) * len(across)), stride, dtype=np.float32))
    return np.concatenate(middles, axis=1), np.concatenate(strides, axis=1)


def _holds(node: Any, values: FloatArray) -> bool:
    if node.get_type_name() != "Constant" or node.get_output_size() != 1:
        return False
    shape = tuple(node.output(0).shape)
    return shape[-2:] == values.shape and np.prod(shape) == values.size and np.array_equal(node.data.reshape(values.shape), values)

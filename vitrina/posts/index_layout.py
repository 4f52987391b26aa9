"""What an index consists of: its arrays, and what must hold between them before anybody searches it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vitrina.posts.index_files import IndexFolder, damaged

NO_TIME = int(np.iinfo(np.int64).min)
"""Of a post that does not say when it was posted."""

NO_GROUP = -1
"""Of a post that is like no other."""

LAYOUT: Mapping[str, tuple[type[np.generic], int]] = {
    "term_text": (np.uint8, 1),
    "term_starts": (np.int64, 1),
    "term_forms": (np.int64, 1),
    "form_text": (np.uint8, 1),
    "form_starts": (np.int64, 1),
    "form_frequencies": (np.int32, 1),
    "trigram_keys": (np.int64, 1),
    "trigram_starts": (np.int64, 1),
    "trigram_forms": (np.int32, 1),
    "posting_starts": (np.int64, 1),
    "posting_rows": (np.int32, 1),
    "posting_weights": (np.float16, 1),
    "posting_idf": (np.float32, 1),
    "order_starts": (np.int64, 1),
    "order_forms": (np.int32, 1),
    "passage_text": (np.uint8, 1),
    "passage_starts": (np.int64, 1),
    "passage_posts": (np.int32, 1),
    "passage_ordinals": (np.int32, 1),
    "post_text": (np.uint8, 1),
    "post_starts": (np.int64, 1),
    "link_text": (np.uint8, 1),
    "link_starts": (np.int64, 1),
    "post_times": (np.int64, 1),
    "post_groups": (np.int32, 1),
    "post_channels": (np.int32, 1),
}


def opened(path: Path) -> IndexFolder:
    """Map an index into memory, after a look at what it says about itself; its texts and numbers are not read.

    Parameters
    ----------
    path
        Its folder.

    Raises
    ------
    IndexDamagedError
        A file is missing, cut off, or does not fit the others.
    """
    folder = IndexFolder.open(path, LAYOUT)
    _check(folder)
    return folder


def _check(folder: IndexFolder) -> None:
    """What the manifest says must fit the arrays: a search would read past their ends otherwise."""
    manifest, arrays = folder.manifest, folder.arrays
    try:
        lengths = {
            "passage_starts": manifest["passages"] + 1,
            "order_starts": manifest["passages"] + 1,
            "passage_posts": manifest["passages"],
            "passage_ordinals": manifest["passages"],
            "posting_starts": manifest["terms"] + 1,
            "posting_idf": manifest["terms"],
            "term_starts": manifest["terms"] + 1,
            "term_forms": manifest["terms"] + 1,
            "post_times": manifest["posts"],
            "post_groups": manifest["posts"],
            "post_channels": manifest["posts"],
            "post_starts": manifest["posts"] + 1,
            "link_starts": manifest["posts"] + 1,
            "form_frequencies": len(arrays["form_starts"]) - 1,
            **{stored["array"]: manifest["passages"] for stored in manifest["vectors"]},
        }
        shapes = [arrays[stored["array"]].shape[1] == stored["dimensions"] for stored in manifest["vectors"]]
        end = 0
        for channel in manifest["channels"]:
            shapes.append(channel["start"] == end < channel["end"])
            end = channel["end"]
        shapes.append(end == manifest["passages"])
    except (KeyError, TypeError, IndexError) as error:
        raise damaged(folder.path, f"the manifest lacks {error}") from error
    for name, length in lengths.items():
        if len(arrays[name]) != length:
            raise damaged(folder.path, f"the file '{name}.npy' has {len(arrays[name]):,} rows instead of {length:,}")
    if not all(shapes):
        raise damaged(folder.path, "the manifest's channels or dimensions do not fit its files")
    ends = {
        "posting_starts": "posting_rows",
        "order_starts": "order_forms",
        "passage_starts": "passage_text",
        "post_starts": "post_text",
        "link_starts": "link_text",
        "term_starts": "term_text",
        "form_starts": "form_text",
        "trigram_starts": "trigram_forms",
    }
    for starts, filled in ends.items():
        if len(arrays[starts]) == 0 or arrays[starts][0] != 0 or arrays[starts][-1] != len(arrays[filled]):
            raise damaged(folder.path, f"the file '{starts}.npy' does not fit '{filled}.npy'")

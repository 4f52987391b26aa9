"""Names of files that are made of a video: safe in any folder and any address, and the video can be told from them."""

from __future__ import annotations

from vitrina.errors import VitrinaError
from vitrina.sellers.video_names import VideoKey

SEPARATOR = "~"
"""Occurs in no store's and no camera's name, and stands in file names and addresses as it is."""


def file_stem(video: str) -> str:
    """The beginning of the names of all files that are made of a video; no two videos share one.

    The start comes first, so that a folder sorts by time and no store's name makes a hidden file or an option of a command.

    Parameters
    ----------
    video
        The video's key.

    Raises
    ------
    VitrinaError
        It is no key.

    Examples
    --------
    >>> file_stem("shop-1|till|20261014T060000Z|0a1b2c3d")
    '20261014T060000Z~shop-1~till~0a1b2c3d'
    """
    store, camera, start, content = str(VideoKey.parse(video)).split("|")
    return SEPARATOR.join((start, store, camera, content))


def video_of(name: str) -> str | None:
    """The video that a file was made of, or None where the name is none of ours.

    Parameters
    ----------
    name
        Of the file, without its folder.

    Examples
    --------
    >>> video_of("20261014T060000Z~shop-1~till~0a1b2c3d~interaction~0007.mp4")
    'shop-1|till|20261014T060000Z|0a1b2c3d'
    """
    parts = name.split(SEPARATOR)
    if len(parts) < 4:
        return None
    start, store, camera = parts[:3]
    try:
        # an ending may follow at once
        return str(VideoKey.parse("|".join((store, camera, start, parts[3].partition(".")[0]))))
    except VitrinaError:
        return None


def interaction_stem(video: str, interaction: int) -> str:
    """The beginning of the names of files about one interaction.

    Parameters
    ----------
    video
        The video's key.
    interaction
        Its number within the video.

    Examples
    --------
    >>> interaction_stem("shop-1|till|20261014T060000Z|0a1b2c3d", 7)
    '20261014T060000Z~shop-1~till~0a1b2c3d~interaction~0007'
    """
    return SEPARATOR.join((file_stem(video), "interaction", f"{interaction:04d}"))

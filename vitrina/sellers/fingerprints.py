"""What tells the contents of two videos apart without reading all of either."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from vitrina.errors import DeliveryError

MIB = 1 << 20
ENDS = 4 * MIB
"""Read at the head, and again at the tail: containers keep the table of all frames at one of the two."""

BLOCK = MIB
BLOCKS = 24
READ_WHOLE = 2 * ENDS + BLOCKS * BLOCK
"""Files up to this size, 32 MiB, are read completely."""

_PIECE = 4 * MIB
_SCHEME = b"vitrina video 1"


def fingerprint(open_file: BinaryIO, size: int) -> str:
    """Identify a video by its size and at most 32 MiB of its bytes.

    BLAKE2b over the size, 4 MiB of the head, 4 MiB of the tail and 24 blocks of 1 MiB in the middle of 24 equal parts of
    what lies between. Two recordings differ in each of these, and one that is cut or encoded anew differs in its size and
    in the table of its frames. What is missed: bytes that were changed in place between two blocks (0.8 GB apart in a
    file of 20 GB) in a file whose size, head and tail stay the same, such as a sector that has gone bad.

    Parameters
    ----------
    open_file
        Open for reading, here or on other storage; it can be moved about.
    size
        Its size in bytes.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    DeliveryError
        The file is shorter.
    """
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16, person=_SCHEME)
    for begin, length in _parts(size):
        open_file.seek(begin)
        for piece in _pieces(open_file, length):
            digest.update(piece)
    return digest.hexdigest()


def _parts(size: int) -> Iterator[tuple[int, int]]:
    """Begin and length of what is read; no byte is read twice."""
    if size <= READ_WHOLE:
        yield 0, size
        return
    yield 0, ENDS
    between = size - 2 * ENDS
    for number in range(BLOCKS):
        middle = (2 * number + 1) * between // (2 * BLOCKS)
        yield ENDS + middle - BLOCK // 2, BLOCK
    yield size - ENDS, ENDS


def _pieces(open_file: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        # a file without a buffer may return less than was asked for
        piece = open_file.read(min(length, _PIECE))
        if not piece:
            raise DeliveryError("A video has become shorter while it was read.", "Deliver it again, and let it stand.")
        length -= len(piece)
        yield piece

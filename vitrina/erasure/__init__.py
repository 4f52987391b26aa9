"""Erasure that means it: finding what is to be forgotten byte by byte, and removing it from files that are ours."""

from vitrina.erasure.byte_search import Found, Search, find
from vitrina.erasure.sqlite_scrubbing import ErasureError, scrub
from vitrina.erasure.text_scrubbing import ERASED, Scrubber
from vitrina.erasure.traces import needles, pieces, vector_needles

__all__ = ["ERASED", "ErasureError", "Found", "Scrubber", "Search", "find", "needles", "pieces", "scrub", "vector_needles"]

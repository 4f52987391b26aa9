"""How much is too much: a token bucket for each of many keys."""

from __future__ import annotations

from dataclasses import dataclass

MOST_KEPT = 10_000
"""Buckets that are remembered before full ones are thrown away: a full bucket is as good as none."""


@dataclass
class _Bucket:
    tokens: float
    filled_at: float
    told: bool = False


class TokenBuckets:
    """One token bucket per key, in memory.

    Parameters
    ----------
    capacity
        Tokens of a full bucket: what may come at once.
    per_minute
        Tokens that come back in a minute.
    """

    def __init__(self, capacity: int, per_minute: float) -> None:
        self.capacity = capacity
        self.per_second = per_minute / 60
        self._buckets: dict[str, _Bucket] = {}

    def has(self, key: str, now: float) -> bool:
        """Whether a token could be taken; `now` in seconds of a clock that never goes back."""
        return self._filled(key, now).tokens >= 1

    def take(self, key: str, now: float) -> bool:
        """Take a token; False where none is left."""
        bucket = self._filled(key, now)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        bucket.told = False
        return True

    def first_refusal(self, key: str, now: float) -> bool:
        """Whether nobody has been told of the empty bucket since it was last taken from; from now on somebody has."""
        bucket = self._filled(key, now)
        first, bucket.told = not bucket.told, True
        return first

    def __len__(self) -> int:
        return len(self._buckets)

    def _filled(self, key: str, now: float) -> _Bucket:
        if key not in self._buckets:
            if len(self._buckets) >= MOST_KEPT:
                self._throw_away(now)
            self._buckets[key] = _Bucket(self.capacity, now)
        bucket = self._buckets[key]
        bucket.tokens = min(self.capacity, bucket.tokens + (now - bucket.filled_at) * self.per_second)
        bucket.filled_at = now
        return bucket

    def _throw_away(self, now: float) -> None:
        def full(bucket: _Bucket) -> bool:
            return bucket.tokens + (now - bucket.filled_at) * self.per_second >= self.capacity

        kept = {key: bucket for key, bucket in self._buckets.items() if not full(bucket)}
        # where thousands ask at once the longest unused go: they start anew with a full bucket, and memory stays bounded
        self._buckets = dict(sorted(kept.items(), key=lambda item: item[1].filled_at)[-MOST_KEPT // 2 :])

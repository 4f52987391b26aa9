"""What counts as an interaction of a seller and a customer."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import SettingsError


@dataclass(frozen=True)
class InteractionRule:
    """What counts as an interaction. Lengths are in metres where the floor was measured, and else in body heights.

    Attributes
    ----------
    start_m, start_heights
        Distance up to which an interaction begins: arm's length and a half, Hall's personal and near social distance.
    end_m, end_heights
        Distance beyond which it has ended. Greater, so that a step aside does not cut it in two; the rules of the CAVIAR set
        begin at 25 px and end at 34.
    height_ratio
        Without metres: how much taller the taller box may be. People of unequal height stand at unequal depth, however near
        their feet seem.
    still_m_s, still_heights_s
        One of the two is slower than this when it begins: who passes by, both walking, speaks to nobody. A known speed alone
        tells: somebody seen once may be standing.
    speed_over_s
        Time over which speeds are measured at least: between near samples, a box's tremble would seem to be a walk.
    ahead_m, ahead_heights
        How far ahead of each the o-space is, the floor that people who talk keep free between them.
    facing_m, facing_heights
        How far apart the two o-spaces may be when it begins. Judged on samples on which both headings are known.
    facing_end
        How many times that they may be apart before it has ended.
    min_duration_s
        Shortest interaction; no published number defines a consultation, see `sensitivity`.
    min_samples
        Samples that it takes: one shows a meeting, but no stay, however far apart samples are.
    bridged_samples, bridged_s
        An interruption is bridged when it lasts no more samples, or no more seconds, than this.
    nearer
        How many times as far as another customer of the same seller somebody may be who is served at the same time: whoever
        looks at goods beside two who talk is no part of it.
    till_m, till_heights
        Distance up to which somebody pays over a counter, where the staff's part of the picture is known; from `start_m` on.
    nearer_at_till
        The same as `nearer` of who pays: the next one waits not much farther away.
    counter_s
        Time over most of which a seller is behind the counter, or is not: there one talk ends, and another begins. A foot at the
        counter's edge trembles.
    hidden_s
        How long somebody is presumed to stand where they were lost, if they are found again no farther away than `end_m` or
        `end_heights`: behind somebody else, or behind a shelf. Of two who stand together, one has to be seen. 0 presumes nothing.

    References
    ----------
    A. Artikis et al. (2015), An Event Calculus for Event Recognition, IEEE TKDE 27: begin and end on CAVIAR. F. Setti et al.
    (2015), F-Formation Detection, PLOS ONE 10: o-spaces. E. T. Hall (1966), The Hidden Dimension: distances.
    """

    start_m: float = 1.5
    end_m: float = 2.0
    start_heights: float = 0.9
    end_heights: float = 1.2
    height_ratio: float = 1.35
    still_m_s: float = 0.5
    still_heights_s: float = 0.3
    speed_over_s: float = 1.0
    ahead_m: float = 0.5
    ahead_heights: float = 0.3
    facing_m: float = 1.0
    facing_heights: float = 0.6
    facing_end: float = 1.35
    min_duration_s: float = 5.0
    min_samples: int = 2
    bridged_samples: int = 3
    bridged_s: float = 3.0
    nearer: float = 1.2
    till_m: float = 2.7
    till_heights: float = 1.6
    nearer_at_till: float = 1.1
    counter_s: float = 7.0
    hidden_s: float = 60.0

    def __post_init__(self) -> None:
        if self.end_m < self.start_m or self.end_heights < self.start_heights or self.facing_end < 1:
            raise SettingsError(
                f"An interaction would end nearer than it begins: {self}.",
                "Set the distances of its end no lower than its start's.",
            )
        if not self.counter_s > 0:
            raise SettingsError(f"Nobody is anywhere for most of {self.counter_s} s.", "Give `counter_s` in seconds, above 0.")


DEFAULT_RULE = InteractionRule()

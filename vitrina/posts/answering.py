"""Whether the bot speaks, and what it quotes: the best post of a search, if it is likely enough to answer the question.

Nothing is made up: an answer is a quote of a post. Whoever wants it said in other words gives `Answerer` another `phrase`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.posts.measures import Floats
from vitrina.posts.quoting import quote
from vitrina.posts.search import FEATURES, Hit, Mode, SearchResult

NEVER = 2.0
"""A threshold that no probability reaches."""


class Searcher(Protocol):
    """What answers are looked for with: `vitrina.posts.search.SearchIndex`, or anything that searches like it."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that can be searched, as ``<platform>:<channel>``."""

    @property
    def version(self) -> str:
        """Version of the index."""

    def search(
        self,
        query: str,
        channels: Sequence[str] | None = None,
        *,
        k: int = 10,
        without: Collection[tuple[str, str]] = (),
        mode: Mode = "fused",
    ) -> SearchResult:
        """Best posts first, re-ranked; the features are those of the first.

        Parameters
        ----------
        query
            The question.
        channels
            Where to look; everywhere without it.
        k
            Posts, at most.
        without
            Channels and posts that are searched as if they did not exist.
        mode
            Way of searching.
        """


class AnswerModelError(VitrinaError):
    """A model of answers cannot be read, or does not fit the search whose features it is given."""


@dataclass(frozen=True)
class AnswerModel:
    """How likely the best post answers a question: a logistic function of what the search says about it.

    Attributes
    ----------
    features
        Names of the features, in their order.
    means, scales
        Of each feature where the model has learnt; a feature counts by its distance from the mean in scales.
    coefficients, intercept
        Of the log-odds.
    """

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def __post_init__(self) -> None:
        lengths = {len(self.features), len(self.means), len(self.scales), len(self.coefficients)}
        numbers = (*self.means, *self.scales, *self.coefficients, self.intercept)
        if len(lengths) > 1 or not all(map(math.isfinite, numbers)) or not all(scale > 0 for scale in self.scales):
            raise AnswerModelError(
                f"A model of answers has {len(self.features)} features, {len(self.means)} means, {len(self.scales)} scales and "
                f"{len(self.coefficients)} coefficients; as many finite numbers are needed of each, and scales above 0.",
                "Calibrate the answers anew.",
            )

    @classmethod
    def ignorant(cls) -> AnswerModel:
        """A model that has learnt nothing and calls every answer as likely as not; with `NEVER`, nothing is answered."""
        n = len(FEATURES)
        return cls(FEATURES, (0.0,) * n, (1.0,) * n, (0.0,) * n, 0.0)

    @classmethod
    def from_json(cls, text: str) -> AnswerModel:
        """The model that `to_json` wrote.

        Raises
        ------
        AnswerModelError
            The text is no such model.
        """
        try:
            read = json.loads(text)
            means, scales, coefficients = (tuple(map(float, read[name])) for name in ("means", "scales", "coefficients"))
            return cls(tuple(map(str, read["features"])), means, scales, coefficients, float(read["intercept"]))
        except (ValueError, KeyError, TypeError) as error:
            raise AnswerModelError(f"This is no model of answers: {error!r}.", "Calibrate the answers anew.") from error

    def to_json(self) -> str:
        """The model as text; read back, it gives the very same probabilities."""
        return json.dumps({name: getattr(self, name) for name in self.__dataclass_fields__}, ensure_ascii=False, indent=1)

    def probability(self, features: Floats) -> float:
        """Probability that the best post answers the question.

        Parameters
        ----------
        features
            `SearchResult.features`; shape (features,).

        Raises
        ------
        AnswerModelError
            The features are not as many as the model has learnt from, or one of them is no number.
        """
        slopes, offset = self._folded
        log_odds = float(slopes @ features) + offset if len(features) == len(slopes) else math.nan
        # no threshold would stop what is not a number
        if math.isnan(log_odds):
            shown = ", ".join(f"{value:g}" for value in features)
            raise AnswerModelError(
                f"The search gave {len(features)} features ({shown}); {len(slopes)} numbers were expected.",
                "Build the index and calibrate the answers anew, with the same version of Vitrina.",
            )
        # the exponential of a large number overflows
        odds = math.exp(-abs(log_odds))
        return 1 / (1 + odds) if log_odds >= 0 else odds / (1 + odds)

    @cached_property
    def _folded(self) -> tuple[Floats, float]:
        """Coefficients of the features as they come: standardising each question's would take longer than the rest."""
        slopes = np.array(self.coefficients) / np.array(self.scales)
        return slopes, self.intercept - float(slopes @ np.array(self.means))


@dataclass(frozen=True)
class Thresholds:
    """Least probability at which the bot answers.

    Attributes
    ----------
    common
        For channels without their own.
    of_channels
        By ``<platform>:<channel>``.
    """

    common: float = NEVER
    of_channels: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, thresholds: pl.DataFrame) -> Thresholds:
        """From rows of `AnswerThresholds`; a channel that is not among them is held to the strictest."""
        names = thresholds.select(pl.format("{}:{}", "platform", "channel_id")).to_series().to_list()
        values = thresholds["threshold"].to_list()
        return cls(max(values, default=NEVER), dict(zip(names, values, strict=True)))

    def of_channel(self, channel: str) -> float:
        """The channel's own threshold, or the common one."""
        return self.of_channels.get(channel, self.common)


@dataclass(frozen=True)
class Answered:
    """What became of a question.

    Attributes
    ----------
    outcome
        Whether the bot speaks.
    hit
        The best post; known to silence too, where there is one.
    quote
        What to say with the link; empty for silence.
    probability
        That the best post answers it; 0 without any.
    threshold
        What it was held against: that of the best post's channel.
    corrected
        Words that were searched for in another spelling, each with that.
    """

    outcome: Literal["answered", "silent"]
    hit: Hit | None
    quote: str
    probability: float
    threshold: float
    corrected: tuple[tuple[str, str], ...] = ()


def quoted(answered: Answered) -> str:
    """The quote alone: how an answer is phrased unless somebody phrases it otherwise."""
    return answered.quote


@dataclass(frozen=True)
class Answerer:
    """Searches, weighs the best post, and speaks or keeps silent.

    Parameters
    ----------
    searcher
        Where to look.
    model
        Weighs what the search says.
    thresholds
        Per channel.
    phrase
        Turns what is answered into what is said, such as a summary; it is called for answers alone, and what it raises is
        the caller's to handle.

    Raises
    ------
    AnswerModelError
        The model has learnt from other features than those of the search.
    """

    searcher: Searcher
    model: AnswerModel
    thresholds: Thresholds
    phrase: Callable[[Answered], str] = quoted

    def __post_init__(self) -> None:
        if self.model.features != FEATURES:
            raise AnswerModelError(
                f"The model of answers has learnt from {', '.join(self.model.features)}; the search gives {', '.join(FEATURES)}.",
                "Calibrate the answers anew: build the index and its model with the same version of Vitrina.",
            )

    def answer(self, question: str, channels: Sequence[str] | None = None, *, k: int = 10) -> Answered:
        """Answer a question from channels, or keep silent.

        The threshold is held against the final best post, after all re-ranking, and it is that of this post's channel.

        Parameters
        ----------
        question
            As it was asked.
        channels
            Where the answer may come from, as ``<platform>:<channel>``; anywhere without it.
        k
            Posts that the search ranks.
        """
        return self.weigh(question, self.searcher.search(question, channels, k=k))

    def weigh(self, question: str, result: SearchResult) -> Answered:
        """What `answer` says of a search that was made already: whoever shows the hits, too, need not search twice.

        Parameters
        ----------
        question
            As it was asked.
        result
            What the searcher found for it.
        """
        if not result.hits:
            return Answered("silent", None, "", 0.0, self.thresholds.common, result.corrected)
        best = result.hits[0]
        probability, threshold = self.model.probability(result.features), self.thresholds.of_channel(best.channel)
        if probability < threshold:
            return Answered("silent", best, "", probability, threshold, result.corrected)
        answered = Answered("answered", best, quote(best.text, question), probability, threshold, result.corrected)
        return replace(answered, quote=self.phrase(answered))

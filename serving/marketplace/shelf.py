"""What a worker has at hand of a published version, all of it in memory: factors, lists, popular items, titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import structlog

from serving.marketplace.published_lists import PublishedLists, Suggestion
from serving.web.versions import Version
from vitrina.errors import PublicationError, VitrinaError
from vitrina.files import sha256_of
from vitrina.marketplace.answers import POPULAR
from vitrina.marketplace.factors import ANY_BAND, ANY_PLATFORM, Factors, FactorsError, load
from vitrina.settings import Settings

log = structlog.get_logger()

Place = tuple[str, int]
"""Platform and price band."""

_POPULAR = "SELECT platform, price_band, item_id FROM popular_items ORDER BY platform, price_band, place"
_ITEMS = "SELECT item_id, title, category FROM item_features"


class About(NamedTuple):
    """What people call an item."""

    title: str | None
    category: str | None


_UNKNOWN = About(None, None)


@dataclass(frozen=True, eq=False)
class Shelf:
    """Everything that an answer is made from.

    Attributes
    ----------
    version
        Name of the published version.
    factors
        What fresh answers are computed from; None where it cannot be opened.
    lacking
        Why not.
    lists
        Published lists of users.
    popular
        Platform and price band → items, the most popular first.
    items
        Item → what people call it.
    """

    version: str
    factors: Factors | None
    lacking: VitrinaError | None
    lists: PublishedLists
    popular: Mapping[Place, Sequence[str]]
    items: Mapping[str, About]

    def about(self, item_id: str) -> About:
        """What people call an item; nothing where it is not known."""
        return self.items.get(item_id, _UNKNOWN)

    def some_users(self, n: int) -> list[str]:
        """Pseudonyms of some users of whom something is known."""
        return [] if self.factors is None else [str(user, "ascii") for user in self.factors.user_hashes[:n].tolist()]

    def popular_items(
        self, n: int, *, platform: str | None = None, price_band: int | None = None, without: str | None = None
    ) -> tuple[Suggestion, ...]:
        """The published popular items of a platform and price band; where these are few, of all.

        Parameters
        ----------
        n
            Items to show.
        platform, price_band
            Where somebody comes from; what is not known counts as any.
        without
            The item whose page is open.
        """
        platform, price_band = platform or ANY_PLATFORM, price_band or ANY_BAND
        # narrow before wide, as `answers.recommend` fills its lists up
        wider = ((platform, price_band), (ANY_PLATFORM, price_band), (platform, ANY_BAND), (ANY_PLATFORM, ANY_BAND))
        listed = dict.fromkeys(item for place in wider for item in self.popular.get(place, ()))
        shown = islice((item for item in listed if item != without), n)
        return tuple(Suggestion(item, -float(place), POPULAR) for place, item in enumerate(shown, start=1))


def open_shelf(settings: Settings, version: Version) -> Shelf:
    """Take what a version names; where the factors cannot be opened, the rest still answers.

    Raises
    ------
    PublicationError
        The version holds nothing that could be shown to anybody.
    """
    factors, lacking = None, None
    try:
        factors = _factors(settings, version)
        factors.warm()
    except VitrinaError as error:
        log.warning("factors_not_opened", version=version.name, error=str(error))
        lacking = error
    popular = _popular(version, factors)
    if factors is None and not popular:
        version.require("recommender_models", "popular_items")
        raise PublicationError(
            f"The published version {version.name} names no items to show.", "See `event_quality`: no item has enough users."
        )
    items = {}
    if version.has("item_features"):
        items = {row["item_id"]: About(row["title"], row["category"]) for row in version.rows(_ITEMS)}
    return Shelf(version.name, factors, lacking, PublishedLists.of(version), popular, items)


def _factors(settings: Settings, version: Version) -> Factors:
    version.require("recommender_models")
    named = version.rows("SELECT path, fingerprint FROM recommender_models ORDER BY as_of DESC LIMIT 1")
    if not named:
        raise PublicationError("The published version names no file of factors.", "Materialize recommender_models again.")
    path = settings.data / named[0]["path"]
    factors = load(path)
    if sha256_of(path) != named[0]["fingerprint"]:
        raise FactorsError(f"{path} is not the file that was published.", "Materialize recommender_models again.")
    return factors


def _popular(version: Version, factors: Factors | None) -> dict[Place, list[str]]:
    """The published lists; where they are held back, those that the factors were made with."""
    lists: dict[Place, list[str]] = {}
    if version.has("popular_items"):
        for row in version.rows(_POPULAR):
            lists.setdefault((row["platform"], row["price_band"]), []).append(row["item_id"])
    elif factors is not None:
        for key, codes in factors.popular.items():
            lists[key] = [str(factors.item_ids[code]) for code in codes if not factors.excluded[code]]
    return lists

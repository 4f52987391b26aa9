"""A made-up shop with cameras: its settings, and the evaluation of what its inbox holds."""

from resources.video_runs import look_at_inbox
from tests.support import ROOT, Place
from vitrina.sellers.video_ledger import VideoLedger


class Shop(Place):
    """A place whose graph sees with the networks of the made-up shop."""

    @property
    def overrides(self) -> dict[str, str]:
        own = ("models", "sellers_settle_s", "sellers_clips", "sellers_threads")
        return super().overrides | {name: str(getattr(self.settings, name)) for name in own}


def settings_of_shop(place: Place) -> Place:
    """The networks that were taught on the made-up shop, little evidence, and no waiting."""
    update = {"models": ROOT / "simulation" / "weights", "sellers_settle_s": 0.0, "sellers_clips": 1, "sellers_threads": 1}
    return Place(place.settings.model_copy(update=update), place.instance)


def evaluate(place: Place, job: str = "sellers_video", *, raise_on_error: bool = True) -> list[str]:
    """Look at the inbox and evaluate what is new; returns the keys."""
    look_at_inbox(place.instance, place.settings, {})
    keys = [record.video for record in VideoLedger(place.settings.videos).waiting()]
    for key in keys:
        place.execute(job, partition_key=key, raise_on_error=raise_on_error)
    return keys

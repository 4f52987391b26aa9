"""Which videos a delivery makes stale."""

import datetime as dt

import pytest

from tests.sellers.test_retention import NINE, SEEN, Shop
from vitrina.sellers.contracts import CAMERAS
from vitrina.sellers.staleness import partitions_last, staleness

TODAY = SEEN.date() + dt.timedelta(days=30)


class Entry:
    """A delivery of cameras."""

    contract = CAMERAS.name


@pytest.mark.parametrize(("days", "stale"), [(29, True), (30, False), (31, False)])
def test_videos_whose_partitions_are_retired_today_are_not_asked_for(tmp_path, days, stale):
    shop = Shop(tmp_path, tmp_path / "inbox")
    shop.arrive(NINE, now=dt.datetime.combine(TODAY - dt.timedelta(days=days), dt.time(3), dt.UTC))
    assert partitions_last(shop.settings) == dt.timedelta(days=30)
    found = staleness([Entry()], None, shop.settings, TODAY)
    assert (len(found.stale) == 2) is stale

"""What speaks for an interaction: its receipt, and the video, clip and pictures in which it can be looked at."""

import datetime as dt

import pytest

from tests.sellers.rows_of_days import DAY, at, delivered, rows, stood, video

NEXT = DAY + dt.timedelta(days=1)


def evidence(**tables):
    return {row["interaction"]: row for row in rows("mart_interaction_evidence", **tables)}


def filed(of, path="videos/north/till/a.mp4", version=1):
    return {"video": of["video"], "path": path, "version": version, "state": "readable"}


def test_an_interaction_is_shown_with_its_receipt_and_where_it_can_be_looked_at():
    till = video(counts=True)
    found = evidence(
        day_videos=[till],
        video_files=[filed(till)],
        video_deliveries=[delivered("videos/north/till/a.mp4", "evaluated", expires_at=at("12:00", NEXT))],
        interactions=[
            stood(till, 1, 60, 180, seller_id="S1", successful=True, receipt_id="7"),
            stood(till, 2, 300, kind="payment"),
            stood(till, 3, 600, successful=True, receipt_id="7"),
        ],
        purchases=[{"store_id": "north", "receipt_id": "7", "amount": 2499_00, "video": till["video"], "interaction": 1}],
        evidence_files=[
            picture(till, "clip", 1, "", "e/1.mp4"),
            picture(till, "trajectory", 1, "en", "e/1.en.png"),
            picture(till, "trajectory", 1, "ru", "e/1.ru.png"),
            picture(till, "timeline", 0, "en", "e/day.png"),
        ],
    )
    assert found[1] == {
        "video": till["video"],
        "interaction": 1,
        "store_id": "north",
        "camera_id": "till",
        "day": DAY,
        "seller_id": "S1",
        "kind": "consultation",
        "begin_at": at("09:01"),
        "end_at": at("09:03"),
        "duration_s": 120.0,
        "successful": True,
        "receipt_id": "7",
        "amount": 2499_00,
        "counts": True,
        "begin_s": 60.0,
        "end_s": 180.0,
        "video_path": "videos/north/till/a.mp4",
        "source_exists": True,
        "source_expires_at": at("12:00", NEXT),
        "clip_path": "e/1.mp4",
        "trajectory_path_en": "e/1.en.png",
        "trajectory_path_ru": "e/1.ru.png",
        "evidence_expires_at": at("18:00"),
    }
    assert (found[2]["kind"], found[2]["amount"], found[2]["clip_path"]) == ("payment", None, None)
    # the receipt is the first one's, so that amounts add up
    assert (found[3]["receipt_id"], found[3]["amount"]) == ("7", None)


def picture(of, kind, interaction, locale, path):
    place = {"video": of["video"], "kind": kind, "interaction": interaction, "locale": locale, "path": path}
    return place | {"expires_at": at("18:00"), "size": 1}


@pytest.mark.parametrize(
    ("deliveries", "exists"),
    [
        ([("evaluated", 1, {})], True),
        ([("expired", 1, {"deleted_at": at("18:00")})], False),
        ([("evaluated", 1, {"deleted_at": at("18:00")})], False),
        ([("evaluated", 1, {}), ("waiting", 2, {})], False),
        ([], None),
    ],
)
def test_a_source_is_there_until_it_is_deleted_or_another_lies_under_its_name(deliveries, exists):
    till = video()
    given = [delivered("a.mp4", state, version=version, **more) for state, version, more in deliveries]
    found = evidence(
        day_videos=[till], video_files=[filed(till, "a.mp4")], video_deliveries=given, interactions=[stood(till, 1, 0)]
    )
    assert found[1]["source_exists"] is exists


@pytest.mark.parametrize(
    ("deleted", "path"),
    [
        ([], "c.mp4"),
        ([{"deleted_at": at("18:01"), "failure": None}], None),
        ([{"deleted_at": at("18:01"), "failure": "The disk is read-only."}], "c.mp4"),
        # an earlier clip of the same name; this one was made after it
        ([{"deleted_at": at("10:00"), "failure": None}], "c.mp4"),
    ],
)
def test_a_clip_is_linked_until_it_is_deleted(deleted, path):
    till = video()
    found = evidence(
        day_videos=[till],
        interactions=[stood(till, 1, 0)],
        evidence_files=[picture(till, "clip", 1, "", "c.mp4")],
        deleted_files=[{"path": "c.mp4", "kind": "clip", **row} for row in deleted],
    )
    assert found[1]["clip_path"] == path

"""What shops have delivered, as it stands: of rows that say the same thing, the latest."""

import pytest

from tests.sellers.rows_of_days import at, rows

STAGING = ("stg_cameras", "stg_shifts", "stg_till_receipts", "stg_manual_counts", "stg_annotations", "stg_true_roles")


def raw(delivery, row=2, **values):
    return {"source_file": f"{delivery}.csv", "source_row": row, "delivery": delivery, "store_id": "north", **values}


@pytest.mark.parametrize("model", STAGING)
def test_without_deliveries_there_are_no_rows(model):
    assert rows(model) == []


CASES = {
    "stg_cameras": ("raw_cameras", {"camera_id": "till"}, {"camera_id": "hall"}, "opening", ("09:00-20:00", "09:00-21:00")),
    "stg_shifts": (
        "raw_shifts",
        {"seller_id": "S1", "begin": at("09:00")},
        {"seller_id": "S1", "begin": at("15:00")},
        "end",
        (at("20:00"), at("21:00")),
    ),
    "stg_manual_counts": (
        "raw_manual_counts",
        {"camera_id": "till", "begin": at("09:00"), "end": at("10:00"), "metric": "successful_interactions", "counted_by": "A"},
        {"camera_id": "till", "begin": at("09:00"), "end": at("10:00"), "metric": "successful_interactions", "counted_by": "B"},
        "value",
        (3.0, 4.0),
    ),
    "stg_true_roles": (
        "raw_true_roles",
        {"camera_id": "till", "start": "20261014T060000Z", "identity": 1},
        {"camera_id": "till", "start": "20261014T060000Z", "identity": 2},
        "role",
        ("customer", "seller"),
    ),
}


@pytest.mark.parametrize("model", CASES)
def test_of_rows_with_one_key_the_last_of_the_latest_delivery_stands(model):
    table, one, other, column, (earlier, later) = CASES[model]
    given = [
        raw(1, row=9, **one, **{column: earlier}),
        raw(2, row=2, **one, **{column: earlier}),
        raw(2, row=3, **one, **{column: later}),
        raw(1, row=4, **other, **{column: earlier}),
    ]
    for order in (given, given[::-1]):
        found = rows(model, **{table: order})
        assert len(found) == 2
        same = [row for row in found if all(row[name] == value for name, value in one.items())]
        assert [row[column] for row in same] == [later]


def test_a_receipt_keeps_its_store_and_its_time_and_its_amount_in_minor_units():
    given = [
        raw(1, receipt_id="1", at=at("11:00"), amount_minor=100_00),
        raw(2, receipt_id="1", at=at("11:30"), amount_minor=-50_00, register="2"),
        raw(1, receipt_id="1", at=at("12:00"), amount_minor=7_00) | {"store_id": "south"},
    ]
    assert rows("stg_till_receipts", zone="UTC", raw_till_receipts=given) == [
        {"receipt_id": "1", "store_id": "north", "at": at("11:30"), "amount": -50_00, "register": "2"},
        {"receipt_id": "1", "store_id": "south", "at": at("12:00"), "amount": 7_00, "register": None},
    ]


def test_a_camera_says_which_row_it_was_described_in():
    (found,) = rows("stg_cameras", raw_cameras=[raw(1, row=7, camera_id="till", overlaps="hall")])
    assert (found["source_file"], found["source_row"], found["overlaps"]) == ("1.csv", 7, "hall")


def box(delivery, frame, identity, start="20261014T060000Z"):
    corners = dict.fromkeys(("x1", "y1", "x2", "y2"), float(delivery))
    return raw(delivery, camera_id="till", start=start, frame=frame, identity=identity, ignored=False, **corners)


def test_a_box_that_is_taken_away_when_a_video_is_annotated_anew_does_not_come_back():
    given = [box(1, 1, 1), box(1, 1, 2), box(1, 2, 1), box(2, 1, 1), box(1, 5, 5, start="20261015T060000Z")]
    found = [(row["start"], row["frame"], row["identity"], row["x1"]) for row in rows("stg_annotations", raw_annotations=given)]
    assert sorted(found) == [("20261014T060000Z", 1, 1, 2.0), ("20261015T060000Z", 5, 5, 1.0)]

"""What programs are told of stores: numbers with reasons, a page at a time, and boxes without anybody's looks."""

from urllib.parse import quote

import pytest

from tests.pages import visiting
from tests.sellers.made_up_pages import (
    CAMERA,
    FILMED_ONLY,
    HOSTILE,
    NOTHING_SEEN,
    OTHER,
    SECOND_CAMERA,
    SELLERS,
    STORE,
    TALKS,
    TOO_LITTLE,
)
from vitrina.state.roles import Grant, Role

STORES = "/api/v1/sellers/stores"
HOME = f"{STORES}/{STORE}"


@pytest.fixture(scope="module")
def ask(seen):
    def asked(address, **params):
        answer = seen.api(address, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


def test_stores_come_with_their_clock_and_cameras(ask):
    found = {one["store"]: one for one in ask(STORES)["items"]}
    assert set(found) == {STORE, OTHER, FILMED_ONLY}
    assert found[STORE]["time_zone"] == "Europe/Moscow"
    assert {camera["camera"] for camera in found[STORE]["cameras"]} == {CAMERA, SECOND_CAMERA}
    assert found[FILMED_ONLY]["latest_day"] is None
    assert found[FILMED_ONLY]["cameras"][0]["problem"] == "file"


def test_days_have_numbers_with_intervals_or_a_reason(ask, seen):
    found = ask(f"{HOME}/days", **{"from": seen.shop.poor_day, "to": seen.shop.last})["items"]
    by_key = {(one["day"], one["seller"]): one for one in found}
    served = by_key[str(seen.shop.last), None]["numbers"]["interaction_ratio"]
    assert served["low"] < served["value"] < served["high"]
    assert served["unit"] == "share"
    refused = by_key[str(seen.shop.poor_day), SELLERS[0]]["numbers"]["interactions"]
    assert (refused["value"], refused["refused"]) == (None, TOO_LITTLE)
    assert {one["seller"] for one in found} == {None, *SELLERS, HOSTILE}
    assert min(one["day"] for one in found) == str(seen.shop.poor_day)


def test_days_of_one_seller_or_of_the_whole_store(ask, seen):
    assert {one["seller"] for one in ask(f"{HOME}/days", seller="S02")["items"]} == {"S02"}
    whole = ask(f"{HOME}/days", whole=True)
    assert {one["seller"] for one in whole["items"]} == {None}
    assert whole["total"] == len(seen.shop.days)


def test_a_list_is_read_page_by_page_to_its_end(ask):
    address, pages, read = f"{HOME}/days?limit=7", [], []
    while address:
        page = ask(address)
        pages.append(page["items"])
        read += page["items"]
        address = page["next"]
    whole = ask(f"{HOME}/days", limit=1000)
    assert read == whole["items"]
    assert len(whole["items"]) == whole["total"]
    assert [len(page) for page in pages[:-1]] == [7] * (len(pages) - 1)


def test_hours_that_nobody_saw_have_a_reason_and_no_number(ask, seen):
    hours = {one["hour"]: one for one in ask(f"{HOME}/hours", day=seen.shop.last)["items"]}
    assert sorted(hours) == list(range(9, 21))
    assert (hours[13]["customers_seen"], hours[13]["refused"]) == (None, NOTHING_SEEN)
    assert hours[17]["customers_seen"] > hours[9]["customers_seen"]


def test_evidence_names_the_clip_while_it_is_kept(ask, seen):
    found = ask(f"{HOME}/evidence", day=seen.shop.last)["items"]
    assert [one["interaction"] for one in found] == list(range(1, TALKS + 1))
    assert seen.visitor.get(found[0]["clip"]).headers["content-type"] == "video/mp4"
    assert found[1]["clip"] is None
    assert found[2]["amount_minor"] == 199_903
    before = ask(f"{HOME}/evidence", day=seen.shop.days[-2])["items"][0]
    assert before["clip"] is None
    assert before["clip_deleted_at"] is not None


def test_evidence_of_sellers_whom_nobody_could_name(ask, seen):
    found = ask(f"{HOME}/evidence", day=seen.shop.last, unnamed=True, kind="consultation")["items"]
    assert [one["interaction"] for one in found] == [5, 10, 15]
    assert {one["seller"] for one in found} == {None}


def test_footage_says_what_was_lost(ask, seen):
    found = ask(f"{HOME}/footage", **{"from": seen.shop.poor_day, "to": seen.shop.poor_day})["items"]
    assert [(one["camera"], one["problem"]) for one in found] == [(CAMERA, "dark"), (SECOND_CAMERA, None)]


def test_boxes_of_a_video_come_with_person_and_role_and_without_looks_or_names(ask, seen):
    video = ask(f"{HOME}/videos", day=seen.shop.last)["items"][0]["video"]
    found = ask(f"{HOME}/detections", video=video, from_s=5, to_s=7)["items"]
    assert [(one["sample"], one["detection"]) for one in found] == [(5, 0), (5, 1), (5, 2), (6, 0), (6, 1)]
    assert [one["role"] for one in found[:3]] == ["seller", "customer", None]
    assert found[1]["x1"] == 102.5
    assert not {"appearance", "seller", "seller_id"} & set(found[0])
    customers = ask(f"{HOME}/detections", video=video, role="customer", limit=1)
    assert customers["total"] == 600
    assert customers["next"] is not None


@pytest.mark.parametrize(
    ("store", "camera", "day"), [(OTHER, CAMERA, -1), (STORE, SECOND_CAMERA, -1)], ids=["of another store", "nobody was followed"]
)
def test_boxes_that_are_not_published_for_the_store_are_not_found(seen, store, camera, day):
    video = seen.shop.video(seen.shop.days[day], camera=camera)
    assert seen.api(f"{STORES}/{store}/detections", params={"video": video}).status_code == 404


@pytest.mark.parametrize("spoil", [lambda known: known + b"x", lambda known: b"x" * len(known)], ids=["another size", "broken"])
def test_boxes_that_are_made_anew_just_now_are_gone_until_the_next_version(seen, spoil):
    path = seen.shop.settings.artifacts / "sellers" / "evidence_files" / str(seen.shop.days[0]) / "boxes.parquet"
    known = path.read_bytes()
    try:
        path.write_bytes(spoil(known))
        answer = seen.api(f"{HOME}/detections", params={"video": seen.shop.video(seen.shop.days[0])})
        assert answer.status_code == 410
        assert "next version" in answer.json()["remedy"]
    finally:
        path.write_bytes(known)


def test_nothing_is_sent_twice_and_no_page_is_of_another_version(seen):
    first = seen.api(f"{HOME}/days")
    assert seen.api(f"{HOME}/days", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert seen.api(f"{HOME}/days?version=20200101T000000000000Z").status_code == 410


def test_a_program_that_may_see_one_store_is_told_of_that_one(shop):
    with visiting(shop.settings, Grant(Role.VIEWER, "sellers", OTHER), name="program of one store") as visitor:
        assert [one["store"] for one in visitor.api(STORES).json()["items"]] == [OTHER]
        for part in ("days", "hours", "evidence", "footage", "videos", "detections"):
            asked = {"day": str(shop.last), "video": shop.video(shop.last)}
            assert visitor.api(f"{HOME}/{part}", params=asked).status_code == 404
            assert visitor.api(f"{STORES}/{OTHER}/{part}", params=asked | {"video": quote("x")}).status_code in {200, 404}


def test_a_store_that_nobody_knows_is_not_found(seen):
    for part in ("days", "hours", "evidence", "footage", "videos", "detections"):
        assert seen.api(f"{STORES}/nowhere/{part}", params={"day": "2026-01-01", "video": "x"}).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["days?from=yesterday", "days?limit=0", "days?offset=99999999999", "hours", "hours?day=9999-99-99", "evidence", "detections",
     "detections?video=x&from_s=-1", "detections?video=x&to_s=1e400", "evidence?day=2026-01-01&kind=other"],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_its_place(seen, address):
    answer = seen.api(f"{HOME}/{address}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].startswith("query.")

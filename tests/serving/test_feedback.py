"""What people say of a page is recorded as they said it, under their name, and enters the graph once."""

import datetime as dt

import pytest

from tests.pages import ADDRESS, ADMIN, Visitor, make_person, token_of
from tests.serving.made_up import HOSTILE, decisions, publish_shelves, visited, with_password
from vitrina.settings import PRODUCTS, Settings
from vitrina.state.cluster_requests import ClusterRequests
from vitrina.state.roles import Grant, Role

VIEWER = Grant(Role.VIEWER, "stores")
RATING = {"page": "clusters", "rating": "4", "comment": "Well.", "subject": "2026-07-01"}


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path, _env_file=None)


@pytest.fixture
def anna(settings):
    with visited(settings, VIEWER, name="anna") as made:
        yield made


def rate(visitor, product="stores", **changes):
    return visitor.submit(f"/feedback/{product}", RATING | changes, headers={"HX-Request": "true"})


def test_a_rating_is_recorded_with_the_version_that_was_seen(settings, anna):
    version = publish_shelves(settings)
    anna.app.state.service.versions.look()
    answer = rate(anna)
    assert answer.status_code == 200
    assert "Thank you" in answer.text
    assert "<html" not in answer.text
    (found,) = decisions(settings)
    assert {name: found[name] for name in ("made_by", "about", "page", "subject", "rating", "reason", "published_version")} == {
        "made_by": "anna",
        "about": "stores",
        "page": "clusters",
        "subject": "2026-07-01",
        "rating": 4,
        "reason": "Well.",
        "published_version": version,
    }
    assert abs(dt.datetime.fromisoformat(found["made_at"]) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_people_may_change_their_mind_and_both_are_kept(settings, anna):
    rate(anna)
    rate(anna, rating="1", comment="")
    assert [(found["rating"], found["reason"]) for found in sorted(decisions(settings), key=lambda one: one["made_at"])] == [
        (4, "Well."),
        (1, ""),
    ]


def test_comments_are_kept_as_text_whatever_stands_in_them(settings, anna):
    for comment in (HOSTILE, "Ёлка “1” 🙂", "first\r\nsecond", "=1+1", '"}\n{"rating": 5', "x" * 2000):
        assert rate(anna, comment=comment).status_code == 200, comment
    assert {found["reason"] for found in decisions(settings)} == {
        HOSTILE,
        "Ёлка “1” 🙂",
        "first\nsecond",
        "=1+1",
        '"}\n{"rating": 5',
        "x" * 2000,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"rating": ""},
        {"rating": "0"},
        {"rating": "6"},
        {"rating": "4.5"},
        {"rating": "9" * 5000},
        {"rating": "NaN"},
        {"page": ""},
        {"page": "../x"},
        {"page": HOSTILE},
        {"page": "x" * 61},
        {"comment": "x" * 4001},
        {"comment": "x" * 2001},
        {"comment": "a\0b"},
        {"comment": "a\tb"},
        {"subject": "x" * 201},
        {"subject": "a\0b"},
        {"subject": "a\nb"},
    ],
)
def test_what_is_no_rating_is_refused_and_not_recorded(settings, anna, changes):
    answer = rate(anna, **changes)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert decisions(settings) == []


def test_only_pages_that_one_may_see_can_be_rated(settings, anna):
    assert [rate(anna, product).status_code for product in PRODUCTS] == [200, 403, 403, 403, 403]
    for product in ("home", "nothing", "*", "%00", "x" * 100):
        assert rate(anna, product).status_code in (403, 404, 422)
    assert {found["about"] for found in decisions(settings)} == {"stores"}
    anna.sign_in(make_person(settings, "boss", ADMIN))
    for product in ("nothing", "*", "%00"):
        assert rate(anna, product).status_code == 404


def test_strangers_and_other_sites_rate_nothing(settings, anna):
    stranger = Visitor(anna.app, base_url=ADDRESS, follow_redirects=False)
    assert rate(stranger).headers["hx-redirect"].startswith("/sign-in")
    assert rate(anna, csrf="x").status_code == 403
    assert anna.submit("/feedback/stores", RATING, headers={"Origin": "https://evil.example"}).status_code == 403
    assert decisions(settings) == []


def test_programs_may_rate_for_their_people(settings, anna):
    person = make_person(settings, "boris", VIEWER)
    program = Visitor(anna.app, base_url=ADDRESS, headers={"Authorization": f"Bearer {token_of(settings, person, 'stores:read')}"})
    assert program.post("/feedback/stores", data=RATING).status_code == 200
    assert [found["made_by"] for found in decisions(settings)] == ["boris"]


def test_a_rating_of_a_result_has_the_minutes_it_took(settings, anna):
    requests, asked_at = ClusterRequests(anna.app.state.service.database), dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    made = requests.begin(by="anna", title="x", quarter=dt.date(2026, 7, 1), scenario="{}", published_version="v", now=asked_at)
    requests.finish(made.id, asked_at + dt.timedelta(minutes=2), fingerprint="f")
    rate(anna, subject=made.id)
    rate(anna, subject="0" * 32)
    with_minutes, without = sorted(decisions(settings), key=lambda one: one["made_at"])
    moments = [dt.datetime.fromisoformat(with_minutes[name]) for name in ("requested_at", "reported_at")]
    assert moments[1] - moments[0] == dt.timedelta(minutes=2)
    assert (without["requested_at"], without["reported_at"]) == (None, None)


def test_what_people_say_is_there_for_those_who_decide(settings, anna):
    assert anna.page("/feedback").status_code == 200
    boss = with_password(settings, "boss", ADMIN)
    anna.sign_in(boss)
    assert anna.page("/feedback").status_code == 200


def test_without_a_script_a_rating_is_a_page_of_its_own(settings, anna):
    answer = anna.submit("/feedback/stores", RATING)
    assert answer.status_code == 200
    assert len(decisions(settings)) == 1

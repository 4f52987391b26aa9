"""What people see of their stores: numbers with reasons, evidence while it is kept, and nobody else's store."""

import datetime as dt
import re
from urllib.parse import quote

import pytest

from serving.sellers.published_files import place_of
from serving.sellers.sentences import SENTENCES, in_words
from tests.pages import visiting
from tests.sellers.made_up_pages import (
    CAMERA,
    FILMED_ONLY,
    HOSTILE,
    MARTS,
    OTHER,
    READ,
    SECOND_CAMERA,
    SELLERS,
    STORE,
    TALKS,
    MadeUpShop,
)
from tests.support import ROOT
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

HOME = f"/sellers/stores/{STORE}"
RUSSIAN = {"Accept-Language": "ru"}
TABLES = (*MARTS, *(table.table_name() for table in READ))


def clip_of(shop, day, store=STORE, interaction=1):
    return f"/sellers/stores/{store}/clips/{interaction}.mp4?video={quote(shop.video(day))}"


@pytest.mark.parametrize(
    ("path", "english", "russian"),
    [
        ("/sellers", "The latest day of each store", "Последний день каждого магазина"),
        (HOME, "What came of the day", "Итоги дня"),
        (f"{HOME}/sellers/S01", "Seller S01, store lenina-5", "Продавец S01, магазин lenina-5"),
        (f"{HOME}/map", "Where people walked", "Где ходили люди"),
        (f"{HOME}/evidence", "18 interactions", "18 взаимодействий"),
        (f"{HOME}/footage", "Files without numbers", "Файлы, по которым нет чисел"),
        (f"/sellers/stores/{FILMED_ONLY}", "Nothing can be said of this day", "Об этом дне ничего сказать нельзя"),
    ],
)
def test_every_page_is_there_in_both_languages(seen, path, english, russian):
    there, here = seen.page(path), seen.page(path, headers=RUSSIAN)
    assert (there.status_code, here.status_code) == (200, 200)
    assert english in there.text
    assert russian in here.text
    assert english not in here.text


def test_yesterdays_figures_are_called_yesterdays(seen):
    page = seen.page("/sellers")
    assert "yesterday" in page.text
    assert all(f'href="/sellers/stores/{store}"' in page.text for store in (STORE, OTHER, FILMED_ONLY))


def test_a_day_that_was_hardly_seen_says_so_before_anything_else(seen):
    text = seen.page(f"/sellers/stores/{OTHER}").text
    reason = "31% of the time could be seen; numbers are told from 50% on."
    assert text.index("Nothing can be said of this day") < text.index(reason) < text.index("<section")
    assert "What came of the day" not in text


def test_reasons_are_told_in_the_readers_language(seen):
    text = seen.page(f"{HOME}?day={seen.shop.poor_day}", headers=RUSSIAN).text
    assert "Видно 31 % времени; числа указываются начиная с 50 %." in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "На 69 % кадров слишком темно." in text
    assert "Ничего не было видно." in text


def test_hours_that_nobody_saw_and_cameras_with_gaps_come_first(seen):
    text = seen.page(HOME).text
    head = text[: text.index("What came of the day")]
    assert "Not all of the day could be seen" in head
    assert "13:00: Nothing could be seen." in head
    assert f"Camera {SECOND_CAMERA}: Between files, 8 % of the time is missing." in head


def test_what_cannot_be_said_is_no_nought(seen):
    text = seen.page(f"/sellers/stores/{OTHER}?day={seen.shop.days[0]}").text
    assert text.count("No receipts of this store and day were delivered.") >= 3
    row = text[text.index("All together") :].partition("</tbody>")[0]
    assert "cannot be said" in row
    assert not re.search(r">\s*0\s*<", row)


def test_sellers_whom_nobody_could_name_are_told_plainly(seen):
    text = seen.page(HOME).text
    assert "3 of 15 consultations were with sellers whom nobody on the roster could be matched to." in text
    unknown = seen.page(f"{HOME}/evidence?unnamed=true").text
    assert "3 interactions" in unknown
    assert unknown.count("<td>unknown seller</td>") == 3


def test_a_seller_with_a_hostile_name_is_text_and_has_a_page(seen):
    text = seen.page(HOME).text
    assert "<script>alert" not in text
    address = f"{HOME}/sellers/{quote(HOSTILE, safe='')}"
    assert seen.page(address).status_code == 200
    assert "<script>alert" not in seen.page(address).text


def test_a_sellers_days_stand_with_their_ranges_and_gaps_have_reasons(seen):
    text = seen.page(f"{HOME}/sellers/S01?period=7").text
    assert text.count('aria-current="date"') == 1
    assert "31% of the time could be seen; numbers are told from 50% on." in text
    assert re.search(r"<td[^>]*>\s*\d+<small>\d+ to \d+</small>", text)


@pytest.mark.parametrize("who", ["nobody", "S0", "s01", " "])
def test_a_seller_who_is_not_known_is_not_found(seen, who):
    assert seen.page(f"{HOME}/sellers/{quote(who)}").status_code == 404


def test_a_clip_is_played_in_parts_and_stays_in_no_browser(seen):
    address = clip_of(seen.shop, seen.shop.last)
    whole = seen.visitor.get(address)
    part = seen.visitor.get(address, headers={"Range": "bytes=4-7"})
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["cache-control"] == "private, no-store"
    assert "content-encoding" not in whole.headers
    assert part.status_code == 206
    assert part.content == b"ftyp" == whole.content[4:8]


def test_a_clip_is_looked_at_while_it_is_kept_and_its_deletion_is_told_afterwards(seen):
    now, before = (f"{HOME}/evidence/shown?video={quote(seen.shop.video(day))}&interaction=1" for day in seen.shop.days[:-3:-1])
    assert clip_of(seen.shop, seen.shop.last) in seen.page(now).text.replace("|", "%7C")
    told = seen.page(before).text
    assert "<video" not in told
    assert "The clip was deleted on" in told
    assert f"deleted on {seen.shop.now:%-d %b %Y}" in seen.page(f"{HOME}/evidence?day={seen.shop.days[-2]}").text
    gone = seen.page(clip_of(seen.shop, seen.shop.days[-2]))
    assert gone.status_code == 410
    assert "deleted when their time is over" in gone.text


def test_a_clip_whose_time_is_over_is_not_shown_even_where_nobody_deleted_it(seen):
    day = seen.shop.days[0]
    path = seen.shop.settings.data / seen.shop.clip_path(day)
    path.write_bytes((seen.shop.settings.data / seen.shop.clip_path(seen.shop.last)).read_bytes())
    try:
        assert seen.page(clip_of(seen.shop, day)).status_code == 410
    finally:
        path.unlink()


@pytest.mark.parametrize(
    "address",
    [
        "/sellers/stores/{other}/clips/1.mp4?video={video}",
        "/sellers/stores/{store}/clips/2.mp4?video={video}",
        "/sellers/stores/{store}/clips/1.mp4?video=..%2F..%2F..%2Fetc%2Fpasswd",
        "/sellers/stores/{store}/pictures/ways.png?video={video}&interaction=9",
        "/sellers/stores/{other}/pictures/heat-map.png?video={video}",
        "/sellers/stores/{store}/report.xlsx?day=2001-01-01",
        "/sellers/stores/{store}/evidence/shown?video={video}&interaction=99",
        "/sellers/stores/{other}/evidence/shown?video={video}&interaction=1",
        "/sellers/stores/{store}/map?video={video}x",
    ],
)
def test_only_what_a_published_table_names_for_the_store_is_there(seen, address):
    video = quote(seen.shop.video(seen.shop.last))
    assert seen.page(address.format(store=STORE, other=OTHER, video=video)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../outside.mp4",
        "artifacts/sellers/../../outside.mp4",
        "artifacts/sellers/link.mp4",
        "artifacts/sellers/a\0b",
        "/etc/hostname",
    ],
)
def test_a_path_that_leads_out_of_the_folder_is_no_file(tmp_path, path):
    settings = Settings(data=tmp_path / "data", _env_file=None)
    (settings.artifacts / "sellers").mkdir(parents=True)
    (settings.data / "outside.mp4").write_bytes(b"secret")
    (settings.artifacts / "sellers" / "link.mp4").symlink_to(settings.data / "outside.mp4")
    assert place_of(settings, path) is None


def test_a_file_that_was_made_anew_since_is_not_the_published_one(tmp_path):
    settings = Settings(data=tmp_path / "data", _env_file=None)
    path = settings.artifacts / "sellers" / "x.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"1234")
    assert place_of(settings, "artifacts/sellers/x.png", 4) == path
    assert place_of(settings, "artifacts/sellers/x.png", 5) is None


def test_pictures_are_sent_once_per_version_and_never_of_another(seen):
    address = f"{HOME}/pictures/heat-map.png?video={quote(seen.shop.video(seen.shop.last))}"
    first = seen.visitor.get(address)
    assert first.headers["content-type"] == "image/png"
    assert seen.visitor.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert seen.page(f"{address}&version=20200101T000000000000Z").status_code == 410


def test_the_ways_of_a_part_of_the_day_are_drawn_from_the_published_boxes(seen):
    assert "Ways of people." in seen.page(f"{HOME}/map?minutes=5").text
    later = seen.page(f"{HOME}/map?begin=60&minutes=5").text
    assert "Ways of people." not in later
    assert "There are no ways to draw of this time." in later


def test_the_report_is_taken_away_in_excel(seen):
    page = seen.page(HOME)
    assert f'href="{HOME}/report.xlsx?day={seen.shop.last}"' in page.text
    found = seen.visitor.get(f"{HOME}/report.xlsx?day={seen.shop.last}")
    assert found.content == b"PK a workbook"
    assert f"{STORE}-{seen.shop.last}.xlsx" in found.headers["content-disposition"]
    assert "report.xlsx" not in seen.page(f"{HOME}?day={seen.shop.days[0]}").text


def test_interactions_are_filtered_by_what_came_of_them(seen):
    counts = {
        outcome: int(re.search(r"(\d+) interactions?</h2>", seen.page(f"{HOME}/evidence", params={"outcome": outcome}).text)[1])
        for outcome in ("all", "purchase", "no purchase", "payment")
    }
    assert counts == {"all": TALKS, "purchase": 3, "no purchase": 12, "payment": 3}
    of_one = seen.page(f"{HOME}/evidence", params={"seller": SELLERS[2]}).text
    assert f'value="{SELLERS[2]}" selected' in of_one
    assert "unknown seller<" not in of_one


def test_a_drifting_camera_and_broken_files_of_this_store_alone_are_told(seen):
    text = seen.page(f"{HOME}/footage").text
    assert f"Camera {SECOND_CAMERA}. Sharpness: 320, usually 742. Look at the camera&#39;s lens and focus." in text
    assert f"videos/{STORE}/{CAMERA}/broken.mp4" in text
    assert OTHER not in text


HOSTILE_VALUES = [
    "\0",
    "\ud800",
    "' OR 1=1 --",
    "9" * 400,
    "../..",
    "{{7*7}}",
    "-1",
    "99999-01-01",
    "0001-01-01",
    "9999-12-31",
    "1e309",
    "NaN",
]


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=repr)
def test_hostile_values_are_refused_or_find_nothing_and_break_nothing(seen, value):
    sent = quote(value.encode("utf-8", "surrogatepass"))
    parts = {
        "": ("day", "metric"),
        "/map": ("day", "video", "begin", "minutes"),
        "/evidence": ("day", "seller", "unnamed", "outcome", "video", "interaction", "offset"),
        "/footage": ("day",),
        "/sellers/S01": ("day", "metric", "period"),
        "/evidence/shown": ("video", "interaction"),
        "/report.xlsx": ("day",),
    }
    addresses = [f"{HOME}{part}?{name}={sent}" for part, names in parts.items() for name in names]
    addresses += [
        f"/sellers?offset={sent}",
        f"/sellers/stores/{sent}",
        f"{HOME}/sellers/{sent}",
        f"{HOME}/clips/1.mp4?video={sent}",
    ]
    statuses = {address: seen.visitor.get(address, headers={"Accept": "text/html"}).status_code for address in addresses}
    assert not {address: status for address, status in statuses.items() if status not in {200, 303, 307, 404, 410, 422}}


@pytest.fixture(scope="module")
def of_one_store(shop):
    with visiting(shop.settings, Grant(Role.VIEWER, "sellers", OTHER), name="manager of one store") as visitor:
        yield visitor


def test_whoever_may_see_one_store_sees_that_one(of_one_store):
    page = of_one_store.page("/sellers").text
    assert OTHER in page
    assert STORE not in page
    assert of_one_store.page(f"/sellers/stores/{OTHER}").status_code == 200


@pytest.mark.parametrize(
    "part",
    [
        "",
        "/map",
        "/evidence",
        "/footage",
        "/sellers/S01",
        "/evidence/shown",
        "/report.xlsx",
        "/clips/1.mp4",
        "/pictures/heat-map.png",
    ],
)
def test_nobody_sees_another_ones_store_nor_that_it_exists(of_one_store, shop, part):
    asked = {"video": shop.video(shop.last), "interaction": 1, "day": str(shop.last)}
    there = of_one_store.page(f"{HOME}{part}", params=asked)
    nowhere = of_one_store.page(f"/sellers/stores/no-such{part}", params=asked)
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.text.replace(STORE, "no-such") == nowhere.text.replace(STORE, "no-such")


def test_videos_are_uploaded_by_those_who_may(seen, of_one_store):
    link = 'href="/deliveries/new?product=sellers"'
    assert link in seen.page(f"{HOME}/footage").text
    assert link not in of_one_store.page(f"/sellers/stores/{OTHER}/footage").text


def test_where_nothing_is_published_the_page_says_what_to_do(tmp_path):
    with visiting(Settings(data=tmp_path / "data", _env_file=None)) as visitor:
        page = visitor.page("/sellers")
        assert page.status_code == 404
        assert "Nothing has been published for sellers." in page.text
        assert "make demo" in page.text


@pytest.mark.parametrize(
    "kept",
    [
        ("mart_seller_daily",),
        ("mart_footage_quality",),
        ("mart_store_hourly", "video_files"),
        ("mart_interaction_evidence", "mart_store_hourly"),
        ("day_reports",),
    ],
    ids=" ".join,
)
def test_a_table_that_a_check_holds_back_breaks_no_page(tmp_path, kept):
    settings = Settings(data=tmp_path / "data", pages_requests_per_minute=1_000_000, _env_file=None)
    made = MadeUpShop(settings, dt.datetime.now(dt.UTC), 3)
    made.publish(leave_out=tuple(name for name in TABLES if name not in kept))
    with visiting(settings) as visitor:
        for part in ("", "/map", "/evidence", "/footage", "/sellers/S01"):
            page = visitor.page(f"{HOME}{part}")
            assert page.status_code in {200, 404}
            if page.status_code == 404:
                assert "yet" in page.text or "is not yours to see" in page.text
        assert visitor.page("/sellers").status_code == (404 if kept == ("day_reports",) else 200)


def test_every_sentence_of_the_marts_is_known_and_has_its_russian():
    folder = ROOT / "dbt_project" / "models" / "sellers" / "marts"
    footage = re.findall(r"format\('([^']+)', percent\)", (folder / "mart_footage_quality.sql").read_text())
    hours = re.findall(r"then '([A-Z][^']+\.)'", (folder / "mart_store_hourly.sql").read_text())
    assert len(footage) >= 6
    assert len(hours) >= 2
    assert {text.replace("{}", "{percent}") for text in footage} | set(hours) <= set(SENTENCES)


def test_two_sentences_and_a_path_before_them_are_translated_one_by_one():
    words = {"The file has no frames.": "В файле нет кадров.", "Deliver videos as {suffixes}.": "Загружайте {suffixes}."}
    told = in_words("videos/a: b/1.mp4: The file has no frames. Deliver videos as mp4, mov.", lambda text: words.get(text, text))
    assert told == "videos/a: b/1.mp4: В файле нет кадров. Загружайте mp4, mov."
    assert in_words("Nobody knows.", str) == "Nobody knows."

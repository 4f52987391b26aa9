import ast
import datetime as dt
import inspect
import re
from io import BytesIO

import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.sellers.rows_of_people import START, VIDEO, interaction, interactions, scene, video_file, video_files, walk
from vitrina.charts import MAX_PNG_BYTES
from vitrina.i18n import catalogue
from vitrina.sellers.evidence import annotated, day_timelines, heat_maps, interaction_ways, wording
from vitrina.sellers.evidence.day_timelines import day_timeline
from vitrina.sellers.evidence.heat_maps import floor_heat_map
from vitrina.sellers.evidence.recording import EvidenceError
from vitrina.sellers.evidence.wording import DOMAIN, words

HOUR = 3600


def pixels(png):
    assert len(png) < MAX_PNG_BYTES
    with Image.open(BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def share_of(image, colour):
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return (np.abs(image - wanted).max(axis=2) < 24).mean()


def shop(**options):
    seller = walk(1, [(2 + 0.02 * second, 3) for second in range(120)], **options)
    customer = walk(2, [(6 - 0.05 * second, 1 + 0.02 * second) for second in range(100)], **options)
    return scene(seller, customer, roles={1: "seller", 2: "customer"})


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize("metric", [True, False], ids=["on the floor", "in the picture"])
def test_both_ways_of_an_interaction_are_drawn_and_the_customers_language_is_spoken(locale, metric):
    rows, tracks, _ = shop(metric=metric)
    png = interaction_ways.interaction_ways(interaction(1, 60, 90), rows, tracks, translate=words(locale))
    image = pixels(png)
    assert all(share_of(image, ink) > 0.0005 for ink in interaction_ways.COLOURS.values())
    if locale == "ru":
        assert png != interaction_ways.interaction_ways(interaction(1, 60, 90), rows, tracks)


def test_ways_are_drawn_over_a_dark_and_blurred_picture_of_the_shop():
    rows, tracks, _ = shop(metric=False)
    background = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    image = pixels(interaction_ways.interaction_ways(interaction(1, 60, 90), rows, tracks, background=background))
    dark = image[150:300, 150:300]
    assert dark.mean() < 100
    assert dark.std() < 25
    assert all(share_of(image, ink) > 0.0003 for ink in interaction_ways.COLOURS.values())


def test_an_interaction_whose_people_are_not_there_is_told():
    rows, tracks, _ = shop()
    with pytest.raises(EvidenceError, match="lack a person of interaction 4"):
        interaction_ways.interaction_ways(interaction(4, 60, 90, customer=9), rows, tracks)


def test_the_heat_map_adds_up_to_the_time_that_was_spent():
    rows, tracks, people = shop(step=2.0)
    joined = rows.join(tracks.select("video", "track", "person"), on=["video", "track"]).join(people, on=["video", "person"])
    cells = heat_maps._seconds(joined, 2.0, 0.5)
    spent = cells.group_by("role").agg(seconds=(pl.col("density") * 0.25).sum()).sort("role")
    assert spent["seconds"].to_list() == [200, 240]


def test_a_very_large_floor_has_larger_squares():
    places = np.random.default_rng(0).uniform(0, 90, (4_000, 2))
    rows, tracks, people = scene(walk(1, [tuple(place) for place in places]), roles={1: "seller"})
    joined = rows.join(tracks.select("video", "track", "person"), on=["video", "track"]).join(people, on=["video", "person"])
    cells = heat_maps._seconds(joined, 1.0, 0.5)
    assert cells.height <= heat_maps.MOST_CELLS
    assert (cells["density"] * cells["side_m"] ** 2).sum() == 4_000
    assert pixels(floor_heat_map(rows, tracks, people, step_s=1.0)).shape[1] > 400


def test_a_heat_map_without_metres_says_what_is_missing():
    rows, tracks, people = shop(metric=False)
    with pytest.raises(EvidenceError, match="No place on the floor") as raised:
        floor_heat_map(rows, tracks, people, step_s=1.0)
    assert "four points" in raised.value.remedy
    rows, tracks, people = scene(walk(1, [(1, 1)]), roles={1: "unknown"})
    with pytest.raises(EvidenceError, match="no seller and no customer"):
        floor_heat_map(rows, tracks, people, step_s=1.0)


def day(customers=30, **options):
    walks = [walk(1, [(1, 1)] * 400, step=60.0, first=10), walk(2, [(2, 2)] * 200, step=60.0, first=100)]
    walks += [walk(number, [(3, 3)] * 5, step=60.0, first=7 * number) for number in range(3, customers + 3)]
    rows, tracks, people = scene(
        *walks, roles={number: "seller" if number < 3 else "customer" for number in range(1, customers + 3)}, seller_ids={1: "Анна"}
    )
    del rows
    meetings = interactions(interaction(1, 2 * HOUR, 3 * HOUR), interaction(2, 4 * HOUR, 4.5 * HOUR, seller=2))
    return day_timeline(
        video_files(video_file()),
        tracks,
        people,
        meetings,
        time_zone="Europe/Moscow",
        uncovered=[(START + dt.timedelta(hours=1), START + dt.timedelta(hours=1.5))],
        **options,
    )


def test_a_day_shows_sellers_customers_interactions_and_times_without_sight():
    image = pixels(day())
    for ink in (day_timelines.SELLER, day_timelines.CUSTOMER, day_timelines.TOGETHER, "#D9D9D9"):
        assert share_of(image, ink) > 0.001


def test_sellers_are_named_only_where_that_is_asked_for():
    assert day() != day(is_named=True)
    assert b"\xd0\x90" not in day()


def test_a_busy_day_is_drawn_and_what_is_left_out_is_told():
    present = pl.DataFrame({
        "video": [VIDEO] * 50, "person": range(50), "role": ["customer"] * 50, "seller_id": [None] * 50,
        "begin": [START] * 50, "end": [START + dt.timedelta(hours=1)] * 50,
    }, schema_overrides={"seller_id": pl.String, "person": pl.Int64})  # fmt: skip
    rows, left_out = day_timelines._rows(present, str, is_named=False)
    assert left_out == 50 - day_timelines.MOST_LANES
    assert rows["row"].n_unique() == day_timelines.MOST_LANES
    pixels(day(customers=400))


def test_nobody_stands_in_a_row_that_is_taken():
    generator = np.random.default_rng(0)
    begins = np.sort(generator.integers(0, 1000, 200))
    stays = pl.DataFrame({"begin": begins, "end": begins + generator.integers(0, 60, 200)}).with_columns(
        pl.from_epoch("begin", "s"), pl.from_epoch("end", "s")
    )
    for _, row in stays.with_columns(lane=pl.Series(day_timelines._lanes(stays))).group_by("lane"):
        ordered = row.sort("begin")
        assert (ordered["begin"].slice(1) > ordered["end"].head(row.height - 1)).all()


def test_a_day_without_anybody_is_told():
    _, tracks, people = scene(walk(1, [(1, 1)]), roles={1: "fixture"})
    with pytest.raises(EvidenceError, match="nobody on this day"):
        day_timeline(video_files(video_file()), tracks, people, interactions(), time_zone="UTC")


def messages_of(module):
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "translate":
                yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


def test_every_word_on_a_picture_has_a_russian_translation_with_the_same_placeholders_and_every_translation_is_used():
    used = {
        message for module in (annotated, day_timelines, heat_maps, interaction_ways, wording) for message in messages_of(module)
    }
    translated = catalogue("ru", DOMAIN)
    assert not used - set(translated), "these messages need a translation in evidence.po"
    assert not set(translated) - used, "nobody uses these translations"
    for english, russian in translated.items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", russian)), english

from io import BytesIO

import altair as alt
import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.stores.made_up_stores import features_and_catalogue, random_stores, three_groups
from vitrina.charts import MAX_PNG_BYTES, PALETTE, PictureError, colour, readable_on, to_png
from vitrina.stores.cluster_rows import assignment_rows, quality_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.dendrogram import ABOVE, branches_and_leaves, cut_height, dendrogram
from vitrina.stores.pictures import cluster_map, quality_chart
from vitrina.stores.scenario import Scenario


def test_each_picture_is_a_png_that_is_small_enough():
    clustering = cluster_stores(*random_stores(400, seed=1), Scenario(n_clusters=6))
    charts = (
        dendrogram(clustering.linkage, clustering.labels),
        cluster_map(assignment_rows(clustering)),
        quality_chart(quality_rows(clustering)),
    )
    for chart in charts:
        picture = to_png(chart)
        assert len(picture) < MAX_PNG_BYTES
        with Image.open(BytesIO(picture)) as image:
            assert image.format == "PNG"
            assert len(image.convert("RGB").getcolors(1 << 20)) > 5


def test_a_picture_too_large_at_full_sharpness_is_drawn_coarser_and_an_impossible_one_refused():
    drawn = pl.DataFrame(np.random.default_rng(0).normal(size=(500, 2)), schema=["x", "y"])
    chart = alt.Chart(drawn).mark_point().encode(x="x", y="y")
    sharp = to_png(chart)
    assert len(to_png(chart, max_bytes=len(sharp) // 2)) < len(sharp) // 2
    with pytest.raises(PictureError, match="100 are allowed"):
        to_png(chart, max_bytes=100)


def test_leaves_and_branches_carry_the_colour_of_their_cluster_below_the_cut():
    clustering = cluster_stores(*three_groups(per_group=20), Scenario())
    branches, leaves = branches_and_leaves(clustering.linkage, clustering.labels)
    assert leaves.get_column("stores").sum() == 60
    assert leaves.height == 30
    assert dict(leaves.group_by("cluster").agg(pl.col("stores").sum()).iter_rows()) == {1: 20, 2: 20, 3: 20}
    height = cut_height(clustering.linkage, 3)
    tops = branches.group_by("branch").agg(pl.col("height").max(), pl.col("cluster").first())
    assert tops.filter(pl.col("height") > height).get_column("cluster").to_list() == [ABOVE, ABOVE]
    assert ABOVE not in tops.filter(pl.col("height") < height).get_column("cluster").to_list()


@pytest.mark.parametrize("n_clusters", [1, 2, 45, 80])
def test_a_dendrogram_can_be_drawn_for_any_cut(n_clusters):
    clustering = cluster_stores(*random_stores(80, seed=2), Scenario(n_clusters=n_clusters))
    _, leaves = branches_and_leaves(clustering.linkage, clustering.labels)
    assert leaves.get_column("stores").sum() == 80
    assert dendrogram(clustering.linkage, clustering.labels).to_dict()["layer"]


def test_three_stores_make_a_tree_of_two_merges():
    clustering = cluster_stores(*features_and_catalogue({"revenue": [1.0, 2.0, 9.0]}), Scenario(n_clusters=2))
    branches, leaves = branches_and_leaves(clustering.linkage, clustering.labels)
    assert branches.get_column("branch").n_unique() == 2
    assert leaves.get_column("stores").to_list() == [1, 1, 1]


def test_the_cut_lies_between_the_merge_that_was_undone_and_the_one_that_was_not():
    linkage = np.array([[0, 1, 1.0, 2], [2, 3, 3.0, 2], [4, 5, 9.0, 4]])
    assert [cut_height(linkage, k) for k in (1, 2, 3, 4)] == [None, 6.0, 2.0, 0.5]


def test_stores_on_one_component_can_be_drawn():
    clustering = cluster_stores(*features_and_catalogue({"revenue": [1.0, 2.0, 9.0, 8.0]}), Scenario(n_clusters=2))
    assert assignment_rows(clustering).get_column("component_2").null_count() == 4
    assert cluster_map(assignment_rows(clustering)).to_dict()["mark"]


def test_twelve_clusters_have_twelve_colours_with_readable_numbers_on_them():
    assert len({colour(place) for place in range(1, 13)}) == 12
    assert colour(13) == colour(1)
    for background in PALETTE:
        assert _contrast(background, readable_on(background)) > 3


def _contrast(one, other):
    """Contrast ratio of WCAG 2.1, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(shade):
    parts = (int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_of_very_many_stores_some_are_drawn_and_the_picture_says_so(monkeypatch):
    monkeypatch.setattr("vitrina.stores.pictures.MOST_MARKS", 20)
    rows = assignment_rows(cluster_stores(*three_groups(), Scenario(n_clusters=3)))
    few = rows.filter((pl.col("cluster") != 3) | (pl.col("store_id") == rows.filter(pl.col("cluster") == 3).item(0, "store_id")))
    chart = cluster_map(few)
    assert chart.data.height <= 21
    assert set(chart.data.get_column("cluster")) == {1, 2, 3}
    assert "one store in 3" in chart.to_dict()["title"]["subtitle"]

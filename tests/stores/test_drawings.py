"""The workbook's pictures: everything that the charts show, whatever the names and however few the stores."""

import re
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from tests.stores.made_up_stores import random_stores, three_groups
from vitrina.charts import FAINT, colour
from vitrina.stores.cluster_rows import assignment_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.report.drawings import as_png, likeness_drawing, tree_drawing
from vitrina.stores.scenario import Scenario

SVG = "{http://www.w3.org/2000/svg}"


def parts(drawing, name):
    return ET.fromstring(drawing).findall(f"{SVG}{name}")  # noqa: S314  # our own


def texts(drawing):
    return [part.text for part in parts(drawing, "text")]


def test_the_tree_has_a_branch_per_merge_in_the_colour_of_its_cluster_and_a_cut():
    clustering = cluster_stores(*three_groups(per_group=20), Scenario(n_bootstraps=0))
    drawing = tree_drawing(clustering)
    branches = {part.get("stroke"): part.get("d").count("M") for part in parts(drawing, "path")}
    assert sum(branches.values()) == 29
    assert branches[FAINT] == 2
    assert set(branches) == {FAINT, colour(1), colour(2), colour(3)}
    assert [part.get("stroke-dasharray") for part in parts(drawing, "line")].count("6 4") == 1
    assert "cut" in texts(drawing)


def test_every_store_has_a_mark_of_the_colour_and_shape_of_its_cluster():
    clustering = cluster_stores(*three_groups(per_group=20), Scenario(n_bootstraps=0))
    drawing = likeness_drawing(assignment_rows(clustering))
    marks = {
        part.get("fill"): part.get("d").split("M")[1:] for part in parts(drawing, "path") if part.get("fill-opacity") == "0.75"
    }
    assert {cluster: len(drawn) for cluster, drawn in marks.items()} == {colour(1): 20, colour(2): 20, colour(3): 20}
    shapes = [{re.sub(r"^[-.\d]+,[-.\d]+", "", mark) for mark in drawn} for drawn in marks.values()]
    assert [len(shape) for shape in shapes] == [1, 1, 1]
    assert len(set.union(*shapes)) == 3


@pytest.mark.parametrize("n_clusters", [1, 2, 12, 40])
def test_any_number_of_clusters_can_be_drawn(n_clusters):
    clustering = cluster_stores(*random_stores(45, seed=3), Scenario(n_clusters=n_clusters, n_bootstraps=0))
    for drawing in (tree_drawing(clustering), likeness_drawing(assignment_rows(clustering))):
        with Image.open(BytesIO(as_png(drawing, 1.0))) as image:
            assert image.format == "PNG"
            assert image.width > 800


def test_words_are_the_readers_and_never_markup():
    clustering = cluster_stores(*three_groups(per_group=5), Scenario(n_bootstraps=0))
    drawing = tree_drawing(clustering, lambda text: f"<{text}> & more")
    assert "<Ward distance> & more" in texts(drawing)


def test_stores_that_are_all_in_one_place_can_be_drawn():
    rows = assignment_rows(cluster_stores(*three_groups(per_group=3), Scenario(n_bootstraps=0)))
    in_one_place = rows.with_columns(component_1=0.0, component_2=None)
    assert sum(part.get("d").count("M") for part in parts(likeness_drawing(in_one_place), "path")) >= 9

import json
from io import BytesIO

import openpyxl
import polars as pl
import pytest

from tests.stores.made_up_stores import features_and_catalogue, random_stores, three_groups
from tests.stores.read_back import PROVENANCE, not_text, table, texts, workbook
from vitrina.stores import tree
from vitrina.stores.cluster_rows import stability_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.findings import Findings
from vitrina.stores.report import report_bytes
from vitrina.stores.report.wording import Wording
from vitrina.stores.rules import short_number
from vitrina.stores.scenario import Scenario


@pytest.fixture(scope="module")
def clustering():
    return cluster_stores(*three_groups(per_group=12), Scenario())


@pytest.fixture(scope="module")
def english(clustering):
    return workbook(clustering)


@pytest.fixture(scope="module")
def outlying():
    """Three groups and one store that stands apart from its own by far, with a hostile name."""
    features, catalogue = three_groups(per_group=20)
    far = pl.when(pl.col("store_id") == "s003")
    features = features.with_columns(
        far.then(2500.0).otherwise(pl.col("revenue")).alias("revenue"), far.then(pl.lit("=1+1")).otherwise("name").alias("name")
    )
    return cluster_stores(features, catalogue, Scenario(n_clusters=3))


def test_each_cluster_has_three_sentences_with_size_difference_and_rule(english, clustering):
    sheet = english["What differs"]
    said = texts(sheet)
    for cluster in (1, 2, 3):
        place = said.index(f"Cluster {cluster}")
        size, strongest, rule = said[place + 1 : place + 4]
        assert size.startswith("Stores: 12, 33 % of all; stability ")
        best = Findings(clustering).differences.filter(cluster=cluster).row(0, named=True)
        assert f"({best['difference']:+.2f}; from {best['low']:+.2f} to {best['high']:+.2f})".replace("-", "−") in strongest
        assert rule.startswith("Rule of thumb (")
        assert rule.endswith("of the stores that it covers, 100 % are in the cluster; it finds 100 % of the cluster's stores.")


def test_the_table_of_differences_agrees_with_the_findings_and_shows_no_p_value(english, clustering):
    rows = table(english["What differs"], ("Cluster", "Feature"))
    expected = Findings(clustering).differences.filter(pl.col("place") <= 6)
    assert [row["Difference (g)"] for row in rows] == pytest.approx(expected.get_column("difference").to_list())
    assert [row["from"] for row in rows] == pytest.approx(expected.get_column("low").to_list())
    assert [row["Cluster"] for row in rows] == expected.get_column("cluster").to_list()
    assert any("No p-values are shown" in text for text in texts(english["What differs"]))


def test_eta_squared_has_a_data_bar_from_none_to_all(english, clustering):
    sheet = english["What differs"]
    rows = table(sheet, ("Place", "Feature"))
    expected = Findings(clustering).effects.sort("eta_squared", descending=True).get_column("eta_squared").to_list()
    assert [row["Eta squared"] for row in rows] == pytest.approx(expected)
    (area,) = sheet.conditional_formatting
    (rule,) = area.rules
    assert [(point.type, float(point.val)) for point in rule.dataBar.cfvo] == [("num", 0.0), ("num", 1.0)]


def test_the_rules_stand_in_words_with_precision_recall_and_both_accuracies(english, clustering):
    rows = table(english["What differs"], ("Cluster", "Rule"))
    found = Findings(clustering).rules
    assert [row["Stores covered"] for row in rows] == found.get_column("n_stores").to_list()
    wording = Wording(str, "en", "RUB", clustering.catalogue)
    for row, conditions in zip(rows, found.get_column("conditions"), strict=True):
        assert row["Rule"] == wording.rule(conditions)
        assert all(wording.feature(condition["feature"]) in row["Rule"] for condition in json.loads(conditions))
    assert any("that it has not (5 folds)" in text for text in texts(english["What differs"]))


def test_a_threshold_in_words_is_exact_in_the_readers_language(clustering):
    russian = Wording(str, "ru", "RUB", features_and_catalogue({"revenue": [1.0], "growth": [0.1]})[1])
    assert russian.amount("revenue", 1234567.5) == "1\xa0234\xa0567,5 RUB/month"
    assert russian.amount("growth", short_number(0.12341, 0.12349)) == "12,345 %"


def test_the_summary_says_what_stands_out_against_the_rest_and_not_against_all(english, clustering):
    shown = {row[0].value: row[6].value for row in english["Summary"].iter_rows(min_row=9, max_row=11)}
    for cluster, text in shown.items():
        strongest = Findings(clustering).differences.filter(cluster=cluster).row(0, named=True)
        label = Wording(str, "en", "RUB", clustering.catalogue).feature(strongest["feature"])
        assert f"{'higher' if strongest['difference'] > 0 else 'lower'}: " in text
        assert label in text


def test_the_summary_says_how_stable_and_how_clear_the_clusters_are(english):
    said = english["Summary"].cell(6, 1).value
    assert said.startswith("Stability ")
    assert "(highly stable): so much of a cluster comes out again" in said
    assert said.endswith("the clusters are clearly apart.")


def test_unsure_clusters_are_told_with_advice():
    clustering = cluster_stores(*random_stores(60, seed=8), Scenario(n_clusters=7))
    said = "\n".join(texts(workbook(clustering)["Summary"]))
    unsure = stability_rows(clustering).filter(pl.col("band").is_in(["unstable", "doubtful"])).get_column("cluster").to_list()
    assert unsure
    assert f"when the stores are drawn anew: {', '.join(map(str, unsure))}." in said


def test_stability_that_was_not_measured_is_not_made_up():
    clustering = cluster_stores(*three_groups(), Scenario(n_bootstraps=0))
    summary = workbook(clustering)["Summary"]
    assert summary.cell(6, 1).value.startswith("How stable the clusters are was not measured; silhouette 0.")
    assert summary.cell(9, 5).value == "not measured"


def test_a_store_far_from_its_centre_is_listed_with_its_next_cluster_and_marked(outlying):
    book = workbook(outlying)
    row = Findings(outlying).assignments.filter(store_id="s003").row(0, named=True)
    said = "\n".join(texts(book["Summary"]))
    assert f"=1+1 (s003), in cluster {row['cluster']}, next {row['next_cluster']}" in said
    shown = {row["Store"]: row for row in table(book["Stores"])}
    assert shown["s003"]["Note"] == "far from its centre"
    assert shown["s003"]["Margin"] == pytest.approx(row["margin"])
    alike = row["nearest_store_id"]
    assert shown["s003"]["Most alike"].endswith(f"({alike})")
    assert not not_text(book)


def test_other_methods_stand_below_the_numbers_of_clusters(english, clustering):
    rows = table(english["Number of clusters"], ("Method",))
    expected = Findings(clustering).methods
    assert [row["Method"] for row in rows] == ["Ward (in use)", "k-means", "average linkage", "Gaussian mixture"]
    assert [row["Agreement with Ward"] for row in rows] == pytest.approx(expected.get_column("agreement_with_ward").to_list())


def test_an_answer_that_somebody_waits_for_compares_what_is_quick_and_says_where_the_rest_is(clustering):
    quick = Findings(clustering, thorough=False)
    content = report_bytes(clustering, PROVENANCE, locale="en", findings=quick)
    sheet = openpyxl.load_workbook(BytesIO(content))["Number of clusters"]
    assert [row["Method"] for row in table(sheet, ("Method",))][:3] == ["Ward (in use)", "k-means", "average linkage"]
    assert "The quarterly reports also compare a Gaussian mixture, and say how stable the other methods are." in texts(sheet)
    whole = Findings(clustering).methods.drop("jaccard").filter(pl.col("method") != "gaussian_mixture")
    assert quick.methods.drop("jaccard").equals(whole)
    assert quick.methods.get_column("jaccard").null_count() == 3


def test_the_last_merges_stand_as_numbers_beside_the_dendrogram(english, clustering):
    rows = table(english["Dendrogram"], ("Merge",))
    heights = clustering.linkage[::-1, 2][: len(rows)].tolist()
    assert [row["Ward distance"] for row in rows] == pytest.approx(heights)
    assert rows[0]["Stores that came together"] == 36
    assert rows[1]["Height gap"] == pytest.approx(heights[1] - heights[2])


def test_the_parameters_tell_window_weights_transform_bootstraps_seed_and_fingerprint():
    scenario = Scenario(weights={"revenue": 2.0}, transform="robust", seed=4, n_bootstraps=5, min_clusters=3, max_clusters=6)
    clustering = cluster_stores(*three_groups(), scenario)
    shown = {row["Parameter"]: row["Value"] for row in table(workbook(clustering)["Parameters"])}
    assert shown["Weights"] == "revenue: 2"
    assert shown["Transform"].startswith("robust: ")
    assert shown["Window"] == "4 quarter(s), this one included"
    assert (shown["Samples for stability"], shown["Seed"], shown["Numbers considered"]) == ("5", "4", "3…6")
    assert shown["Fingerprint of the clusters"] == clustering.fingerprint
    assert shown["Regions"] == "all"
    assert shown["Aggregated or sampled"] == "no: every store was looked at singly"


def test_findings_that_were_computed_before_give_the_same_report(clustering):
    findings = Findings(clustering)
    assert report_bytes(clustering, PROVENANCE, locale="en") == report_bytes(clustering, PROVENANCE, locale="en", findings=findings)


def test_what_was_aggregated_or_sampled_is_told_in_the_readers_language(monkeypatch):
    monkeypatch.setattr(tree, "MOST_MEASURED", 50)
    clustering = cluster_stores(*random_stores(80, seed=3), Scenario(n_clusters=3, n_bootstraps=2))
    assert clustering.note == f"Silhouettes were measured on {clustering.n_measured} stores."
    english, russian = workbook(clustering), workbook(clustering, "ru")
    assert f"•  {clustering.note}" in texts(english["Summary"])
    assert clustering.note in texts(english["Parameters"])
    assert f"Силуэты измерены на выборке; магазинов в ней: {clustering.n_measured}." in texts(russian["Параметры"])

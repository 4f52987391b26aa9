import ast
import datetime as dt
import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tests.stores.made_up_stores import features_and_catalogue, random_stores, three_groups
from tests.stores.read_back import PROVENANCE, not_text, table, texts, workbook
from vitrina import stores
from vitrina.errors import ScenarioError
from vitrina.i18n import catalogue, translator
from vitrina.stores import features as features_module
from vitrina.stores.cluster_rows import NOT_MEASURED, assignment_rows, quality_rows, stability_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.profile import profile
from vitrina.stores.report import Provenance, report_bytes, write_report
from vitrina.stores.report.dictionary import ALWAYS, WITH_CHANGES
from vitrina.stores.report.heat_map import heat
from vitrina.stores.report.wording import REASONS, Wording, band, bands
from vitrina.stores.scenario import Scenario
from vitrina.stores.tables import StoreFeatures
from vitrina.workbooks.cells import CUT, MAX_CELL

SHEETS = {
    "en": [
        "Summary",
        "Profile",
        "What differs",
        "Stores",
        "Number of clusters",
        "Dendrogram",
        "Map",
        "Parameters",
        "Data dictionary",
    ],
    "ru": ["Сводка", "Профиль", "Отличия", "Магазины", "Число кластеров", "Дендрограмма", "Карта", "Параметры", "Словарь данных"],
}
HOSTILE = [
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "#REF!",
    "\tтаб",
    "bell\x07 and \ufffe",
    '=HYPERLINK("http://x")',
    "_x0041_ {brace}",
    "Ё" * 40_000,
]


@pytest.fixture(scope="module")
def clustering():
    return cluster_stores(*three_groups(per_group=12), Scenario())


@pytest.fixture(scope="module")
def english(clustering):
    return workbook(clustering)


@pytest.fixture(scope="module")
def russian(clustering):
    return workbook(clustering, "ru")


@pytest.fixture(scope="module")
def troubled():
    """Gaps, a feature without values, an outlier of one store, growth below zero, hostile names, some stores without coordinates."""
    features, listed = features_and_catalogue(
        {
            "revenue": [1.0, 1.1, 1.2, 1.3, 900.0, 1.15, 1.25, 1.05, 1.22, 1.18],
            "growth": [0.1, None, 0.15, -0.12, 0.1, 0.18, 0.11, 0.1, 0.2, 0.13],
            "customers": [None] * 10,
            "share_milk": [0.1, 0.2, 0.3, 0.1, 0.2, 0.1, 0.3, 0.2, None, None],
        },
        names=HOSTILE,
    )
    features = features.with_columns(
        pl.when(pl.col("store_id") == "s003").then(None).otherwise(pl.col("latitude")).alias("latitude")
    )
    return cluster_stores(features, listed, Scenario(features=("share_*",), n_clusters=2))


@pytest.fixture(scope="module")
def troubled_book(troubled):
    return workbook(troubled)


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_every_sheet_has_its_name_in_the_readers_language(locale, english, russian):
    assert {"en": english, "ru": russian}[locale].sheetnames == SHEETS[locale]


def test_the_russian_report_has_no_english_sentence(russian, clustering):
    own_words = {*clustering.catalogue.get_column("label"), "hypermarket"}
    for sheet in russian:
        for text in texts(sheet):
            if " " in text and sheet.title not in {"Параметры", "Магазины", "Карта"}:
                assert any("а" <= letter.lower() <= "я" for letter in text) or text in own_words, text


def test_the_summary_says_in_three_sentences_how_many_how_chosen_and_how_clear(english):
    summary = english["Summary"]
    said = [summary.cell(row, 1).value for row in (4, 5, 6)]
    assert said[0] == "Stores: 36. Clusters: 3; the largest has 12 store(s), the smallest 12."
    assert "chosen automatically" in said[1]
    assert "clearly apart" in said[2]


def test_the_summary_lists_each_cluster_with_size_share_revenue_and_light(english, clustering):
    rows = [[cell.value for cell in row[:7]] for row in english["Summary"].iter_rows(min_row=9, max_row=11)]
    means = profile(clustering).filter(feature="revenue").get_column("mean").to_list()
    assert [row[:3] for row in rows] == [[cluster, 12, pytest.approx(1 / 3)] for cluster in (1, 2, 3)]
    assert [row[3] for row in rows] == pytest.approx(means)
    assert {row[4] for row in rows} == {"● highly stable"}
    assert [row[5] for row in rows] == pytest.approx(stability_rows(clustering).get_column("silhouette").to_list())
    assert rows[0][6].startswith("higher: ")


def test_a_report_without_trouble_says_so_and_lists_only_what_the_inbox_lacks(english):
    (warning,) = [text for text in texts(english["Summary"]) if text.startswith("•")]
    assert (
        warning
        == "•  Not used, though asked for: Customers per month (not in the inbox); Growth against a year before (not in the inbox)."
    )


def test_trouble_is_told_on_the_first_sheet(troubled_book):
    said = "\n".join(texts(troubled_book["Summary"]))
    for words in (
        "Customers per month (no store has a value)",
        "Growth against a year before (1); Share: milk (2)",
        "Cluster 1 has 1 store(s), fewer than 5: #REF! (s004), nearest other cluster 2.",
        "The smallest cluster has 1 store(s), fewer than the minimum of 5.",
    ):
        assert words in said


def test_a_single_store_has_no_silhouette_hence_no_red_light(troubled_book):
    row = next(row for row in troubled_book["Summary"].iter_rows(values_only=True) if row[0] == 1)
    assert row[4:6] == ("one store", None)


def test_the_profile_holds_means_coloured_by_z_and_not_by_value(english, clustering):
    sheet, rows = english["Profile"], profile(clustering)
    by_name = {row["Feature"]: (place, row) for place, row in enumerate(table(sheet), start=2) if row["Measure"] == "Mean"}
    for feature, label in (("revenue", "Revenue per month"), ("age", "Age")):
        place, shown = by_name[label]
        expected = rows.filter(feature=feature)
        assert [shown[f"Cluster {k}"] for k in (1, 2, 3)] == pytest.approx(expected.get_column("mean").to_list())
        fills = [sheet.cell(place, column).fill.fgColor.rgb[2:] for column in (6, 7, 8)]
        assert [f"#{fill}" for fill in fills] == [heat(z) for z in expected.get_column("z")]


def test_the_heat_map_of_z_has_fixed_ends(english):
    (rules,) = english["Profile"].conditional_formatting
    (rule,) = rules.rules
    assert [(point.type, float(point.val)) for point in rule.colorScale.cfvo] == [("num", -2.0), ("num", 0.0), ("num", 2.0)]


@pytest.mark.parametrize(
    ("z", "colour"), [(None, "#FFFFFF"), (0.0, "#FFFFFF"), (2.0, "#F0A35E"), (99.0, "#F0A35E"), (-2.0, "#5AA5D6"), (1.0, "#F8D1AE")]
)
def test_a_z_has_the_same_colour_in_every_report(z, colour):
    assert heat(z) == colour


def test_the_sheet_of_stores_agrees_with_the_assignments(english, clustering):
    shown = {row["Store"]: row for row in table(english["Stores"])}
    for row in assignment_rows(clustering).iter_rows(named=True):
        store = shown[row["store_id"]]
        assert (store["Cluster"], store["Next cluster"]) == (row["cluster"], row["next_cluster"])
        assert store["Distance to its centre"] == pytest.approx(row["distance"])
        assert store["Silhouette"] == pytest.approx(row["silhouette"])
    assert [row["Cluster"] for row in shown.values()] == sorted(row["Cluster"] for row in shown.values())


def test_small_and_borderline_stores_are_marked_and_gaps_stay_empty(troubled_book):
    shown = {row["Store"]: row for row in table(troubled_book["Stores"])}
    assert shown["s004"]["Note"] == "small cluster"
    assert shown["s001"]["Took the median"] == "Growth against a year before"
    assert shown["s001"]["Growth against a year before"] is None
    assert "Customers per month" not in shown["s001"]


def test_the_table_of_k_marks_the_number_that_is_used_and_has_native_charts(english, clustering):
    sheet = english["Number of clusters"]
    rows = [row for row in table(sheet) if isinstance(row["Number of clusters"], int)]
    assert [row["Number of clusters"] for row in rows] == quality_rows(clustering).get_column("n_clusters").to_list()
    assert [row["Number of clusters"] for row in rows if row["Used"] == "yes"] == [3]
    assert len(sheet._charts) == 4


def test_pictures_lie_on_the_sheet_of_the_dendrogram_and_a_native_map_on_its_own(english, clustering):
    assert len(english["Dendrogram"]._images) == 2
    (chart,) = english["Map"]._charts
    assert len(chart.series) == clustering.n_clusters
    assert chart.series[1].xVal.numRef.f == "'Map'!$D$14:$D$25"
    assert [row["Cluster"] for row in table(english["Map"])][12:24] == [2] * 12


def test_without_coordinates_there_is_no_map():
    features, listed = features_and_catalogue({"revenue": [1.0, 2.0, 9.0, 8.0]}, coordinates=False)
    assert "Map" not in workbook(cluster_stores(features, listed, Scenario(n_clusters=2))).sheetnames


def test_stores_without_coordinates_are_counted(troubled_book):
    assert "Stores without coordinates: 1" in texts(troubled_book["Map"])


def test_the_parameters_name_everything_that_one_needs_to_make_the_report_again(english, clustering):
    shown = {row["Parameter"]: row["Value"] for row in table(english["Parameters"])}
    assert (shown["Run"], shown["Snapshot of the data"], shown["Made by"]) == ("run-7", "snapshot-3", "a schedule")
    assert shown["Made at"] == "2022-10-03 07:05:09+00:00"
    assert clustering.scenario.to_json() in shown["Request"]
    assert shown["Minimum cluster size"] == "5 (automatic)"
    assert shown["Features used"] == "Revenue per month; Receipts per month; Average basket; Age"
    assert "fastcluster" in shown["Libraries"]
    assert shown["Components kept"].startswith("2 of 4")


def test_the_dictionary_explains_every_feature_and_every_column(english, clustering):
    explained = {(row["Table"], row["Column"]): row["Meaning"] for row in table(english["Data dictionary"])}
    for feature in clustering.catalogue.get_column("feature"):
        assert explained["store_features", feature] == StoreFeatures.find(feature).meaning
    for declared in ALWAYS:
        for column in declared.columns():
            assert explained[declared.table_name(), column.name] == column.meaning


def test_tables_have_filters_headings_that_stay_and_print_on_a_page_in_width(english):
    for name in ("Profile", "Stores", "Number of clusters", "Parameters", "Data dictionary"):
        sheet = english[name]
        assert sheet.freeze_panes
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.print_title_rows == "$1:$1"
    for sheet in english:
        assert sheet.print_area
        assert sheet.page_setup.fitToWidth == 1
        assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_hostile_names_stay_text_in_every_cell(troubled_book):
    assert not not_text(troubled_book)
    names = {row[0].value: row[1] for row in troubled_book["Stores"].iter_rows(min_row=2)}
    for place in (0, 1, 2, 3, 4, 7):
        cell = names[f"s{place:03d}"]
        assert cell.value == HOSTILE[place]
        assert cell.quotePrefix
    assert names["s006"].value == "bell and "
    assert names["s009"].value == "Ё" * (MAX_CELL - len(CUT)) + CUT


def test_equal_arguments_give_equal_bytes(clustering):
    first = report_bytes(clustering, PROVENANCE, locale="ru")
    assert first == report_bytes(clustering, PROVENANCE, locale="ru")
    moments = {entry.date_time for entry in zipfile.ZipFile(BytesIO(first)).infolist()}
    assert moments == {(2022, 10, 3, 7, 5, 8)}  # the archive counts in steps of two seconds


def test_the_file_is_written_with_the_digest_that_comes_back(tmp_path, clustering):
    path = tmp_path / "reports" / "clusters.xlsx"
    digest = write_report(path, clustering, PROVENANCE, locale="en")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert [entry.name for entry in path.parent.iterdir()] == ["clusters.xlsx"]


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ScenarioError, match="no time zone"):
        Provenance("r", "s", dt.datetime(2022, 1, 1), "me", "1")  # noqa: DTZ001  # that is what is refused


@pytest.mark.parametrize("n_clusters", [1, 40])
def test_one_cluster_and_as_many_as_stores_can_be_reported(n_clusters):
    clustering = cluster_stores(*random_stores(40, seed=8, gaps=0.1), Scenario(n_clusters=n_clusters))
    assert "cannot be measured" in workbook(clustering)["Summary"].cell(6, 1).value


def test_a_report_in_a_currency_of_its_own_says_it(clustering):
    book = openpyxl.load_workbook(BytesIO(report_bytes(clustering, PROVENANCE, locale="ru", currency="KZT")))
    assert any(text.startswith("Выручка в месяц, KZT") for text in texts(book["Сводка"]))


@pytest.mark.parametrize(
    ("silhouette", "word"), [(0.5, "clear"), (0.49, "blurred"), (0.25, "blurred"), (0.24, "hardly any"), (-1.0, "hardly any")]
)
def test_the_light_follows_the_published_bands(silhouette, word):
    assert band(silhouette).word == word


def test_numbers_inside_russian_sentences_have_a_decimal_comma(russian):
    said = russian["Сводка"].cell(6, 1).value
    assert "Устойчивость 1,00" in said or "Устойчивость 0," in said
    assert "силуэт 0," in said


def test_every_message_of_the_report_has_a_russian_translation_and_every_translation_is_used():
    used = {*_messages_in_code(), *REASONS, NOT_MEASURED, "RUB"}
    used |= {*features_module.TRADE_LABELS.values(), *features_module.LOCATION_LABELS.values(), features_module.ALL_OTHER}
    for table_shown in (StoreFeatures, *ALWAYS, *WITH_CHANGES):
        for declared in table_shown.declared():
            used |= {declared.meaning, declared.unit} - {"", "ratio"}
    translated = set(catalogue("ru", "report"))
    assert not used - translated, "these messages need a translation in report.po"
    assert not translated - used, "nobody uses these translations"


def test_placeholders_are_the_same_in_both_languages():
    def placeholders(text):
        return sorted(part.split("}")[0] for part in text.split("{")[1:])

    for english_text, russian_text in catalogue("ru", "report").items():
        assert set(placeholders(english_text)) == set(placeholders(russian_text)), english_text


def test_the_bands_are_translated():
    assert [found.word for found in bands(translator("ru", "report"))] == ["чёткий", "размытый", "почти не виден"]


def test_an_absent_default_parameter_has_the_label_it_would_have_in_the_catalogue(clustering):
    wording = Wording(str, "en", "RUB", clustering.catalogue.clear())
    for name in features_module.DEFAULT_PARAMETERS:
        assert wording.feature(name) == features_module.TRADE_LABELS[name]


def _messages_in_code():
    for path in Path(stores.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called == "translate":
                    yield node.args[0].value


def test_of_very_many_stores_no_features_are_listed_and_the_summary_says_where_they_are(clustering, monkeypatch):
    monkeypatch.setattr("vitrina.stores.report.store_list.MOST_WITH_FEATURES", 30)
    book = workbook(clustering)
    headings = table(book["Stores"])[0]
    assert "Margin" in headings
    assert not any("Revenue" in heading for heading in headings)
    assert any("lists no features" in text for text in texts(book["Summary"]))

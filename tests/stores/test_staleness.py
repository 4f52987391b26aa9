import zipfile
from dataclasses import replace
from io import BytesIO

import openpyxl
import polars as pl
import pytest

from tests.stores.made_up_stores import QUARTER, three_groups
from tests.stores.read_back import PROVENANCE
from vitrina.files import sha256_of
from vitrina.i18n import translator
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.report import report_bytes, staleness
from vitrina.stores.report.staleness import ReportUnreadableError, Verdict, judge_report, read_origin
from vitrina.stores.scenario import Scenario


@pytest.fixture(scope="module")
def clustering():
    return cluster_stores(*three_groups(per_group=8), Scenario(n_clusters=3, n_bootstraps=0))


@pytest.fixture(scope="module")
def written(clustering):
    return report_bytes(clustering, PROVENANCE, locale="en")


@pytest.fixture
def report(tmp_path, written):
    path = tmp_path / "report.xlsx"
    path.write_bytes(written)
    return path, sha256_of(path)


def published(clustering, digest, **changed):
    row = {
        "quarter": QUARTER,
        "locale": "en",
        "run_id": PROVENANCE.run_id,
        "sha256": digest,
        "scenario_id": clustering.scenario.identifier,
        "fingerprint": clustering.fingerprint,
        "snapshot": PROVENANCE.snapshot,
    }
    return pl.DataFrame([row | changed])


def with_properties(path, content):
    """The workbook with other custom properties."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(path.with_suffix(".new.xlsx"), "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, content if name == "docProps/custom.xml" else source.read(name))
    return path.with_suffix(".new.xlsx")


def test_a_report_carries_its_origin(report, clustering):
    assert read_origin(report[0]) == {
        "run": "run-7",
        "quarter": "2022-07-01",
        "locale": "en",
        "snapshot": "snapshot-3",
        "fingerprint": clustering.fingerprint,
        "scenario": clustering.scenario.identifier,
    }


def test_an_origin_is_kept_when_excel_saves_the_file(report):
    path = report[0]
    openpyxl.load_workbook(path).save(path)
    assert read_origin(path)["run"] == "run-7"


def test_the_report_of_the_current_run_is_current(report, clustering):
    path, digest = report
    found = judge_report(path, published(clustering, digest))
    assert (found.verdict, found.differs) == (Verdict.CURRENT, ())
    assert found.describe() == "This report is current (run run-7, quarter from 2022-07-01)."


def test_a_file_that_was_edited_is_told_from_one_that_was_not(report, clustering):
    path, digest = report
    book = openpyxl.load_workbook(path)
    book["Summary"]["A4"] = "All is well."
    book.save(path)
    found = judge_report(path, published(clustering, digest))
    assert found.verdict is Verdict.EDITED
    assert "changed after it was written" in found.describe()


@pytest.mark.parametrize(
    ("changed", "verdict", "differs"),
    [
        ({}, Verdict.SAME_CLUSTERS, ()),
        ({"snapshot": "snapshot-4"}, Verdict.SAME_CLUSTERS, ("snapshot",)),
        ({"scenario_id": "0" * 12}, Verdict.SAME_CLUSTERS, ("request",)),
        ({"fingerprint": "0" * 12}, Verdict.SUPERSEDED, ("clusters",)),
        ({"fingerprint": "0" * 12, "snapshot": "s"}, Verdict.SUPERSEDED, ("snapshot", "clusters")),
    ],
)
def test_a_later_run_supersedes_and_what_differs_is_named(report, clustering, changed, verdict, differs):
    path, digest = report
    found = judge_report(path, published(clustering, digest, run_id="run-8", **changed))
    assert (found.verdict, found.differs, found.current_run_id) == (verdict, differs, "run-8")
    assert "run-8" in found.describe()


def test_the_answer_is_given_in_russian(report, clustering):
    path, digest = report
    later = published(clustering, digest, run_id="run-8", fingerprint="0" * 12)
    said = judge_report(path, later).describe(translator("ru", "report"))
    assert (
        said
        == "Этот отчёт (запуск run-7, квартал с 2022-07-01) устарел: его заменил запуск run-8. Изменилось: кластеры. Пользуйтесь новым отчётом."
    )


@pytest.mark.parametrize("changed", [{"locale": "ru"}, {"quarter": QUARTER.replace(year=2021)}])
def test_a_quarter_or_language_that_is_not_published_is_not_from_here(report, clustering, changed):
    path, digest = report
    assert judge_report(path, published(clustering, digest, **changed)).verdict is Verdict.NOT_FROM_HERE


def test_somebody_elses_workbook_is_not_from_here(tmp_path, clustering):
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    found = judge_report(tmp_path / "other.xlsx", published(clustering, ""))
    assert found.verdict is Verdict.NOT_FROM_HERE
    assert "not a cluster report" in found.describe()


@pytest.mark.parametrize("quarter", ["yesterday", "", "9999-99-99"])
def test_a_forged_quarter_is_not_from_here(report, clustering, quarter):
    path, digest = report
    content = zipfile.ZipFile(path).read("docProps/custom.xml").replace(b"2022-07-01", quarter.encode())
    assert judge_report(with_properties(path, content), published(clustering, digest)).verdict is Verdict.NOT_FROM_HERE


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not a workbook"),
        (b"PK\x03\x04 and nothing else", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old \.xls"),
        (b"store;cluster\n1;2\n", "not a workbook"),
    ],
)
def test_what_is_no_workbook_is_refused_in_words(tmp_path, clustering, content, problem):
    path = tmp_path / "given.xlsx"
    path.write_bytes(content)
    with pytest.raises(ReportUnreadableError, match=problem):
        judge_report(path, published(clustering, ""))


def test_a_missing_file_and_a_folder_are_refused_in_words(tmp_path, clustering):
    for path in (tmp_path / "none.xlsx", tmp_path):
        with pytest.raises(ReportUnreadableError, match="cannot be opened"):
            judge_report(path, published(clustering, ""))


def test_an_archive_that_is_no_workbook_is_refused(tmp_path, clustering):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("docProps/custom.xml", "<a/>")
    with pytest.raises(ReportUnreadableError, match="not a workbook"):
        judge_report(tmp_path / "a.xlsx", published(clustering, ""))


def test_a_zip_bomb_is_unpacked_no_further_than_the_limit(report, clustering):
    path, digest = report
    bomb = with_properties(path, b"<Properties>" + b" " * 30_000_000 + b"</Properties>")
    assert bomb.stat().st_size < 200_000
    with pytest.raises(ReportUnreadableError, match="properties take more than"):
        judge_report(bomb, published(clustering, digest))


def test_entities_that_grow_are_not_expanded(report, clustering):
    path, digest = report
    laughs = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><Properties>&c;</Properties>'
    with pytest.raises(ReportUnreadableError, match="entities"):
        judge_report(with_properties(path, laughs), published(clustering, digest))


@pytest.mark.parametrize("content", [b"<Properties>", b"\xff\xfe<\x00a\x00/\x00>\x00", b"\x00"])
def test_malformed_properties_are_refused_in_words(report, clustering, content):
    path, digest = report
    with pytest.raises(ReportUnreadableError, match="malformed"):
        judge_report(with_properties(path, content), published(clustering, digest))


def test_a_file_that_is_too_large_is_not_read(report, clustering, monkeypatch):
    monkeypatch.setattr(staleness, "MAX_FILE_BYTES", 1000)
    with pytest.raises(ReportUnreadableError, match="bytes; a report has at most"):
        judge_report(report[0], published(clustering, report[1]))


def test_an_archive_of_very_many_parts_is_refused(report, clustering, monkeypatch):
    monkeypatch.setattr(staleness, "MAX_PARTS", 3)
    with pytest.raises(ReportUnreadableError, match="not a workbook"):
        judge_report(report[0], published(clustering, report[1]))


def test_control_characters_in_an_origin_do_not_break_the_file(clustering):
    content = report_bytes(clustering, replace(PROVENANCE, run_id="run\x07 <7> & \ufffe"), locale="en")
    book = openpyxl.load_workbook(BytesIO(content))
    assert book.custom_doc_props["vitrina_run"].value == "run <7> & "

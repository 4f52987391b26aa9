"""The day report as a spreadsheet program shows it: hostile names stay text, and every sheet becomes pages to look at."""

import html
import re
import shutil
import subprocess

import polars as pl
import pytest

from tests.sellers.report.made_up_report import given, interactions, metrics, purchases, report_bytes

OFFICE, TO_PICTURES = shutil.which("soffice"), shutil.which("pdftoppm")
ERRORS = re.compile(r"#(NAME|REF|VALUE|DIV/0|N/A)[?!]?|Err:\d+")
HOSTILE = {"anna.k": "=1+1", "boris.m": '=HYPERLINK("http://x")'}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("office"),
    pytest.mark.skipif(OFFICE is None or TO_PICTURES is None, reason="LibreOffice or pdftoppm is not installed"),
]


def convert(folder, path, kind):
    """LibreOffice with a profile of its own: one that runs already would take the file and end."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        [str(OFFICE), profile, "--headless", "--convert-to", kind, "--outdir", str(folder), str(path)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder / f"{path.stem}.{kind}"


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_hostile_names_stay_text_and_every_sheet_becomes_a_page(tmp_path, locale):
    served = interactions().with_columns(seller_id=pl.col("seller_id").replace(HOSTILE))
    sold = purchases(served)
    path = tmp_path / "report.xlsx"
    path.write_bytes(report_bytes(locale, interactions=served, purchases=sold, metrics=metrics(served, sold)))
    shown = html.unescape(re.sub(r"<[^>]+>", " ", convert(tmp_path, path, "html").read_text(encoding="utf-8", errors="replace")))
    assert not ERRORS.search(shown)
    assert all(name in shown for name in HOSTILE.values())
    pages = convert(tmp_path, path, "pdf")
    subprocess.run([str(TO_PICTURES), "-r", "40", "-png", str(pages), str(tmp_path / "page")], check=True, timeout=60)
    pictures = sorted(tmp_path.glob("page-*.png"))
    # eight sheets; the list of purchases takes two pages
    assert len(pictures) == 7 + len(given()["pictures"])
    assert all(picture.stat().st_size > 500 for picture in pictures)

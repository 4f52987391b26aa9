"""The report as a spreadsheet program shows it: hostile names stay text, and every sheet becomes pictures to look at."""

import html
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.stores.made_up_changes import changes_of
from tests.stores.made_up_stores import features_and_catalogue
from tests.stores.test_report import HOSTILE, PROVENANCE
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.report import write_report
from vitrina.stores.scenario import Scenario

OFFICE, TO_PICTURES = shutil.which("soffice"), shutil.which("pdftoppm")
FORMULAS_AND_ERRORS = re.compile(r"#(NAME|REF|VALUE|DIV/0|N/A)[?!]?|Err:\d+")

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
def test_hostile_names_stay_text_and_every_page_can_be_looked_at(tmp_path, locale):
    rng = np.random.default_rng(0)
    n = len(HOSTILE)
    values = {name: rng.lognormal(size=n).tolist() for name in ("revenue", "receipts", "average_basket", "share_milk")}
    clustering = cluster_stores(*features_and_catalogue(values, names=HOSTILE), Scenario(n_clusters=2))
    path = tmp_path / "report.xlsx"
    write_report(path, clustering, PROVENANCE, locale=locale, changes=changes_of(clustering, {1: '=HYPERLINK("http://x")'}))

    shown = html.unescape(re.sub(r"<[^>]+>", " ", convert(tmp_path, path, "html").read_text(encoding="utf-8", errors="replace")))
    told = {name for name in HOSTILE if FORMULAS_AND_ERRORS.search(name)}
    for found in FORMULAS_AND_ERRORS.finditer(shown):
        assert any(found.group() in name for name in told), f"{found.group()}: a cell became a formula or an error"
    for name in ("=1+1", "=HYPERLINK"):
        assert name in shown

    pages = convert(tmp_path, path, "pdf")
    subprocess.run([str(TO_PICTURES), "-r", "40", "-png", str(pages), str(tmp_path / "page")], check=True, timeout=60)
    pictures = sorted(tmp_path.glob("page-*.png"))
    assert len(pictures) >= 8
    assert all(picture.stat().st_size > 1_000 for picture in pictures)

"""The Excel report of one quarter's clusters: made for a category manager, traceable for an engineer."""

from __future__ import annotations

from pathlib import Path

from vitrina.files import sha256_of, write_atomically
from vitrina.i18n import translator
from vitrina.stores.clustering import Clustering
from vitrina.stores.findings import Findings
from vitrina.stores.report.contents import Changes, Provenance, Report
from vitrina.stores.report.wording import DOMAIN, Wording


def report_bytes(  # noqa: PLR0913  # what is reported, and for whom
    clustering: Clustering,
    provenance: Provenance,
    *,
    locale: str,
    currency: str = "RUB",
    changes: Changes | None = None,
    findings: Findings | None = None,
) -> bytes:
    """The workbook's bytes; equal arguments give equal bytes.

    Parameters
    ----------
    clustering
        What `cluster_stores` made.
    provenance
        Where it comes from.
    locale
        ``"en"`` or ``"ru"``.
    currency
        Code of the currency of all amounts.
    changes
        What changed since the quarter before; without it the report has no sheet about changes.
    findings
        What the clustering says, where it was computed before, for another language or for the tables.
    """
    from openpyxl import Workbook  # noqa: PLC0415  # with altair, half a second that loading the definitions need not pay

    from vitrina.stores.report import sheets  # noqa: PLC0415  # openpyxl: only a report needs it
    from vitrina.stores.report.staleness import stamp  # noqa: PLC0415  # as above
    from vitrina.workbooks.archive import to_bytes  # noqa: PLC0415  # as above

    translate = translator(locale, DOMAIN)
    wording = Wording(translate, locale, currency, clustering.catalogue)
    report = Report(findings or Findings(clustering), provenance, wording, changes)
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.creator = "Vitrina"
    workbook.properties.title = translate("Store clusters")
    stamp(workbook, clustering, provenance, locale)
    for add_sheet in sheets.IN_ORDER:
        add_sheet(workbook, report)
    return to_bytes(workbook, provenance.made_at)


def write_report(  # noqa: PLR0913  # as above
    path: Path,
    clustering: Clustering,
    provenance: Provenance,
    *,
    locale: str,
    currency: str = "RUB",
    changes: Changes | None = None,
    findings: Findings | None = None,
) -> str:
    """Write the workbook, whole or not at all, and return its SHA-256. Parameters as in `report_bytes`."""
    content = report_bytes(clustering, provenance, locale=locale, currency=currency, changes=changes, findings=findings)
    write_atomically(path, content)
    return sha256_of(path)


__all__ = ["Changes", "Findings", "Provenance", "report_bytes", "write_report"]

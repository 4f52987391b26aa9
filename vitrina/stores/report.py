"""The Excel report of one quarter's clusters: made for a category manager, traceable for an engineer."""

from __future__ import annotations

from pathlib import Path

from vitrina.files import sha256_of, write_atomically
from vitrina.i18n import translator
from vitrina.stores.clustering import Clustering
from vitrina.stores.report_contents import Provenance, Report
from vitrina.stores.wording import DOMAIN, Wording


def report_bytes(clustering: Clustering, provenance: Provenance, *, locale: str, currency: str = "RUB") -> bytes:
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
    """
    from openpyxl import Workbook  # noqa: PLC0415  # with altair, half a second that loading the definitions need not pay

    from vitrina.stores import report_sheets, report_summary  # noqa: PLC0415  # openpyxl: only a report needs it
    from vitrina.stores.workbook import to_bytes  # noqa: PLC0415  # as above

    translate = translator(locale, DOMAIN)
    report = Report(clustering, provenance, Wording(translate, locale, currency, clustering.catalogue))
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.creator = "Vitrina"
    workbook.properties.title = translate("Store clusters")
    report_summary.add_summary(workbook, report)
    for add_sheet in report_sheets.IN_ORDER:
        add_sheet(workbook, report)
    return to_bytes(workbook, provenance.made_at)


def write_report(path: Path, clustering: Clustering, provenance: Provenance, *, locale: str, currency: str = "RUB") -> str:
    """Write the workbook, whole or not at all, and return its SHA-256. Parameters as in `report_bytes`."""
    write_atomically(path, report_bytes(clustering, provenance, locale=locale, currency=currency))
    return sha256_of(path)


__all__ = ["Provenance", "report_bytes", "write_report"]

"""Hooks of MkDocs: the reference pages are made while the documentation is built, and never stored."""

from __future__ import annotations

import pages  # MkDocs puts this folder on the path while it loads the hooks
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    # here and not above: `mkdocs --help` need not load the graph
    from definitions import defs  # noqa: PLC0415  # slow: only a build needs it
    from resources.dbt import manifest_path  # noqa: PLC0415  # slow: only a build needs it

    generated = {
        "reference/tables.md": pages.tables_page(pages.read_manifest(manifest_path())),
        "reference/inbox.md": pages.inbox_page(),
        "reference/settings.md": pages.settings_page(),
        "reference/assets.md": pages.assets_page(defs),
        "reference/command-line.md": pages.command_line_page(),
    }
    for path, content in generated.items():
        files.append(File.generated(config, path, content=content + "\n"))
    return files

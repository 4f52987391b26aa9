"""The Dagster UI as `make ui` opens it: the graph over GraphQL, and an asset's page in a browser."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from simulation.retailer import Size
from simulation.stores_inbox import write_inbox
from tests.support import ROOT
from vitrina.catalogue import PRODUCTS_WITH_ASSETS
from vitrina.cli.launch import environment, execute_job
from vitrina.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("ui")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def webserver(tmp_path_factory):
    """The webserver over a data folder in which one inbox has been loaded from the command line."""
    folder = tmp_path_factory.mktemp("ui")
    settings = Settings(data=folder / "data", inbox=str(folder / "inbox"))
    write_inbox(folder / "inbox", Size.TINY, 1)
    execute_job(settings, "stores_ingest")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("dagster-webserver")
    command = [program, "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    log = (folder / "webserver.log").open("w", encoding="utf-8")
    with subprocess.Popen(command, cwd=ROOT, env=environment(settings), stdout=log, stderr=log) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/server_info", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
            log.close()


def wait_for(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the webserver has ended"
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  # our own server
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the webserver did not answer within two minutes")


def ask(address: str, query: str):
    request = urllib.request.Request(  # noqa: S310  # our own server
        f"{address}/graphql", data=json.dumps({"query": query}).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # our own server
        return json.load(answer)["data"]


def test_the_graph_is_served_with_groups_owners_and_kinds(webserver):
    nodes = ask(
        webserver, "{ assetNodes { assetKey { path } groupName kinds owners { ... on TeamAssetOwner { team } } description } }"
    )["assetNodes"]
    keys = {"/".join(node["assetKey"]["path"]) for node in nodes}
    assert {"stores/raw_sales", "stores/store_features", "stores/mart_cluster_profile", "stores/publication"} <= keys
    assert {node["groupName"] for node in nodes} == set(PRODUCTS_WITH_ASSETS)
    assert all(node["owners"] and node["kinds"] and node["description"] for node in nodes)


def test_runs_of_the_command_line_are_there_when_the_ui_opens(webserver):
    runs = ask(webserver, "{ runsOrError { ... on Runs { results { jobName status } } } }")["runsOrError"]["results"]
    assert {"jobName": "stores_ingest", "status": "SUCCESS"} in runs


def test_sensors_are_running_from_the_start(webserver):
    query = '{ sensorsOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "vitrina"}) { ... on Sensors { results { name sensorState { status } } } } }'
    sensors = ask(webserver, query)["sensorsOrError"]["results"]
    assert {sensor["name"] for sensor in sensors} >= {"stores_uploads", "stores_stale_periods"}
    assert all(sensor["sensorState"]["status"] == "RUNNING" for sensor in sensors)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_an_assets_page_shows_what_a_row_is_its_columns_and_its_rows(webserver, tmp_path):
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only this test needs it

    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-sync",
    ]
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{webserver}/assets/stores/raw_sales?view=overview", wait_until="domcontentloaded")
        page.get_by_text("One row per store, date and category, as delivered; refunds are negative.").first.wait_for(timeout=60_000)
        page.get_by_text("revenue_minor").first.wait_for(timeout=30_000)
        page.get_by_text("Revenue net of refunds. [minor currency units]").first.wait_for(timeout=30_000)
        assert page.get_by_text("category-management").first.is_visible()
        page.screenshot(path=os.environ.get("VITRINA_SCREENSHOT", str(tmp_path / "asset.png")))
        browser.close()

"""The graph is reviewed like code: an unintended change shows here. `make snapshot` after an intended one."""

import json
import os
from pathlib import Path

from assets.marketplace.checks import TOO_LARGE_TO_READ_WHOLE as TOO_LARGE_LOGS
from assets.posts.checks import TOO_LARGE_TO_READ_WHOLE as TOO_LARGE_POSTS
from assets.propensity.checks import TOO_LARGE_TO_READ_WHOLE as TOO_LARGE_PAYMENTS
from assets.sellers.checks import TOO_LARGE_TO_READ_WHOLE as TOO_LARGE_VIDEOS
from definitions import build_definitions
from vitrina.catalogue import TABLES

SNAPSHOT = Path(__file__).with_name("graph.json")


def graph() -> dict[str, object]:
    definitions = build_definitions()
    assets = definitions.resolve_asset_graph()
    repository = definitions.get_repository_def()
    checks: dict[str, list[str]] = {}
    for key in assets.asset_check_keys:
        blocking = assets.get(key).blocking
        checks.setdefault(key.asset_key.to_user_string(), []).append(f"{key.name}{' (blocking)' if blocking else ''}")
    return {
        "assets": {
            key.to_user_string(): {
                "deps": sorted(parent.to_user_string() for parent in assets.get(key).parent_keys),
                "description": assets.get(key).description,
                "group": assets.get(key).group_name,
                "owners": sorted(assets.get(key).owners),
                "kinds": sorted(assets.get(key).kinds),
                "partitions": type(assets.get(key).partitions_def).__name__ if assets.get(key).is_partitioned else None,
                "pools": sorted(assets.get(key).pools),
                "checks": sorted(checks.get(key.to_user_string(), [])),
            }
            for key in sorted(assets.get_all_asset_keys())
        },
        "jobs": sorted(job.name for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")),
        "sensors": {sensor.name: sensor.default_status.value for sensor in repository.sensor_defs},
        "schedules": {
            schedule.name: f"{schedule.cron_schedule}, {schedule.default_status.value}" for schedule in repository.schedule_defs
        },
    }


def test_the_graph_is_the_one_that_was_reviewed():
    now = json.dumps(graph(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(now, encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8"), "the graph has changed: run `make snapshot` and review the difference"


def test_every_asset_says_what_a_row_is_who_owns_it_and_of_what_kind_it_is():
    for key, asset in graph()["assets"].items():
        assert asset["description"], key
        assert asset["owners"], key
        assert 1 <= len(asset["kinds"]) <= 3, key
        assert asset["group"] == key.split("/")[0], key


def test_every_declared_table_is_an_asset_with_a_blocking_check():
    assets = graph()["assets"]
    for table in set(TABLES) - {*TOO_LARGE_LOGS, *TOO_LARGE_PAYMENTS, *TOO_LARGE_POSTS, *TOO_LARGE_VIDEOS}:
        assert "fits_declaration (blocking)" in assets[f"{table.product()}/{table.table_name()}"]["checks"]

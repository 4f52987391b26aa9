"""`python -m serving` opens the pages, with several processes that answer."""

import os
import shutil
import sys
from pathlib import Path

import uvicorn

from serving.web.processes import is_alive
from vitrina.errors import VitrinaError
from vitrina.settings import Settings

STOPPING_S = 10
"""How long answers that are under way may still take once the pages are told to stop."""
SILENT_S = 60
"""A worker that has not answered for so long is taken for hung, and replaced: one that opens a large version may be busy."""


def main() -> None:
    """Prepare what workers share, then run them until told to stop."""
    settings = Settings()
    # before the client of Prometheus is imported: it looks once
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_own_folder(settings.data / "serving" / "metrics"))
    _greet(settings)
    uvicorn.run(
        "serving.app:from_environment",
        factory=True,
        host=settings.pages_host,
        port=settings.pages_port,
        workers=settings.pages_workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.pages_proxies),
        forwarded_allow_ips=settings.pages_proxies or None,
        timeout_graceful_shutdown=STOPPING_S,
        timeout_worker_healthcheck=SILENT_S,
        loop="uvloop" if sys.platform != "win32" else "auto",
        http="httptools",
    )


def _own_folder(folder: Path) -> Path:
    """A folder of this process alone: a second start by mistake must not take away what the first one counts in."""
    for left in folder.glob("*"):
        if not left.name.isdigit() or not is_alive(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)
    own = folder / str(os.getpid())
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    return own


def _greet(settings: Settings) -> None:
    import datetime as dt  # noqa: PLC0415  # with what follows: workers import this module too

    from vitrina.state.opening import StateDatabase  # noqa: PLC0415  # as above
    from vitrina.state.people import FIRST_ADMIN, People  # noqa: PLC0415  # as above

    database = StateDatabase(settings)
    try:
        password = People(database).make_first_admin(dt.datetime.now(dt.UTC))
    finally:
        database.close()
    print(f"The pages are at {settings.pages_address}", flush=True)  # noqa: T201  # whoever starts them reads it
    if password is not None:
        print(  # noqa: T201  # as above; shown this once and stored nowhere
            f"Sign in as {FIRST_ADMIN} with the password {password}\n"
            "It is good for one sign-in, is shown this once and is stored nowhere. Lost: `vitrina people password admin`.",
            flush=True,
        )


if __name__ == "__main__":
    try:
        main()
    except VitrinaError as problem:
        sys.exit(str(problem))

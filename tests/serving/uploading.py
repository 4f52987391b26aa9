"""A sender of files: the protocol's requests as a program sends them, and an inbox to send them to."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.deliveries.checking import VERDICT, Checker, check
from serving.deliveries.desk import desk_of
from serving.web.guard import SESSION_COOKIE
from tests.pages import Visitor, visiting
from vitrina.catalogue import CONTRACTS
from vitrina.files import write_atomically
from vitrina.inbox.roots import look
from vitrina.settings import Settings
from vitrina.state.roles import Grant

TUS = {"Tus-Resumable": "1.0.0"}
CONTENT = "application/offset+octet-stream"

STORES = b"store_id,name,format\n00123,Lenina 5,Hypermarket\n7,Mira 1,express\n"
SALES = b"store_id,date,revenue\n00123,2024-01-31,100.50\n7,2024-02-29,20\n"
PARTLY = SALES + b"7,2024-13-01,5\n"


def metadata(**said: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())


def check_here(monkeypatch) -> None:
    """Have files checked in this process, at once: another one takes two seconds to start, and one test is enough for that."""

    def run(_, folder: Path) -> None:
        write_atomically(folder / VERDICT, check(folder).as_json())

    monkeypatch.setattr(Checker, "_run", run)


@dataclass(frozen=True)
class Served:
    """Pages that are started once for many tests: each empties what the one before has left.

    Attributes
    ----------
    settings
        Of the data folder.
    visitor
        Whoever asks, and their session.
    """

    settings: Settings
    visitor: Visitor
    secret: str

    def emptied(self) -> Visitor:
        """The same pages over an empty data folder, but for the people."""
        for child in self.settings.data.iterdir():
            if child.is_dir():
                shutil.rmtree(child)
            elif not child.name.startswith("state"):
                child.unlink()
        self.visitor.app.state.service.held.pop("deliveries", None)
        self.visitor.secret = self.secret
        self.visitor.cookies.set(SESSION_COOKIE, self.secret)
        return self.visitor


@contextmanager
def serving_once(folder: Path, *grants: Grant) -> Iterator[Served]:
    settings = Settings(data=folder / "data", settle_s=0, pages_requests_per_minute=1_000_000, _env_file=None)
    with visiting(settings, *grants) as visitor:
        yield Served(settings, visitor, visitor.secret)


@dataclass
class Sender:
    """Somebody who sends files.

    Attributes
    ----------
    visitor
        Whoever it is.
    product
        For which product.
    """

    visitor: Visitor
    product: str = "stores"

    @property
    def address(self) -> str:
        return f"/api/v1/uploads/{self.product}"

    def begin(self, length: int, **said: str):
        headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata(**said)}
        return self.visitor.api(self.address, "POST", headers=headers)

    def patch(self, location: str, offset: int, content, **headers: str):
        sent = TUS | {"Upload-Offset": str(offset), "Content-Type": CONTENT} | headers
        return self.visitor.api(location, "PATCH", content=content, headers=sent)

    def head(self, location: str):
        return self.visitor.api(location, "HEAD", headers=TUS)

    def send(self, content: bytes, **said: str) -> str:
        """A whole file; its address."""
        begun = self.begin(len(content), **said)
        assert begun.status_code == 201, begun.text
        location = begun.headers["Location"]
        if content:
            assert self.patch(location, 0, content).status_code == 204
        return location

    def checked(self, location: str) -> dict:
        """What is known of an upload once it was checked."""
        desk = desk_of(self.visitor.app.state.service)
        upload = desk.uploads._read(location.rpartition("/")[2])
        assert desk.checker.wait(upload, 60) is not None
        return self.visitor.api(location).json()

    def deliver(self, location: str, **parameters: str):
        self.checked(location)
        return self.visitor.api(f"{location}/delivery", "POST", params=parameters)


def found_in_inbox(settings: Settings, product: str = "stores") -> dict[str, str]:
    """What the inbox's own look finds: paths and their contracts."""
    listing = look(product, [contract for contract in CONTRACTS if contract.product == product], settings)
    assert listing is not None
    assert listing.unexpected == listing.outside == ()
    return {found.path: found.contract for found in listing.files}


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

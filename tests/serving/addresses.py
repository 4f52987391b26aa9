"""An address of every page, over what is published: with identifiers that are really there."""

import base64
import json
import time
import urllib.error
import urllib.request
from urllib.parse import quote, urlencode

from vitrina.publication import open_published
from vitrina.settings import Settings

PARTS = frozenset(
    {
        "/stores/members",
        "/stores/new/choices",
        "/stores/requests/{request_id}/part",
        "/stores/requests/{request_id}/members",
        "/propensity/plan",
        "/propensity/list/rows",
        "/posts/results",
        "/sellers/stores/{store}/evidence/shown",
        "/deliveries/uploads/{product}/{upload_id}/verdict",
    }
)
"""Routes that give a part of a page."""

FILE = b"store_id,name,format\n1,One,hypermarket\n"
WAIT_S = 120


def one(settings: Settings, product: str, sql: str):
    connection = open_published(settings, product)
    try:
        return connection.execute(sql).fetchall()[0]
    finally:
        connection.close()


class Program:
    """Whoever has a token.

    Parameters
    ----------
    address
        Of the site.
    token
        The token.
    """

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str):
        """An answer as JSON, or its headers where it has no body."""
        every = {"Authorization": f"Bearer {self.token}"} | headers
        asked = urllib.request.Request(self.address + path, body, every, method=method)  # noqa: S310  # our own server
        try:
            with urllib.request.urlopen(asked, timeout=WAIT_S) as answer:  # noqa: S310  # as above
                content = answer.read()
                return json.loads(content) if content else answer.headers
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    def cluster(self, title: str, **scenario) -> str:
        """Ask for clusters, wait for them, and return the request's identifier."""
        quarter = self.ask("/api/v1/stores/quarters?limit=1")["items"][0]["quarter"]
        body = json.dumps({"title": title, "quarter": quarter, "scenario": scenario}).encode()
        made = self.ask("/api/v1/stores/requests", "POST", body, **{"Content-Type": "application/json"})
        until = time.monotonic() + WAIT_S
        while (told := self.ask(f"/api/v1/stores/requests/{made['id']}"))["finished_at"] is None:
            assert time.monotonic() < until, told
            time.sleep(0.2)
        assert told["problem"] is None, told
        return made["id"]

    def upload(self, product: str, name: str, content: bytes) -> str:
        """Upload a file without delivering it, and return where the upload is."""
        named = f"filename {base64.b64encode(name.encode()).decode()}"
        tus = {"Tus-Resumable": "1.0.0"}
        length = {"Upload-Length": str(len(content)), "Upload-Metadata": named}
        place = self.ask(f"/api/v1/uploads/{product}", "POST", b"", **tus, **length)["Location"].removeprefix(self.address)
        sent = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        self.ask(place, "PATCH", content, **tus, **sent)
        return place


def addresses(settings: Settings, program: Program) -> list[str]:
    """An address of each page."""
    (item,) = one(settings, "marketplace", "SELECT item_id FROM item_features ORDER BY item_id LIMIT 1")
    store, day = one(settings, "sellers", "SELECT store_id, max(day) FROM mart_seller_daily GROUP BY ALL")
    first, second = program.cluster("three", n_clusters=3), program.cluster("by themselves", formats=[])
    upload = program.upload("stores", "stores.csv", FILE).rpartition("/")[2]
    (delivery,) = (entry["delivery"] for entry in program.ask("/api/v1/deliveries?product=stores&limit=1")["items"])
    sellers = f"/sellers/stores/{quote(store)}"
    return [
        "/",
        "/api",
        "/account",
        "/password",
        "/people",
        "/audit",
        "/feedback",
        "/published/stores",
        "/deliveries",
        "/deliveries/new",
        "/deliveries/new?product=stores",
        "/deliveries/new?product=sellers",
        "/deliveries/templates",
        "/deliveries/sellers/videos",
        f"/deliveries/stores/{delivery}",
        f"/deliveries/uploads/stores/{upload}",
        "/stores",
        "/stores/new",
        "/stores/requests",
        f"/stores/requests/{first}",
        f"/stores/compare?{urlencode({'a': first, 'b': second})}",
        "/stores/model",
        "/marketplace",
        "/marketplace/user",
        "/marketplace/items",
        f"/marketplace/item/{quote(item)}",
        "/propensity",
        "/propensity/list",
        "/propensity/quality",
        "/propensity/effect",
        "/posts",
        f"/posts?{urlencode({'q': 'доставка'})}",
        "/posts/gaps",
        "/posts/repeated",
        "/posts/quality",
        "/sellers",
        f"{sellers}?day={day}",
        f"{sellers}/map",
        f"{sellers}/evidence",
        f"{sellers}/footage",
    ]

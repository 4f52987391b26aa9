"""Channels as files have delivered them, in a database of their own with the staging models on top."""

import datetime as dt
from dataclasses import dataclass, field

import duckdb
import polars as pl

from tests.dbt_sql import select_of
from vitrina.posts.raw_tables import PostsDeliveries, RawChatMessages, RawPosts
from vitrina.tables import Table

KEY = b"a key for tests only"
DAY = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)
STAGING = ("stg_messages", "stg_snapshots", "stg_post_versions", "stg_chat_answers")


def at(hours: float) -> dt.datetime:
    """A moment, in hours after the first."""
    return DAY + dt.timedelta(hours=hours)


@dataclass
class Delivered:
    """What has been delivered so far."""

    rows: dict[type[Table], list[dict]] = field(default_factory=lambda: {RawPosts: [], RawChatMessages: [], PostsDeliveries: []})

    def file(self, name: str, messages: list[dict], *, channel: str = "1", seen: str = "snapshot", platform: str = "telegram"):
        """Deliver a file of messages, each with at least its identifier and the hour at which it was posted."""
        number = self._delivery(name)
        self.rows[RawPosts] = [row for row in self.rows[RawPosts] if row["source_file"] != name]
        for position, message in enumerate(messages, 1):
            hour = message.get("hour")
            self.rows[RawPosts].append(
                {
                    "source_file": name,
                    "source_row": position,
                    "delivery": number,
                    "platform": platform,
                    "channel_id": channel,
                    "channel_name": "Channel",
                    "seen": seen,
                    "author_kind": "channel",
                    "post_id": str(message["id"]),
                    "posted_at": at(hour) if hour is not None else None,
                    "edited_at": at(message["edited"]) if "edited" in message else None,
                    "text": message.get("text", f"post {message['id']}"),
                    "has_media": message.get("media", False),
                    "thread": message.get("thread"),
                }
                | message.get("more", {})
            )
        return self

    def chat(self, name: str, messages: list[dict], *, chat: str = "9"):
        """Deliver an exported chat."""
        number = self._delivery(name)
        self.rows[RawChatMessages] = [row for row in self.rows[RawChatMessages] if row["source_file"] != name]
        self.rows[RawChatMessages] += [
            {"source_file": name, "source_row": position, "delivery": number, "platform": "telegram", "chat_id": chat}
            | {"message_id": str(message["id"]), "kind": message["kind"], "posted_at": at(message["hour"]), "text": message["text"]}
            | {"reply_to": message.get("reply_to"), "author_channel": message.get("channel")}
            for position, message in enumerate(messages, 1)
        ]
        return self

    def _delivery(self, name: str) -> int:
        deliveries = self.rows[PostsDeliveries]
        number = len(deliveries) + 1
        deliveries.append(
            {"delivery": number, "source_file": name, "contract": "channels", "version": 1, "state": "loaded", "rows_read": 0}
            | {"rows_loaded": 0, "rows_refused": 0, "fingerprint": "0" * 64, "received_at": at(1000 + number)}
        )
        return number

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Raw tables, and the staging models as views on them."""
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        for table, rows in self.rows.items():
            frame = pl.DataFrame(rows, schema=table.polars_schema(), infer_schema_length=None)
            for statement in table.ddl():
                connection.execute(statement)
            connection.register("incoming", frame.to_arrow())
            connection.execute(f"INSERT INTO {table.table_name()} BY NAME SELECT * FROM incoming")
        for model in STAGING:
            connection.execute(f"CREATE VIEW {model} AS {select_of('posts', model)}")
        return connection

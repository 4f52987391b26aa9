"""What is delivered against what is known: which posts stand now, which were added, edited or deleted.

Telegram never tells of a deletion, so a deletion is what a newer export lacks although it covers the time of the post. An
export that lacks too much is taken for cut off and deletes nothing. What was once deleted does not come back with an older
export, for a tombstone remembers it; what was erased never comes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from vitrina.posts.links import post_link
from vitrina.posts.passages import text_hash
from vitrina.posts.tables import PostChanges, Posts, PostTombstones
from vitrina.pseudonyms import pseudonym

if TYPE_CHECKING:
    import duckdb

    from vitrina.settings import Settings

KEY = ("platform", "channel_id", "post_id")
FEWEST_SUSPICIOUS = 10
"""Missing posts from which on their share is looked at: of ten posts, an author may well delete three."""


@dataclass(frozen=True)
class Known:
    """What the last reconciliation left.

    Attributes
    ----------
    posts
        Table `Posts`.
    tombstones
        Table `PostTombstones`, with what was erased since.
    """

    posts: pl.DataFrame
    tombstones: pl.DataFrame


@dataclass(frozen=True)
class Reconciled:
    """What stands now.

    Attributes
    ----------
    posts
        Table `Posts`.
    changes
        Table `PostChanges`: a row per channel in which something has changed.
    tombstones
        Table `PostTombstones`.
    """

    posts: pl.DataFrame
    changes: pl.DataFrame
    tombstones: pl.DataFrame


@dataclass
class _Found:
    """What the snapshots say of the candidates, gathered one by one."""

    deleted: dict[tuple[str, str, str], dt.datetime] = field(default_factory=dict)
    held_back: dict[tuple[str, str], int] = field(default_factory=dict)


def reconcile(
    connection: duckdb.DuckDBPyConnection, known: Known, *, key: bytes, settings: Settings, now: dt.datetime
) -> Reconciled:
    """Bring the posts up to date with everything that was delivered.

    Parameters
    ----------
    connection
        Open for reading, with the staging models of the product.
    known
        What was known before.
    key
        Of pseudonyms.
    settings
        For the names of channels, which chat belongs to which channel, and how many deletions are believed.
    now
        The time of the reconciliation.
    """
    versions = pl.concat([_versions(connection), _answers(connection, settings)])
    latest = versions.sort("changed_at", "as_of", "delivery", nulls_last=False).unique(KEY, keep="last", maintain_order=True)
    seen = versions.group_by(KEY).agg(pl.col("as_of").max().alias("seen_at"))
    carried = known.posts.join(latest, on=KEY, how="anti")
    candidates = pl.concat(
        [
            latest.join(seen, on=KEY).select(*KEY, "scope", "posted_at", "seen_at", own_file=pl.lit(None, dtype=pl.String)),
            carried.select(*KEY, _scope_of_known().alias("scope"), "posted_at", "seen_at", own_file="source_file"),
        ]
    )
    found = _missing(candidates, versions, _snapshots(connection), settings.posts_most_deletions)
    buried, tombstones = _buried(candidates, found.deleted, known.tombstones, key)
    alive = candidates.join(buried, on=KEY, how="anti")
    standing = latest.join(alive.select(*KEY, "seen_at"), on=KEY)
    posts = pl.concat([_posts(connection, standing, settings), carried.join(alive, on=KEY, how="semi")]).sort(KEY)
    posts = Posts.check(posts)
    return Reconciled(posts, _changes(known.posts, posts, found.held_back, now), tombstones)


def _versions(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Which file holds which post; without the texts, which are fetched for the versions that stand."""
    return connection.execute(
        """
        SELECT platform, channel_id, post_id, posted_at, as_of, delivery, source_file, album,
            coalesce(edited_at, posted_at) AS changed_at,
            platform || ':' || channel_id || coalesce('@' || thread, '') AS scope
        FROM stg_post_versions
        """
    ).pl()


def _answers(connection: duckdb.DuckDBPyConnection, settings: Settings) -> pl.DataFrame:
    """Answers in chats, as posts of the channel that the chat belongs to; what belongs to no channel is left out."""
    found = connection.execute(
        """
        SELECT platform, chat_id, author_channel, chat_id || '/' || message_id AS post_id, posted_at, as_of, delivery, source_file,
            0::HUGEINT AS album, coalesce(edited_at, posted_at) AS changed_at, platform || ':' || chat_id || '@chat' AS scope
        FROM stg_chat_answers
        """
    ).pl()
    delivered = {channel for (channel,) in connection.execute("SELECT DISTINCT channel_id FROM stg_messages").fetchall()}
    channels = [
        channel_of_chat(settings, platform, chat, author, delivered)
        for platform, chat, author in found.select("platform", "chat_id", "author_channel").iter_rows()
    ]
    placed = found.with_columns(pl.Series("channel_id", channels, dtype=pl.String)).drop("chat_id", "author_channel")
    columns = [*KEY, "posted_at", "as_of", "delivery", "source_file", "album", "changed_at", "scope"]
    return placed.filter(pl.col("channel_id").is_not_null()).select(columns)


def channel_of_chat(settings: Settings, platform: str, chat: str, author: str | None, delivered: Collection[str]) -> str | None:
    """The channel that an answer in a chat belongs to; None where it is nobody's whom we know.

    Parameters
    ----------
    settings
        For the channels of chats.
    platform, chat
        The chat.
    author
        In whose name an answer was written: a channel's, or, anonymously, the chat's own. Anybody may write in the name of a
        channel of their own, so only channels that the chat is set to belong to count, or, where nothing is set, delivered ones.
    delivered
        Channels of which something was delivered.
    """
    configured = [name.partition(":") for name in settings.posts_chats.get(f"{platform}:{chat}", ())]
    channels = [channel for other, _, channel in configured if other == platform]
    if author is None or author == chat:
        return channels[0] if channels else None
    return author if author in (channels or delivered) else None


def _snapshots(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return connection.execute(
        """
        SELECT source_file, as_of, first_posted_at, last_posted_at, thread IS NOT NULL AND thread <> 'chat' AS is_whole,
            platform || ':' || channel_id || coalesce('@' || thread, '') AS scope
        FROM stg_snapshots ORDER BY as_of, delivery
        """
    ).pl()


def _scope_of_known() -> pl.Expr:
    channel = pl.col("platform") + ":" + pl.col("channel_id")
    return (
        pl.when(pl.col("kind") == "answer")
        .then(pl.col("platform") + ":" + pl.col("post_id").str.split("/").list.first() + "@chat")
        .when(pl.col("kind") == "transcript")
        .then(channel + "@" + pl.col("post_id").str.split("@").list.first())
        .otherwise(channel)
    )


def _missing(candidates: pl.DataFrame, versions: pl.DataFrame, snapshots: pl.DataFrame, most: float) -> _Found:
    """Which candidates a newer snapshot lacks although it covers their time."""
    found = _Found()
    by_scope = candidates.partition_by("scope", as_dict=True)
    held = versions.partition_by("source_file", "scope", as_dict=True)
    for row in snapshots.iter_rows(named=True):
        candidates_here = by_scope.get((row["scope"],))
        if candidates_here is None:
            continue
        here = held.get((row["source_file"], row["scope"]), versions.clear())
        covered = candidates_here.filter(_covered(row))
        lacking = covered.join(here, on=KEY, how="anti").filter(
            (pl.col("seen_at") < row["as_of"]) | (pl.col("own_file") == row["source_file"]).fill_null(value=False)
        )
        if lacking.height > max(FEWEST_SUSPICIOUS, most * covered.height):
            for channel, count in lacking.group_by("platform", "channel_id").len().rows_by_key(("platform", "channel_id")).items():
                found.held_back[channel] = max(found.held_back.get(channel, 0), count[0][0])
        else:
            found.deleted |= dict.fromkeys(lacking.select(KEY).iter_rows(), row["as_of"])
    return found


def _covered(snapshot: Mapping[str, Any]) -> pl.Expr:
    """Posts of the first and the last second may lie outside of what was exported."""
    if snapshot["is_whole"]:
        return pl.lit(value=True)
    return pl.col("posted_at").is_between(snapshot["first_posted_at"], snapshot["last_posted_at"], closed="none")


def _buried(
    candidates: pl.DataFrame, deleted: Mapping[tuple[str, str, str], dt.datetime], tombstones: pl.DataFrame, key: bytes
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keys of candidates that do not stand, and the tombstones from now on."""
    marks = {mark: (reason, since) for mark, reason, since in tombstones.select("key_hash", "reason", "since").iter_rows()}
    buried: list[tuple[str, str, str]] = []
    if marks:
        for platform, channel, post, seen_at in candidates.select(*KEY, "seen_at").iter_rows():
            mark = post_hash(platform, channel, post, key)
            reason, since = marks.get(mark, ("", None))
            if reason == "erased" or (reason and since is not None and seen_at <= since):
                buried.append((platform, channel, post))
            elif reason:
                # a newer export holds it again: what lacked it was no whole export
                del marks[mark]
    for post_key, since in deleted.items():
        marks.setdefault(post_hash(*post_key, key), ("deleted", since))
    frame = pl.DataFrame([*buried, *deleted], schema=dict.fromkeys(KEY, pl.String()), orient="row").unique()
    rows = [(mark, reason, since) for mark, (reason, since) in sorted(marks.items())]
    return frame, PostTombstones.check(pl.DataFrame(rows, schema=PostTombstones.polars_schema(), orient="row"))


def post_hash(platform: str, channel: str, post: str, key: bytes) -> str:
    """The keyed hash by which a post is remembered once it is gone."""
    return pseudonym(f"{platform}:{channel}:{post}", key)


def _posts(connection: duckdb.DuckDBPyConnection, standing: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Rows of the table `Posts`, with the texts of the versions that stand."""
    connection.register("standing", standing.to_arrow())
    try:
        found = connection.execute(
            """
            SELECT v.platform, v.channel_id, v.post_id, v.channel_name,
                CASE WHEN v.thread IS NULL THEN 'post' ELSE 'transcript' END AS kind, v.author_kind, v.posted_at, v.edited_at, v.text,
                NULL::VARCHAR AS context, v.reply_to, v.link, v.messages, standing.seen_at, v.source_file
            FROM stg_post_versions AS v
            JOIN standing USING (platform, channel_id, post_id, source_file, album)
            UNION ALL BY NAME
            SELECT a.platform, standing.channel_id, standing.post_id, a.chat_name AS channel_name, 'answer' AS kind,
                'channel' AS author_kind, a.posted_at, a.edited_at, a.text, a.question AS context, NULL::VARCHAR AS reply_to,
                NULL::VARCHAR AS link, 1::BIGINT AS messages, standing.seen_at, a.source_file
            FROM stg_chat_answers AS a
            JOIN standing
                ON standing.platform = a.platform AND standing.source_file = a.source_file
                AND standing.post_id = a.chat_id || '/' || a.message_id
            """
        ).pl()
    finally:
        connection.unregister("standing")
    links = [
        link or post_link(platform, channel, post, settings.posts_channels)
        for platform, channel, post, link in found.select(*KEY, "link").iter_rows()
    ]
    hashes = [text_hash(text) for text in found["text"]]
    typed = found.with_columns(pl.Series("link", links, dtype=pl.String), pl.Series("text_hash", hashes, dtype=pl.String))
    return typed.select(pl.col(name).cast(dtype) for name, dtype in Posts.polars_schema().items())


def message_ids(post_id: str, messages: int) -> tuple[str, ...]:
    """Identifiers of the messages that a post was joined from: those of an album follow one another."""
    return (post_id,) if messages == 1 else tuple(str(int(post_id) + offset) for offset in range(messages))


def _changes(before: pl.DataFrame, after: pl.DataFrame, held_back: Mapping[tuple[str, str], int], now: dt.datetime) -> pl.DataFrame:
    both = after.join(before.select(*KEY, text_before="text_hash"), on=KEY, how="left")
    kinds = {
        "added": both.filter(pl.col("text_before").is_null()),
        "edited": both.filter(pl.col("text_before") != pl.col("text_hash")),
        "deleted": before.join(after, on=KEY, how="anti"),
    }
    channel = ["platform", "channel_id"]
    counted = (
        after.group_by(channel).agg(posts=pl.len()).join(before.select(channel).unique(), on=channel, how="full", coalesce=True)
    )
    for name, frame in kinds.items():
        counted = counted.join(frame.group_by(channel).agg(pl.len().alias(name)), on=channel, how="left")
    held = [held_back.get((platform, name), 0) for platform, name in counted.select(channel).iter_rows()]
    changed = counted.with_columns(pl.lit(now).alias("reconciled_at"), pl.Series("held_back", held, dtype=pl.Int64)).with_columns(
        pl.col("posts", *kinds).fill_null(0).cast(pl.Int64)
    )
    some = changed.filter(pl.sum_horizontal("added", "edited", "deleted", "held_back") > 0)
    return PostChanges.check(some.select(pl.col(name).cast(dtype) for name, dtype in PostChanges.polars_schema().items()))

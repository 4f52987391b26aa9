"""What is made of them: posts as they stand now, passages, vectors, the index, what it is worth, and questions as data."""

from typing import Annotated

import polars as pl

from vitrina.inbox.tables import MOMENT
from vitrina.posts.raw_tables import (
    AUTHOR,
    AUTHOR_KINDS,
    CHANNEL,
    HASH_LENGTH,
    PLATFORM,
    PLATFORMS,
    POSTS,
    QUESTION_LENGTH,
    RAW_TABLES,
    TEXT_LENGTH,
    PostsDeliveries,
    PostsRefusedRows,
)
from vitrina.tables import Table, column

VECTOR = Annotated[pl.List, pl.Float32()]
TEXT_HASH = "SHA-256 of the text, the first 32 digits."


class Posts(Table, product=POSTS, published=True):
    """One row per post as it stands now: the latest version, albums joined, deleted and erased ones gone; answers in chats too."""

    platform: str = column(PLATFORM, key=True, isin=PLATFORMS)
    channel_id: str = column(CHANNEL, key=True)
    post_id: str = column("The post's identifier within the channel; `<chat>/<message>` for an answer in a chat.", key=True)
    channel_name: str = column("The channel's name for people.", nullable=True)
    kind: str = column("What it is.", isin=("post", "transcript", "answer"))
    author_kind: str = column("Who wrote it.", isin=AUTHOR_KINDS)
    posted_at: MOMENT = column("When it was posted.", nullable=True)
    edited_at: MOMENT = column("When it was last edited.", nullable=True)
    text: str = column("Its text; messages of an album are joined by line ends.", personal=True, max_length=TEXT_LENGTH)
    context: str = column("The question that an answer in a chat replies to, redacted.", personal=True, nullable=True)
    reply_to: str = column("The post that it replies to.", nullable=True)
    link: str = column("Where it can be read.", nullable=True)
    messages: int = column("Messages that were joined.", ge=1)
    text_hash: str = column(TEXT_HASH, pattern="^[0-9a-f]{32}$")
    seen_at: MOMENT = column("Time of the latest snapshot, or of the live message, that holds it.")
    source_file: str = column("The file that its version was read from.")


class PostChanges(Table, product=POSTS, published=True):
    """One row per reconciliation and channel that brought a change: what was added, edited, deleted, and what was held back."""

    reconciled_at: MOMENT = column("When what was delivered met what was known.", key=True)
    platform: str = column(PLATFORM, key=True, isin=PLATFORMS)
    channel_id: str = column(CHANNEL, key=True)
    posts: int = column("Posts of the channel afterwards.", ge=0)
    added: int = column("Posts that were not known.", ge=0)
    edited: int = column("Posts whose text has changed.", ge=0)
    deleted: int = column("Posts that a later snapshot no longer holds.", ge=0)
    held_back: int = column("Posts that are missing from a snapshot that lacks too many to be believed; they stay.", ge=0)


class PostTombstones(Table, product=POSTS):
    """One row per post that was deleted or erased, so that an older export does not bring it back: keyed hashes only."""

    key_hash: str = column("Keyed hash of `<platform>:<channel>:<post>`.", key=True, max_length=HASH_LENGTH)
    reason: str = column("Whether it was deleted from its channel, or erased here for good.", isin=("deleted", "erased"))
    since: MOMENT = column("Time of the snapshot that no longer holds it, or of the request to erase it.")


class Passages(Table, product=POSTS):
    """One row per passage: a post, or a part of a long one that a reader can take in at a glance."""

    platform: str = column(PLATFORM, key=True, isin=PLATFORMS)
    channel_id: str = column(CHANNEL, key=True)
    post_id: str = column("The post.", key=True)
    ordinal: int = column("Position within the post, from 0.", key=True, ge=0)
    start: int = column("First character within the post's text.", unit="characters", ge=0)
    end: int = column("Character after the last one.", unit="characters", ge=0)
    text: str = column("The passage, as it is shown.", personal=True, max_length=TEXT_LENGTH)
    searched: str = column(
        "What is searched: the passage without links and decoration, with the question that it answers.", personal=True
    )
    text_hash: str = column("SHA-256 of what is searched, the first 32 digits.", pattern="^[0-9a-f]{32}$")


class PostDuplicates(Table, product=POSTS, published=True):
    """One row per post that says nearly the same as an earlier one, in its own channel or another."""

    platform: str = column(PLATFORM, key=True, isin=PLATFORMS)
    channel_id: str = column(CHANNEL, key=True)
    post_id: str = column("The later post.", key=True)
    first_platform: str = column("Where the first of its group is.", isin=PLATFORMS)
    first_channel_id: str = column("Channel of the first of its group.")
    first_post_id: str = column("The first of its group.")
    similarity: float = column("Jaccard similarity of their three-word shingles.", ge=0, le=1)


class PostEmbeddings(Table, product=POSTS):
    """One row per text and model: its vector, kept as long as a passage has that text, so that nothing is embedded twice."""

    text_hash: str = column("SHA-256 of what was embedded, the first 32 digits.", key=True, pattern="^[0-9a-f]{32}$")
    model: str = column("The model that made it.", key=True, max_length=300)
    vector: VECTOR = column("Unit vector, or zeros where the model knows none of the words.", personal=True)


class EmbeddingModels(Table, product=POSTS, published=True):
    """One row per model that has vectors: which one is in use, which one is on trial, and how they compare."""

    model: str = column("The model.", key=True, max_length=300)
    state: str = column("Whether searches use it, it is on trial, or it stands by.", isin=("in use", "on trial", "standing by"))
    dimensions: int = column("Length of its vectors.", ge=1)
    texts: int = column("Texts that it has embedded.", ge=0)
    mrr: float = column("MRR@10 of searches with it.", nullable=True, ge=0, le=1)
    mrr_low: float = column("Lower end of the 95 % interval.", nullable=True, ge=0, le=1)
    mrr_high: float = column("Upper end of the 95 % interval.", nullable=True, ge=0, le=1)
    questions: int = column("Questions that it was judged by.", nullable=True, ge=0)
    said: str = column("Why it is in its state.")


class Index(Table):
    """Base of tables whose rows name the folder of an index."""

    version: str = column("What tells the index from others: the same posts and models give the same one.", key=True)
    built_at: MOMENT = column("When it was built.")
    path: str = column("Its folder, relative to the data folder.")
    fingerprint: str = column("SHA-256 of its manifest, which holds those of all files.", pattern="^[0-9a-f]{64}$")
    size: int = column("Size of all its files.", unit="bytes", ge=1)
    posts: int = column("Posts.", ge=0)
    passages: int = column("Passages.", ge=0)
    channels: int = column("Channels.", ge=0)
    terms: int = column("Distinct lemmas.", ge=0)
    model: str = column("Model of its vectors.")
    embedder: str = column("The setting that names the model.", max_length=1000)
    fallback_model: str = column("Model that answers when a model behind the network does not.", nullable=True)


class IndexCandidates(Index, product=POSTS):
    """One row per index that the posts as they stand now give: one for the model in use, and one for a model on trial."""


class PostIndexes(Index, product=POSTS, published=True):
    """The index that is searched: one row, which names its folder."""


class AnswerModels(Table, product=POSTS, published=True):
    """What tells an answer from the next best post, one row: a logistic regression over the scores of a search."""

    version: str = column("Version of the index that it was fitted on.", key=True)
    fitted_at: MOMENT = column("When it was fitted.")
    parameters: str = column("Its parameters, as JSON.")
    auroc: float = column("AUROC of answerable against unanswerable questions, held out by post.", nullable=True, ge=0, le=1)
    auroc_low: float = column("Lower end of the 95 % interval.", nullable=True, ge=0, le=1)
    auroc_high: float = column("Upper end of the 95 % interval.", nullable=True, ge=0, le=1)
    questions: int = column("Questions that it was fitted on, each of them once with its post and once without.", ge=0)
    set_hash: str = column("What tells this set of questions from another.", max_length=64)


class AnswerThresholds(Table, product=POSTS, published=True):
    """One row per channel: how sure the bot must be before it answers, and what that is worth on questions it has not learnt from."""

    platform: str = column(PLATFORM, key=True, isin=PLATFORMS)
    channel_id: str = column(CHANNEL, key=True)
    threshold: float = column("Least probability at which the bot answers; above 1 it never does.", ge=0)
    target: float = column("Share of unanswerable questions that may be answered.", ge=0, le=1)
    false_answers: float = column("Share of held-out unanswerable questions that were answered.", nullable=True, ge=0, le=1)
    answered: float = column("Share of held-out answerable questions that were answered.", nullable=True, ge=0, le=1)
    questions: int = column("Questions that it rests on.", ge=0)
    own: bool = column("Whether they are of this channel alone; otherwise of all channels together.")


class SearchQuality(Table, product=POSTS, published=True):
    """One row per index, set of questions, way of searching, overlap and measure: how well posts are found, with its interval."""

    version: str = column("Version of the index.", key=True)
    judged_at: MOMENT = column("When it was judged.")
    questions: str = column("Set of questions.", key=True, isin=("known answers", "known items", "known items with typos"))
    searched_by: str = column("Way of searching.", key=True, isin=("fused", "bm25", "vectors", "plain bm25"))
    overlap: str = column("Share of the question's lemmas that the post holds.", key=True, isin=("all", "few", "some", "most"))
    measure: str = column("What is measured.", key=True, max_length=60)
    value: float = column("The measure.")
    low: float = column("Lower end of the 95 % interval.", nullable=True)
    high: float = column("Upper end of the 95 % interval.", nullable=True)
    n: int = column("Questions.", ge=0)
    set_hash: str = column("What tells a set of questions from another: figures of different sets are not compared.", max_length=64)


class SearchDifferences(Table, product=POSTS):
    """One row per pair of indexes, set of questions and measure: what the later one is better by, asked the very same questions."""

    version: str = column("Version of the later index.", key=True)
    compared_with: str = column("Version of the index in use, or of the one with the model in use.", key=True)
    questions: str = column("Set of questions.", key=True, max_length=60)
    searched_by: str = column("Way of searching.", key=True, max_length=60)
    measure: str = column("What is measured.", key=True, max_length=60)
    difference: float = column("Mean difference; above 0 where the later one is better.")
    low: float = column("Lower end of the 95 % interval.", nullable=True)
    high: float = column("Upper end of the 95 % interval.", nullable=True)
    n: int = column("Questions.", ge=0)
    set_hash: str = column("What tells a set of questions from another.", max_length=64)


class AskedQuestions(Table, product=POSTS):
    """One row per question, asked of the bot or found in an exported chat: redacted, with the group of questions like it."""

    question_id: str = column("Keyed hash of platform, chat and message.", key=True, max_length=HASH_LENGTH)
    source: str = column("Whether the bot was asked, or an export holds it.", isin=("bot", "export"))
    platform: str = column("Where it was asked.", isin=PLATFORMS)
    chat_id: str = column("The chat; `private` for a conversation with the bot alone.")
    user_hash: str = column(AUTHOR, personal=True, nullable=True, max_length=HASH_LENGTH)
    asked_at: MOMENT = column("When it was asked.")
    text: str = column("The question, redacted.", personal=True, max_length=QUESTION_LENGTH)
    group_id: str = column("Keyed hash of the first question of its group.", max_length=HASH_LENGTH)
    repeated: bool = column("Whether a question of its group was asked in the 90 days before.")
    outcome: str = column(
        "What became of it; `not asked` where the bot was not there.",
        isin=("answered", "silent", "limited", "over_quota", "failed", "not asked"),
    )
    answerable: bool = column("Whether the index as it stands now has an answer.", nullable=True)
    probability: float = column("Probability of the best post of the index as it stands now.", nullable=True, ge=0, le=1)
    index_version: str = column("The index that was asked.", nullable=True)


class Plans(Table, product=POSTS, published=True):
    """One row per chat with its plan, and one for all other chats: what the settings say."""

    chat_id: str = column("The chat, as `<platform>:<chat>`; `*` for all others.", key=True)
    plan: str = column("Its plan.")
    answers_a_month: int = column("Answers that the plan holds; empty for any number.", nullable=True, ge=0)
    price_per_1000_tokens: float = column("What a thousand tokens cost.", ge=0)
    price_per_cpu_hour: float = column("What an hour of processor time costs.", ge=0)


class ErasureReceipts(Table, product=POSTS):
    """One row per request to be forgotten: what was searched, what was found, and what was rebuilt."""

    request_id: str = column("Identifier of the request.", key=True, max_length=HASH_LENGTH)
    kind: str = column("Whether a post is meant, or everything of a person.", isin=("post", "user"))
    requested_at: MOMENT = column("When it was requested.")
    erased_at: MOMENT = column("When it was done.")
    rows: int = column("Rows that were deleted from tables.", ge=0)
    files_searched: int = column("Files that were searched, byte by byte.", ge=0)
    files_rebuilt: int = column("Files that were rebuilt or deleted.", ge=0)
    still_found_in: str = column("Files that still hold it and are not ours to change, such as the inbox.", nullable=True)
    receipt: str = column("The receipt, relative to the data folder.")


DERIVED_TABLES = (
    Posts,
    PostChanges,
    PostTombstones,
    Passages,
    PostDuplicates,
    PostEmbeddings,
    EmbeddingModels,
    IndexCandidates,
    PostIndexes,
    AnswerModels,
    AnswerThresholds,
    SearchQuality,
    SearchDifferences,
    AskedQuestions,
    Plans,
    ErasureReceipts,
)
TABLES = (PostsDeliveries, PostsRefusedRows, *RAW_TABLES, *DERIVED_TABLES)

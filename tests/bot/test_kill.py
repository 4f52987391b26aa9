"""The bot as a process that is killed while it answers."""

import json
from collections import Counter

import pytest

from tests.bot.bot_api import TOKEN
from tests.bot.running import BotProcess, journal_rows

pytestmark = pytest.mark.integration

BURST = 200


def question_ids(folder):
    files = sorted((folder / "decisions" / "posts" / "asked").glob("*.jsonl"))
    return [json.loads(line)["question_id"] for path in files for line in path.read_text().splitlines()]


def test_a_bot_killed_twice_in_a_burst_records_every_question_once_and_answers_all_with_one_duplicate_a_kill_at_most(api, tmp_path):
    bot = BotProcess(tmp_path, api)
    assert api.waits_for(lambda: api.called("getUpdates"), 60)
    messages = [api.message("When do you open?") for _ in range(BURST)]
    for sent in (20, 90):
        assert api.waits_for(lambda sent=sent: len(api.sent) >= sent, 60), bot.log.read_text()
        bot.kill()
        assert len(api.sent) < BURST
        bot = BotProcess(tmp_path, api)
    assert api.waits_for(lambda: len({sent.reply_to for sent in api.sent}) == BURST and not api.unconfirmed, 60), (
        bot.log.read_text()
    )
    assert api.waits_for(lambda: not journal_rows(tmp_path, "SELECT 1 FROM outbox"))
    assert bot.stop() == 0
    replies = Counter(sent.reply_to for sent in api.sent)
    assert set(replies) == set(messages)
    assert replies.total() - BURST <= 2
    assert max(replies.values()) <= 2
    asked = question_ids(tmp_path)
    assert len(asked) == len(set(asked)) == BURST
    assert journal_rows(tmp_path, "SELECT count(*), count(DISTINCT update_id), min(outcome), max(outcome) FROM asked") == [
        (BURST, BURST, "answered", "answered")
    ]


def test_a_bot_killed_at_any_moment_of_its_work_loses_no_question(api, tmp_path):
    bot = BotProcess(tmp_path, api, MADE_UP_COST_S="0.002")
    assert api.waits_for(lambda: api.called("getUpdates"), 60)
    messages = [api.message("When do you open?") for _ in range(50)]
    # in the middle of deciding: nothing was acknowledged, and some were received or decided
    assert api.waits_for(lambda: journal_rows(tmp_path, "SELECT 1 FROM asked WHERE state = 'decided'"), 60)
    bot.kill()
    bot = BotProcess(tmp_path, api)
    assert api.waits_for(lambda: {sent.reply_to for sent in api.sent} == set(messages), 60), bot.log.read_text()
    assert bot.stop() == 0
    assert len(api.sent) <= 51
    assert len(question_ids(tmp_path)) == len(set(question_ids(tmp_path))) == 50


def test_a_wrong_token_ends_the_process_with_words_that_do_not_show_it(api, tmp_path):
    bot = BotProcess(tmp_path, api, VITRINA_POSTS_BOT_TOKEN="123456:not-the-token")  # noqa: S106  # it opens nothing
    assert bot.process.wait(60) == 1
    said = bot.log.read_text()
    assert "VITRINA_POSTS_BOT_TOKEN" in said
    assert "not-the-token" not in said
    assert "Traceback" not in said


def test_an_unexpected_end_of_the_network_shows_the_token_nowhere(api, tmp_path):
    bot = BotProcess(tmp_path, api)
    assert api.waits_for(lambda: api.called("getUpdates"), 60)
    api.__exit__()
    assert api.waits_for(lambda: "does not answer" in bot.log.read_text())
    assert bot.stop() == 0
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN.encode() not in written
    assert TOKEN.partition(":")[2].encode() not in written

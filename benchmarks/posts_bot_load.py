"""The bot as a process of its own, as `benchmarks.posts_bot` starts and kills it.

It is the bot that users run, with the index that was published into its data folder; only its limits are wider, for one
person of the benchmark stands for many.
"""

from __future__ import annotations

import dataclasses
import logging

from serving.bot.index_watch import IndexWatch
from serving.bot.limits import Limits
from serving.bot.run import BotSettings, reading, run, run_until_stopped
from serving.bot.sending import Patience
from vitrina.posts.published import published_answerer
from vitrina.settings import Settings

UNLIMITED = Limits(10**6, 10**6, 10**6, 10**6)


def main() -> None:
    """Run the bot until it is stopped or killed."""
    logging.basicConfig(level=logging.WARNING)
    configuration = Settings()
    watch = IndexWatch(configuration, published_answerer)
    watch.look()
    settings = dataclasses.replace(BotSettings.of(configuration, limits=UNLIMITED), patience=Patience(first_s=0.02, longest_s=0.2))
    run_until_stopped(run(settings, reading(), lambda: watch.answerer, watch=watch))


if __name__ == "__main__":
    main()

"""`python -m serving.bot` runs the bot until it is stopped."""

import logging
import sys

from serving.bot.index_watch import IndexWatch
from serving.bot.run import BotSettings, reading, run, run_until_stopped
from vitrina.errors import VitrinaError
from vitrina.posts.published import published_answerer
from vitrina.settings import Settings

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        configuration = Settings()
        watch = IndexWatch(configuration, published_answerer)
        bot = BotSettings.of(configuration)
        watch.look()
        run_until_stopped(run(bot, reading(), lambda: watch.answerer, watch=watch))
    except VitrinaError as error:
        sys.exit(str(error))

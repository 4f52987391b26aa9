"""The bot as a process of its own, to be killed: `python -m tests.bot.bot_process`, configured by `VITRINA_*` as always."""

import logging
import os
import sys

from serving.bot.run import BotSettings, reading, run, run_until_stopped
from serving.bot.sending import Patience
from tests.bot.made_up_answers import MadeUpAnswerer, plain_reading
from tests.bot.made_up_rules import MANY
from vitrina.errors import VitrinaError
from vitrina.settings import Settings

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    answerer = MadeUpAnswerer(cost_s=float(os.environ.get("MADE_UP_COST_S", "0")))
    try:
        settings = BotSettings.of(Settings(), limits=MANY)
        object.__setattr__(settings, "patience", Patience(first_s=0.02, longest_s=0.2))
        texts = reading() if os.environ.get("REAL_READING") else plain_reading()
        run_until_stopped(run(settings, texts, lambda: answerer))
    except VitrinaError as error:
        sys.exit(str(error))

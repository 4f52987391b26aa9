"""A conversation over a real journal, and messages of made-up people."""

import dataclasses
import datetime as dt
import itertools

from serving.bot.conversation import Conversation, LookedUp, Question
from serving.bot.journal import Journal
from serving.bot.limits import Limits, Plans
from serving.bot.messages import Decision, Incoming, Update
from tests.bot.made_up_answers import NEWS, SPORT, MadeUpAnswerer, plain_reading
from tests.bot.made_up_rules import KEY, MANY, rules

NOON = dt.datetime(2026, 9, 15, 12, tzinfo=dt.UTC)
BOTH = (NEWS, SPORT)


class Chat:
    """Messages go in, decisions come out and are recorded."""

    def __init__(self, journal: Journal, *, limits: Limits = MANY, plans: Plans | None = None):
        self.journal, self.answerer, self.clock = journal, MadeUpAnswerer(), 0.0
        self.conversation = Conversation(rules(limits=limits, plans=plans), plain_reading(), journal, key=KEY, bot_name="our_bot")
        self._numbers = itertools.count(1)

    def incoming(self, text: str, **changes: object) -> Incoming:
        number = next(self._numbers)
        message = Incoming("telegram", number, "2001", "group", "-100_2001", str(number), "77", "en", text, NOON)
        return dataclasses.replace(message, **changes)  # type: ignore[arg-type]  # whatever a test changes

    def says(self, text: str, **changes: object) -> Decision:
        return self.gets(self.incoming(text, **changes))

    def gets(self, incoming: Incoming) -> Decision:
        considered = self.conversation.consider(incoming, self.clock)
        if isinstance(considered, Question):
            answered = self.answerer.answer(considered.text, considered.channels)
            considered = self.conversation.conclude(considered, LookedUp(answered, "v1", 1.0), self.clock)
        self.journal.decide(Update.of(incoming), considered, NOON)
        return considered

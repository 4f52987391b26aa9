"""Who may search what, in the tests."""

from serving.bot.limits import Limits, Plans
from serving.bot.rules import Access, Rules
from tests.bot.made_up_answers import NEWS, SPORT

KEY = b"a key for examples only"
CHATS = {"telegram:2001": (NEWS,), "telegram:2002": (SPORT,), "telegram:private": (NEWS, SPORT)}
NAMES = {NEWS: "our_news"}
MANY = Limits(10**6, 10**6, 10**6, 10**6)


def rules(*, limits: Limits = MANY, plans: Plans | None = None) -> Rules:
    return Rules(Access(CHATS, NAMES), plans or Plans({"free": None}, {}), 180, limits)

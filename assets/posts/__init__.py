"""Has the channel already answered this? From exports and the live feed to an index that is judged before it is searched."""

from assets.posts.answers import answers_of_posts, questions_of_subscribers
from assets.posts.checks import CHECKS
from assets.posts.erasure import forgetting
from assets.posts.index import embeddings_of_posts, indexes_on_trial, search_on_trial
from assets.posts.posts import passages_of_posts, plans_of_posts, posts_as_they_stand, posts_inbox

ASSETS = (
    posts_inbox,
    plans_of_posts,
    posts_as_they_stand,
    passages_of_posts,
    embeddings_of_posts,
    indexes_on_trial,
    search_on_trial,
    answers_of_posts,
    questions_of_subscribers,
    forgetting,
)

__all__ = ["ASSETS", "CHECKS", "posts_inbox"]

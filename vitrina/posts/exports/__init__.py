"""What channels and chats deliver, each in the format of its own tool, as the same columns of text."""

from vitrina.posts.exports.reading import read_chat, read_posts

__all__ = ["read_chat", "read_posts"]

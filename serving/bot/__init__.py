"""The bot that answers questions in a chat with a link and a quote of what the channel has said before, or stays silent.

`conversation` decides, `limits` holds back, `journal` remembers, `sending` sends: none of them knows a platform. `telegram`
and `webhook` are the one platform there is, `run` puts everything together. It reads what was published, and writes files
for the inbox.
"""

"""Which stores are alike, and what differs between the groups?"""

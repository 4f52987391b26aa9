"""A made-up retailer whose truth is known: for the demo, the tests and the load.

One module per product that needs data; what they share is `retailer`. Everything is drawn from one seed, and every
difficulty is pinned to a measured property of real data (`realism`), so that what works here was not made easy.
"""

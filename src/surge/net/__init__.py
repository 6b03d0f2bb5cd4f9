"""Peer-to-peer: an endpoint dialled by its key, links that carry messages, content-addressed blobs.

endpoint → link → frames → messages; `accept` lets strangers in, `blobs` and `results` cut what is large.
The only room that knows iroh.
"""

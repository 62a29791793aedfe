"""What every room needs and that needs no room: names, texts as terminals take them, streams, stand-in values.

May import the standard library. Must never know a resource, a document or a verdict.
"""

"""What every room needs and that needs no room: names, the table of resource types, texts, streams, stand-in values.

May import the standard library. Must never know a resource's values, a document or a verdict.
"""

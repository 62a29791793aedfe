"""Keeps a Lambda function's code away from the network interfaces that its execution role must manage.

ARCHITECTURE.md shows the rooms of this package and what passes through them.
"""

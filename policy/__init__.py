"""Keeps a Lambda function's code away from the network interfaces that its execution role must manage.

See README.md for what the pack checks and "How it works" there for the modules and their order.
"""

"""Fuzzing of everything that parses: `python -m tests.fuzz --count N --seed S`.

A case is a role's documents, a line for `judge --jsonl`, or the resources of a stack: of a usual form, and then mutated
in a few places. It is made from the seed and its number alone, so one number is enough to see a failure again.
"""

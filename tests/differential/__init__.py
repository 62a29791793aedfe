"""The pack's verdicts measured against an implementation that nobody here wrote: `python -m tests.differential`."""

"""What the pack is sure of at a preview, held against all that the stack may turn out to be: `python -m tests.stacks`."""

"""From an execution role to what is said of it and how it is mended: exposure, reasons, sentences, fixes.

May import `stack`, `stack.templates`, `iam`, `iam.search` and `shared`. Must never know the engine, CrossGuard, a setting
or an exemption.
"""

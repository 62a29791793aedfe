"""The language of IAM, judged: documents and trust policies read, and one request evaluated, in three values.

May import `shared`. Must never know Pulumi, a stack, or who asks; what it says of a document, IAM says of it.
"""

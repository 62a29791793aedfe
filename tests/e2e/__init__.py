"""End-to-end tests: the examples and the pack in the real Pulumi engine, over a stand-in for the AWS provider."""

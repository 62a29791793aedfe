"""Is there any request that IAM allows? Answered with such a request, the witness, or by an exhaustive search.

The search is over candidate values (candidates.py) that show every way in which the conditions on a role can turn out,
so "no" means no. It runs twice: once with everything unknown counted against the request, where a find is a witness
and certain; and once with everything unknown counted for it, where no find means that nothing can be allowed. What is
left in between is UNKNOWN. Every witness is put to `evaluate` before it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from policy.iam.document import PolicyDocument
from policy.iam.evaluate import Determining, Evaluation, Levels, evaluate
from policy.iam.request import Caller, Request
from policy.iam.search import keys
from policy.iam.search.constraints import Problem
from policy.iam.search.keys import SOURCE_FUNCTION_KEY, Session
from policy.iam.search.relevant import Relevant, Role, role_of
from policy.iam.search.solver import Budget, BudgetExceededError
from policy.iam.search.subject import Subject, places, sessions
from policy.iam.truth import Truth

# Steps that one question may cost, at about a microsecond each, before the answer is "too complex". The hardest of the
# AWS managed policies takes about a fifth of it.
DEFAULT_BUDGET: Final = 20_000


class Answer(NamedTuple):
    """Whether any request is allowed. YES has its witness, UNKNOWN has its reasons.

    `unresolved` are statements that may match but are not known to; `too_complex` says that the search was given up.
    """

    allowed: Truth
    witness: Request | None = None
    evaluation: Evaluation | None = None
    unresolved: tuple[Determining, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    too_complex: bool = False


DENIED: Final = Answer(Truth.NO)


def ask(
    action: str | keys.Action,
    subject: Subject,
    documents: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument] | None = None,
    budget: int = DEFAULT_BUDGET,
    levels: Levels = (),
) -> Answer:
    """Whether any request for `action` by this caller is allowed. `boundary` is None where the role has none.

    `levels` are the SCPs of each level of the organization, empty where none are given.

    An `action` given by its name must be in `keys.known_actions()`. `budget` is in alternatives looked at by the search.
    """
    asked = keys.action(action) if isinstance(action, str) else action
    limit = None if boundary is None else tuple(boundary)
    role = role_of(tuple(documents), limit, tuple([tuple(level) for level in levels]))
    return ask_role(asked, subject, role, budget)


def ask_role(action: keys.Action, subject: Subject, role: Role, budget: int = DEFAULT_BUDGET) -> Answer:
    """The same of a role that was looked through before."""
    relevant = role.relevant(action)
    if relevant.denied:
        return DENIED
    # Where no statement asks for what tells them apart, all callers' calls are alike.
    told_apart = relevant.of_callers if subject.caller is Caller.SERVICE else SOURCE_FUNCTION_KEY in relevant.mentioned
    alike = not told_apart
    asked = subject.as_code if alike else subject
    answer = relevant.answers.get(asked)
    if answer is None:
        answer = relevant.answers[asked] = _search(action.name, asked, relevant, role, Budget(budget))
    witness = answer.witness
    if witness is None or (witness.action == action.name and asked is subject):
        return answer
    witness = Request(action.name, witness.authorizations)
    if subject.caller is Caller.SERVICE:
        witness = witness.without(SOURCE_FUNCTION_KEY)
    return Answer(answer.allowed, witness, answer.evaluation)


def _search(action: str, subject: Subject, relevant: Relevant, role: Role, budget: Budget) -> Answer:
    asked: list[Session] = []
    answers: list[Answer] = []
    try:
        for session in sessions(subject, relevant):
            answers.append(_ask_session(action, session, relevant, role, budget))
            asked.append(session)
        # What the role may do elsewhere says nothing of where its functions are.
        if _differ(answers) and not subject.anywhere and action in keys.known_actions():
            answers = _of_working_roles(action, subject, asked, answers, relevant, role, budget) or answers
    except BudgetExceededError:
        if not _differ(answers):
            return Answer(Truth.UNKNOWN, too_complex=True)
    if answers and not _differ(answers):
        return answers[0]
    # The caller is one of several that cannot be told apart here, and their answers differ.
    return Answer(Truth.UNKNOWN, unknown_keys=(SOURCE_FUNCTION_KEY,))


def _differ(answers: Sequence[Answer]) -> bool:
    return len({answer.allowed for answer in answers}) > 1


def _of_working_roles(
    action: str,
    subject: Subject,
    asked: Sequence[Session],
    answers: Sequence[Answer],
    relevant: Relevant,
    role: Role,
    budget: Budget,
) -> list[Answer]:
    """The answers for the accounts, and partitions, that the role can be in.

    Where neither the code of any function nor the Lambda service may make a call, the role is none for functions there: an
    Allow that names an account is for the functions in it.
    """
    groups: dict[tuple[str, str], list[tuple[Session, Answer]]] = {}
    for session, answer in zip(asked, answers, strict=True):
        groups.setdefault((session.partition, session.account), []).append((session, answer))
    kept: list[Answer] = []
    for place, group in groups.items():
        if subject.caller is Caller.SERVICE:
            others = [s for s in sessions(subject.as_code, relevant) if (s.partition, s.account) == place]
        else:
            others = [group[0][0]._replace(caller=Caller.SERVICE, function_arn=None)]
        works = any(answer.allowed is not Truth.NO for _, answer in group) or any(
            _ask_session(action, other, relevant, role, budget).allowed is not Truth.NO for other in others
        )
        kept += [answer for _, answer in group] if works else []
    return kept


def _ask_session(action: str, session: Session, relevant: Relevant, role: Role, budget: Budget) -> Answer:
    problems = []
    for place in places(session, relevant):
        problem = Problem(relevant, session, place, budget)
        if place.perhaps:
            problems.append(problem)
            continue
        for make in (problem.usual, problem.search):
            request = make(action)
            if request is None:
                continue
            evaluation = evaluate(request, role.documents, role.boundary, role.levels)
            if evaluation.allowed is Truth.YES:
                return Answer(Truth.YES, problem.shown(request), evaluation)
        problems.append(problem)
    for problem in problems:
        if problem.possible():
            unresolved = tuple(dict.fromkeys(d for p in problems for d in p.unresolved()))
            unknown = tuple(sorted({key for p in problems for key in p.unknown_keys()}))
            if not unresolved and not unknown:
                unknown = tuple(sorted({key for p in problems for key in p.doubtful_keys()}))
            if not unresolved and not unknown and problem.place.perhaps:
                unknown = ("aws:requestedregion",)  # one that the data does not have
            untold = not unresolved and not unknown
            return Answer(Truth.UNKNOWN, unresolved=unresolved, unknown_keys=unknown, too_complex=untold)
    return Answer(Truth.NO)

"""The payload of an event, as GitHub sends it since October 2025 (trimmed) or as it did before (full)."""

from . import eventobjects as objects
from .eventactors import actor_value, named, org_value
from .model import rfc3339
from .render import API, owner_value

HOUR = 3600


class Scene:
    """What a payload is made from: everything comes from `rng`, so that the same event always looks the same."""

    def __init__(self, rng, repo, full_name, actor, action, created, full):
        self.rng, self.repo, self.full_name, self.actor = rng, repo, full_name, actor
        self.action, self.created, self.full = action, created, full
        self.url = f"{API}/repos/{full_name}"
        self.html = f"https://github.com/{full_name}"

    def number(self):
        """The number of an issue or pull request."""
        return 1 + int((20 + self.repo.id % 4000) * self.rng.random())

    def id(self, low=1_000_000_000, high=4_200_000_000):
        return self.rng.randrange(low, high)

    def sha(self):
        return f"{self.rng.getrandbits(160):040x}"

    def earlier(self, hours=72):
        return rfc3339(self.created - int(hours * HOUR * self.rng.random() ** 2))

    @property
    def now(self):
        return rfc3339(self.created)


def payload(kind, scene):
    """The payload of an event of this type; of a type that nobody documented, a small one."""
    make = _MAKERS.get(kind)
    return make(scene) if make else {"action": scene.action or "created", "sponsorship": {"tier": {"monthly_price": 5}}}


def _push(scene):
    branch = scene.repo.default_branch if scene.rng.random() < 0.8 else objects.branch_name(scene.rng)
    value = {"repository_id": scene.repo.id, "push_id": scene.id(20_000_000_000, 40_000_000_000),
             "ref": f"refs/heads/{branch}", "head": scene.sha(), "before": scene.sha()}
    if scene.full:
        commits = [objects.commit(scene) for _ in range(1 + int(scene.rng.expovariate(1)))]
        value.update(size=len(commits), distinct_size=len(commits), commits=commits[:20])
    return value


def _create(scene):
    what = scene.action
    ref = None if what == "repository" else objects.tag_name(scene.rng) if what == "tag" else objects.branch_name(scene.rng)
    value = {"ref": ref, "ref_type": what}
    if not scene.full:
        folder = "tags" if what == "tag" else "heads"
        value["full_ref"] = f"refs/{folder}/{ref or scene.repo.default_branch}"
    return {**value, "master_branch": scene.repo.default_branch, "description": scene.repo.description, "pusher_type": "user"}


def _delete(scene):
    folder, ref = ("tags", objects.tag_name(scene.rng)) if scene.action == "tag" else (
        "heads", objects.branch_name(scene.rng))
    value = {"ref": ref, "ref_type": scene.action}
    return {**value, "pusher_type": "user"} if scene.full else {
        **value, "full_ref": f"refs/{folder}/{ref}", "pusher_type": "user"}


def _issues(scene):
    value = {"action": scene.action, "issue": objects.issue(scene, closed=scene.action == "closed")}
    if scene.action in ("labeled", "unlabeled"):
        value.update(label=objects.label(scene), labels=[objects.label(scene)])
    if scene.action in ("assigned", "unassigned"):
        value.update(assignee=owner_value(scene.actor), assignees=[owner_value(scene.actor)])
    return value


def _issue_comment(scene):
    issue = objects.issue(scene, closed=False)
    if scene.rng.random() < 0.4:
        issue["pull_request"] = objects.pull_links(scene, issue["number"])
    return {"action": "created", "issue": issue, "comment": objects.issue_comment(scene, issue["number"])}


def _pull_request(scene):
    pull = objects.pull(scene, merged=scene.action == "merged", closed=scene.action in ("merged", "closed"))
    # Before the trim a merge was a `closed` with `merged: true`.
    action = "closed" if scene.full and scene.action == "merged" else scene.action
    value = {"action": action, "number": pull["number"], "pull_request": pull}
    if action in ("labeled", "unlabeled"):
        value.update(label=objects.label(scene), labels=[objects.label(scene)])
    if action in ("assigned", "unassigned"):
        value.update(assignee=owner_value(scene.actor), assignees=[owner_value(scene.actor)])
    return value


def _review(scene):
    pull = objects.pull(scene)
    return {"action": scene.action, "review": objects.review(scene, pull["number"]), "pull_request": pull}


def _review_comment(scene):
    pull = objects.pull(scene)
    return {"action": "created", "pull_request": pull, "comment": objects.review_comment(scene, pull["number"])}


def _fork(scene):
    owner = scene.actor
    name = scene.full_name.split("/")[1]
    full_name = f"{owner.login}/{name}"
    forkee = {"id": scene.id(), "node_id": "R_kgDOSimulated", "name": name, "full_name": full_name,
              "private": False, "owner": owner_value(owner), "html_url": f"https://github.com/{full_name}",
              "description": scene.repo.description, "fork": True, "url": f"{API}/repos/{full_name}",
              "created_at": scene.now, "updated_at": scene.now, "pushed_at": scene.earlier(), "homepage": None,
              "size": 1200, "stargazers_count": 0, "watchers_count": 0, "language": None, "has_issues": False,
              "forks_count": 0, "archived": False, "disabled": False, "open_issues_count": 0, "license": None,
              "allow_forking": True, "topics": [], "visibility": "public", "forks": 0, "open_issues": 0, "watchers": 0,
              "default_branch": scene.repo.default_branch, "public": True}
    return {"action": "forked", "forkee": forkee}


def _discussion(scene):
    return {"action": scene.action, "discussion": objects.discussion(scene, answered=scene.action == "answered",
                                                                     closed=scene.action == "closed")}


def _gollum(scene):
    page = scene.rng.choice(("Home", "Installation", "FAQ", "Übersicht"))
    return {"pages": [{"page_name": page, "title": page, "summary": None, "action": "edited", "sha": scene.sha(),
                       "html_url": f"{scene.html}/wiki/{page}"}]}


def _member(scene):
    return {"member": owner_value(named(f"member-{scene.id(1000, 9999)}")), "action": "added"}


def _commit_comment(scene):
    return {"action": "created", "comment": objects.commit_comment(scene)}


def _release(scene):
    return {"action": "published", "release": objects.release(scene)}


_MAKERS = {
    "PushEvent": _push, "CreateEvent": _create, "DeleteEvent": _delete, "IssuesEvent": _issues,
    "IssueCommentEvent": _issue_comment, "PullRequestEvent": _pull_request, "PullRequestReviewEvent": _review,
    "PullRequestReviewCommentEvent": _review_comment, "ForkEvent": _fork, "DiscussionEvent": _discussion,
    "GollumEvent": _gollum, "MemberEvent": _member, "CommitCommentEvent": _commit_comment, "ReleaseEvent": _release,
    "PublicEvent": lambda scene: {}, "WatchEvent": lambda scene: {"action": "started"}}


def event_value(kind, number, created, scene, repo_value, org):
    """The event as GitHub lists it."""
    value = {"id": str(number), "type": kind, "actor": actor_value(scene.actor), "repo": repo_value,
             "payload": payload(kind, scene), "public": True, "created_at": rfc3339(created)}
    if org is not None:
        value["org"] = org_value(org)
    return value

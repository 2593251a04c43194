"""What payloads are made of: issues, comments, pull requests, reviews, releases, discussions."""

from . import words
from .eventactors import PEOPLE, person
from .model import rfc3339
from .render import owner_value

TITLES = ("Crash when {noun} is empty", "Document the {part}", "Support {noun} in {part}", "Flaky test: {part}",
          "Улучшить {part}", "{part} 🚀 is slow with 10k {noun}s", "修复 {noun}",
          "chore(deps): bump {noun} from 1.2.3 to 1.2.4", 'Quote "{noun}" & <{part}> properly')
BODIES = ("Works for me.", "## Steps\n1. Start the {noun}\n2. Look at the {part}\n\n```\nno {noun}\n```\n", "LGTM 👍",
          "Thanks! Could you rebase?", "Зачем здесь {noun}?", "See also the {part}.\r\n\r\n> quoted\r\n")
LABELS = (("bug", "d73a4a"), ("enhancement", "a2eeef"), ("good first issue", "7057ff"), ("area/networking", "0e8a16"))


def _text(scene, choices):
    rng = scene.rng
    return rng.choice(choices).format(noun=rng.choice(words.NOUNS), part=rng.choice(words.PARTS))


def branch_name(rng):
    return rng.choice(("feature/", "fix/", "dependabot/go_modules/", "renovate/", "")) + rng.choice(words.NOUNS) + \
        f"-{rng.randrange(1000)}"


def tag_name(rng):
    return f"v{rng.randrange(5)}.{rng.randrange(40)}.{rng.randrange(12)}"


def someone(scene):
    return owner_value(person(int(PEOPLE * scene.rng.random())))


def reactions(url):
    return {"url": f"{url}/reactions", "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0,
            "heart": 0, "rocket": 0, "eyes": 0}


def label(scene):
    name, color = scene.rng.choice(LABELS)
    return {"id": scene.id(), "node_id": "LA_kwDOSimulated", "url": f"{scene.url}/labels/{name.replace(' ', '%20')}",
            "name": name, "color": color, "default": name == "bug", "description": None}


def commit(scene):
    sha = scene.sha()
    return {"sha": sha, "author": {"email": "somebody@example.org", "name": scene.actor.login},
            "message": _text(scene, TITLES), "distinct": True, "url": f"{scene.url}/commits/{sha}"}


def issue(scene, closed):
    number = scene.number()
    url = f"{scene.url}/issues/{number}"
    return {
        "url": url, "repository_url": scene.url, "labels_url": f"{url}/labels{{/name}}", "comments_url": f"{url}/comments",
        "events_url": f"{url}/events", "html_url": f"{scene.html}/issues/{number}", "id": scene.id(),
        "node_id": "I_kwDOSimulated", "number": number, "title": _text(scene, TITLES), "user": someone(scene),
        "labels": [label(scene)] if scene.rng.random() < 0.3 else [], "state": "closed" if closed else "open",
        "locked": False, "assignee": None, "assignees": [], "milestone": None, "comments": int(scene.rng.expovariate(0.3)),
        "created_at": scene.earlier(800), "updated_at": scene.now, "closed_at": scene.now if closed else None,
        "author_association": "NONE", "active_lock_reason": None, "body": _text(scene, BODIES),
        "reactions": reactions(url), "timeline_url": f"{url}/timeline", "performed_via_github_app": None,
        "state_reason": "completed" if closed else None}


def pull_links(scene, number):
    html = f"{scene.html}/pull/{number}"
    return {"url": f"{scene.url}/pulls/{number}", "html_url": html, "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch", "merged_at": None}


def issue_comment(scene, number):
    comment = scene.id()
    url = f"{scene.url}/issues/comments/{comment}"
    return {"url": url, "html_url": f"{scene.html}/issues/{number}#issuecomment-{comment}",
            "issue_url": f"{scene.url}/issues/{number}", "id": comment, "node_id": "IC_kwDOSimulated",
            "user": owner_value(scene.actor), "created_at": scene.now, "updated_at": scene.now,
            "author_association": "CONTRIBUTOR", "body": _text(scene, BODIES), "reactions": reactions(url),
            "performed_via_github_app": None}


def _side(scene, ref):
    return {"ref": ref, "sha": scene.sha(),
            "repo": {"id": scene.repo.id, "url": scene.url, "name": scene.full_name.split("/")[1]}}


def pull(scene, merged=False, closed=False):
    number = scene.number()
    value = {"url": f"{scene.url}/pulls/{number}", "id": scene.id(), "number": number,
             "head": _side(scene, branch_name(scene.rng)), "base": _side(scene, scene.repo.default_branch)}
    if not scene.full:
        return value
    return {**value, **pull_links(scene, number), "node_id": "PR_kwDOSimulated", "state": "closed" if closed else "open",
            "locked": False, "title": _text(scene, TITLES), "user": someone(scene), "body": _text(scene, BODIES),
            "created_at": scene.earlier(300), "updated_at": scene.now, "closed_at": scene.now if closed else None,
            "merged_at": scene.now if merged else None, "merged": merged, "draft": False, "comments": 1,
            "review_comments": 0, "commits": 2, "additions": 30, "deletions": 4, "changed_files": 3, "labels": []}


def review(scene, number):
    review_id = scene.id()
    html, url = f"{scene.html}/pull/{number}#pullrequestreview-{review_id}", f"{scene.url}/pulls/{number}"
    return {"id": review_id, "node_id": "PRR_kwDOSimulated", "user": owner_value(scene.actor), "body": _text(scene, BODIES),
            "commit_id": scene.sha(), "submitted_at": scene.now, "html_url": html, "pull_request_url": url,
            "state": scene.rng.choice(("approved", "commented", "commented", "changes_requested")),
            "_links": {"html": {"href": html}, "pull_request": {"href": url}}}


def review_comment(scene, number):
    comment, sha = scene.id(), scene.sha()
    url, pull_url = f"{scene.url}/pulls/comments/{comment}", f"{scene.url}/pulls/{number}"
    html = f"{scene.html}/pull/{number}#discussion_r{comment}"
    return {"url": url, "pull_request_review_id": scene.id(), "id": comment, "node_id": "PRRC_kwDOSimulated",
            "diff_hunk": "@@ -1,4 +1,5 @@\n-old\n+new", "path": f"src/{scene.rng.choice(words.NOUNS)}.go", "position": 3,
            "original_position": 3, "commit_id": sha, "original_commit_id": sha, "user": owner_value(scene.actor),
            "body": _text(scene, BODIES), "created_at": scene.now, "updated_at": scene.now, "html_url": html,
            "pull_request_url": pull_url, "reactions": reactions(url),
            "_links": {"self": {"href": url}, "html": {"href": html}, "pull_request": {"href": pull_url}}}


def commit_comment(scene):
    comment, sha = scene.id(100_000_000, 200_000_000), scene.sha()
    url = f"{scene.url}/comments/{comment}"
    return {"url": url, "html_url": f"{scene.html}/commit/{sha}#commitcomment-{comment}", "id": comment,
            "node_id": "CC_kwDOSimulated", "user": owner_value(scene.actor), "position": None, "line": None, "path": None,
            "commit_id": sha, "created_at": scene.now, "updated_at": scene.now, "body": _text(scene, BODIES),
            "reactions": reactions(url)}


def release(scene):
    number, tag = scene.id(100_000_000, 300_000_000), tag_name(scene.rng)
    url = f"{scene.url}/releases/{number}"
    return {"url": url, "assets_url": f"{url}/assets", "upload_url": f"{url}/assets{{?name,label}}",
            "html_url": f"{scene.html}/releases/tag/{tag}", "id": number, "author": owner_value(scene.actor),
            "node_id": "RE_kwDOSimulated", "tag_name": tag, "target_commitish": scene.repo.default_branch,
            "name": scene.rng.choice((tag, None, f"Release {tag}")), "draft": False,
            "prerelease": scene.rng.random() < 0.1, "immutable": False, "created_at": scene.earlier(5),
            "updated_at": scene.now, "published_at": scene.now, "assets": [], "body": _text(scene, BODIES),
            "tarball_url": f"{scene.url}/tarball/{tag}", "zipball_url": f"{scene.url}/zipball/{tag}",
            "short_description_html": "<p>What is new</p>", "is_short_description_html_truncated": False}


def discussion(scene, answered, closed):
    number = scene.number()
    html, url = f"{scene.html}/discussions/{number}", f"{scene.url}/discussions/{number}"
    created = scene.earlier(200)
    return {
        "repository_url": scene.url, "category": {
            "id": 32_000_000 + number, "node_id": "DIC_kwDOSimulated", "repository_id": scene.repo.id, "emoji": ":pray:",
            "name": "Q&A", "description": "Ask the community for help", "created_at": created, "updated_at": created,
            "slug": "q-a", "is_answerable": True},
        "answer_html_url": f"{html}#discussioncomment-1" if answered else None,
        "answer_chosen_at": scene.now if answered else None,
        "answer_chosen_by": owner_value(scene.actor) if answered else None, "html_url": html,
        "id": scene.id(1_000_000, 9_000_000), "node_id": "D_kwDOSimulated", "number": number,
        "title": _text(scene, TITLES), "user": someone(scene), "labels": [], "state": "closed" if closed else "open",
        "state_reason": "resolved" if closed else None, "locked": False, "comments": 2, "created_at": created,
        "updated_at": rfc3339(scene.created), "author_association": "NONE", "active_lock_reason": None,
        "body": _text(scene, BODIES), "reactions": reactions(url), "timeline_url": f"{url}/timeline"}

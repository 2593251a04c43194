"""JSON of repositories as GitHub writes it, kept per repository until it changes.

Links inside bodies name api.github.com as the real ones do: a client has to build its own
requests from its configured address. Only `Link` and `Location` headers name this server.
"""

import base64
import json

from .model import rfc3339

API = "https://api.github.com"
_SCORE = ',"score":1.0}'

_OWNER_URLS = (
    ("followers_url", "/followers"), ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"), ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"), ("organizations_url", "/orgs"),
    ("repos_url", "/repos"), ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"))

_REPOSITORY_URLS = (
    ("forks_url", "/forks"), ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"), ("teams_url", "/teams"),
    ("hooks_url", "/hooks"), ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"), ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"), ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"), ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"), ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"), ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"), ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"), ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"), ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"), ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"), ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"), ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"), ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"), ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"))

_URL_BLOCK = ",".join(f'"{key}":"{API}/repos/@{tail}"' for key, tail in _REPOSITORY_URLS)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def node_id(prefix, number):
    return prefix + base64.urlsafe_b64encode(number.to_bytes(5, "big")).decode().rstrip("=")


def owner_value(owner):
    user = f"{API}/users/{owner.login}"
    return {
        "login": owner.login, "id": owner.id,
        "node_id": node_id("O_kgDO" if owner.type == "Organization" else "U_kgDO", owner.id),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{owner.id}?v=4",
        "gravatar_id": "", "url": user, "html_url": f"https://github.com/{owner.login}",
        **{key: user + tail for key, tail in _OWNER_URLS},
        "type": owner.type, "user_view_type": "public", "site_admin": False}


def owner_json(owner):
    if owner.json is None:
        owner.json = compact(owner_value(owner))
    return owner.json


def license_value(license):
    if license is None:
        return None
    key, name, spdx_id, node = license
    url = None if key == "other" else f"{API}/licenses/{key}"
    return {"key": key, "name": name, "spdx_id": spdx_id, "url": url, "node_id": node}


def time_or_null(moment):
    return None if moment is None else rfc3339(moment)


def item_json(repo):
    """One item of a search answer."""
    if repo.item_json is None:
        repo.item_json = _render(repo)
    return repo.item_json


def _render(repo):
    name = repo.full_name
    head = compact({"id": repo.id, "node_id": node_id("R_kgDO", repo.id), "name": repo.name,
                    "full_name": name, "private": False})
    middle = compact({"html_url": f"https://github.com/{name}", "description": repo.description,
                      "fork": repo.fork, "url": f"{API}/repos/{name}"})
    tail = compact({
        "created_at": rfc3339(repo.created_at), "updated_at": rfc3339(repo.updated_at),
        "pushed_at": time_or_null(repo.pushed_at), "git_url": f"git://github.com/{name}.git",
        "ssh_url": f"git@github.com:{name}.git", "clone_url": f"https://github.com/{name}.git",
        "svn_url": f"https://github.com/{name}", "homepage": repo.homepage, "size": repo.size,
        "stargazers_count": repo.stargazers_count, "watchers_count": repo.stargazers_count,
        "language": repo.language, "has_issues": repo.has_issues, "has_projects": True,
        "has_downloads": True, "has_wiki": repo.has_wiki, "has_pages": repo.has_pages,
        "has_discussions": repo.has_discussions, "forks_count": repo.forks_count,
        "mirror_url": None, "archived": repo.archived, "disabled": repo.disabled,
        "open_issues_count": repo.open_issues_count, "license": license_value(repo.license),
        "allow_forking": True, "is_template": repo.is_template,
        "web_commit_signoff_required": False, "topics": repo.topics, "visibility": "public",
        "forks": repo.forks_count, "open_issues": repo.open_issues_count,
        "watchers": repo.stargazers_count, "default_branch": repo.default_branch,
        "permissions": {"admin": False, "maintain": False, "push": False, "triage": False,
                        "pull": True}})
    return (f'{head[:-1]},"owner":{owner_json(repo.owner)},{middle[1:-1]},'
            f'{_URL_BLOCK.replace("@", name)},{tail[1:-1]}{_SCORE}')


def full_json(repo, parent):
    """What GET /repos/{owner}/{repo} gives; `parent` is the repository a fork was made from."""
    extra = {"temp_clone_token": None, "network_count": repo.forks_count,
             "subscribers_count": repo.subscribers_count}
    text = item_json(repo)[:-len(_SCORE)] + "," + compact(extra)[1:-1]
    if repo.owner.type == "Organization":
        text += f',"organization":{owner_json(repo.owner)}'
    if repo.fork and parent is not None:
        inner = item_json(parent)[:-len(_SCORE)] + "}"
        text += f',"parent":{inner},"source":{inner}'
    return text + "}"


def truth(repo):
    """What is so, in plain values: the yardstick for what a collector stored."""
    return {
        "id": repo.id, "node_id": node_id("R_kgDO", repo.id), "full_name": repo.full_name,
        "name": repo.name, "owner": repo.owner.login, "owner_type": repo.owner.type,
        "description": repo.description, "homepage": repo.homepage, "language": repo.language,
        "license": repo.license[2] if repo.license else None,
        "stargazers_count": repo.stargazers_count, "forks_count": repo.forks_count,
        "open_issues_count": repo.open_issues_count,
        "subscribers_count": repo.subscribers_count, "size": repo.size,
        "default_branch": repo.default_branch, "topics": list(repo.topics), "fork": repo.fork,
        "archived": repo.archived, "disabled": repo.disabled,
        "created_at": rfc3339(repo.created_at), "updated_at": rfc3339(repo.updated_at),
        "pushed_at": time_or_null(repo.pushed_at), "status": repo.status}

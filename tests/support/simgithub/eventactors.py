"""Who does it: people without number, and programs. An actor is its number, so nobody is kept."""

from . import words
from .eventkinds import AUTOMATED, BOT_SHARE, BOTS, PERSONAL
from .model import Owner
from .render import API

PEOPLE = 60_000
TEAM = 24
EVERYBODY = ("WatchEvent", "ForkEvent", "IssuesEvent", "IssueCommentEvent")
_ENDINGS = ("", "-dev", "42", "-io", "x")


def person(number):
    first = words.ADJECTIVES[number % len(words.ADJECTIVES)]
    second = words.NOUNS[number * 7 % len(words.NOUNS)]
    return Owner(1_000_000 + number * 37, f"{first}{second}{number:x}{_ENDINGS[number % 5]}", "User")


def named(login):
    """The account of a login that a test gave."""
    for number, name in BOTS:
        if name == login:
            return Owner(number, name, "Bot")
    return Owner(90_000_000 + sum(ord(letter) * 31 ** place for place, letter in enumerate(login)) % 9_000_000,
                 login, "Bot" if login.endswith("[bot]") else "User")


def choose(rng, repo, mix, kind):
    """The account behind an event of a repository."""
    share = BOT_SHARE.get(kind, 0.0)
    if rng.random() < (0.9 if mix == AUTOMATED and share else share):
        number, login = BOTS[int(len(BOTS) * rng.random() ** 1.6)]
        return Owner(number, login, "Bot" if login.endswith("[bot]") else "User")
    if kind in ("WatchEvent", "ForkEvent") or kind in EVERYBODY and rng.random() < 0.6:
        return person(int(PEOPLE * rng.random()))
    if mix == PERSONAL and repo.owner.type == "User":
        return repo.owner
    return person((repo.id * 7919 + int(TEAM * rng.random() ** 2) * 104_729) % PEOPLE)


def actor_value(owner):
    """As an event names its actor."""
    return {"id": owner.id, "login": owner.login, "display_login": owner.login.removesuffix("[bot]"), "gravatar_id": "",
            "url": f"{API}/users/{owner.login}", "avatar_url": f"https://avatars.githubusercontent.com/u/{owner.id}?"}


def org_value(owner):
    value = actor_value(owner)
    del value["display_login"]
    return value

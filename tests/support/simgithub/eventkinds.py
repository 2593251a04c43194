"""Which events happen how often, how late they are shown and what is odd about them. Plain tables."""

SLOT_SECONDS = 600           # events are drawn for each repository and stretch of this length
DELAY_MAX = 6 * 3600
PHANTOM, TWICE, COLLIDING, NO_REPOSITORY, ANCIENT, UNKNOWN = range(1, 7)

# Of events: what is filtered out after pagination, shown again later, given another event's id, shown with `repo: {}`
# (outside the topics only), created months ago, of a type that nobody has documented.
ODDITIES = ((PHANTOM, 0.04), (TWICE, 0.003), (COLLIDING, 0.002), (NO_REPOSITORY, 0.0005), (ANCIENT, 0.0001),
            (UNKNOWN, 0.0005))
SHOWN_SHARE = 1 - ODDITIES[0][1]

# (share, shortest, longest delay in seconds) between an event and its being shown
DELAYS = ((0.90, 20, 45), (0.055, 45, 120), (0.035, 120, 600), (0.0075, 600, 3600), (0.0025, 3600, DELAY_MAX))

# The actions of each type with their weights; for CreateEvent and DeleteEvent it is the ref_type.
ACTIONS = {
    "CommitCommentEvent": (("created", 1),),
    "CreateEvent": (("branch", 80), ("tag", 14), ("repository", 6)),
    "DeleteEvent": (("branch", 97), ("tag", 3)),
    "DiscussionEvent": (("created", 80), ("answered", 12), ("closed", 8)),
    "ForkEvent": (("forked", 1),),
    "GollumEvent": (("edited", 1),),
    "IssueCommentEvent": (("created", 1),),
    "IssuesEvent": (("opened", 40), ("closed", 36), ("labeled", 12), ("assigned", 5), ("reopened", 3), ("unlabeled", 3),
                    ("unassigned", 1)),
    "MemberEvent": (("added", 1),),
    "PublicEvent": (("", 1),),
    "PullRequestEvent": (("opened", 42), ("merged", 34), ("closed", 10), ("labeled", 9), ("assigned", 2), ("reopened", 1),
                         ("unlabeled", 1), ("unassigned", 1)),
    "PullRequestReviewEvent": (("created", 92), ("edited", 5), ("dismissed", 3)),
    "PullRequestReviewCommentEvent": (("created", 1),),
    "PushEvent": (("", 1),),
    "ReleaseEvent": (("published", 1),),
    "WatchEvent": (("started", 1),),
}
TYPES = tuple(ACTIONS)
UNKNOWN_TYPE = ("SponsorshipEvent", "created")

# How a repository lives: what happens in a known project, in somebody's own, and where programs do the work.
PROJECT, PERSONAL, AUTOMATED = range(3)
MIXES = (
    {"WatchEvent": 22, "IssueCommentEvent": 17, "PullRequestEvent": 15, "PushEvent": 14, "IssuesEvent": 9,
     "PullRequestReviewEvent": 8, "PullRequestReviewCommentEvent": 6, "ForkEvent": 5, "CreateEvent": 3, "DeleteEvent": 2.5,
     "DiscussionEvent": 1, "ReleaseEvent": 0.8, "CommitCommentEvent": 0.4, "GollumEvent": 0.25, "MemberEvent": 0.15,
     "PublicEvent": 0.05},
    {"PushEvent": 66, "CreateEvent": 16, "DeleteEvent": 3, "PullRequestEvent": 5, "WatchEvent": 3.5, "IssueCommentEvent": 2,
     "IssuesEvent": 1.5, "PullRequestReviewEvent": 0.6, "PullRequestReviewCommentEvent": 0.4, "ForkEvent": 0.7,
     "ReleaseEvent": 0.4, "PublicEvent": 0.3, "MemberEvent": 0.3, "GollumEvent": 0.2, "CommitCommentEvent": 0.1},
    {"PushEvent": 84, "CreateEvent": 5, "DeleteEvent": 4, "PullRequestEvent": 4, "IssueCommentEvent": 1.5,
     "ReleaseEvent": 1, "WatchEvent": 0.5},
)
MIX_WEIGHTS = (55, 38, 7)

KINDS = tuple((name, action) for name, actions in ACTIONS.items() for action, _ in actions) + (UNKNOWN_TYPE,)
UNKNOWN_KIND = len(KINDS) - 1

# Share of a type's events that programs cause, and who they are.
BOT_SHARE = {"PushEvent": 0.12, "PullRequestEvent": 0.2, "IssueCommentEvent": 0.15, "CreateEvent": 0.12,
             "DeleteEvent": 0.15, "ReleaseEvent": 0.3, "PullRequestReviewEvent": 0.06, "IssuesEvent": 0.05}
BOTS = ((41898282, "github-actions[bot]"), (49699333, "dependabot[bot]"), (29139614, "renovate[bot]"),
        (66853113, "pre-commit-ci[bot]"), (39604003, "allcontributors[bot]"), (20407524, "k8s-ci-robot"),
        (35613825, "vercel[bot]"), (63476337, "mergify-bot"))

# How busy an hour of a repository's own day is; the mean is 1.
HOURS = (0.45, 0.35, 0.3, 0.3, 0.35, 0.45, 0.6, 0.8, 1.05, 1.3, 1.45, 1.5, 1.4, 1.45, 1.55, 1.6, 1.5, 1.4, 1.25, 1.15, 1.1,
         1.05, 0.9, 0.75)


def spread(size, weighted):
    """`size` values in the proportions given, so that a random index is a random choice."""
    total, passed, values = sum(weight for _, weight in weighted), 0.0, []
    for value, weight in weighted:
        passed += weight
        values += [value] * (round(size * passed / total) - len(values))
    return values


def kinds_of(mix, size):
    rows = [((name, action), weight * part / sum(part for _, part in ACTIONS[name]))
            for name, weight in MIXES[mix].items() for action, part in ACTIONS[name]]
    return spread(size, [(KINDS.index(kind), weight) for kind, weight in rows])


def delays(size):
    """Sorted delays in the proportions of DELAYS, evenly within each."""
    values, passed = [], 0.0
    for share, low, high in DELAYS:
        passed += share
        count = round(size * passed) - len(values)
        values += [low + (high - low) * number // max(1, count - 1) for number in range(count)]
    return values


def oddities(size):
    return spread(size, [*ODDITIES, (0, 1 - sum(share for _, share in ODDITIES))])

"""Makes the repositories of a topic from the seed and the topic's name, and nothing else."""

import math
import random
import re

from . import words
from .model import PUBLIC, Owner, Repository

DAY = 86400
ID_FIRST = 100_000_000
ID_BLOCK = 200_000
ID_BLOCKS = 4_500
COUNT_MAX = 100_000
TOPIC_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,49}$")


def random_for(*parts):
    """A generator that depends on its parts only (hash() differs from process to process)."""
    return random.Random(":".join(str(part) for part in parts))


def count_for(seed, topic):
    """How many repositories a topic has that nobody gave a size."""
    return int(10 ** random_for(seed, "count", topic).uniform(1.3, 3.1))


def weighted(rng, table):
    values = [row[0] for row in table]
    return rng.choices(values, [row[1] for row in table])[0]


def star_counts(rng, count, top):
    """Power law with a long flat tail: about a quarter has no star, another quarter has one."""
    exponent = math.log(top / 0.6) / math.log(2 * max(count, 2))
    counts = []
    for rank in range(count):
        place = (rank + 0.5 + rng.uniform(-0.4, 0.4)) / count
        counts.append(min(int(0.6 * place ** -exponent), 3 * top))
    return counts


class TopicMaker:
    """Makes owners and repositories of one topic; keeps the state that later ones need."""

    def __init__(self, seed, topic, block, extra_tags, null_pushed_at=0.0):
        self.topic = topic
        self.rng = random_for(seed, "population", topic)
        self.next_id = ID_FIRST + block * ID_BLOCK
        self.mark = f"{block:03x}"  # keeps logins of different topics apart
        self.extra_tags = extra_tags
        self.null_pushed_at = null_pushed_at
        self.owners = []
        self.id_step = 3

    def populate(self, count, start):
        rng = self.rng
        self.id_step = max(1, min(40, ID_BLOCK // (4 * max(count, 1))))
        self.owners = [self._owner(number) for number in range(max(1, int(count * 0.6)))]
        top = 112_000 if self.topic == "kubernetes" else int(rng.uniform(20_000, 90_000))
        stars = star_counts(rng, count, top)
        rng.shuffle(stars)  # ids and creation say nothing about popularity
        ages = sorted((self._age_days() for _ in range(count)), reverse=True)
        return [self.repository(star_count, int(start - age * DAY), start)
                for star_count, age in zip(stars, ages)]

    def repository(self, stars, created_at, now, owner=None, name=None):
        """One more repository; ids grow in the order of creation, as GitHub's do."""
        rng = self.rng
        self.next_id += rng.randint(1, self.id_step)
        owner = owner or self.owners[int(len(self.owners) * rng.random() ** 2)]
        name = name or self._name()
        pushed_at = self._recent(created_at, now)
        updated_at = max(pushed_at, self._recent(created_at, now))
        if self.null_pushed_at and rng.random() < self.null_pushed_at:
            pushed_at = None
        return Repository(
            id=self.next_id, owner=owner, name=name, description=self.description(),
            fork=rng.random() < 0.04, created_at=created_at, updated_at=updated_at,
            pushed_at=pushed_at, homepage=self._homepage(owner),
            size=int(10 ** rng.uniform(0, 5.5)), stargazers_count=stars,
            forks_count=int(stars * rng.uniform(0.05, 0.5) + (rng.random() < 0.1)),
            open_issues_count=int(stars ** 0.6 * rng.random()),
            subscribers_count=1 + int(stars * rng.uniform(0.01, 0.1)),
            language=weighted(rng, words.LANGUAGES), license=weighted(rng, words.LICENSES),
            archived=rng.random() < 0.07, disabled=rng.random() < 0.002, topics=self._topics(),
            default_branch="main" if created_at > 1_601_510_400 else "master",
            has_issues=rng.random() < 0.95, has_wiki=rng.random() < 0.7,
            has_pages=rng.random() < 0.12, has_discussions=rng.random() < 0.1,
            is_template=rng.random() < 0.02, status=PUBLIC, tie=rng.getrandbits(48))

    def old_creation(self, now):
        return int(now - self._age_days() * DAY)

    def _owner(self, number):
        rng = self.rng
        first, second = rng.choice(words.ADJECTIVES), rng.choice(words.NOUNS)
        pattern = rng.choice(("{a}{n}{m}", "{a}-{n}-{m}", "{A}{N}{m}", "{n}{m}-labs", "{a}{m}"))
        login = pattern.format(a=first, n=second, A=first.title(), N=second.title(),
                               m=f"{self.mark}{number:x}")
        kind = "Organization" if rng.random() < 0.3 else "User"
        return Owner(self.next_id // 2 + number, login, kind)

    def _name(self):
        rng = self.rng
        form = rng.choice(("{t}-{p}", "{n}-{p}", "{a}-{n}", "{n}", "{t}-{n}-{p}", "{N}.{p}",
                           "{a}_{p}", "awesome-{t}-{p}", "{n}{x}"))
        return form.format(t=self.topic, p=rng.choice(words.PARTS), n=rng.choice(words.NOUNS),
                           N=rng.choice(words.NOUNS).title(), a=rng.choice(words.ADJECTIVES),
                           x=rng.randint(2, 99))

    def description(self):
        rng = self.rng
        chance = rng.random()
        if chance < 0.12:
            return None
        if chance < 0.14:
            return ""
        text = rng.choice(words.PURPOSES).format(
            topic=self.topic, part=rng.choice(words.PARTS), noun=rng.choice(words.NOUNS))
        return text * 6 if chance > 0.99 else text

    def _homepage(self, owner):
        return self.rng.choice((None, None, "", "", f"https://{owner.login.lower()}.example"))

    def _topics(self):
        tags = self.rng.sample(self.extra_tags, self.rng.randint(0, min(6, len(self.extra_tags))))
        return sorted({self.topic, *tags})

    def _age_days(self):
        return 4_400 * self.rng.random() ** 1.6 + 0.01

    def _recent(self, created_at, now):
        """Some are touched every hour, most were left alone long ago."""
        return int(now - (now - created_at) * self.rng.random() ** 2.5)

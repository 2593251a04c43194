"""Changes that a test makes to the world by name. Call with the world's lock held."""

from .model import FORBIDDEN, GONE, LEGAL, PUBLIC, parse_rfc3339
from .population import TOPIC_NAME
from .render import truth
from .world import FULL_NAME, WorldError
from .words import LICENSES

ADD_COUNT_MAX = 20_000
TIMES = ("created_at", "updated_at", "pushed_at")


def apply_all(app, operations, now):
    """Applies one after another; returns the truth of what each touched.

    WorldError names the operation that failed; those before it stay applied.
    """
    results = []
    for number, operation in enumerate(operations, 1):
        try:
            if not isinstance(operation, dict) or operation.get("op") not in OPERATIONS:
                raise WorldError(f"op must be one of {', '.join(OPERATIONS)}")
            arguments = {key: value for key, value in operation.items() if key != "op"}
            results.append(OPERATIONS[operation["op"]](app, now, **arguments))
        except TypeError as error:
            raise WorldError(f"operation {number}: {error}") from None
        except (WorldError, ValueError) as error:
            raise WorldError(f"operation {number}: {error}") from None
    return results


def _rename(app, now, repository, name=None, full_name=None):
    repo = app.world.find(repository)
    app.world.move(repo, full_name or f"{repo.owner.login}/{name}")
    app.world.touch(repo, now)
    return truth(repo)


def _transfer(app, now, repository, owner):
    repo = app.world.find(repository)
    return _rename(app, now, repo.id, full_name=f"{owner}/{repo.name}")


def _take_name(app, now, full_name, topic=None, repository=None, **values):
    """Gives a name, also one in use, to another repository: a new one, or the one named."""
    world = app.world
    holder = world.by_name.get(full_name.lower())
    if holder is not None:
        world.move(holder, f"{holder.full_name}-former")
    if repository is not None:
        return _rename(app, now, repository, full_name=full_name)
    topic = topic or (holder.topics[0] if holder and holder.topics else None)
    if topic is None:
        raise WorldError("take_name needs topic or repository")
    return _add(app, now, topic, full_name=full_name, **values)


def _delete(app, now, repository):
    repo = app.world.find(repository)
    result = truth(repo)
    app.world.delete(repo, now)
    return {**result, "status": GONE}


def _block(app, now, repository, status=LEGAL):
    if status not in (PUBLIC, FORBIDDEN, GONE, LEGAL):
        raise WorldError("status must be 200, 403, 404 or 451")
    repo = app.world.find(repository)
    app.world.set_status(repo, status, now)
    return truth(repo)


def _set(app, now, repository, **values):
    repo = app.world.find(repository)
    app.world.set(repo, _converted(values))
    return truth(repo)


def _converted(values):
    """Times and licences from their JSON form."""
    values = dict(values)
    for name in TIMES:
        if isinstance(values.get(name), str):
            values[name] = parse_rfc3339(values[name])
    if isinstance(values.get("license"), str):
        known = {row[0][2]: row[0] for row in LICENSES if row[0]}
        if values["license"] not in known:
            raise WorldError(f"license must be null or one of {', '.join(known)}")
        values["license"] = known[values["license"]]
    return values


def _add(app, now, topic, full_name=None, count=1, **values):
    """New repositories in a topic, with the values given."""
    world, values = app.world, _converted(values)
    if not TOPIC_NAME.match(str(topic)) or topic in app.recorded.by_topic:
        raise WorldError(f"cannot add to topic {topic!r}")
    if not isinstance(count, int) or not 1 <= count <= ADD_COUNT_MAX:
        raise WorldError(f"count must be 1 to {ADD_COUNT_MAX}")
    if full_name is not None and (count > 1 or not FULL_NAME.match(full_name)
                                  or full_name.lower() in world.by_name):
        raise WorldError(f"cannot use the name {full_name!r}")
    _ensure(app, topic, now)
    maker, owner, name = world.maker_for(topic), None, None
    if full_name is not None:
        login, name = full_name.split("/")
        owner = world.owner_named(login)
    added = []
    for _ in range(count):
        repo = maker.repository(0, values.get("created_at", int(now)), int(now), owner, name)
        repo.topics = sorted({*repo.topics, topic})
        world.topics.setdefault(topic, {})
        world.set(repo, values)
        added.append(world.add(repo))
    return truth(added[0]) if count == 1 else {"count": count,
                                               "ids": [repo.id for repo in added]}


def _ensure(app, topic, now):
    if app.world.ensure_topic(topic):
        app.evolution.follow(topic)
        app.evolution.run_until(now)


def _add_topic(app, now, repository, topic):
    repo = app.world.find(repository)
    if not TOPIC_NAME.match(topic):
        raise WorldError(f"not a topic: {topic!r}")
    _ensure(app, topic, now)
    app.world.join(repo, topic, now)
    return truth(repo)


def _remove_topic(app, now, repository, topic):
    repo = app.world.find(repository)
    app.world.leave(repo, topic, now)
    return truth(repo)


OPERATIONS = {"rename": _rename, "transfer": _transfer, "take_name": _take_name,
              "delete": _delete, "block": _block, "set": _set, "add": _add,
              "add_topic": _add_topic, "remove_topic": _remove_topic}

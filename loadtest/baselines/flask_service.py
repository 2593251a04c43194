"""A baseline: the list as an ordinary small service in Python gives it. For each request a value of Redis is read, parsed and written."""

import json
import os

import flask
import redis

app = flask.Flask(__name__)
cache = redis.Redis(unix_socket_path=os.environ["REDIS_SOCKET"])


@app.get("/api/popularity/<topic>")
def popularity(topic):
    stored = cache.get(f"popularity:{topic}")
    if stored is None:
        return flask.jsonify(error="unknown topic"), 404
    return flask.jsonify(json.loads(stored))

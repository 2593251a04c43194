"""Command line: /usr/bin/python3 -m simgithub --help"""

import argparse
import os
import signal
import sys
import time
import zlib

from .app import CATCH_UP_DAYS_MAX, App, Settings
from .control import Control
from .eventcontrol import RATE_MAX
from .model import parse_rfc3339
from .server import Server
from .world import WorldError

TOPICS = (("kubernetes", 2400), ("docker", 900), ("golang", 650), ("rust", 320),
          ("observability", 80))
START = "2026-01-01T00:00:00Z"
EXIT_USAGE, EXIT_PORT = 64, 73


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def pair(text):
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r}: NAME=VALUE is needed")
    return name, value


def topic_count(text):
    name, value = pair(text)
    if not value.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: the count is a number")
    return name, int(value)


def start_time(text):
    try:
        return int(time.time()) if text == "now" else parse_rfc3339(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def options(arguments):
    parser = Parser(prog="simgithub", description="A simulated GitHub for tests and the demo.")
    add = parser.add_argument
    add("--port", type=int, default=18100, help="0 picks a free one (default %(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    add("--port-file", metavar="F", help="write the port here when ready")
    add("--seed", type=int, default=1, help="same seed and topics, same world")
    add("--topic", type=topic_count, action="append", metavar="NAME=COUNT",
        help="instead of the default topics: "
             + " ".join(f"{name}={count}" for name, count in TOPICS))
    add("--recorded", type=pair, action="append", default=[], metavar="TOPIC=FILE",
        help="serve a recorded search answer for this topic")
    add("--token", action="append", default=[], help="accept only these (default: any token)")
    add("--time-scale", type=float, default=1.0, metavar="X",
        help="simulated seconds per second; 0: only /_sim/advance moves time")
    add("--start-time", type=start_time, default=parse_rfc3339(START), metavar="T",
        help=f"when the world begins, RFC 3339 or now (default {START})")
    add("--catch-up", action="store_true",
        help="begin as if the server had run since --start-time, so that a restart goes on")
    add("--no-limits", action="store_true", help="no rate limits until /_sim/limits sets some")
    add("--null-pushed-at", type=float, default=0.0, metavar="P",
        help="share of repositories whose pushed_at is null (the schemas do not allow it)")
    add("--events-per-second", type=float, default=2.0, metavar="R",
        help="how much happens in all repositories together (default %(default)s; 0: nothing)")
    add("--outside", type=int, default=3000, metavar="N",
        help="repositories outside the topics, half of the events are theirs (default %(default)s)")
    add("--event-payloads", choices=("trimmed", "full"), default="trimmed",
        help="as since October 2025, or as before (default %(default)s)")
    add("--plain-events", action="store_true", help="nothing odd in events, and all are shown after 30 s")
    add("--poll-interval", type=int, default=60, help="X-Poll-Interval (default %(default)s)")
    add("--replay", nargs="+", default=[], metavar="FILE",
        help="hours of GH Archive (.json.gz) are the events, visible when they were created")
    add("--archive", default="", metavar="DIR", help="GET /archive/YYYY-MM-DD-H.json.gz serves these files")
    add("--archive-simulated", action="store_true",
        help="and hours that are over of this world, where the folder has none")
    add("--base-url", default="", help="for Link and Location (default: from the Host header)")
    add("--control-from-anywhere", action="store_true",
        help="/_sim/ answers not only to this machine (for containers)")
    add("--log-size", type=int, default=20_000, help="requests to remember")
    add("--quiet", action="store_true", help="no line for each request on stderr")
    return parser, parser.parse_args(arguments)


def settings(parser, given):
    recorded = {}
    for topic, path in given.recorded:
        try:
            with open(path, encoding="utf-8") as file:
                recorded[topic] = file.read()
        except OSError as error:
            parser.error(f"--recorded {topic}={path}: {error.strerror}")
    already = 0.0
    if given.catch_up:
        already = min(max(0.0, time.time() - given.start_time) * given.time_scale,
                      CATCH_UP_DAYS_MAX * 86400.0)
    if given.time_scale < 0 or not 0 <= given.null_pushed_at <= 1:
        parser.error("--time-scale must not be below 0, --null-pushed-at must be 0 to 1")
    if not 0 <= given.events_per_second <= RATE_MAX or not 1 <= given.poll_interval <= 86400:
        parser.error(f"--events-per-second must be 0 to {RATE_MAX}, --poll-interval 1 to 86400")
    if given.archive and not os.path.isdir(given.archive):
        parser.error(f"--archive {given.archive}: no such folder")
    return Settings(
        seed=given.seed, start=given.start_time, time_scale=given.time_scale,
        topics=given.topic or list(TOPICS), recorded=recorded, tokens=tuple(given.token),
        outside=given.outside, events_per_second=given.events_per_second,
        full_payloads=given.event_payloads == "full", plain_events=given.plain_events,
        poll_interval=given.poll_interval, replay=tuple(given.replay), archive=given.archive,
        archive_simulated=given.archive_simulated, unlimited=given.no_limits,
        null_pushed_at=given.null_pushed_at, already=already,
        log_size=max(1, given.log_size), base_url=given.base_url.rstrip("/"))


def write_port(path, port):
    """Whole or not at all: somebody is waiting for this file."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="ascii") as file:
        file.write(f"{port}\n")
    os.replace(temporary, path)


def stop_at_once(*_):
    # Threads may be in the middle of slow or hanging answers: nothing here is worth a wait.
    os._exit(0)


def main(arguments=None):
    parser, given = options(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop_at_once)
    try:
        app = App(settings(parser, given))
    except (WorldError, ValueError, KeyError, TypeError, OSError, EOFError, zlib.error) as error:
        parser.error(f"cannot make the world: {error}")
    try:
        server = Server((given.host, given.port), app, Control(app), given.quiet,
                        given.control_from_anywhere)
    except (OSError, OverflowError) as error:
        print(f"simgithub: cannot listen on {given.host}:{given.port}: {error}",
              file=sys.stderr)
        return EXIT_PORT
    port = server.server_address[1]
    if given.port_file:
        write_port(given.port_file, port)
    print(f"simgithub: simulated GitHub on http://{given.host}:{port} (seed {given.seed}); "
          "its data is made up", file=sys.stderr, flush=True)
    server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

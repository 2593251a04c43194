-- Repositories whose events are collected on their own, and why: a person asked for it, TRACK names it, or it is among the first of
-- a topic. muted: a person stopped it, which outweighs the other reasons.
CREATE TABLE tracked_repositories (
  repository_id BIGINT NOT NULL PRIMARY KEY,
  requested BOOLEAN NOT NULL DEFAULT FALSE,
  configured BOOLEAN NOT NULL DEFAULT FALSE,
  top BOOLEAN NOT NULL DEFAULT FALSE,
  muted BOOLEAN NOT NULL DEFAULT FALSE,
  added_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The names in TRACK; repository_id is null until GitHub has told which repository that is. name is in lower case.
CREATE TABLE tracked_names (
  name VARCHAR(140) NOT NULL PRIMARY KEY,
  repository_id BIGINT NULL,
  next_try_at DATETIME(6) NOT NULL,
  last_error VARCHAR(500) NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What is polled. kind: "firehose" (repository_id 0), "repository" (its events), "details" (the repository itself).
-- last_polled_at: the last answer of GitHub. Watched without a gap from watched_since to last_polled_at but for event_gaps.
CREATE TABLE event_sources (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(20) NOT NULL,
  repository_id BIGINT NOT NULL,
  active BOOLEAN NOT NULL,
  next_poll_at DATETIME(6) NOT NULL,
  last_polled_at DATETIME(6) NULL,
  watched_since DATETIME(6) NULL,
  newest_event_at DATETIME(6) NULL,
  etag VARCHAR(300) NULL,
  poll_interval_seconds BIGINT NOT NULL,
  mean_interval_seconds DOUBLE NULL,
  unchanged_polls BIGINT NOT NULL DEFAULT 0,
  failed_polls BIGINT NOT NULL DEFAULT 0,
  last_error VARCHAR(500) NULL,
  polls BIGINT NOT NULL DEFAULT 0,
  requests BIGINT NOT NULL DEFAULT 0,
  not_modified BIGINT NOT NULL DEFAULT 0,
  events_new BIGINT NOT NULL DEFAULT 0,
  events_duplicate BIGINT NOT NULL DEFAULT 0,
  events_malformed BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY event_sources_what (kind, repository_id),
  KEY event_sources_due (active, next_poll_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Stretches of a source that were not seen: events created between from_at and to_at, or shown by GitHub between the two polls, may be
-- missing.
CREATE TABLE event_gaps (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  source_id BIGINT NOT NULL,
  from_at DATETIME(6) NOT NULL,
  to_at DATETIME(6) NOT NULL,
  polled_from DATETIME(6) NOT NULL,
  polled_to DATETIME(6) NOT NULL,
  KEY event_gaps_source (source_id, to_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Who changes what is tracked holds this row's lock, so that no two together track more than is allowed.
CREATE TABLE event_tracking (
  id TINYINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO event_tracking (id) VALUES (1);

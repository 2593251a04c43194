-- The words that events are full of: types ("PushEvent") and actions ("opened"), also those GitHub has not told us about yet.
-- Id 0 of a column that holds one means: none.
CREATE TABLE event_words (
  id SMALLINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  word VARCHAR(64) NOT NULL,
  UNIQUE KEY event_words_word (word)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Public events. Identity is (id, type, created_at): ids alone are not unique. Days get partitions of their own when their first
-- event comes (api/storage), each between empty ones, so that no partition with rows is ever split and old days are
-- dropped whole. repository_id 0: the event named none. payload: JSON text, kept for tracked repositories.
CREATE TABLE events (
  created_at DATETIME NOT NULL,
  id BIGINT NOT NULL,
  type_id SMALLINT NOT NULL,
  action_id SMALLINT NOT NULL,
  repository_id BIGINT NOT NULL,
  actor_id BIGINT NOT NULL,
  actor_login VARCHAR(64) NOT NULL,
  bot BOOLEAN NOT NULL,
  merged BOOLEAN NOT NULL,
  number BIGINT NULL,
  payload MEDIUMTEXT NULL,
  PRIMARY KEY (created_at, id, type_id),
  KEY events_repository (repository_id, created_at),
  KEY events_type (type_id, action_id, created_at, repository_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
PARTITION BY RANGE COLUMNS (created_at) (
  PARTITION before_max VALUES LESS THAN (MAXVALUE)
);

-- Days whose events were here and have been dropped: what belongs to them is counted already and is not taken again.
CREATE TABLE event_days_dropped (
  day DATE NOT NULL PRIMARY KEY,
  dropped_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Rollups: each is written in the transaction of the events it counts, and stays when they are dropped.
-- One repository, one hour, by type and action.
CREATE TABLE event_rollups (
  repository_id BIGINT NOT NULL,
  hour DATETIME NOT NULL,
  type_id SMALLINT NOT NULL,
  action_id SMALLINT NOT NULL,
  events BIGINT NOT NULL,
  first_at DATETIME NOT NULL,
  last_at DATETIME NOT NULL,
  PRIMARY KEY (repository_id, hour, type_id, action_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One repository and type, ever.
CREATE TABLE event_repository_totals (
  type_id SMALLINT NOT NULL,
  repository_id BIGINT NOT NULL,
  events BIGINT NOT NULL,
  first_at DATETIME NOT NULL,
  last_at DATETIME NOT NULL,
  PRIMARY KEY (repository_id, type_id),
  KEY event_repository_totals_events (type_id, events DESC, repository_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- All repositories together, by minute (60), hour (3600) and day (86400 seconds). Minutes go with their events.
CREATE TABLE event_totals (
  bucket_seconds INT NOT NULL,
  bucket DATETIME NOT NULL,
  type_id SMALLINT NOT NULL,
  action_id SMALLINT NOT NULL,
  events BIGINT NOT NULL,
  first_at DATETIME NOT NULL,
  last_at DATETIME NOT NULL,
  PRIMARY KEY (bucket_seconds, bucket, type_id, action_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Rows that are locked: 1 by who counts events, so that one does at a time; 2 shared by who stores events, against days being dropped
-- meanwhile.
CREATE TABLE event_ingest (
  id TINYINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO event_ingest (id) VALUES (1), (2);

-- Events tell names of repositories that nothing else is known of. full_name: as it is spelled.
ALTER TABLE repository_names
  ADD COLUMN full_name VARCHAR(140) NULL;

-- The activity score of a repository (domain/activity_score.h) over the window that ended at computed_at.
CREATE TABLE repository_activity (
  repository_id BIGINT NOT NULL PRIMARY KEY,
  score DOUBLE NOT NULL,
  issue_comments BIGINT NOT NULL,
  issues_opened BIGINT NOT NULL,
  pull_requests_opened BIGINT NOT NULL,
  review_comments BIGINT NOT NULL,
  pull_requests_merged BIGINT NOT NULL,
  actors BIGINT NOT NULL,
  computed_at DATETIME(6) NOT NULL,
  KEY repository_activity_computed (computed_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Archive files read so far. name: the file's own, without its folder. fingerprint tells another content under the same name.
-- hour: the hour a file of GH Archive stands for, once all of it is stored.
CREATE TABLE imports (
  name VARCHAR(200) NOT NULL PRIMARY KEY,
  fingerprint CHAR(32) NOT NULL,
  state VARCHAR(20) NOT NULL,
  only_tracked BOOLEAN NOT NULL,
  hour DATETIME NULL,
  lines_done BIGINT NOT NULL,
  events_read BIGINT NOT NULL,
  events_new BIGINT NOT NULL,
  events_duplicate BIGINT NOT NULL,
  events_expired BIGINT NOT NULL,
  events_skipped BIGINT NOT NULL,
  lines_bad BIGINT NOT NULL,
  lines_other_format BIGINT NOT NULL,
  last_error VARCHAR(500) NULL,
  started_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  KEY imports_hour (hour)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What a job was asked to do, e.g. which hour to import; empty for most.
ALTER TABLE jobs
  ADD COLUMN argument VARCHAR(200) NOT NULL DEFAULT '' AFTER kind;

-- Where the clock of a replay stands: replay_from was "now" at real_at. Replicas share it; touched_at tells that one of them runs.
CREATE TABLE replay_clock (
  id TINYINT NOT NULL PRIMARY KEY,
  replay_from DATETIME(6) NOT NULL,
  real_at DATETIME(6) NOT NULL,
  touched_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- All times are UTC. Texts compare exactly, except where a column says otherwise.

-- A tracked topic, tracked by the configuration or on request; one that is neither keeps its history.
CREATE TABLE topics (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(50) NOT NULL,
  added_at DATETIME(6) NOT NULL,
  configured BOOLEAN NOT NULL DEFAULT FALSE,
  requested BOOLEAN NOT NULL DEFAULT FALSE,
  next_poll_at DATETIME(6) NOT NULL,
  published_at DATETIME(6) NULL,
  repositories_count BIGINT NOT NULL DEFAULT 0,
  reported_count BIGINT NOT NULL DEFAULT 0,
  complete BOOLEAN NOT NULL DEFAULT FALSE,
  last_error VARCHAR(500) NULL,
  UNIQUE KEY topics_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A repository under GitHub's id, as of fetched_at. Older news never overwrite newer.
CREATE TABLE repositories (
  id BIGINT NOT NULL PRIMARY KEY,
  full_name VARCHAR(140) COLLATE utf8mb4_unicode_520_ci NOT NULL,
  html_url VARCHAR(512) NOT NULL,
  description VARCHAR(1000) COLLATE utf8mb4_unicode_520_ci NULL,
  language VARCHAR(100) COLLATE utf8mb4_unicode_520_ci NULL,
  license VARCHAR(100) NULL,
  fork BOOLEAN NOT NULL,
  archived BOOLEAN NOT NULL,
  stargazers_count BIGINT NOT NULL,
  forks_count BIGINT NOT NULL,
  open_issues_count BIGINT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  pushed_at DATETIME(6) NULL,
  fetched_at DATETIME(6) NOT NULL,
  gone_at DATETIME(6) NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Every name ever seen, in lower case, and the repository that had it last.
CREATE TABLE repository_names (
  name VARCHAR(140) NOT NULL PRIMARY KEY,
  repository_id BIGINT NOT NULL,
  seen_at DATETIME(6) NOT NULL,
  KEY repository_names_repository (repository_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Members of a topic, present (left_at is null) and former.
CREATE TABLE topic_repositories (
  topic_id BIGINT NOT NULL,
  repository_id BIGINT NOT NULL,
  first_seen_at DATETIME(6) NOT NULL,
  left_at DATETIME(6) NULL,
  missed_sweeps INT NOT NULL DEFAULT 0,
  PRIMARY KEY (topic_id, repository_id),
  KEY topic_repositories_repository (repository_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The counts of one UTC day.
CREATE TABLE repository_snapshots (
  repository_id BIGINT NOT NULL,
  day DATE NOT NULL,
  stargazers_count BIGINT NOT NULL,
  forks_count BIGINT NOT NULL,
  open_issues_count BIGINT NOT NULL,
  PRIMARY KEY (repository_id, day),
  KEY repository_snapshots_day (day)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

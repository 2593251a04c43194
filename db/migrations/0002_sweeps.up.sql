-- The one unfinished sweep of a topic: what is read so far stands beside what is served until it is published.
CREATE TABLE sweeps (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  topic_id BIGINT NOT NULL,
  started_at DATETIME(6) NOT NULL,
  touched_at DATETIME(6) NOT NULL,
  step BIGINT NOT NULL,
  plan MEDIUMTEXT NOT NULL,
  UNIQUE KEY sweeps_topic (topic_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE sweep_repositories (
  sweep_id BIGINT NOT NULL,
  repository_id BIGINT NOT NULL,
  full_name VARCHAR(140) NOT NULL,
  html_url VARCHAR(512) NOT NULL,
  description VARCHAR(1000) NULL,
  language VARCHAR(100) NULL,
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
  PRIMARY KEY (sweep_id, repository_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

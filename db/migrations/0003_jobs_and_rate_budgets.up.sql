-- lease_connection: the server's id of the connection that holds the job's lock while it runs.
CREATE TABLE jobs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(30) NOT NULL,
  state VARCHAR(20) NOT NULL,
  replica VARCHAR(255) NOT NULL,
  lease_connection BIGINT NOT NULL,
  started_at DATETIME(6) NOT NULL,
  heartbeat_at DATETIME(6) NOT NULL,
  finished_at DATETIME(6) NULL,
  step VARCHAR(500) NOT NULL,
  counts MEDIUMTEXT NOT NULL,
  error_code VARCHAR(30) NULL,
  error_message VARCHAR(2000) NULL,
  KEY jobs_kind_state (kind, state),
  KEY jobs_finished (finished_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- credential tells tokens apart and is never one.
CREATE TABLE rate_budgets (
  resource VARCHAR(20) NOT NULL,
  credential VARCHAR(100) NOT NULL,
  requests_limit BIGINT NOT NULL,
  remaining BIGINT NOT NULL,
  reset_at DATETIME(6) NOT NULL,
  blocked_until DATETIME(6) NOT NULL,
  backoff_seconds BIGINT NOT NULL,
  PRIMARY KEY (resource, credential)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

DROP TABLE rate_budgets;
DROP TABLE jobs;

"""What is counted, in files of every worker, and what GET /metrics says of it."""

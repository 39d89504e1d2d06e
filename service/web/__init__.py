"""What HTTP is: keys, errors, logs, health and the routes. Knows no arithmetic."""

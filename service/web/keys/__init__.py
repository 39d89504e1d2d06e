"""The API keys: made and revoked in a file, and read from it while serving."""

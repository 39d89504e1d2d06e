"""The peers' applications, each as its own documentation advises; run in its venv."""

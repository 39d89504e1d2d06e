"""Drift: how far what comes in has moved from what the pipeline was fitted on."""

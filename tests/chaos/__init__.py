"""Killed processes, lost links and wrong clocks under load."""

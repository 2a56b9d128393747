"""The Heirloom handoff protocol in Python, written from spec/ alone."""

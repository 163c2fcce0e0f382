"""Runbooks: Markdown with front matter and a comment at each step."""

"""Answers whose JSON the database writes. A read serializer stays the only description of an answer: it is walked once
and becomes one expression. What only Python can represent stays in Python; see `docs/contributing.md`.
"""

"""Coloured output of management commands, on terminals that support it."""

from django.core.management.base import BaseCommand
from rich.console import Console


def terminal(command: BaseCommand, *, soft_wrap: bool = True, markup: bool = True) -> Console:
    """A console that writes to the command's output. Without `soft_wrap`, it wraps long lines."""
    # Django's OutputWrapper works as a text file, but its type stubs don't say so.
    return Console(file=command.stdout, highlight=False, soft_wrap=soft_wrap, markup=markup)  # type: ignore[arg-type]

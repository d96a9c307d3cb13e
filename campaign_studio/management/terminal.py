"""What a management command prints in colour, where there is a terminal to show it."""

from django.core.management.base import BaseCommand
from rich.console import Console


def terminal(command: BaseCommand, *, soft_wrap: bool = True, markup: bool = True) -> Console:
    """A console that writes where the command writes. Without `soft_wrap` it breaks long lines by itself."""
    # The framework's wrapper has the methods of a text file; its stubs don't say so.
    return Console(file=command.stdout, highlight=False, soft_wrap=soft_wrap, markup=markup)  # type: ignore[arg-type]

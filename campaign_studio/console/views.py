"""The console's pages that belong to no ModelAdmin: each is a view, wired in its app's `console/urls.py`."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.views.generic import TemplateView
from django.views.generic.base import ContextMixin

# What a page's template is given.
Context = dict[str, Any]


class ConsoleFrameMixin(ContextMixin):
    """For views that are drawn in the console's frame: gives their templates what the frame needs."""

    request: HttpRequest

    def get_context_data(self, **kwargs: object) -> Context:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}


class ConsoleView(ConsoleFrameMixin, PermissionRequiredMixin, TemplateView):
    """A page of the console. Who isn't signed in is sent to sign in; who lacks the permission gets a 403.

    Set `title`, `template_name`, `permission_required`, and the `model` to whose list the top of the page leads back; a
    page about one object asks `has_permission()` about it.
    """

    raise_exception = True
    model: type[Model]
    title = ""

    @classmethod
    def as_view(cls, **initkwargs: object) -> Callable[..., HttpResponse]:
        """The view, guarded as every page of the admin site is."""
        return admin.site.admin_view(super().as_view(**initkwargs))

    def get_context_data(self, **kwargs: object) -> Context:
        """With the title, and the way back."""
        return super().get_context_data(**{"title": self.title, "opts": self.model._meta, **kwargs})

"""Base classes for console pages without a ModelAdmin: views, routed in each app's `console/urls.py`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.views.generic import TemplateView
from django.views.generic.base import ContextMixin

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# The context of a page's template.
Context = dict[str, Any]


class ConsoleFrameMixin(ContextMixin):
    """For views shown in the console's frame: adds what the frame needs to the context."""

    request: HttpRequest

    def get_context_data(self, **kwargs: object) -> Context:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}


class ConsoleView(ConsoleFrameMixin, PermissionRequiredMixin, TemplateView):
    """A page of the console. Visitors are sent to the sign-in page; users without the permission get a 403.

    Set `title`, `template_name`, `permission_required`, and `model`, to whose list the breadcrumb leads. A page about
    one object overrides `has_permission()`.
    """

    raise_exception = True
    model: type[Model]
    title: "StrOrPromise" = ""

    @classmethod
    def as_view(cls, **initkwargs: object) -> Callable[..., HttpResponse]:
        """The view, wrapped like every page of the admin site."""
        return admin.site.admin_view(super().as_view(**initkwargs))

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**{"title": self.title, "opts": self.model._meta, **kwargs})

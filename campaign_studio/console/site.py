"""The admin site: sign-in throttling, the search box, and the stock URLs that are kept."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from campaign_studio.console.lists import has_too_many_terms
from campaign_studio.console.views import Context

# The error code of a locked-out sign-in; its parameter `wait` is the number of seconds left.
LOCKED_OUT = "locked_out"
HITS_PER_MODEL = 10
HITS_PER_PAGE = 100


class StudioAdminSite(UnfoldAdminSite):
    """Unfold's site without the pages that reveal too much or break on unusual input."""

    index_title = _("Home")

    def login(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """The sign-in page. A lockout has status 429 and a `Retry-After` header."""
        response = super().login(request, {"title": gettext("Sign in"), **(extra_context or {})})
        for error in _errors(response):
            if error.code == LOCKED_OUT:
                response.status_code = 429
                response["Retry-After"] = str((error.params or {})["wait"])
        return response

    def logout(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        return super().logout(request, {"title": gettext("Signed out"), **(extra_context or {})})

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The stock URLs without "view on site": nothing has a public page, and the view crashes on a malformed key."""
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def search(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """Find pages and, in the command palette, objects.

        Unfold's own view caches results for five minutes, even if the user loses the permission in between.
        """
        term = request.GET.get("s", "").strip().lower()
        if not term or has_too_many_terms(term):
            return HttpResponse()
        is_palette = "extended" in request.GET
        results = self._search_apps(self.get_app_list(request), term)
        if is_palette:
            wanted = self._get_config("COMMAND", request).get("search_models")
            results += self._search_models(request, self.get_app_list(request), term, wanted)
        try:
            page = Paginator(results, HITS_PER_PAGE).page(request.GET.get("page", 1))
        except InvalidPage as error:
            raise Http404(gettext("No such page of results.")) from error
        return TemplateResponse(
            request,
            "unfold/helpers/command_results.html" if is_palette else "unfold/helpers/search_results.html",
            {
                "page_obj": page.paginator,
                "results": page,
                "page_counter": (page.number - 1) * HITS_PER_PAGE,
                "command_show_history": self._get_config("COMMAND", request).get("show_history"),
            },
            headers={"HX-Trigger": "search"},
        )

    def _search_models(
        self,
        request: HttpRequest,
        app_list: list[dict[str, Any]],
        search_term: str,
        allowed_models: list[str] | None = None,
    ) -> list[SearchResult]:
        """The first hits of each model; Unfold's own method loads all of them."""
        results = []
        for model in (model["model"] for app in app_list for model in app["models"]):
            if model._meta.label_lower not in (allowed_models or ()):
                continue
            model_admin = self.get_model_admin(model)
            found = model_admin.get_search_results(request, model_admin.get_queryset(request), search_term)[0]
            results += [
                SearchResult(
                    title=str(hit),
                    description=str(model._meta.verbose_name),
                    link=model_admin.address("change", hit),
                    icon="data_object",
                )
                for hit in found[:HITS_PER_MODEL]
            ]
        return results


def _errors(response: HttpResponse) -> list[ValidationError]:
    """The form errors of a sign-in page that is shown again; none for any other response."""
    form = response.context_data["form"] if isinstance(response, TemplateResponse) and response.context_data else None
    return form.non_field_errors().as_data() if form is not None and form.is_bound else []

"""The admin console as a whole: what is found by its search box, and which of the stock addresses exist."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import PasswordChangeView
from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from campaign_studio.console.lists import has_nul, has_too_many_terms
from campaign_studio.rate_limits import count, rate

HITS_PER_MODEL = 10
HITS_PER_PAGE = 100


class StudioAdminSite(UnfoldAdminSite):
    """Unfold's site, less what would show too much or break on odd input."""

    index_title = "Home"
    # Set by the app that knows about people.
    password_change_form: Any = None

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The sign-in page. A lock-out is told to programs as well: 429 and `Retry-After`.

        Each attempt costs a hash, so that an address has no more of them than requests to the API.
        """
        if request.method == "POST":
            counted = count(f"console:{request.META.get('REMOTE_ADDR', '')}", rate(settings.THROTTLE_ANON))
            if not counted.is_allowed:
                text = f"Too many attempts to sign in. Try again in {counted.seconds_left} seconds."
                return HttpResponse(
                    text, status=429, content_type="text/plain", headers={"Retry-After": str(counted.seconds_left)}
                )
        response = super().login(request, extra_context)
        locked_for = getattr(request, "locked_for", None)
        if locked_for:
            response.status_code = 429
            response["Retry-After"] = str(locked_for)
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """One's own password, by a form that counts guesses at the present one. Unfold's takes no other form."""
        view = PasswordChangeView.as_view(
            form_class=self.password_change_form,
            success_url=reverse(f"{self.name}:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """No "view on site": nothing here has a public page, and the address crashes on a malformed key."""
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Find pages and, in the command palette, objects.

        Unfold's own remembers answers for five minutes, even when the rights behind them are gone.
        """
        term = request.GET.get("s", "").strip().lower()
        if not term or has_nul(request) or has_too_many_terms(term):
            return HttpResponse()
        is_palette = "extended" in request.GET
        results = self._search_apps(self.get_app_list(request), term)
        if is_palette:
            wanted = self._get_config("COMMAND", request).get("search_models")
            results += self._search_models(request, self.get_app_list(request), term, wanted)
        try:
            page = Paginator(results, HITS_PER_PAGE).page(request.GET.get("page", 1))
        except InvalidPage as error:
            raise Http404("There is no such page of results.") from error
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
        """The first hits of each model. Unfold's own loads every match there is."""
        results = []
        for model in (model["model"] for app in app_list for model in app["models"]):
            if model._meta.label_lower not in (allowed_models or ()):
                continue
            model_admin = self.get_model_admin(model)
            found, _ = model_admin.get_search_results(request, model_admin.get_queryset(request), search_term)
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

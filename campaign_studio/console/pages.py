"""Pages of long lists. Whatever the page, few rows are counted, and few are skipped before it."""

import json
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext

PAGES_AHEAD = 10
LAST_NUMBER = 10**9


class ListPage(Page):
    """A page of `Pages`."""

    paginator: "Pages"
    object_list: QuerySet[Any]


class Pages(Paginator):
    """The pages of ordered rows. `number` is the page that will be shown.

    `is_whole` says that no search or filter has selected the rows: then the total may be an estimate.
    """

    # A whole list is counted up to here. The total of a longer one is estimated.
    most_counted = 10_000
    # What a search or filter finds is counted up to here, or some pages beyond the one that is shown.
    most_found_counted = 1_000
    template_name = "admin/includes/list_pages.html"
    object_list: QuerySet[Any]
    is_exact = True

    def __init__(self, rows: QuerySet, per_page: int, *, number: int = 1, is_whole: bool = False) -> None:
        super().__init__(rows, per_page)
        self.number = min(max(number, 1), LAST_NUMBER)
        self.is_whole = is_whole

    @cached_property
    def count(self) -> int:
        """The number of rows. An estimate, or the least that there are, unless `is_exact`."""
        rows = self.object_list.order_by().values("pk")
        ahead = (self.number + PAGES_AHEAD) * self.per_page
        most = self.most_counted if self.is_whole else max(self.most_found_counted, ahead)
        counted = rows[: most + 1].count()
        if counted <= most:
            return counted
        estimated = max(_estimate(rows), most) if self.is_whole else most
        if self.is_whole and self.number * self.per_page > estimated / 2:
            # Counting costs less than skipping that many rows, and then they are read from the end.
            return rows.count()
        self.is_exact = False
        return estimated

    @property
    def total(self) -> str:
        """The number of rows as users read it: `9,876`, `about 300,000` or `1,000+`."""
        count = self.count
        if self.is_exact:
            return _written(count)
        if self.is_whole:
            # Two significant digits.
            return gettext("about %(count)s") % {"count": _written(round(count, 2 - len(str(count))))}
        return gettext("%(count)s+") % {"count": _written(count)}

    def nearest(self, number: int) -> int:
        """The last page instead of one beyond it in a list whose last page was an estimate; otherwise `number`."""
        return min(number, self.num_pages) if self.is_whole and self.count > self.most_counted else number

    def rows_of(self, number: int) -> QuerySet:
        """The rows of a page, in order. Those in the second half are looked up from the end of the list.

        Raises InvalidPage for a page that doesn't exist.
        """
        start = (self.validate_number(number) - 1) * self.per_page
        end = min(start + self.per_page, self.count)
        if not self.is_exact or start <= self.count - end:
            return self.object_list[start : start + self.per_page]
        backwards = self.object_list.reverse().values("pk")[self.count - end : self.count - start]
        return self.object_list.filter(pk__in=backwards)

    def page(self, number: int | str) -> ListPage:
        """The page with this number. Raises InvalidPage if it doesn't exist."""
        number = self.validate_number(number)
        return ListPage(self.rows_of(number), number, self)


def _estimate(rows: QuerySet) -> int:
    """The number of rows that the planner of the database expects."""
    return int(json.loads(rows.explain(format="json"))[0]["Plan"]["Plan Rows"])


def _written(number: int) -> str:
    return number_format(number, force_grouping=True)

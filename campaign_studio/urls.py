"""Every address of Campaign Studio."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls), path("docs", lambda r: None, name="docs")]

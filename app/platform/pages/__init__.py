"""Pages: the shell of all HTML, signing in with a cookie, and the first pages."""

from app.platform.pages.errors_page import ProblemEntry, problem_catalogue
from app.platform.pages.problems import install
from app.platform.pages.security import wants_html
from app.platform.pages.shell import enter_page, page_principal, render
from app.platform.pages.templating import add_templates

__all__ = [
    "ProblemEntry",
    "add_templates",
    "enter_page",
    "install",
    "page_principal",
    "problem_catalogue",
    "render",
    "wants_html",
]

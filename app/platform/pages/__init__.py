"""Pages: the shell of all HTML, signing in with a cookie, and the first pages.

A domain adds pages of its own with `add_templates`, `add_static` and `add_link` beside its routes; those that only
show something name a permission, those that take a form are public and begin with `enter_page`.
"""

from app.platform.pages.errors_page import ProblemEntry, problem_catalogue
from app.platform.pages.problems import install
from app.platform.pages.security import wants_html
from app.platform.pages.shell import enter_page, page_principal, render
from app.platform.pages.static import add_static
from app.platform.pages.templating import add_link, add_templates

__all__ = [
    "ProblemEntry",
    "add_link",
    "add_static",
    "add_templates",
    "enter_page",
    "install",
    "page_principal",
    "problem_catalogue",
    "render",
    "wants_html",
]

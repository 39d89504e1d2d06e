"""The model as a page: what it takes, a form to try it, live figures with a key.

fields.py     the features of the contract, each as a field of the form
commands.py   the curl and the Python lines that ask what the form asks
model_page.py the page, rendered once, and the files that it loads
views.py      answers with the page and with its files, which files/ holds
"""

from service.web.routes.page.views import build_page_files, render_model

__all__ = ["build_page_files", "render_model"]

"""A fitted scikit-learn pipeline behind HTTP, with the answer the notebook gave.

A request to POST /v1/predict goes this way:

    gunicorn worker
        web.logs      gives it an id and a clock
        web.auth      401, 403
        web.predict   bytes -> codec.load (400, 413, 415, 422)
                            -> predictor.predict -> predictions -> bytes
        web.errors    any exception: one body, with its own headers
        web.logs      one line
"""

from service.app import create_app

__all__ = ["create_app"]

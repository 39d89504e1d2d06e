"""A fitted scikit-learn pipeline behind HTTP, with the answer the notebook gave.

A request to POST /v1/predict goes this way:

    web.worker        receives all of it (408, 503), and answers in time (504)
        web.logs      gives it an id and a clock
        web.auth      401, 403
        web.limits    429 for one request more
        web.predict   bytes -> codec.decode (400, 413, 415)
                            -> web.limits (429 for so many instances more)
                            -> codec.validate (422)
                            -> predictor.predict -> predictions -> bytes
        web.errors    any exception: one body, with its own headers
        web.logs      one line
"""

from service.app import create_app

__all__ = ["create_app"]

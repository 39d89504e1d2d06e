"""A fitted scikit-learn pipeline behind HTTP, with the answer the notebook gave.

The path of a request to POST /v1/predict:

    server              receives all of it (408, 503), and answers in time (504)
        web.request     opens its context: an id and a clock
        web.access      401, 403; 429 for one request more
        web.routes      bytes -> codec.decode (400, 413, 415)
                              -> web.access (429 for its instances)
                              -> codec.validate (422)
                              -> predictor.predict -> predictions -> bytes
        web.errors      any exception: one body, with its own headers
        web.request     closes its context: metrics, one line of log
"""

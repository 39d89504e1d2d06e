"""What other servers' callers speak, turned into the service's own form and back.

Each module is thin: it moves names and values, and leaves it to the codec whether a
value is valid, and to the predictor what the answer is.

table_answers.py  predictions in CSV, JSON Lines or Arrow, where a caller accepts that
rows.py           rows by name or by position, as columns; bare predictions
tensor_values.py  the values of a tensor, by its datatype
tensor_answers.py the tensors of an answer, and which of them a request wants
tensors.py        named tensors, in JSON or in bytes, to columns
shaped_tensors.py the same of a model that takes tensors
plain_tensors.py  the fast path of JSON tensors
open_inference.py the Open Inference Protocol v2: Triton's, MLServer's and KServe's
open_inference_routes.py its routes, and what it tells of server and model
kserve.py         KServe's v1 protocol, which is TensorFlow Serving's
mlflow.py         MLflow's scoring protocol
sagemaker.py      what SageMaker's callers send beside JSON
invocations.py    the routes that both share
vertex.py         Vertex AI's, on the routes that it names at the start

It may import web/prediction_view.py and what that may.
"""

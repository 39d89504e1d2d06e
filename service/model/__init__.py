"""What a model is: the artefact, the contract, the predictor. Knows no HTTP.

A training script needs one call, `package`.
"""

from service.model.edits import FeatureEdit
from service.model.packaging import package

__all__ = ["FeatureEdit", "package"]

"""What a model is: the artefact, the contract, the predictor. Knows no HTTP.

A training script needs one call, `package`.
"""

from service.model.packaging import package
from service.model.proposal import FeatureEdit

__all__ = ["FeatureEdit", "package"]

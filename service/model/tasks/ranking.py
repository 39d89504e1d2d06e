"""Rankers of LightGBM and XGBoost: a score to order by, within one query."""

from typing import Any

from service.model.contract.prediction_form import PredictionForm
from service.model.outputs import Outputs
from service.model.tasks.methods import find_last
from service.model.tasks.naming import Naming
from service.model.tasks.regression import read_values
from service.model.tasks.task import Task

RANKERS = {"LGBMRanker", "XGBRanker", "CatBoostRanker"}


class Ranking(Task):
    """A score: what is higher comes first."""

    name = "ranking"

    @staticmethod
    def has(pipeline: Any) -> bool:
        # By name: these libraries need not be installed.
        return any(kind.__name__ in RANKERS for kind in type(find_last(pipeline)).mro())

    def ask(self, table: Any) -> Outputs:
        [answers] = self.methods.call(table, "predict")
        return Outputs(values=read_values(answers))

    def propose_form(self, naming: Naming) -> PredictionForm:
        naming.refuse_labels("rankers")
        return PredictionForm(scalars=("score",))

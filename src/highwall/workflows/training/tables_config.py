"""Which of MineCam's tables to make, from which data and trainings: the YAML files of ``examples/minecam``."""

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from highwall.segmentation.dataset import MATERIALS, MINE_TYPES
from highwall.segmentation.options import TrainOptions
from highwall.workflows.training.experiments import ExperimentData
from highwall.workflows.training.segmentation import options_of as recipe_options

Model = Literal[1, 2, 3, 4]
Mean = Literal["macro", "micro", "per_scene", "macro_with_background", "absent_is_one"]
Configuration = Literal["RGB", "R+N", "R+N+S", "M", "M+S"]

PAPER_BANDS: Final[dict[Model, Configuration]] = {1: "M", 2: "R+N", 3: "M+S", 4: "R+N"}
"""Bands of each model in the paper's Tables 6 to 8 and its conclusion (for Model 4)."""
_OF_KINDS: Final = ("macro", "micro")
"""Means that scores of one kind of mine have."""
MODEL_OF_TABLE: Final[dict[int, Model]] = {6: 1, 7: 2, 8: 3}


class TableConfig(BaseModel):
    """One table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Literal[3, 4, 5, 6, 7, 8] = Field(description="number of the table in the paper")
    data: ExperimentData
    recipe: str | None = Field("baseline", description="packaged recipe, or a YAML file, of every training")
    train: dict[str, Any] = Field(default_factory=dict, description="options of training, laid over the recipe")
    models: tuple[Model, ...] = Field((1, 2, 3, 4), min_length=1, description="subsets of classes, a network each")
    configurations: tuple[Configuration, ...] = Field(
        ("RGB", "R+N", "R+N+S", "M", "M+S"), min_length=1, description="table 3: sets of bands, a row each"
    )
    bands: dict[Model, Configuration] = Field(
        PAPER_BANDS, description="tables 4 to 8: bands of each model; those of table 3 that were best"
    )
    materials: tuple[Literal["CL", "MO", "RR"], ...] = Field(
        MATERIALS, description="table 4: raw materials, a row each"
    )
    mine_types: tuple[Literal["MT", "OC", "OP"], ...] = Field(MINE_TYPES, description="table 4: types, a row each")
    search: dict[str, Any] = Field(default_factory=dict, description="table 5: options of the search")
    sites: tuple[str, ...] = Field((), description="tables 6 to 8: sites or scenes of the test split; by default all")
    mean: Mean = Field(
        "macro",
        description="tables 3 and 4: how scores of classes are averaged; see segmentation.md. Table 4 knows macro and "
        "micro",
    )

    @model_validator(mode="after")
    def _is_known_by_kind(self) -> Self:
        if self.table == 4 and self.mean not in _OF_KINDS:
            raise ValueError(f"table 4 averages by {' or '.join(_OF_KINDS)}; found {self.mean}")
        return self

    def training(self, model: Model, configuration: Configuration) -> TrainOptions:
        """Options of the training of one model on one set of bands."""
        network = self.train.get("network", {}) | {"subsets": [model], "bands": configuration}
        name = f"model-{model}-{configuration.replace('+', '')}"
        return recipe_options(self.recipe, self.train | {"network": network, "name": name})

"""Gradient boosting on the features of a window, written as an ONNX tree ensemble.

The sum of trees is F(x) = F₀ + Σ ν h_k(x), each h_k fitted to the gradient of the log loss; P = 1 / (1 + e^{−F}).
Missing features go down the side that each split learned for them.

Source: Friedman 2001, algorithm 6; histogram splits as in Ke et al. 2017, section 2.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier

from highwall.classification.crack_windows.classifier import BOOSTING, CrackWindowClassifier, properties
from highwall.classification.crack_windows.features import FEATURES, features
from highwall.classification.crack_windows.options import BoostingOptions
from highwall.classification.crack_windows.windows import Floats, SensorWindows, check_trainable
from highwall.core.errors import ModelError

_TOLERANCE = 1e-5
"""Largest difference of probability between scikit-learn and the file that passes; sums of float32 differ by 1e-7."""
_OPSET, _OPSET_ML, _IR = 17, 3, 8


def fit_boosting(
    windows: SensorWindows, path: Path, *, training_data: str, options: BoostingOptions | None = None
) -> CrackWindowClassifier:
    """Train, write ``path`` and open it again.

    Raises
    ------
    InputError
        The windows are of one class.
    ModelError
        The file says something else than scikit-learn.
    """
    options = options or BoostingOptions()
    check_trainable(windows)
    found = features(windows.values)
    model = HistGradientBoostingClassifier(
        max_iter=options.n_trees, learning_rate=options.learning_rate, max_leaf_nodes=options.n_leaves,
        min_samples_leaf=options.min_leaf, l2_regularization=options.l2, early_stopping=False,
        random_state=options.seed,
    ).fit(_binnable(found), windows.is_crack)  # fmt: skip
    facts = properties(kind=BOOSTING, n_samples=windows.values.shape[1], training_data=training_data)
    _write(model, path, facts=facts)
    classifier = CrackWindowClassifier.open(path)
    difference = np.abs(model.predict_proba(found)[:, 1] - classifier.onnx.run(found)[0].reshape(-1)).max()
    if difference > _TOLERANCE:
        path.unlink()
        raise ModelError(f"the written trees differ by {difference:.2g} from scikit-learn; more than {_TOLERANCE:g}.")
    return classifier


def _binnable(found: Floats) -> Floats:
    """Give features that no window has a constant: scikit-learn bins no empty column, and no tree splits a constant."""
    return np.where(np.isnan(found).all(axis=0), np.float32(0.0), found)


def _write(model: HistGradientBoostingClassifier, path: Path, *, facts: dict[str, str]) -> None:
    trees = [predictor.nodes for (predictor,) in model._predictors]
    base = float(model._baseline_prediction.ravel()[0])
    ensemble = helper.make_node(
        "TreeEnsembleRegressor", ["features"], ["score"], "trees", "", "ai.onnx.ml",
        n_targets=1, base_values=[base], **_attributes(trees),  # type: ignore[arg-type]
    )  # fmt: skip
    nodes = [ensemble, helper.make_node("Sigmoid", ["score"], ["probability"])]
    graph = helper.make_graph(
        nodes, "boosting",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["window", len(FEATURES)])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["window", 1])],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _OPSET_ML)]
    file = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    helper.set_model_props(file, facts)
    onnx.save(file, str(path))


def _attributes(trees: Sequence[Any]) -> dict[str, list[Any]]:
    """Nodes of all trees as the operator ``TreeEnsembleRegressor`` wants them, column by column."""
    nodes = np.concatenate(trees)
    tree = np.repeat(np.arange(len(trees)), [len(each) for each in trees])
    number = np.concatenate([np.arange(len(each)) for each in trees])
    leaf = nodes["is_leaf"].astype(bool)
    return {
        "nodes_treeids": tree.tolist(),
        "nodes_nodeids": number.tolist(),
        "nodes_featureids": np.where(leaf, 0, nodes["feature_idx"]).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_values": np.where(leaf, 0.0, _not_above(nodes["num_threshold"])).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, nodes["left"]).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, nodes["right"]).tolist(),
        "nodes_missing_value_tracks_true": np.where(leaf, 0, nodes["missing_go_to_left"]).tolist(),
        "target_treeids": tree[leaf].tolist(),
        "target_nodeids": number[leaf].tolist(),
        "target_ids": [0] * int(leaf.sum()),
        "target_weights": nodes["value"][leaf].tolist(),
    }


def _not_above(threshold: Any) -> Any:
    """Largest float32 that is not above each threshold: a float32 feature then falls on the same side."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)

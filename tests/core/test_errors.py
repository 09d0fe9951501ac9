import pytest

from highwall.core import errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.InputError, ValueError),
        (errors.ConfigError, ValueError),
        (errors.GridError, ValueError),
        (errors.SceneError, ValueError),
        (errors.StackError, ValueError),
        (errors.NetworkError, errors.StackError),
        (errors.VectorError, ValueError),
        (errors.ModelError, ValueError),
        (errors.MissingInputError, FileNotFoundError),
        (errors.OutputError, OSError),
    ],
)
def test_each_error_is_of_the_tree_and_also_the_fitting_builtin(error: type[Exception], builtin: type[Exception]):
    with pytest.raises(builtin, match="found 3"):
        raise error("found 3")
    assert issubclass(error, errors.HighwallError)


def test_the_drawn_tree_names_every_class_and_no_other():
    drawn = {word for word in errors.__doc__.replace("(", " ").split() if word.endswith("Error") and word[0].isupper()}
    builtins = {"ValueError", "FileNotFoundError", "ImportError", "OSError"}
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert {name.rstrip(")") for name in drawn} - builtins == defined


def test_a_file_error_keeps_the_message_when_printed():
    assert str(errors.MissingInputError("no raster at x.tif; check the path.")).startswith("no raster")

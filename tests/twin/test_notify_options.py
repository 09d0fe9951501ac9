import pytest
from pydantic import ValidationError

from highwall.twin.notify_options import CapOptions, MailOptions, NotifyOptions, WebhookOptions, key_of

SECRET = "a secret of 24 letters.."


def test_what_leaves_this_machine_is_encrypted():
    for url in ("http://receiver.example/hook", "ftp://localhost/x", "https://"):
        with pytest.raises(ValidationError, match="https"):
            WebhookOptions(name="x", url=url, secret=SECRET)
    WebhookOptions(name="x", url="http://localhost:8000/hook", secret=SECRET)
    with pytest.raises(ValidationError, match="tls or starttls"):
        MailOptions(host="mail.example", security="none", sender="a@b.example", recipients={})
    with pytest.raises(ValidationError, match="password"):
        MailOptions(host="localhost", security="none", user="u", sender="a@b.example", recipients={})


def test_secrets_are_not_shown():
    options = WebhookOptions(name="x", url="https://receiver.example/hook?token=t0ken", secret=SECRET)
    assert "t0ken" not in repr(options) + options.model_dump_json()
    assert SECRET not in repr(options) + options.model_dump_json()


def test_an_error_does_not_repeat_what_was_given():
    with pytest.raises(ValidationError) as caught:
        WebhookOptions(name="x", url="http://receiver.example/hook?token=t0ken", secret="short one")
    assert "t0ken" not in str(caught.value)
    assert "short one" not in str(caught.value)


def test_secrets_of_the_standard_are_base64():
    assert key_of("whsec_c2VjcmV0") == b"secret"
    assert key_of("secret") == b"secret"
    with pytest.raises(ValidationError, match="base64"):
        WebhookOptions(name="x", url="https://receiver.example", secret="whsec_this is no base64!")


def test_names_are_apart():
    hook = WebhookOptions(name="x", url="https://receiver.example", secret=SECRET)
    cap = CapOptions(name="x", url="https://receiver.example", secret=SECRET, sender="t@m.example")
    with pytest.raises(ValidationError, match="names of their own"):
        NotifyOptions(webhooks=(hook,), caps=(cap,))

import logging
import ssl
from collections.abc import Iterator

import pytest
from aiosmtpd.smtp import AuthResult

from highwall.core.errors import OutputError
from highwall.twin.mail import Mailbox, composed
from highwall.twin.notify_options import MailOptions
from highwall.twin.roles import Role
from tests.twin.alarms_made import AT_US, bulletin, outgoing
from tests.twin.certificates import contexts
from tests.twin.mail_server import Inbox, mail_server

PASSWORD = "pa55word-of-mail"
TO = "shift@mine.example"
MAIL = outgoing(channel="mail")


def authenticated(server, session, envelope, mechanism, data) -> AuthResult:
    return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture
def starttls(tmp_path) -> Iterator[tuple[Inbox, MailOptions, ssl.SSLContext]]:
    server, trust = contexts(tmp_path)
    inbox = Inbox()
    asked = {"tls_context": server, "require_starttls": True, "authenticator": authenticated, "auth_required": True}
    with mail_server(inbox, **asked) as port:
        yield inbox, options(port), trust


def options(port: int, **changes) -> MailOptions:
    given = {
        "host": "localhost", "port": port, "user": "twin", "password": PASSWORD, "sender": "twin@mine.example",
        "recipients": {Role.SUPERVISOR: (TO,)}, "timeout_s": 5.0,
    }  # fmt: skip
    return MailOptions(**(given | changes))


def test_a_mail_goes_by_starttls_with_a_login(starttls):
    inbox, given, trust = starttls
    Mailbox(TO, given, trust=trust).send(bulletin(MAIL), now_us=AT_US)
    (mail,) = inbox.kept
    assert mail["To"] == TO
    assert mail["Subject"].startswith("[copper-hill] Level 4: A person is down")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Importance"] == "high"
    body = mail.get_content()
    assert "Where: Ana Díaz (-33.200000, -70.500000) within 12 m" in body
    assert "Do: stop machines" in body


def test_tls_from_the_first_byte(tmp_path):
    server, trust = contexts(tmp_path)
    inbox = Inbox()
    with mail_server(inbox, context=server) as port:
        given = options(port, security="tls", user="", password="")
        Mailbox(TO, given, trust=trust).send(bulletin(MAIL), now_us=AT_US)
    assert len(inbox.kept) == 1


def test_a_server_that_is_not_trusted_gets_no_password(starttls):
    inbox, given, _ = starttls
    with pytest.raises(OutputError, match="SSLCertVerificationError"):
        Mailbox(TO, given).send(bulletin(MAIL), now_us=AT_US)
    assert inbox.kept == []


def test_a_wrong_password_is_told_without_it(starttls, caplog):
    _, given, trust = starttls
    wrong = given.model_copy(update={"password": type(given.password)("wr0ng-password")})
    with caplog.at_level(logging.DEBUG), pytest.raises(OutputError, match="535") as caught:
        Mailbox(TO, wrong, trust=trust).send(bulletin(MAIL), now_us=AT_US)
    assert "wr0ng" not in str(caught.value) + caplog.text


def test_a_refusal_and_nobody_there_are_failures(starttls):
    inbox, given, trust = starttls
    inbox.refuses = True
    with pytest.raises(OutputError, match="554"):
        Mailbox(TO, given, trust=trust).send(bulletin(MAIL), now_us=AT_US)
    with pytest.raises(OutputError, match="was not taken by localhost"):
        Mailbox(TO, given.model_copy(update={"port": 1}), trust=trust).send(bulletin(MAIL), now_us=AT_US)


def test_the_same_notice_has_the_same_id_and_another_recipient_another():
    one, again, other = (composed(bulletin(MAIL), sender="t@m.example", to=to) for to in (TO, TO, "b@m.example"))
    assert one["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert one["Message-ID"].endswith("@m.example>")


def test_text_with_line_breaks_makes_no_headers():
    evil = MAIL._replace(text="a person\r\nBcc: all@mine.example\r\n\r\n" + "x" * 300)
    mail = composed(bulletin(evil), sender="t@m.example", to=TO)
    assert mail["Bcc"] is None
    assert len(mail["Subject"]) <= 150


def test_a_box_takes_mail_to_its_role():
    box = Mailbox(TO, options(25))
    assert box.takes(bulletin(MAIL))
    assert not box.takes(bulletin(outgoing(channel="mail", to=Role.MANAGER)))
    assert not box.takes(bulletin(outgoing(channel="webhook")))

"""Notices as e-mail over TLS: one message a recipient, under a Message-ID that stays the same when it is sent again."""

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import Final

from highwall.core.errors import OutputError
from highwall.twin.bulletin import Bulletin, iso
from highwall.twin.notify_options import MailOptions

_MOST_SUBJECT: Final = 150
"""Characters of a subject."""


class Mailbox:
    """One recipient of mail."""

    def __init__(self, address: str, options: MailOptions, *, trust: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._options = options
        self._trust = trust
        self.name = f"mail:{address}"

    def takes(self, bulletin: Bulletin) -> bool:
        """Whether this recipient is to be told."""
        notice = bulletin.notice
        return notice.channel == "mail" and self._address in self._options.recipients.get(notice.to, ())

    def send(self, bulletin: Bulletin, *, now_us: int) -> None:
        """Hand the mail to the server.

        Raises
        ------
        OutputError
            The server is not reached, is not who it should be, or refuses.
        """
        message = composed(bulletin, sender=self._options.sender, to=self._address)
        try:
            with _connected(self._options, self._trust or ssl.create_default_context()) as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise OutputError(
                f"mail to {self._address} was not taken by {self._options.host} ({_told(error)}); look at its settings."
            ) from error


def composed(bulletin: Bulletin, *, sender: str, to: str) -> EmailMessage:
    """Write the mail."""
    notice, alarm = bulletin.notice, bulletin.alarm
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = _one_line(f"[{bulletin.site}] {notice.text}")
    message["Date"] = formatdate(notice.at_us / 1e6)
    digest = hashlib.sha256(f"{bulletin.key}\n{to}".encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{digest}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Highwall-Notice"] = _one_line(bulletin.key)
    if alarm.level >= 3 or notice.what == "aid_called":
        message["Importance"] = "high"
    message.set_content("\n".join(_lines(bulletin)) + "\n")
    return message


def _lines(bulletin: Bulletin) -> list[str]:
    notice, alarm, spot = bulletin.notice, bulletin.alarm, bulletin.spot
    lines = [notice.text, "", f"Level {alarm.level}, {alarm.stage}, raised {iso(alarm.raised_us)}"]
    where = spot.name
    if spot.lon is not None and spot.lat is not None:
        where += f" ({spot.lat:.6f}, {spot.lon:.6f})"
        where += f" within {spot.radius_m:.0f} m" if spot.radius_m is not None else ""
    lines += [f"Where: {where}", *(f"Why: {why}" for why in alarm.evidence), *(f"Do: {do}" for do in alarm.actions)]
    return [*lines, "", f"Told to the {notice.to.replace('_', ' ')} of {bulletin.site}. Notice {bulletin.key}."]


def _connected(options: MailOptions, trust: ssl.SSLContext) -> smtplib.SMTP:
    if options.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(options.host, options.port, timeout=options.timeout_s, context=trust)
    else:
        server = smtplib.SMTP(options.host, options.port, timeout=options.timeout_s)
    try:
        if options.security == "starttls":
            server.starttls(context=trust)
        if options.user:
            server.login(options.user, options.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _told(error: Exception) -> str:
    """Name an error without what the server said back, which may repeat a login."""
    code = getattr(error, "smtp_code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"


def _one_line(text: str) -> str:
    short = " ".join(text.split())
    return short if len(short) <= _MOST_SUBJECT else short[: _MOST_SUBJECT - 1] + "…"

"""The peer in Python's own library: string.Template, EmailMessage, smtplib, one connection.

    smtplib_peer.py LETTER.json PORT
"""

import json
import smtplib
import string
import sys
from email.message import EmailMessage

with open(sys.argv[1], encoding="utf-8") as file:
    letter = json.load(file)


def template(text: str) -> string.Template:
    return string.Template(text.replace("{{name}}", "$name"))


subject, text, html = (template(letter[key]) for key in ("subject", "text", "html"))
missions = letter["missions"]
with smtplib.SMTP("127.0.0.1", int(sys.argv[2])) as server:
    for n in range(letter["letters"]):
        mission = missions[n % len(missions)]
        message = EmailMessage()
        message["From"] = letter["from"]
        message["To"] = mission["address"]
        message["Subject"] = subject.substitute(mission)
        message.set_content(text.substitute(mission))
        message.add_alternative(html.substitute(mission), subtype="html")
        server.send_message(message)

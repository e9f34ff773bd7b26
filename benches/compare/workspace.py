"""Makes a workspace whose letters are all due at once: N letters to 193 missions, every address invented.

    workspace.py DEMARCHE FOLDER N SIZE CONNECTIONS PORT DATABASE

SIZE is that of a whole message in bytes, about; the letter is text and HTML, so that its words are somewhat less than half.
The same letter and addresses, for the peers, go to FOLDER.json.
"""

import datetime
import json
import pathlib
import subprocess
import sys

demarche, folder, letters, size, connections, port, database = sys.argv[1:]
letters, size = int(letters), int(size)
home = pathlib.Path(folder)
MISSIONS = 193
# Headers, MIME frames and the HTML's own frame.
FRAME = 1_700
SENTENCE = (
    "We ask that your delegation raise the case of the persons named in this letter, that it does so "
    "in its national statement, and that it tells us what it means to do. "
)

subprocess.run(
    [demarche, "init", folder, "--session", "64", "--opens", "2027-02-22", "--closes", "2027-04-02"],
    check=True,
    stdout=subprocess.DEVNULL,
)
steps, rest = divmod(letters, MISSIONS)
yesterday = datetime.date.today() - datetime.timedelta(days=1)
(home / "config/calendar.toml").write_text(
    f'[[custom]]\nid = "launch"\ndate = {yesterday}\ntitle = "The day from which all letters are counted"\n'
)


def campaign(name: str, steps: int, include: str) -> str:
    head = f"""[campaign]
id        = "{name}"
title     = "Letters to be timed"
from      = "The coalition <outreach@coalition.example>"
reply_to  = "outreach@coalition.example"
time_zone = "Europe/Zurich"
approvals = 1

[audience]
include = [{include}]
exclude = []

[[approver]]
name = "First Approver"
organisation = "First Organisation"

[[signatory]]
name = "First Organisation"
"""
    step = """
[[step]]
id      = "letter-{n}"
letter  = "timed"
when    = {{ milestone = "custom:launch", offset = "-1 days", at = "{hour:02}:{minute:02}" }}
late_by = "60 days"
"""
    return head + "".join(step.format(n=n, hour=8 + n // 60, minute=n % 60) for n in range(steps))


for old in (home / "config/campaigns").iterdir():
    old.unlink()
# One recipient a letter, as the peers have.
rows = (home / "config/contacts.csv").read_text().splitlines()
states = sorted({row.split(",")[0] for row in rows[1:]})
today = datetime.date.today()
(home / "config/contacts.csv").write_text(
    rows[0]
    + "\n"
    + "".join(f"{s},mission,,,,mission@{s.lower()}.mission.example,to,en,{today},invented,,\n" for s in states)
)
if steps:
    (home / "config/campaigns/bulk.toml").write_text(campaign("bulk", steps, '"all"'))
if rest:
    some = ", ".join(f'"state:{state}"' for state in states[:rest])
    (home / "config/campaigns/rest.toml").write_text(campaign("rest", 1, some))

words = (size - FRAME) // 2
paragraphs, paragraph = [], ""
while sum(map(len, paragraphs)) + len(paragraph) < words:
    paragraph += SENTENCE
    if len(paragraph) > 400:
        paragraphs.append(paragraph)
        paragraph = ""
paragraphs.append(paragraph)
paragraphs = [p.strip() for p in paragraphs if p]
letter = home / "templates/letters/timed"
letter.mkdir(parents=True)
(letter / "en.md").write_text(
    "---\nsubject: Joint letter to the delegation of {{delegation.name}}\n---\n{{salutation}}\n\n"
    + "\n\n".join(paragraphs)
    + "\n\n{{closing}}\n\n{{signatories}}\n"
)
(home / "config/demarche.toml").write_text(f"""[database]
url = "{database}"

[delivery]
mode = "smtp"
min_days_between = 0

[delivery.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}

[delivery.pace]
per_minute = 1000000
per_domain_per_minute = 1000000
""")

# What the peers print: the same paragraphs, with the same frame around them in HTML.
greeting, closing = "To the Permanent Mission of {{name}},", "Yours faithfully,"
body = [greeting, *paragraphs, closing, "First Organisation"]
subject = "Joint letter to the delegation of {{name}}"
html = (home / "templates/frames/letter.html.hbs").read_text()
inside = "".join(f'<p style="margin:0 0 1em 0">{p}</p>\n' for p in body)
for hole, filled in {"{body}": inside, "language": "en", "direction": "ltr", "subject": subject}.items():
    html = html.replace("{{" + hole + "}}", filled)
missions = [{"name": s, "address": f"mission@{s.lower()}.mission.example"} for s in states]
pathlib.Path(f"{home}.json").write_text(
    json.dumps(
        {
            "from": "The coalition <outreach@coalition.example>",
            "subject": subject,
            "text": "\n\n".join(body) + "\n",
            "html": html,
            "missions": missions,
            "letters": letters,
        }
    )
)

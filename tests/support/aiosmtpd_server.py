"""A mail server that nobody here wrote: aiosmtpd, with STARTTLS and AUTH (PLAIN, LOGIN) required.

Arguments: FOLDER CERTIFICATE KEY USER PASSWORD. Prints its port, then serves until standard input closes.
Each letter becomes FOLDER/NNNN.eml, its exact octets, beside FOLDER/NNNN.json, its envelope.
"""

import asyncio
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Store:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = self.folder / f"{self.count:04}"
        name.with_suffix(".eml").write_bytes(envelope.original_content)
        about = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None,
            "signed_in": session.authenticated,
            "hello": session.host_name,
        }
        name.with_suffix(".json").write_text(json.dumps(about))
        return f"250 2.0.0 stored as {self.count:04}"


def main():
    folder, certificate, key, user, password = sys.argv[1:]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data == LoginPassword(user.encode(), password.encode())
        # Not `handled`: aiosmtpd itself is to say 535.
        return AuthResult(success=right, handled=False)

    store = Store(pathlib.Path(folder))

    def protocol():
        return SMTP(store, hostname="real.example", tls_context=tls, require_starttls=True,
                    auth_required=True, authenticator=authenticate)

    async def serve():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)

    asyncio.run(serve())


main()

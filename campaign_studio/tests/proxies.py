"""A real nginx with the configuration in `deploy/`, and clients whose bodies never end."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from campaign_studio.tests.servers import free_port, wait_for

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
DEPLOY = settings.BASE_DIR / "deploy"


def adapted(config: str, servers: list[str], port: int, folder: Path) -> str:
    """The documented configuration with the lines marked “yours” changed for a test: no HTTPS, other ports."""
    mine = {
        "server ": " ".join(f"server {urlsplit(url).netloc};" for url in servers),
        "listen 80": f"listen 127.0.0.1:{free_port()};",
        "listen 443": f"listen 127.0.0.1:{port};",
        "server_name": "server_name localhost;",
        "ssl_certificate": "",
        "access_log": f"access_log {folder}/access.log campaign_studio;",
    }

    def change(line: re.Match[str]) -> str:
        return next(new for start, new in mine.items() if line[1].startswith(start))

    return re.sub(r"^ *(\S.*?;)  # yours.*$", change, config, flags=re.MULTILINE)


@contextmanager
def nginx_before(servers: list[str], folder: Path) -> Iterator[tuple[int, Path]]:
    """Start nginx before these servers; yield its port and its access log."""
    assert NGINX, "nginx is missing: apt-get install nginx-light"
    port = free_port()
    site = adapted((DEPLOY / "nginx.conf").read_text(), servers, port, folder)
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    head = f"{user} pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_processes 1;"
    config = folder / "nginx.conf"
    config.write_text(f"{head} events {{ worker_connections 1024; }} http {{ {paths}\n{site}\n}}")
    server = subprocess.Popen([NGINX, "-e", f"{folder}/error.log", "-c", str(config)])  # noqa: S603 - our words
    try:
        wait_for(port, server)
        yield port, folder / "access.log"
    finally:
        server.terminate()
        server.wait(timeout=30)


@contextmanager
def half_sent(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Open connections that have sent the head of a request and one byte of its body."""
    headers = ["Host: localhost", "Content-Type: application/json", "Content-Length: 999"]
    head = "\r\n".join(["POST /api/auth/login HTTP/1.1", *headers, "", "{"])
    clients = []
    try:
        for _number in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=60)
            client.sendall(head.encode())
            clients.append(client)
        yield clients
    finally:
        for client in clients:
            client.close()

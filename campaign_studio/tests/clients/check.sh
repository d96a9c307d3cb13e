#!/usr/bin/env bash
# Checks the API's document as frontend developers use it: two linters find nothing, four generators make clients of all
# operations, a program written against the generated types compiles and runs, and real answers of every role fit.
# Needs the demo data (`manage.py demo --no-server`), Node.js 20 and npm. Nothing is left in the checkout.
set -euo pipefail
sources=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$sources/../../.." && pwd)
bin=$root/.venv/bin

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node.js 20 or newer"; exit 1; }
done
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || { echo "Node.js $(node -v) is too old: install 20 or newer"; exit 1; }

work=$(mktemp -d)
trap '[ $? = 0 ] || tail -n 40 "$work/server.log"
      [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cp "$sources"/* "$work"
step() { echo "$SECONDS s: $*"; }

port=$("$bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BASE_URL=http://127.0.0.1:$port
cd "$root"
DEBUG=true THROTTLE_ANON=100000/min THROTTLE_USER=100000/min "$bin/granian" --interface wsgi --port "$port" \
  campaign_studio.wsgi:application > "$work/server.log" 2>&1 &
server=$!

cd "$work"
step "packages"
# There is no lock file, because it would name the registry. The versions in package.json are exact.
npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
export PATH=$work/node_modules/.bin:$PATH REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

step "document"
for _ in $(seq 120); do
  if "$bin/python" -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' \
    "$BASE_URL/api/openapi.json" openapi.json 2>/dev/null; then break; fi
  sleep 0.5
done
[ -s openapi.json ] || { cat server.log; echo "the server never answered"; exit 1; }

step "linters"
# Warnings count too.
redocly lint openapi.json --config redocly.yaml --format=json > redocly.json 2> redocly.log || { cat redocly.json redocly.log; exit 1; }
[ "$(node -p 'JSON.parse(fs.readFileSync("redocly.json")).problems.length')" = 0 ] || { cat redocly.json; exit 1; }
spectral lint openapi.json --ruleset spectral.yaml --fail-severity=hint --quiet

step "TypeScript"
mkdir generated
openapi-typescript openapi.json -o generated/schema.ts > typescript.log 2>&1 || { cat typescript.log; exit 1; }
orval > orval.log 2>&1 || { cat orval.log; exit 1; }
node node_modules/typescript-native/bin/tsc
node out/program.js
node out/answers.js

step "Python"
"$bin/openapi-python-client" generate --path openapi.json --output-path python_client --meta none --config python_client.yaml \
  --fail-on-warning > python.log 2>&1 || { cat python.log; exit 1; }
"$bin/python" - <<'PY'
import importlib, json, os, pathlib

paths = json.loads(pathlib.Path("openapi.json").read_text())["paths"]
operations = sum(len(methods) for methods in paths.values())
modules = [path for path in pathlib.Path("python_client/api").glob("*/*.py") if path.stem != "__init__"]
assert len(modules) == operations, f"{len(modules)} of {operations} operations"
for path in modules:
    importlib.import_module(".".join(path.with_suffix("").parts))

from python_client import AuthenticatedClient, Client
from python_client.api.auth import login
from python_client.api.campaigns import list_campaigns
from python_client.models import LoginRequest, PublishingStatus

url = os.environ["BASE_URL"]
body = LoginRequest(username="mara", password="drive-safely-2026")
signed_in = login.sync(client=Client(base_url=url), body=body)
client = AuthenticatedClient(base_url=url, token=signed_in.access_token, raise_on_unexpected_status=True)
page = list_campaigns.sync(client=client, page_size=3)
assert page.count > 3 and {type(row.campaign_status) for row in page.results} == {PublishingStatus}
print(f"The Python client has all {operations} operations.")
PY
step "The document suits linters, generators and real answers."

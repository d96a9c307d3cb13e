// Reads everything that each role can read, and parses it with the generated schemas.

import { BASE, checkedAs, checkedFetch, document, parsed, problems } from "./checking.js";

const LEAST = 400;
// One of each role.
const PEOPLE = ["rosa", "anton", "mara", "mina", "tom", "gwen"];
const PASSWORD = "drive-safely-2026";
const OBJECTS_READ = 2;
const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const HOURS = ["2026-11-23T08:15:00+01:00", "2026-11-23T18:30:00", "2026-11-24T12:00:00Z"];
const PLACES = ["country=DE&city=Berlin", "country=FR&city=Paris", "country=US", "country=AT&city=Wien"];

type Row = Record<string, unknown>;

async function get(path: string, token: string): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await checkedFetch(new Request(BASE + path, { headers }));
  return answer.headers.get("Content-Type") === "application/json" ? answer.json() : null;
}

async function tokenOf(username: string): Promise<string> {
  const answer = await checkedFetch(
    new Request(`${BASE}/api/auth/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username, password: PASSWORD }),
    }),
  );
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** The URLs that a template stands for: one for each known key. Keys are in the rows of lists, by their names. */
function urlsOf(template: string, keys: Map<string, Row[]>): string[] {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const last = names.at(-1);
  if (last === undefined) {
    return [template];
  }
  const rows = (keys.get(last) ?? []).filter((row) => names.every((name) => typeof row[name] === "string"));
  return rows.slice(0, OBJECTS_READ).map((row) => template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(row[name])));
}

/** The queries to try for a URL. */
function queriesOf(template: string, parameters: Set<string>, keys: Map<string, Row[]>): string[] {
  if (template === "/api/delivery") {
    return PLACES.flatMap((place) => HOURS.map((hour) => `?${place}&at=${encodeURIComponent(hour)}`));
  }
  if (template === "/api/delivery/explain") {
    const ads = (keys.get("ad_id") ?? []).slice(0, OBJECTS_READ);
    return ads.flatMap((ad) => PLACES.map((place) => `?${place}&ad_id=${String(ad["ad_id"])}`));
  }
  const now = new Date().toISOString();
  return [
    parameters.has("page_size") ? "?page_size=50" : "",
    ...(parameters.has("cursor") ? ["?cursor=", "?page_size=3&cursor="] : []),
    ...(parameters.has("as_of") ? [`?as_of=${now}`] : []),
    ...(parameters.has("by") ? ["?by=ad", "?by=ad_type", "?by=city"] : []),
  ];
}

function remember(template: string, rows: Row[], url: string, keys: Map<string, Row[]>): void {
  // Rows of parts don't name their whole: it is in the URL.
  const whole = /^\/api\/advertisers\/([^/]+)\//.exec(url)?.[1];
  for (const row of rows) {
    for (const name of Object.keys(row).filter((one) => one.endsWith("_id"))) {
      // The first key of a row is its own.
      if (name === Object.keys(row)[0] && !template.endsWith("/history")) {
        keys.set(name, [...(keys.get(name) ?? []), whole ? { advertiser_id: whole, ...row } : row]);
      }
    }
  }
}

async function readAll(username: string): Promise<void> {
  const token = await tokenOf(username);
  const keys = new Map<string, Row[]>();
  const templates = Object.keys(document.paths).filter((path) => document.paths[path]?.["get"]);
  // Lists of wholes first, then what their keys lead to.
  templates.sort((a, b) => a.split("{").length - b.split("{").length || a.length - b.length);
  for (const template of templates) {
    const operation = document.paths[template]?.["get"];
    const parameters = new Set(operation?.parameters?.map((one) => one.name));
    await get(`${template.replaceAll(/\{\w+\}/g, UNKNOWN)}?nonsense=1`, token);
    for (const url of urlsOf(template, keys)) {
      for (const query of queriesOf(template, parameters, keys)) {
        const body = await get(url + query, token);
        if (query === "?page_size=50" && typeof body === "object" && body !== null && "results" in body) {
          remember(template, body.results as Row[], url, keys);
        }
      }
    }
  }
}

await Promise.all(PEOPLE.map(readAll));
await get("/api/auth/me", "no token");
// The control: an answer that isn't as described is found.
const spoiled = checkedAs("getMe", 200, { ...((await get("/api/auth/me", await tokenOf("mara"))) as Row), nonsense: 1 });
if (spoiled === null) {
  problems.push("An answer with an unknown property has been accepted.");
}
const total = [...parsed.values()].reduce((sum, count) => sum + count, 0);
const good = parsed.get(200) ?? 0;
console.log(`${String(total)} answers of ${String(PEOPLE.length)} roles parsed, ${String(good)} of them 200:`, parsed);
for (const problem of problems.slice(0, 20)) {
  console.error(problem);
}
if (problems.length > 0 || good < LEAST) {
  console.error(`${String(problems.length)} problems.`);
  process.exit(1);
}

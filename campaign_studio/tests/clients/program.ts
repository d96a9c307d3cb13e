// What a frontend does first, written against the generated types alone, under `strict` and `noUncheckedIndexedAccess`.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import createClient from "openapi-fetch";

import { BASE, checkedFetch, problems } from "./checking.js";
import type { components, paths } from "./generated/schema.js";

type Campaign = components["schemas"]["Campaign"];
type FieldMessages = components["schemas"]["FieldMessages"];

const client = createClient<paths>({ baseUrl: BASE, fetch: checkedFetch });

/** The messages about a field, whatever it contains. */
function messages(about: FieldMessages | undefined): string[] {
  return Array.isArray(about) ? about.filter((one) => typeof one === "string") : [];
}

async function signIn(username: string): Promise<void> {
  const refused = await client.POST("/api/auth/login", { body: { username, password: "a wrong password" } });
  assert.equal(refused.response.status, 401);
  assert.ok(refused.error?.detail);

  const { data } = await client.POST("/api/auth/login", { body: { username, password: "drive-safely-2026" } });
  assert.ok(data);
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${data.access_token}`);
    },
  });
  assert.equal(data.user.role satisfies components["schemas"]["RoleName"], "campaign_manager");
}

async function list(): Promise<void> {
  const query = { campaign_status: ["active" as const, "paused" as const], page_size: 5, ordering: "-created_at" };
  const { data } = await client.GET("/api/campaigns", { params: { query } });
  assert.ok(data && data.results.length > 0);
  const statuses: components["schemas"]["PublishingStatus"][] = data.results.map((row) => row.campaign_status);
  assert.ok(statuses.every((status) => status === "active" || status === "paused"));
  const unit: components["schemas"]["DurationUnit"] | null | undefined =
    data.results[0]?.campaign_max_view_duration_unit;
  assert.notEqual(unit, undefined);
}

async function create(): Promise<{ campaign: Campaign; etag: string }> {
  const refused = await client.POST("/api/campaigns", {
    body: { campaign_name: "Generated", campaign_start_date: "2027-05-31", campaign_end_date: "2027-05-01" },
  });
  assert.equal(refused.response.status, 400);
  assert.equal(messages(refused.error?.["campaign_end_date"]).length, 1);

  const key = randomUUID();
  const body: components["schemas"]["CampaignRequest"] = {
    campaign_name: `Generated ${key}`,
    campaign_start_date: "2027-05-01",
    campaign_end_date: "2027-05-31",
    campaign_max_view_count: 1000,
    audience_targeting: [{ country: "DE", cities: ["Berlin"], postcodes: [] }, { country: "AT" }],
  };
  const header = { "Idempotency-Key": key };
  const { data, response } = await client.POST("/api/campaigns", { params: { header }, body });
  assert.ok(data);
  const again = await client.POST("/api/campaigns", { params: { header }, body });
  assert.equal(again.data?.campaign_id, data.campaign_id);
  assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");
  assert.deepEqual(
    data.audience_targeting.map((target) => target.country),
    ["AT", "DE"],
  );
  assert.ok(data.allowed_next_statuses.includes("active"));
  return { campaign: data, etag: response.headers.get("ETag") ?? "" };
}

async function addAd(campaign: Campaign): Promise<string> {
  const { data } = await client.POST("/api/ads", {
    body: {
      campaign_id: campaign.campaign_id,
      ad_name: "Generated",
      ad_type_id: "top_bar_ad",
      media_type: "text",
      media_content: "Hello",
      media_url: "",
      time_slots: [{ time_slot_start: "07:00", time_slot_end: "09:30", weekdays: [1, 2, 3, 4, 5] }],
      content_rating: { rating_system: "MPAA", rating_label: "PG", no_prohibited_content: true },
    },
  });
  assert.ok(data);
  assert.deepEqual(data.time_slots[0]?.weekdays, [1, 2, 3, 4, 5]);
  assert.equal(data.content_rating?.rating_label, "PG");
  assert.equal(data.media_url, null);
  assert.equal(data.moderation_status, "pending");

  const refused = await client.POST("/api/ads/{ad_id}/approve", { params: { path: { ad_id: data.ad_id } }, body: {} });
  assert.equal(refused.response.status, 403);
  assert.ok(refused.error?.detail);
  return data.ad_id;
}

async function change(campaign: Campaign, etag: string): Promise<void> {
  const path = { campaign_id: campaign.campaign_id };
  const params = { path, header: { "If-Match": etag } };
  // The ad has changed the campaign's document.
  const stale = await client.PATCH("/api/campaigns/{campaign_id}", { params, body: { campaign_name: "Stale" } });
  assert.equal(stale.response.status, 412);
  assert.ok(stale.error?.detail);

  params.header["If-Match"] = stale.response.headers.get("ETag") ?? "";
  const { data } = await client.PATCH("/api/campaigns/{campaign_id}", { params, body: { campaign_description: null } });
  assert.ok(data);
  params.header["If-Match"] = "*";
  const body = { campaign_name: "Renamed", audience_targeting: [{ country: "CH" as const }] };
  const renamed = await client.PATCH("/api/campaigns/{campaign_id}", { params, body });
  assert.equal(renamed.data?.campaign_name, "Renamed");

  const history = await client.GET("/api/campaigns/{campaign_id}/history", { params: { path } });
  const entry = history.data?.results.find((one) => "campaign_name" in one.changes);
  const names = entry?.changes["campaign_name"];
  assert.ok(Array.isArray(names));
  assert.equal(names[1], "Renamed");
}

async function explain(campaign: Campaign): Promise<void> {
  const query = { country: "DE", campaign_id: campaign.campaign_id };
  const { data } = await client.GET("/api/delivery/explain", { params: { query } });
  const reason = data?.results[0]?.reasons[0];
  assert.ok(reason);
  const expected: string | number | boolean | null | (string | number)[] = reason.expected;
  assert.notEqual(expected, undefined);
  assert.ok(reason.changes === null || Object.keys(reason.changes).length > 0);
}

async function clearUp(campaign: Campaign, ad_id: string): Promise<void> {
  const ad = await client.DELETE("/api/ads/{ad_id}", { params: { path: { ad_id } } });
  assert.equal(ad.response.status, 204);
  const path = { campaign_id: campaign.campaign_id };
  const gone = await client.DELETE("/api/campaigns/{campaign_id}", { params: { path } });
  assert.equal(gone.response.status, 204);
  const missing = await client.GET("/api/campaigns/{campaign_id}", { params: { path } });
  assert.equal(missing.response.status, 404);
}

await signIn("mara");
await list();
const { campaign, etag } = await create();
const ad = await addAd(campaign);
await change(campaign, etag);
await explain(campaign);
await clearUp(campaign, ad);
assert.deepEqual(problems, []);
console.log("The TypeScript program runs.");

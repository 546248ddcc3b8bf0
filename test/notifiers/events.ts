import type { Event, EventKind } from "../../shared/model/event.ts";

export const digestA = `sha256:${"a1".repeat(32)}`;
export const digestB = `sha256:${"b2".repeat(32)}`;

/** A complete event of a kind, as the steps write them. */
export function eventOf(kind: EventKind, changes: Partial<Event> = {}): Event {
  return {
    key: `${kind}-1`,
    kind,
    at: "2026-11-22T03:40:12Z",
    watch: "edge/nginx",
    source: "docker.io/library/nginx",
    tag: "1.27.1",
    digest: digestA,
    target: "contoso.azurecr.io/mirror/nginx:1.27.1",
    method: "acr-import",
    ...changes,
  };
}

/** What upstream could put into a name or a text. */
export const hostile = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "[click](https://evil.example)",
  "**bold** _it_ `code`",
  "<at>everyone</at> @channel",
  "\u202egnp.exe\u200b\ufeff",
  "one\r\nBcc: victim@example.com\r\n\r\ntwo",
  "{{DATE(2017-02-14T06:08:00Z,SHORT)}} \u0024{body} @{triggerBody()}",
  "\u0000\u001b[31m\u009b1m",
  "lone \ud800 half",
];

import { expect, it } from "vitest";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();

it("keeps every entry under its day, also two of one millisecond", async () => {
  const open = storage.open();
  const entry = {
    actor: "someone@example.org",
    action: "import",
    subject: "docker.io/library/nginx:1.27",
    at: new Date("2026-11-22T23:59:59.999Z"),
  } as const;
  await Promise.all([open.stores.audit.record(entry, never), open.stores.audit.record(entry, never)]);
  const found: unknown[] = [];
  for await (const { partition, row, values } of open.table("audit").scan("", never)) {
    found.push({ partition, time: row.slice(0, 24), values });
  }
  const { actor, action, subject } = entry;
  const row = {
    partition: "2026-11-22",
    time: "2026-11-22T23:59:59.999Z",
    values: { actor, action, subject },
  };
  expect(found).toEqual([row, row]);
});

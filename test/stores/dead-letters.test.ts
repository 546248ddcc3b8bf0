import { expect, it } from "vitest";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const at = new Date("2026-11-22T10:00:00.000Z");

it.each([
  { name: "an empty body", body: "" },
  { name: "a small body", body: '{"v":1,"text":"5 €"}' },
  { name: "case 50: 64 KiB", body: "x".repeat(65_536) },
])("keeps $name as it was", async ({ body }) => {
  const { deadLetters } = storage.open().stores;
  const letter = { key: "k", queue: "import", body, at };
  expect(await deadLetters.add(letter, never)).toBe("inserted");
  expect(await deadLetters.add({ ...letter, at: new Date() }, never)).toBe("exists");
  const [kept, ...more] = await deadLetters.all(never);
  expect(more).toEqual([]);
  // Compared apart: a difference of 64 KiB is nothing to print.
  expect(kept?.body === body).toBe(true);
  expect({ ...kept, body: "" }).toEqual({ ...letter, body: "" });
});

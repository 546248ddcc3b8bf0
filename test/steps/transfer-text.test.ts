import { expect, it } from "vitest";
import { transferText } from "../../shared/steps/import/transfer-text.ts";

it.each([
  [{ moved: 1.2e9, of: 3e9, perSecond: 25e6 }, "1.2 GB of 3.0 GB, 25 MB/s, about 72 s left"],
  [{ moved: 0, of: 3e9, perSecond: 0 }, "0 B of 3.0 GB"],
  [{ moved: 999, of: 1000 }, "999 B of 1.0 kB"],
  [{ moved: 999_499, of: 999_500 }, "999 kB of 1.0 MB"],
  [{ moved: 9_949_999, of: 9_950_000 }, "9.9 MB of 10 MB"],
  [{ moved: 5e12, of: 5e15, perSecond: 1e9 }, "5.0 TB of 5000 TB, 1.0 GB/s, about 1388 h left"],
  [{ moved: 1e9, of: 7e9, perSecond: 5e6 }, "1.0 GB of 7.0 GB, 5.0 MB/s, about 20 min left"],
  [{ moved: 3e9, of: 3e9, perSecond: 5e6 }, "3.0 GB of 3.0 GB, 5.0 MB/s, about 1 s left"],
  [{ moved: 2000 }, "2.0 kB"],
  [{ moved: 0 }, undefined],
  [undefined, undefined],
])("words %j of a copy that goes on as %s", (bytes, text) => {
  expect(transferText(bytes, "going on")).toBe(text);
});

it.each([
  [{ moved: 3e9, of: 3e9, perSecond: 25e6 }, "3.0 GB, 25 MB/s"],
  [{ moved: 2000 }, "2.0 kB"],
  [{ moved: 0, of: 0, perSecond: 0 }, undefined],
])("words %j of one that has ended as %s", (bytes, text) => {
  expect(transferText(bytes, "ended")).toBe(text);
});

import { describe, expect, it } from "vitest";
import { evidenceLines } from "../../cli/evidence-lines.ts";
import { evidenceOf } from "../../shared/documents/evidence.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import type { EvidenceAnswer, ImageEvidence } from "../../shared/steps/evidence/find-evidence.ts";
import { standingOf } from "../../shared/steps/evidence/standing-imports.ts";
import { digestNamed, makeRecord } from "../support/records.ts";

const at = new Date("2026-11-22T10:05:00.000Z");

function answer(parts: Partial<ImportRecord>, more: Partial<ImageEvidence> = {}): EvidenceAnswer {
  const record = evidenceOf(makeRecord({ state: "done", endedAt: at, ...parts }), {
    outcome: "done",
    app: "0.3.0",
    was: "imported",
  });
  const image = "target.example/mirror/app:1.0.0";
  const summary = "Brought in by Wharfgate, and the registry has this very digest now.";
  const told = { image, verdict: "on-record", summary, record, history: [], referrers: [], ...more } as const;
  return { asked: image, complete: true, images: [told] };
}

describe("the text of an answer", () => {
  it("says what an auditor asks, line by line", () => {
    const asked = answer({
      requestedBy: "someone@example.org",
      gates: [{ gate: "allow-list", verdict: "passed", reason: "a rule names it", at }],
      decisions: [{ kind: "approve", by: "alice", at, reason: "tested" }],
      bytes: { moved: 1000 },
    });
    expect(evidenceLines(asked, 200)).toEqual([
      "image    target.example/mirror/app:1.0.0",
      "ok       Brought in by Wharfgate, and the registry has this very digest now.",
      `digest   ${digestNamed("1.0.0")}`,
      "from     up.example/library/app:1.0.0",
      "to       target.example/mirror/app:1.0.0",
      "asked by someone@example.org (default/app)",
      "seen     2026-11-22T10:00:00.000Z",
      "came in  2026-11-22T10:05:00.000Z, 1000 bytes",
      "method   copy",
      "proof    HEAD at target.example by Wharfgate 0.3.0 at 2026-11-22T10:05:00.000Z",
      "gate     allow-list passed 2026-11-22T10:05:00.000Z: a rule names it",
      "decision approve by alice 2026-11-22T10:05:00.000Z: tested",
      expect.stringMatching(/^import {3}default\.app\.[0-9a-f]{64}$/),
    ]);
  });

  it.each([{ columns: 80 }, { columns: 60 }, { columns: 20 }])(
    "fits $columns columns, but never fewer than 40, and breaks no word",
    ({ columns }) => {
      const long = "x".repeat(300);
      const asked = answer({ why: "word ".repeat(60), reason: `begins ${long} ends` });
      const lines = evidenceLines(asked, columns).map((line) => line.slice(9));
      const room = Math.max(columns, 40) - 9;
      expect(lines.filter((line) => line.length > room && line.includes(" "))).toEqual([]);
      expect(lines).toContain(digestNamed("1.0.0"));
      expect(lines).toEqual(expect.arrayContaining(["begins", long, "ends"]));
    },
  );

  it("tells where an import stands that has not brought it in", () => {
    const gates = [
      { gate: "allow-list", verdict: "passed", reason: "a rule names it", at },
      { gate: "approval", verdict: "waiting", reason: "a person must approve", at, on: "person" },
    ] as const;
    const reason = "a person must approve. Let it in: wharfgate approve default/app:1.0.0";
    const record = makeRecord({ state: "waiting", gates, reason, dueAt: at });
    const { verdict, summary = "", imports } = standingOf([record]);
    const image = "target.example/mirror/app:1.0.0";
    const told = { image, verdict, summary, history: [], referrers: [], imports };
    expect(evidenceLines({ asked: image, complete: false, images: [told] }, 200)).toEqual([
      "image    target.example/mirror/app:1.0.0",
      "NO       default/app:1.0.0 waits at the gate approval since 2026-11-22T10:05:00.000Z, past allow-list",
      "import   default/app:1.0.0 waiting",
      `digest   ${digestNamed("1.0.0")}`,
      "from     up.example/library/app:1.0.0",
      "asked by watch (default/app)",
      "seen     2026-11-22T10:00:00.000Z",
      "gate     allow-list passed 2026-11-22T10:05:00.000Z: a rule names it",
      "gate     approval waiting 2026-11-22T10:05:00.000Z: a person must approve",
      "again    looked at 2026-11-22T10:05:00.000Z, or earlier",
      "next     Let it in: wharfgate approve default/app:1.0.0",
      expect.stringMatching(/^id {7}default\.app\.[0-9a-f]{64}$/),
    ]);
  });

  it("is cut where there is very much, and says so", () => {
    const earlier = answer({}).images[0]?.record;
    if (earlier === undefined) throw new Error("there is a record");
    const lines = evidenceLines(answer({}, { history: Array.from({ length: 50 }, () => earlier) }), 80);
    expect(lines.filter((line) => line.startsWith("earlier"))).toHaveLength(21);
    expect(lines).toContain("earlier  and 30 more: --json tells all");
  });

  it("is inert, whatever was written into it", () => {
    const hostile = "a\r\nok  faked\u001b[31m \u202egnp.exe\u200b <script>alert(1)</script>";
    const lines = evidenceLines(
      answer({
        requestedBy: hostile,
        why: hostile,
        reason: hostile,
        gates: [{ gate: hostile, verdict: "passed", reason: hostile, at }],
        decisions: [{ kind: "approve", by: hostile, at, reason: hostile }],
        operations: [hostile],
        link: `https://example.com/${hostile}`,
      }),
      80,
    );
    const text = lines.join("\n");
    expect(text).not.toMatch(/[\p{Cf}\r]/u);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(lines.filter((line) => line.startsWith("ok"))).toHaveLength(1);
    // A line of somebody else's making is one that we did not label.
    for (const line of lines) expect(line).toMatch(/^(?:[a-zA-Z ]{9}| {9})\S/);
  });
});

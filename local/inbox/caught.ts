import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Log } from "../log.ts";
import type { Mail } from "./mail.ts";

const mail = z.object({
  from: z.string(),
  to: z.string(),
  subject: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  text: z.string(),
  html: z.string().optional(),
});

const stored = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("card"), id: z.int().min(1), at: z.iso.datetime(), card: z.unknown() }),
  z.object({ kind: z.literal("mail"), id: z.int().min(1), at: z.iso.datetime(), mail }),
]);

/** A card or a mail that the inbox has caught. Ids grow; `at` is ISO 8601, UTC. */
export type InboxMessage = Readonly<z.infer<typeof stored>>;

type Content =
  | { readonly kind: "card"; readonly card: unknown }
  | { readonly kind: "mail"; readonly mail: Mail };

export interface Caught {
  /** Resolves once it is on disk. */
  add(content: Content): Promise<void>;
  /** Newest first. */
  list(): readonly InboxMessage[];
}

const kept = 500;
const fileName = /^[0-9]{10}\.json$/;

/** The messages in `dir`, one JSON file each, the latest 500. They survive a restart; one process at a time. */
export async function openCaught(dir: string, log: Log): Promise<Caught> {
  await mkdir(dir, { recursive: true });
  const messages = await load(dir, log);
  let nextId = (messages[0]?.id ?? 0) + 1;
  return {
    async add(content) {
      const message: InboxMessage = { id: nextId++, at: new Date().toISOString(), ...content };
      const path = join(dir, nameOf(message));
      await writeFile(`${path}.tmp`, JSON.stringify(message));
      await rename(`${path}.tmp`, path);
      // Two may finish in another order than they came.
      messages.unshift(message);
      messages.sort((a, b) => b.id - a.id);
      for (const old of messages.splice(kept)) await rm(join(dir, nameOf(old)), { force: true });
    },
    list: () => [...messages],
  };
}

async function load(dir: string, log: Log): Promise<InboxMessage[]> {
  const names = (await readdir(dir))
    .filter((name) => fileName.test(name))
    .sort()
    .reverse()
    .slice(0, kept);
  const messages: InboxMessage[] = [];
  for (const name of names) {
    try {
      messages.push(stored.parse(JSON.parse(await readFile(join(dir, name), "utf8"))));
    } catch (error) {
      log("warn", "a caught message cannot be read and is left out", { file: name, error: String(error) });
    }
  }
  return messages;
}

function nameOf({ id }: InboxMessage): string {
  return `${String(id).padStart(10, "0")}.json`;
}

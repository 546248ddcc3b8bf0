import { createAttachReferrer } from "./attach-referrer.ts";
import { createAttributes } from "./attributes.ts";
import { repositoryScope } from "./authorizer.ts";
import { getBlob, headBlob } from "./blobs.ts";
import { deleteManifest } from "./delete-manifest.ts";
import { deleteTag } from "./delete-tag.ts";
import { listRepositories } from "./list-repositories.ts";
import { createListTags } from "./list-tags.ts";
import { digestAt, getManifest, headManifest, putManifest } from "./manifests.ts";
import { createListReferrers } from "./referrers.ts";
import type { Registry } from "./registry.ts";
import { createSession, type SessionOptions } from "./session.ts";
import { mountBlob, startUpload } from "./uploads.ts";

/** A client for one registry over its session: each verb is a file of its own. */
export function createRegistry(options: SessionOptions): Registry {
  const session = createSession(options);
  const attributes = createAttributes(session);
  const listReferrers = createListReferrers(session, options.now);
  const attachReferrer = createAttachReferrer(session, listReferrers, options.sleep);
  return {
    host: session.host,
    prepare: (repositories) =>
      session.prepare(repositories.map((repository) => repositoryScope(repository, "pull"))),
    listTags: createListTags(session),
    listRepositories: (signal) => listRepositories(session, signal),
    headManifest: (repository, reference, signal) => headManifest(session, { repository, reference, signal }),
    digestAt: (repository, tag, { likely, signal }) =>
      digestAt(session, { repository, reference: tag, likely, signal }),
    getManifest: (repository, reference, signal) => getManifest(session, { repository, reference, signal }),
    putManifest: (repository, reference, manifest, signal) =>
      putManifest(session, { repository, reference, manifest, signal }),
    headBlob: (repository, digest, signal) => headBlob(session, { repository, digest, signal }),
    getBlob: (repository, descriptor, reading) => getBlob(session, { repository, descriptor, ...reading }),
    mountBlob: (repository, mount) => mountBlob(session, { repository, ...mount }),
    startUpload: (repository, signal) => startUpload(session, { repository, signal }),
    deleteTag: (repository, tag, signal) => deleteTag(session, attributes, { repository, tag, signal }),
    deleteManifest: (repository, digest, signal) => deleteManifest(session, { repository, digest, signal }),
    lockOf: (repository, reference, signal) => attributes.lockOf({ repository, reference, signal }),
    setLock: (repository, reference, { lock, signal }) =>
      attributes.set({ repository, reference, signal }, lock),
    listReferrers: async (repository, digest, signal) =>
      (await listReferrers({ repository, digest, signal })).referrers,
    attachReferrer: (repository, referrer, signal) => attachReferrer({ repository, referrer, signal }),
  };
}

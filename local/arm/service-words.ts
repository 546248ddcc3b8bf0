import { toFailure } from "../../shared/model/failure.ts";

/** Why a move failed, in the words that Azure's import service uses for it. */
export function importWords(error: unknown, host: string): string {
  const failure = toFailure(error, "copying");
  switch (failure.code) {
    case "unauthorized":
      return `Error: ${host} answered UNAUTHORIZED: authentication required`;
    case "forbidden":
    case "blocked":
      return `Access to ${host} denied`;
    case "conflict":
      return "The operation is disallowed on this registry, repository or image.";
    case "not-found":
      return `Error: ${host} answered MANIFEST_UNKNOWN: manifest unknown`;
    case "rate-limited":
      return `Error: ${host} answered 429 toomanyrequests: You have reached your pull rate limit`;
    default:
      return "Error copying blobs.";
  }
}

/** The same as the copy tool puts it, at the end of a run's log. */
export function toolWords(error: unknown, image: string): string {
  const failure = toFailure(error, "copying");
  switch (failure.code) {
    case "unauthorized":
      return `Error: fetching "${image}": UNAUTHORIZED: authentication required`;
    case "forbidden":
      return `Error: fetching "${image}": DENIED: requested access to the resource is denied`;
    case "conflict":
      return "Error: the operation is disallowed on this registry, repository or image";
    case "not-found":
      return `Error: fetching "${image}": MANIFEST_UNKNOWN: manifest unknown`;
    case "rate-limited":
      return `Error: fetching "${image}": TOOMANYREQUESTS: You have reached your pull rate limit`;
    default:
      return `Error: copying "${image}": ${failure.message}`;
  }
}

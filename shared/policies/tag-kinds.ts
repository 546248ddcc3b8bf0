// Signatures, attestations, SBOMs and referrers under the fallback scheme: cosign's SIGNATURE_SPEC and the distribution
// specification 1.1, "Referrers Tag Schema" (which truncates to 64 digits).
const artifactPattern = /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/;

export function isArtifact(tag: string): boolean {
  return artifactPattern.test(tag);
}

// Digits alone are numbers, and may be dates or builds.
const commitPattern = /^(?:(?=[0-9]*[a-f])[0-9a-f]{7,40}|(?:sha|git)-[0-9a-f]{7,40})$/;

export function isCommitId(tag: string): boolean {
  return commitPattern.test(tag);
}

const architecture =
  "(?:amd64|x86[-_]64|x64|386|i386|x86|arm64(?:[-_]?v[89])?|aarch64|arm(?:32)?(?:[-_]?v[5-8](?:l|hf)?)?|armhf|armel|ppc64(?:le|el)?|s390x?|riscv64|mips(?:64)?(?:le)?|loong(?:arch)?64)";
const windows = "(?:windowsservercore|nanoserver)(?:[-_.][a-zA-Z0-9._-]+)?|ltsc20[0-9]{2}|sac20[0-9]{2}";
const platformPattern = new RegExp(
  `[-_.]((?:(?:linux|windows|darwin)[-_])?${architecture}|${windows})$`,
  "i",
);

/** The platform that a tag or a suffix ends with, such as `arm64` of `-alpine-arm64`; undefined when it names none. */
export function platformOf(text: string): string | undefined {
  return platformPattern.exec(text)?.[1];
}

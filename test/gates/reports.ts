import type { Digest } from "../../shared/model/digest.ts";

export interface TestFinding {
  readonly id: string;
  readonly package?: string;
  readonly severity: string;
  readonly fixed?: string;
}

export interface TestReport {
  readonly imageId?: string;
  readonly digests?: readonly string[];
  readonly createdAt?: string;
  readonly findings?: readonly TestFinding[];
}

/** As `trivy image --format json` writes it. */
export function trivyReport({ imageId, digests = [], createdAt, findings = [] }: TestReport): object {
  return {
    SchemaVersion: 2,
    ...(createdAt && { CreatedAt: createdAt }),
    ArtifactName: "up.example/acme/app:1.0.0",
    ArtifactType: "container_image",
    Metadata: {
      OS: { Family: "debian", Name: "13.1" },
      ...(imageId && { ImageID: imageId }),
      RepoTags: ["up.example/acme/app:1.0.0"],
      RepoDigests: digests.map((digest) => `up.example/acme/app@${digest}`),
    },
    Results: [
      {
        Target: "up.example/acme/app:1.0.0 (debian 13.1)",
        Class: "os-pkgs",
        Type: "debian",
        Vulnerabilities: findings.map(({ id, package: name = "openssl", severity, fixed }) => ({
          VulnerabilityID: id,
          PkgName: name,
          InstalledVersion: "3.0.1",
          ...(fixed && { FixedVersion: fixed }),
          Severity: severity,
        })),
      },
    ],
  };
}

/** As `trivy image --format sarif` writes it, with the time that it leaves out. */
export function sarifReport({ imageId, digests = [], createdAt, findings = [] }: TestReport): object {
  return {
    version: "2.1.0",
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    runs: [
      {
        tool: {
          driver: {
            name: "Trivy",
            rules: findings.map(({ id, severity }) => ({
              id,
              properties: { tags: ["vulnerability", "security", severity], "security-severity": "5.5" },
            })),
          },
        },
        ...(createdAt && { invocations: [{ executionSuccessful: true, endTimeUtc: createdAt }] }),
        results: findings.map(({ id, package: name = "openssl", fixed = "" }, ruleIndex) => ({
          ruleId: id,
          ruleIndex,
          level: "error",
          message: {
            text: `Package: ${name}\nInstalled Version: 3.0.1\nVulnerability ${id}\nFixed Version: ${fixed}\nLink: [${id}](https://avd.example/${id})`,
          },
          locations: [{ physicalLocation: { artifactLocation: { uri: "acme/app" } } }],
        })),
        properties: {
          imageName: "up.example/acme/app:1.0.0",
          ...(imageId && { imageID: imageId }),
          repoDigests: digests.map((digest) => `up.example/acme/app@${digest}`),
        },
      },
    ],
  };
}

/** The predicate of `cosign attest --type vuln`. */
export function vulnerabilityPredicate(report: object, scanFinishedOn: string): object {
  return {
    invocation: {},
    scanner: { uri: "pkg:github/aquasecurity/trivy", version: "0.70.0", db: {}, result: report },
    metadata: { scanStartedOn: scanFinishedOn, scanFinishedOn },
  };
}

export const configOf = (image: {
  readonly manifest: { readonly blobs: readonly { readonly digest: Digest }[] };
}): Digest => {
  const [config] = image.manifest.blobs;
  if (config === undefined) throw new Error("an image without config");
  return config.digest;
};

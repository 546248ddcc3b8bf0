import { describe, expect, it } from "vitest";
import { networkFailure } from "../../shared/http/network-failure.ts";

const coded = (code: string) => Object.assign(new Error("secret"), { code });

describe("networkFailure", () => {
  it.each([
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "blocked", "WHARFGATE_CLIENT_CERT_"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "blocked", "WHARFGATE_CLIENT_CERT_"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "blocked", "WHARFGATE_CLIENT_CERT_"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "protocol", "does not speak TLS"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "blocked", "WHARFGATE_CA_FILE"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "blocked", "WHARFGATE_CA_FILE"],
    ["ENOTFOUND", "network", "does not resolve"],
    ["ECONNRESET", "network", "broke"],
  ])("tells %s as %s", (code, expected, says) => {
    const failure = networkFailure(coded(code), "GET https://registry.corp/v2/");
    expect(failure.code).toBe(expected);
    expect(failure.message).toContain(says);
    expect(failure.message).not.toContain("secret");
  });
});

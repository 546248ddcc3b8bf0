/** Local storage either answers soon or is gone: no use in the SDK's default of half a minute. */
export const storageRetries = {
  retryOptions: { maxTries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 },
};

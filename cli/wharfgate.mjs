#!/usr/bin/env node
// The command's file, committed with its executable bit: what the compiler writes has none.
await import("../dist/cli/main.js");

// Imported before anything else: what follows is compiled once for every version of it, not at each start. The cache lies
// beside the compiled code, where only those may write who may change that; where nobody may, there is none.
import { enableCompileCache } from "node:module";
import { join } from "node:path";

enableCompileCache(join(import.meta.dirname, "../dist/.compile-cache"));

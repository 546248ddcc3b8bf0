/** Where `wharfgate up` keeps its data, and other commands look for it, unless told otherwise by `--data`. */
export const usualDataFolder = ".wharfgate";

const MIB = 1024 * 1024

/**
 * Uncompressed size at which a writer closes a chunk. The chunk is closed at the end of the resource with which it
 * reaches this size. A worker holds two such chunks in memory.
 */
export const CHUNK_BYTES = 8 * MIB
/** Maximum uncompressed size of a chunk. A larger resource continues in the next chunk. */
export const MAX_CHUNK_BYTES = 16 * MIB
/** Maximum stored size of a chunk. Compression can make a chunk slightly larger, if its data is random. */
export const MAX_STORED_CHUNK_BYTES = MAX_CHUNK_BYTES + MIB
/** Maximum size of a record line, with its newline. */
export const MAX_LINE_BYTES = MIB
/**
 * Maximum nesting of the JSON of a record line. DynamoDB allows items with 32 levels, whose JSON has fewer than 100
 * levels.
 */
export const MAX_LINE_LEVELS = 100
/** Maximum size of a manifest, which is held in memory. */
export const MAX_MANIFEST_BYTES = 32 * MIB
/**
 * Maximum nesting of the JSON of a manifest or an index line. The parser is recursive and must not overflow the call
 * stack.
 */
export const MAX_MANIFEST_LEVELS = 64
/** Maximum uncompressed size of an index, which is held in memory. */
export const MAX_INDEX_BYTES = 64 * MIB
/** Maximum stored size of the list of resources that were left out. It is enough for about a million resources. */
export const MAX_LEFT_OUT_BYTES = 32 * MIB
/** Maximum size of the body of a pax header or a GNU long name. The paths in an archive are far shorter. */
export const MAX_PAX_BYTES = 64 * 1024
/**
 * Maximum size of the zstd window, as an exponent of 2. 2^23 bytes are 8 MiB. A decoder allocates the window in memory.
 */
export const MAX_WINDOW_LOG = 23
/**
 * Maximum number of files in a repacked tar. A reader keeps a list of all files in memory. Each file takes about 250
 * bytes and its name, so a million files take about 250 MB and the names.
 */
export const MAX_WALKED_FILES = 1_000_000
/**
 * Maximum size of one name in a repacked tar, in bytes. A name consists of a folder and a file name. The file name can
 * have 1,024 bytes, which is the limit of an S3 key. The remaining 76 bytes are enough for the folder.
 */
export const MAX_WALKED_NAME_BYTES = 1_100
/** Maximum size of all names in a repacked tar together, in bytes. A reader keeps all names in memory. */
export const MAX_WALKED_NAMES_BYTES = 128 * MIB

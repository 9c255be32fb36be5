const MIB = 1024 * 1024

/** A writer closes a chunk at the end of the resource with which it reaches this uncompressed size. */
export const CHUNK_BYTES = 8 * MIB
/** Maximum uncompressed size of a chunk. A larger resource continues in the next chunk. */
export const MAX_CHUNK_BYTES = 16 * MIB
/** Maximum stored size of a chunk: incompressible data, and the zstd frame around them. */
export const MAX_STORED_CHUNK_BYTES = MAX_CHUNK_BYTES + MIB
/** Maximum size of a record line, with its newline. */
export const MAX_LINE_BYTES = MIB
/** Maximum nesting of a record line. The 32 levels that DynamoDB allows need fewer. */
export const MAX_LINE_LEVELS = 100
export const MAX_MANIFEST_BYTES = 32 * MIB
export const MAX_MANIFEST_LEVELS = 64
/** Maximum uncompressed size of an index. */
export const MAX_INDEX_BYTES = 64 * MIB
export const MAX_PAX_BYTES = 64 * 1024
/** Maximum zstd window: 2^23 bytes are 8 MiB. */
export const MAX_WINDOW_LOG = 23
/** Maximum number of files in a repacked tar. A reader holds the name of each and about 250 bytes more in memory. */
export const MAX_WALKED_FILES = 1_000_000
/** Maximum size of a name in a repacked tar: a folder, and an S3 key of 1,024 bytes. */
export const MAX_WALKED_NAME_BYTES = 1_100
/** Maximum size of all names in a repacked tar together. */
export const MAX_WALKED_NAMES_BYTES = 128 * MIB

const MIB = 1024 * 1024

/** A chunk of records is closed at a resource's end from this size on (unpacked bytes). */
export const CHUNK_BYTES = 8 * MIB
/** No chunk unpacks to more: a larger resource goes on in the next chunk. Readers refuse more before giving memory to it. */
export const MAX_CHUNK_BYTES = 16 * MIB
/** Stored bytes of a chunk: what does not compress at all, and the frame around it. */
export const MAX_STORED_CHUNK_BYTES = MAX_CHUNK_BYTES + MIB
/** A record line with its newline. */
export const MAX_LINE_BYTES = MIB
/** Levels of nesting in a record line; DynamoDB's own 32 take fewer. */
export const MAX_LINE_LEVELS = 100
export const MAX_MANIFEST_BYTES = 32 * MIB
export const MAX_MANIFEST_LEVELS = 64
/** An index, unpacked. */
export const MAX_INDEX_BYTES = 64 * MIB
export const MAX_PAX_BYTES = 64 * 1024
/** zstd windows up to 2^23 bytes (8 MiB) are decoded. */
export const MAX_WINDOW_LOG = 23
/** Files of a repacked tar, whose names and checksums are held in memory: some 250 bytes each beside the name. */
export const MAX_WALKED_FILES = 1_000_000
/** A name in a repacked tar: a folder and a name that S3 takes. */
export const MAX_WALKED_NAME_BYTES = 1_100
/** All of them together. */
export const MAX_WALKED_NAMES_BYTES = 128 * MIB

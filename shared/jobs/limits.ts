/** The sizes that bound the work of a pass. Tests set small ones, so that a few resources take many passes. */
export interface Limits {
  /** How long a pass works before it returns a cursor, in ms: a third of a function's 15 minutes, so that the slowest digest bucket still fits. */
  readonly passMs: number
  /** How often a pass reads the status of its job, in ms. A pass of a cancelled job stops at the next border. */
  readonly watchMs: number
  /** Compressed bytes for which a range of an export is planned. */
  readonly rangeBytes: number
  /** Compressed bytes after which a pass ends its segment, in case the plan was wrong. */
  readonly segmentBytes: number
  /** Different blobs that the records of one pass may refer to. They are held in memory (about 200 bytes each). */
  readonly seenBlobs: number
  /** Blobs for which a range of the blob stages is planned. */
  readonly blobsPerRange: number
  /** Parts that one map item of the compose stage creates. */
  readonly partsPerItem: number
  /** Parts of one multipart upload. S3 accepts 10,000; the rest is a reserve. */
  readonly maxParts: number
  /** Bytes of records that the conversion of a stream holds in memory to sort them into one run. */
  readonly runBytes: number
  /** Runs that are merged at the same time. Each holds two pieces of half a MiB. */
  readonly mergedRuns: number
  /** Objects into which segments are joined if the archive would have too many parts. */
  readonly maxJoins: number
}

const MIB = 1024 * 1024

export const LIMITS: Limits = {
  passMs: 5 * 60_000,
  watchMs: 5_000,
  rangeBytes: 64 * MIB,
  segmentBytes: 256 * MIB,
  seenBlobs: 200_000,
  blobsPerRange: 2_000,
  partsPerItem: 64,
  maxParts: 9_900,
  runBytes: 64 * MIB,
  mergedRuns: 32,
  maxJoins: 1_000,
}

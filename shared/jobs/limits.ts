/** The sizes that bound a worker's pass. Tests make them small, so that a few resources take many passes. */
export interface Limits {
  /** How long a pass works before it hands over a cursor, in ms: a third of a function's 15 minutes, so that the slowest bucket still fits. */
  readonly passMs: number
  /** How often a pass looks whether its job still runs, in ms: a cancelled one stops at the next border. */
  readonly watchMs: number
  /** Packed bytes that a range of an export is planned for. */
  readonly rangeBytes: number
  /** Packed bytes after which a pass ends its segment, however wrong the plan was. */
  readonly segmentBytes: number
  /** Different blobs that a pass of records may name: they are held in memory (about 200 bytes each). */
  readonly seenBlobs: number
  /** Blobs that one range of the blob stages is planned for. */
  readonly blobsPerRange: number
  /** Parts that one child of the compose stage makes. */
  readonly partsPerItem: number
  /** Parts of one multipart upload; S3 takes 10,000, the rest is reserve. */
  readonly maxParts: number
  /** Bytes of records that the conversion of a stream holds, to sort them into one run. */
  readonly runBytes: number
  /** Runs that are merged at once: each is read in pieces of half a MiB, two of them held. */
  readonly mergedRuns: number
  /** Objects that runs of segments are joined into where there are more parts. */
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

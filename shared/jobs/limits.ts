/** The sizes that limit the work of a pass. Tests set small values, so that a few resources need many passes. */
export interface Limits {
  /**
   * The time after which a pass returns a cursor, in ms. A pass over records first finishes its digest bucket. A
   * function may run for 15 minutes, so 10 minutes remain for the slowest digest bucket.
   */
  readonly passMs: number
  /** The interval at which a pass reads the status of its job, in ms. It is the delay until a cancelled job stops. */
  readonly watchMs: number
  /** The time after which an upload that waits for another restore tries again for the first time, in seconds. */
  readonly queueSeconds: number
  /** The estimated size of the ranges into which an export is planned, in compressed bytes. */
  readonly rangeBytes: number
  /**
   * The compressed bytes after which a pass ends its segment. It is reached only if the estimate of the plan was too
   * low.
   */
  readonly segmentBytes: number
  /**
   * The size of the index after which a pass ends its segment of blobs, in bytes. Readers accept an index of 64 MiB.
   * One line of the index has up to 20 KB, including the headers of its blob.
   *
   * A restore also ends a pass over blobs after this many characters of headers, because later stages hold the headers
   * in memory.
   */
  readonly indexBytes: number
  /**
   * The number of different blobs after which a pass over records ends. They are held in memory, about 200 bytes each.
   */
  readonly seenBlobs: number
  /**
   * How long the metadata of a revision may be missing before the revision counts as unaccounted, in ms. Writers write
   * the revisions of a resource before its metadata.
   */
  readonly metadataMs: number
  /** The number of blobs of one map item of the blob stages. */
  readonly blobsPerRange: number
  /** The number of parts that one map item of the compose stage creates. */
  readonly partsPerItem: number
  /** The largest number of parts of an archive. S3 accepts 10,000 parts per upload; the difference is a reserve. */
  readonly maxParts: number
  /** The bytes of records that the conversion of a stream sorts in memory. Each run holds that many bytes. */
  readonly runBytes: number
  /** The number of runs that are merged at the same time. Each of them holds two pieces of 512 KiB in memory. */
  readonly mergedRuns: number
  /** The number of objects into which segments are joined if the archive would have too many parts. */
  readonly maxJoins: number
}

const MIB = 1024 * 1024

export const LIMITS: Limits = {
  passMs: 5 * 60_000,
  watchMs: 5_000,
  queueSeconds: 10,
  rangeBytes: 64 * MIB,
  segmentBytes: 256 * MIB,
  indexBytes: 32 * MIB,
  seenBlobs: 200_000,
  metadataMs: 60_000,
  blobsPerRange: 2_000,
  partsPerItem: 64,
  maxParts: 9_900,
  runBytes: 64 * MIB,
  mergedRuns: 32,
  maxJoins: 1_000,
}

/** The limits on the work of a pass. Tests set small values, so that a few resources need many passes. */
export interface Limits {
  /**
   * The time after which a pass stops and returns a cursor, in ms. A pass over records first finishes its digest
   * bucket. Lambda functions may run for 15 minutes, so 10 minutes remain for the slowest digest bucket.
   */
  readonly passMs: number
  /**
   * The interval at which a pass reads the status of its job, in ms. A pass of a cancelled job stops after at most this
   * time.
   */
  readonly watchMs: number
  /**
   * The largest number of items that a `Map` state of a workflow gets. If a stage has more map items, an execution that
   * has finished one continues with another (`nextPass` in `messages.ts`). AWS runs at most 10,000 items of a map at
   * the same time, and the list of the numbers 0 to 4,999 takes 24 KB in the state of the workflow.
   */
  readonly mapItems: number
  /** The time before the first new attempt of an upload that waits for another restore, in seconds. */
  readonly queueSeconds: number
  /** The estimated size of the ranges into which an export or restore is divided, in compressed bytes. */
  readonly rangeBytes: number
  /**
   * The largest size of several small segments that a restore processes as one range, in uncompressed bytes. Each range
   * becomes a map item of the later stages. A map item takes at least about 0.1 s, so tiny ranges would be slow. A
   * worker processes a range of this size within seconds. Larger segments are ranges of their own.
   */
  readonly groupBytes: number
  /**
   * The number of compressed bytes after which a pass ends its segment. This limit is reached only if the estimate of
   * the plan was too small.
   */
  readonly segmentBytes: number
  /**
   * The size of the index after which a pass ends its segment of blobs, in bytes. Readers accept an index of up to 64
   * MiB. One line of the index can have 20 KB, because it includes the headers of its blob.
   *
   * A restore also ends a pass over blobs when their headers have this number of characters, because later stages hold
   * the headers in memory.
   */
  readonly indexBytes: number
  /**
   * The number of references to different blobs after which a pass over records ends. Each reference takes about
   * 1 KB of memory (measured: 800 bytes with one referring resource, 1,100 bytes with three).
   */
  readonly seenBlobs: number
  /**
   * The largest number of lists of references to blobs from which one pass reads. If passes over records have written
   * more lists, they are first merged (`reference-merge.ts`). A pass reads 16 lists at the same time, with two requests
   * each, so this takes about 0.1 s.
   */
  readonly listsPerPass: number
  /**
   * How long the metadata of a revision may be missing before the revision counts as an item that belongs to no
   * resource, in ms. Writers write the metadata of a resource after its revisions.
   */
  readonly metadataMs: number
  /** The largest number of blobs of one map item of the blob stages. */
  readonly blobsPerRange: number
  /**
   * The estimated size of the blobs of one map item of an export, in bytes. S3 copies 32 GiB within minutes, so that
   * most map items end within one pass.
   */
  readonly bytesPerRange: number
  /** The largest number of parts that one map item of the compose stage creates. */
  readonly partsPerItem: number
  /**
   * The largest size of the parts of one map item of the compose stage, in bytes. S3 copies 32 GiB within minutes, so
   * that most map items end within one pass.
   */
  readonly bytesPerItem: number
  /**
   * The size from which a blob is read and copied in steps, in bytes. A pass can stop between two steps, and the next
   * pass continues there. Hashing in steps takes about five times as much CPU time (`ResumableSha256`), so smaller
   * blobs are read at once. At 60 MB/s, this takes at most 18 seconds.
   */
  readonly largeBlobBytes: number
  /**
   * The largest size of a blob, in bytes. A larger blob is rejected before it is read. Hashing 5 TiB in steps takes 41
   * hours at 37 MB/s (`infra/SCALE.md`). An export hashes a blob once and may run for 72 hours. A restore hashes it in
   * the archive, and may run for 92 hours. It also hashes the restored blob if the S3 server has computed no checksums.
   * S3 accepts objects of up to 50 TB since December 2025, but no job could hash them in time.
   */
  readonly maxBlobBytes: number
  /**
   * The largest size of the steps in which a large blob is hashed. At 37 MB/s, a step takes 7 seconds. A restore copies
   * the blob in parts that are equal to these steps. S3 requires 5 MiB for a part, so the limit must be at least 10
   * MiB. If a blob would have too many parts, its steps are larger (`copiedPartBytes`).
   */
  readonly hashStepBytes: number
  /**
   * The size of the parts in which large blobs are copied into archives, and archives into another bucket. S3 copies a
   * part of 512 MiB within seconds.
   */
  readonly copyPartBytes: number
  /**
   * The time after which a run that copies scheduled archives starts no other request to copy, in ms. Its function may
   * run for 15 minutes. Checking copies takes at most half of this time.
   */
  readonly copyRunMs: number
  /** The largest number of parts of an archive. S3 accepts 10,000 parts per upload, and the difference is a margin. */
  readonly maxParts: number
  /**
   * The size of a run of sorted records, in bytes. The conversion of a stream sorts the records of a run in memory,
   * writes them to a file, and merges the runs afterwards.
   */
  readonly runBytes: number
  /** The number of runs that are merged at the same time. Each run takes 0.25 MiB of memory, and its current record. */
  readonly mergedRuns: number
  /** The number of objects into which segments are joined if the archive would have too many parts. */
  readonly maxJoins: number
}

const MIB = 1024 * 1024

export const LIMITS: Limits = {
  passMs: 5 * 60_000,
  watchMs: 5_000,
  mapItems: 5_000,
  queueSeconds: 10,
  rangeBytes: 64 * MIB,
  groupBytes: 8 * MIB,
  segmentBytes: 256 * MIB,
  indexBytes: 32 * MIB,
  seenBlobs: 200_000,
  listsPerPass: 32,
  metadataMs: 60_000,
  blobsPerRange: 2_000,
  bytesPerRange: 32 * 1024 * MIB,
  partsPerItem: 64,
  bytesPerItem: 32 * 1024 * MIB,
  largeBlobBytes: 1024 * MIB,
  maxBlobBytes: 5 * 1024 * 1024 * MIB,
  hashStepBytes: 256 * MIB,
  copyPartBytes: 512 * MIB,
  copyRunMs: 10 * 60_000,
  maxParts: 9_900,
  runBytes: 16 * MIB,
  mergedRuns: 128,
  maxJoins: 1_000,
}

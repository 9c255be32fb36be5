/** Every number of the simulation that is not read from the code of the project. Times are in seconds. */

const KB = 1000
const MB = 1000 * KB
export const GB = 1000 * MB
const GIB = 1024 ** 3

/** What one resource of the simulated stores consists of. */
export const RESOURCE = {
  /** One item of metadata and three revisions, each of at most 1 KB. */
  revisions: 3,
  items: 4,
  /** The archive lines of all items, before compression. */
  bytes: 4.1 * KB,
  /** One resource of this number refers to a small blob. */
  perBlob: 100,
  blobBytes: 100 * KB,
}

/** Units of a consistent read of a page: one for each 4 KB. A write takes one unit for each item of at most 1 KB. */
export const UNITS = {
  readMetadata: 0.25,
  readRevisions: RESOURCE.revisions / 4,
  writeMetadata: 1,
  writeRevisions: RESOURCE.revisions,
}

/** What DynamoDB accepts per second. */
export const DYNAMODB = {
  partition: { reads: 3_000, writes: 1_000 },
  newTable: { reads: 12_000, writes: 4_000 },
  /** The default quota of an on-demand table. */
  quota: { reads: 40_000, writes: 40_000 },
  /** Within this time, an on-demand table accepts at most twice its previous peak. */
  growthSeconds: 30 * 60,
  burstSeconds: 300,
  partitionBytes: 10 * GIB,
}

/** Requests per second to one prefix of a bucket. */
export const S3 = { writes: 3_500, reads: 5_500 }

export const LATENCY = {
  /** One request to DynamoDB, such as a page of 1 MB. */
  dynamoDb: 0.02,
  /** One small request to S3. */
  s3: 0.03,
  /** From the end of a function to the start of the next function of the execution. */
  step: 0.1,
}

/** What one function does per second if no service throttles it. */
export const WORKER = {
  exportBytes: 25 * MB,
  preflightBytes: 60 * MB,
  verifyBytes: 25 * MB,
  writtenItems: 2_000,
  /** Reads and hashes blobs. */
  hashedBytes: 60 * MB,
  /**
   * Reads a large blob at 60 MB/s, and hashes each piece in steps at 100 MB/s before it reads the next one. A resumable
   * hash needs more CPU time than the native hash. 100 MB/s is a quarter of the speed that was measured on one core.
   */
  hashedInStepsBytes: 37 * MB,
  /** Bytes of one part that S3 copies. */
  copiedBytes: 100 * MB,
}

/** Prices in dollars, of us-east-1. */
export const PRICE = {
  readUnit: 0.125 / 1e6,
  writeUnit: 0.625 / 1e6,
  gibSecond: 0.0000133334,
  transition: 0.025 / 1000,
  s3Read: 0.4 / 1e6,
  s3Write: 5 / 1e6,
}

/** The rows of the section "Assumptions" of the document: what, value, and where the value is from. */
export const ASSUMPTIONS: readonly (readonly [what: string, value: string, source: string])[] = [
  ['a resource', '4 items of at most 1 KB, 4.1 KB of lines', 'chosen'],
  ['compression', '5.6', '`plan-export.ts`, measured'],
  ['small blobs', 'one of 100 KB per 100 resources', 'chosen'],
  ['shards', '16; from 50 million resources, 128', 'RUNBOOK'],
  ['one worker: export, verify', '25 MB/s of records before compression', 'estimate'],
  ['one worker: preflight', '60 MB/s of records before compression', 'estimate'],
  ['one worker: writes', '2,000 items/s', 'estimate'],
  ['one worker: reads and hashes smaller blobs', '60 MB/s', 'estimate'],
  ['one worker: blobs from 1 GiB', '37 MB/s: reads 60 MB/s, then hashes 100 MB/s', 'estimate; hashes 420 MB/s on x64'],
  ['one part that S3 copies', '100 MB/s', 'estimate'],
  ['a partition of DynamoDB', '3,000 read and 1,000 write units/s, 10 GB', 'AWS'],
  ['a new on-demand table', '12,000 read and 4,000 write units/s', 'AWS'],
  ['growth of such a table', 'twice the use of the last 30 minutes', 'AWS'],
  ['default quota of a table', '40,000 read and write units/s', 'AWS'],
  ['burst of a table', 'the unused units of 300 s', 'AWS'],
  ['calls to a throttled table', 'use 85 % of the units that it offers', 'required by `test:limits`'],
  ['a prefix of S3', '3,500 writes/s and 5,500 reads/s', 'AWS'],
  ['latency of DynamoDB and S3', '20 ms and 30 ms', 'estimate'],
  ['start of the next function', '100 ms after the last one', 'estimate'],
  ['prices', 'on demand, us-east-1', 'list prices'],
]

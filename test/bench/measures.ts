import { hasLargeBlobs } from './content/data-sets.ts'
import { floorRunner } from './floors/floor-runner.ts'
import type { Measure } from './measure.ts'
import { exportAll, restoreAll } from './ours/jobs.ts'
import { awsS3Download, awsS3Upload } from './peers/aws-s3-cp.ts'
import { dynamodumpBackup, dynamodumpRestore } from './peers/dynamodump.ts'
import { specstarDump, specstarLoad } from './peers/specstar.ts'

const hasRecords: Measure['applies'] = ({ kind }) => kind === 'records'
const hasBlobs: Measure['applies'] = (_, { blobs }) => blobs > 0
const isOfLargeBlobs: Measure['applies'] = (_, size) => hasLargeBlobs(size)
/** Larger blobs would fill the memory. They are copied by S3. */
const hasSmallBlobs: Measure['applies'] = (_, size) => size.blobs > 0 && !hasLargeBlobs(size)

/** A floor that writes items keeps all of them in memory, about 3 KB each. */
const MAX_KEPT_ITEMS = 400_000
const fitsIntoMemory: Measure['applies'] = (_, { resources, revisions }) =>
  resources * (1 + revisions) <= MAX_KEPT_ITEMS

/** To add a floor or a peer, write its file and add a row. A floor also needs a row in `floors/floors.ts`. */
export const MEASURES: readonly Measure[] = [
  { name: 'query', kind: 'floor', store: 'full', applies: hasRecords, prepare: floorRunner('query') },
  { name: 'plain export', kind: 'floor', store: 'full', applies: hasRecords, prepare: floorRunner('plain export') },
  { name: 'read and hash', kind: 'floor', store: 'full', prepare: floorRunner('read and hash') },
  { name: 'get blobs', kind: 'floor', store: 'full', applies: hasSmallBlobs, prepare: floorRunner('get blobs') },
  {
    name: 'get large blobs',
    kind: 'floor',
    store: 'full',
    applies: isOfLargeBlobs,
    prepare: floorRunner('get large blobs'),
  },
  { name: 'copy blobs', kind: 'floor', store: 'full', applies: hasBlobs, prepare: floorRunner('copy blobs') },
  { name: 'dynamodump backup', kind: 'peer', store: 'full', applies: hasRecords, prepare: dynamodumpBackup },
  { name: 'aws s3 cp download', kind: 'peer', store: 'full', applies: hasBlobs, prepare: awsS3Download },
  { name: 'specstar dump', kind: 'peer', store: 'full', prepare: specstarDump },
  { name: 'specstar load', kind: 'peer', store: 'full', prepare: specstarLoad },
  { name: 'export', kind: 'ours', store: 'full', prepare: exportAll },
  {
    name: 'batch write',
    kind: 'floor',
    store: 'empty',
    applies: fitsIntoMemory,
    prepare: floorRunner('batch write'),
  },
  {
    name: 'conditional put',
    kind: 'floor',
    store: 'empty',
    optional: true,
    applies: hasRecords,
    prepare: floorRunner('conditional put'),
  },
  { name: 'put blobs', kind: 'floor', store: 'empty', applies: hasSmallBlobs, prepare: floorRunner('put blobs') },
  {
    name: 'dynamodump restore',
    kind: 'peer',
    store: 'empty',
    restores: 'items',
    applies: hasRecords,
    prepare: dynamodumpRestore,
  },
  {
    name: 'aws s3 cp upload',
    kind: 'peer',
    store: 'empty',
    restores: 'blobs',
    applies: hasBlobs,
    prepare: awsS3Upload,
  },
  { name: 'restore skip', kind: 'ours', store: 'empty', optional: true, prepare: restoreAll('skip') },
  { name: 'restore raise_error', kind: 'ours', store: 'empty', optional: true, prepare: restoreAll('raise_error') },
  { name: 'restore overwrite', kind: 'ours', store: 'empty', prepare: restoreAll('overwrite') },
]

/** A comparison of the speed of the product with floors or a peer. */
export interface Comparison {
  readonly name: string
  /** A measure of the product, or a stage of it after a colon. */
  readonly ours: string
  /**
   * The times of these measures are added. A measure that does not apply to a data set is left out. Of several measures
   * that are separated by `|`, the first that applies is added.
   */
  readonly others: readonly string[]
  /** The ratio that the project wants to reach. */
  readonly target?: number
  readonly kind?: 'records' | 'blobs'
}

/**
 * Before S3 copies a large blob to an archive, an export reads the blob once to hash it. Small blobs are read in any
 * case.
 */
const HASH_LARGE_BLOBS = 'get large blobs'
/** Large blobs are not put, but copied by S3. */
const WRITE_BLOBS = 'put blobs|copy blobs'
const RAW_WRITING = ['batch write', WRITE_BLOBS]

/** The ratios that are reported, and that `--check` compares. To add one, add a row. */
export const COMPARISONS: readonly Comparison[] = [
  {
    name: 'export / plain export',
    ours: 'export',
    others: ['plain export', 'copy blobs', HASH_LARGE_BLOBS],
    target: 0.85,
  },
  {
    name: 'export-records / plain export',
    ours: 'export:export-records',
    others: ['plain export'],
    target: 0.85,
    kind: 'records',
  },
  { name: 'export-records / query', ours: 'export:export-records', others: ['query'], kind: 'records' },
  {
    name: 'export-blobs / get or copy blobs',
    ours: 'export:export-blobs',
    others: [`${HASH_LARGE_BLOBS}|copy blobs`],
    kind: 'blobs',
  },
  {
    name: 'apply-records overwrite / batch write',
    ours: 'restore overwrite:apply-records',
    others: ['batch write'],
    target: 0.85,
    kind: 'records',
  },
  {
    name: 'apply-records skip / conditional put',
    ours: 'restore skip:apply-records',
    others: ['conditional put'],
    target: 0.85,
    kind: 'records',
  },
  {
    name: 'apply-records skip / batch write',
    ours: 'restore skip:apply-records',
    others: ['batch write'],
    kind: 'records',
  },
  {
    name: 'apply-records raise_error / conditional put',
    ours: 'restore raise_error:apply-records',
    others: ['conditional put'],
    target: 0.85,
    kind: 'records',
  },
  {
    name: 'apply-records raise_error / batch write',
    ours: 'restore raise_error:apply-records',
    others: ['batch write'],
    kind: 'records',
  },
  {
    name: 'apply-blobs / put or copy blobs',
    ours: 'restore overwrite:apply-blobs',
    others: [WRITE_BLOBS],
    kind: 'blobs',
  },
  { name: 'verify / read and hash', ours: 'restore overwrite:verify', others: ['read and hash'], target: 0.85 },
  { name: 'restore overwrite / raw writing', ours: 'restore overwrite', others: RAW_WRITING, target: 0.5 },
  { name: 'restore skip / raw writing', ours: 'restore skip', others: RAW_WRITING },
  { name: 'restore raise_error / raw writing', ours: 'restore raise_error', others: RAW_WRITING },
  { name: 'export / dynamodump', ours: 'export', others: ['dynamodump backup'], target: 3, kind: 'records' },
  {
    name: 'restore / dynamodump',
    ours: 'restore overwrite',
    others: ['dynamodump restore'],
    target: 3,
    kind: 'records',
  },
  {
    name: 'export-blobs / aws s3 cp',
    ours: 'export:export-blobs',
    others: ['aws s3 cp download'],
    target: 0.85,
    kind: 'blobs',
  },
  {
    name: 'apply-blobs / aws s3 cp',
    ours: 'restore overwrite:apply-blobs',
    others: ['aws s3 cp upload'],
    target: 0.85,
    kind: 'blobs',
  },
]

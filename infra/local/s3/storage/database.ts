import { ClassicLevel } from 'classic-level'
import type { BucketRecord, ObjectVersion, PartRecord, UploadRecord, VersionEntry } from './records.ts'

/**
 * The records of the service, in LevelDB. A batch can change several tables. It is written completely or not at all.
 */
export interface Database {
  readonly level: ClassicLevel
  readonly settings: Table<number>
  /** All buckets, by name. */
  readonly buckets: Table<BucketRecord>
  /**
   * The current version of every object, by bucket and key. There is no record if the latest version of a key is a
   * delete marker.
   */
  readonly objects: Table<ObjectVersion>
  /**
   * All other versions and all delete markers, by bucket and key. The entries of one key are sorted from newest to
   * oldest.
   */
  readonly history: Table<VersionEntry>
  /** All unfinished multipart uploads, by upload id. */
  readonly uploads: Table<UploadRecord>
  /** All parts of these uploads, by upload id and part number. */
  readonly parts: Table<PartRecord>
}

export type Batch = ReturnType<ClassicLevel['batch']>
type Table<Value> = ReturnType<typeof table<Value>>

export async function openDatabase(path: string): Promise<Database> {
  const level = new ClassicLevel(path)
  await level.open()
  allocateKeyBuffer(level)
  return {
    level,
    settings: table(level, 'settings'),
    buckets: table(level, 'buckets'),
    objects: table(level, 'objects'),
    history: table(level, 'history'),
    uploads: table(level, 'uploads'),
    parts: table(level, 'parts'),
  }
}

/**
 * An upper bound of the length of a record's key, in bytes. The limits on bucket names, object keys and upload ids keep
 * every key shorter than this.
 */
const LONGEST_PATH_BYTES = 4096

/**
 * Makes the key buffer of LevelDB large enough for all keys, by reading a long key once. `getSync` copies each key to
 * this buffer and normally enlarges the buffer if the key does not fit. But if exactly the last character of a key fits
 * only in part, `getSync` does not notice this and looks up a wrong key. A buffer that is large enough for every key
 * prevents this.
 */
function allocateKeyBuffer(level: ClassicLevel): void {
  level.getSync('x'.repeat(LONGEST_PATH_BYTES))
}

/*
 * The database key of a record (a "path" in the function names) consists of several parts, separated by U+0000. No
 * bucket name, object key or upload id contains this character. It sorts before all other characters, so the objects of
 * a bucket are sorted by the UTF-8 bytes of their object keys.
 */
const END = '\u0000'
const AFTER_END = '\u0001'

/** A range of keys in the database: at least `gte` and less than `lt`. */
interface KeyRange {
  readonly gte: string
  readonly lt: string
}

export function objectPath(bucket: string, key: string): string {
  return `${bucket}${END}${key}`
}

export function objectsFrom(bucket: string, key: string): KeyRange {
  return { gte: objectPath(bucket, key), lt: `${bucket}${AFTER_END}` }
}

export function historyPath(bucket: string, key: string, sequence: number): string {
  const newestFirst = Number.MAX_SAFE_INTEGER - sequence
  return `${bucket}${END}${key}${END}${String(newestFirst).padStart(16, '0')}`
}

export function historyOf(bucket: string, key: string): KeyRange {
  const name = objectPath(bucket, key)
  return { gte: `${name}${END}`, lt: `${name}${AFTER_END}` }
}

/** Returns the object key that a key of the table `history` contains. */
export function keyOfHistoryPath(bucket: string, path: string): string {
  return path.slice(bucket.length + END.length, path.lastIndexOf(END))
}

export function partPath(uploadId: string, number: number): string {
  return `${uploadId}${END}${String(number).padStart(5, '0')}`
}

export function partsOf(uploadId: string): KeyRange {
  return { gte: `${uploadId}${END}`, lt: `${uploadId}${AFTER_END}` }
}

function table<Value>(level: ClassicLevel, name: string) {
  return level.sublevel<string, Value>(name, { valueEncoding: 'json' })
}

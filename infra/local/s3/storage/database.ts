import { ClassicLevel } from 'classic-level'
import type { BucketRecord, ObjectVersion, PartRecord, UploadRecord, VersionEntry } from './records.ts'

/** The records of the service in LevelDB. A batch over several tables is written as a whole or not at all. */
export interface Database {
  readonly level: ClassicLevel
  readonly settings: Table<number>
  /** by bucket name */
  readonly buckets: Table<BucketRecord>
  /** the current version of every object, by bucket and key; a key whose latest version is a delete marker is absent */
  readonly objects: Table<ObjectVersion>
  /** all other versions and the delete markers, by bucket, key and age, the newest first */
  readonly history: Table<VersionEntry>
  /** by upload id */
  readonly uploads: Table<UploadRecord>
  /** by upload id and number */
  readonly parts: Table<PartRecord>
}

export type Batch = ReturnType<ClassicLevel['batch']>
type Table<Value> = ReturnType<typeof table<Value>>

export async function openDatabase(path: string): Promise<Database> {
  const level = new ClassicLevel(path)
  await level.open()
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

/*
 * Composite keys. U+0000 ends a name: no bucket name, key or upload id contains it, and it sorts before every other
 * character, so that keys stay in the order of their UTF-8 bytes.
 */
const END = '\u0000'
const AFTER_END = '\u0001'

/** Every key that begins with `name` and its end. */
export interface KeyRange {
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

/** The key of an object, from a path of the history. */
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

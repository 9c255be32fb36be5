import { type Database, keyOfHistoryPath, objectPath, objectsFrom } from './database.ts'
import type { ObjectVersion, VersionEntry } from './records.ts'

/** One entry of a list of versions. */
export interface ListedVersion {
  readonly entry: VersionEntry
  readonly isLatest: boolean
}

/** Yields the objects of a bucket, sorted by the UTF-8 bytes of their keys. Starts with the key `from` (inclusive). */
export async function* listObjects(
  { objects }: Database,
  bucket: string,
  from: string,
): AsyncGenerator<readonly [key: string, version: ObjectVersion]> {
  const prefix = objectPath(bucket, '')
  for await (const [path, version] of objects.iterator(objectsFrom(bucket, from))) {
    yield [path.slice(prefix.length), version]
  }
}

/**
 * Yields all versions and delete markers of a bucket, sorted by key. The entries of one key are sorted from newest to
 * oldest. Starts with the key `from` (inclusive).
 */
export async function* listVersions(
  { level, objects, history }: Database,
  bucket: string,
  from: string,
): AsyncGenerator<readonly [key: string, version: ListedVersion]> {
  const prefix = objectPath(bucket, '')
  // Both tables are read from the same snapshot. A version that a writer moves between them appears exactly once.
  const snapshot = level.snapshot()
  const range = { ...objectsFrom(bucket, from), snapshot }
  const current = objects.iterator(range)
  try {
    let next = await current.next()
    let latest: string | undefined
    for await (const [path, entry] of history.iterator(range)) {
      const key = keyOfHistoryPath(bucket, path)
      while (next !== undefined && compareKeys(next[0].slice(prefix.length), key) <= 0) {
        latest = next[0].slice(prefix.length)
        yield [latest, { entry: next[1], isLatest: true }]
        next = await current.next()
      }
      yield [key, { entry, isLatest: key !== latest }]
      latest = key
    }
    for (; next !== undefined; next = await current.next()) {
      yield [next[0].slice(prefix.length), { entry: next[1], isLatest: true }]
    }
  } finally {
    await current.close()
    await snapshot.close()
  }
}

/** Compares keys by their UTF-8 bytes, as S3 does. */
export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

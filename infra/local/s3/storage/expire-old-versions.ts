import { type Database, keyOfHistoryPath, objectsFrom } from './database.ts'
import { isDeleteMarker, type VersionEntry } from './records.ts'
import type { VersionedObjects } from './versioned-objects.ts'

export interface Expiry {
  readonly bucket: string
  /** The time before which versions expire, in milliseconds since 1970. */
  readonly before: number
  readonly signal: AbortSignal | undefined
}

/**
 * Deletes the versions of a bucket that became noncurrent before a time. Also deletes delete markers that are older
 * than this time if their key has no other versions. On AWS, lifecycle rules in `infra/backup-stores.ts` do the same.
 */
export async function expireOldVersions(
  database: Database,
  objects: VersionedObjects,
  { bucket, before, signal }: Expiry,
): Promise<void> {
  for await (const [key, entries] of historyByKey(database, bucket)) {
    const current = objects.current(bucket, key)
    // A version became noncurrent when the next newer version was written.
    let newer: VersionEntry | undefined = current
    const left: VersionEntry[] = []
    for (const entry of entries) {
      if (signal?.aborted === true) return
      if (newer !== undefined && newer.modified < before) await objects.deleteVersion(bucket, key, entry.versionId)
      else left.push(entry)
      newer = entry
    }
    const [only, ...others] = left
    if (current !== undefined || only === undefined || others.length > 0) continue
    if (isDeleteMarker(only) && only.modified < before) await objects.deleteVersion(bucket, key, only.versionId)
  }
}

async function* historyByKey(
  { history }: Database,
  bucket: string,
): AsyncGenerator<readonly [key: string, newestFirst: readonly VersionEntry[]]> {
  let group: { readonly key: string; readonly entries: VersionEntry[] } | undefined
  for await (const [path, entry] of history.iterator(objectsFrom(bucket, ''))) {
    const key = keyOfHistoryPath(bucket, path)
    if (group?.key === key) group.entries.push(entry)
    else {
      if (group !== undefined) yield [group.key, group.entries]
      group = { key, entries: [entry] }
    }
  }
  if (group !== undefined) yield [group.key, group.entries]
}

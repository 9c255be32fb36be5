import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Batch, Database } from './database.ts'
import { NULL_VERSION, type ObjectVersion } from './records.ts'

/** Format 2 stores buckets and versions in the database. Format 1 had no versions, and a folder for each bucket. */
const FORMAT = 2
/** The number of records that one batch writes to the database. It limits the memory. */
const BATCH_RECORDS = 10_000

/**
 * Converts data in format 1 to the current format: every object becomes a version with the id `null`.
 * After an interruption, the next call starts again. Throws if the data is in a format of a later version.
 */
export async function upgrade(database: Database, dir: string): Promise<void> {
  const format = (await database.settings.get('format')) ?? 1
  if (format > FORMAT) {
    throw new Error(
      `${dir} was written by a later version of the local S3 service: ` +
        'use this version of the program, or delete the folder and all data in it',
    )
  }
  if (format === FORMAT) return
  const bucketFolder = join(dir, 'buckets')
  for (const name of await foldersIn(bucketFolder)) await database.buckets.put(name, { created: Date.now() })
  await numberObjects(database)
  await database.settings.put('format', FORMAT)
  await rm(bucketFolder, { recursive: true, force: true })
}

async function numberObjects({ level, objects }: Database): Promise<void> {
  let sequence = 0
  let records = 0
  let batch: Batch = level.batch()
  for await (const [path, old] of objects.iterator()) {
    const { size, etag, modified, headers, segments, checksums } = old
    sequence += 1
    const version: ObjectVersion = {
      versionId: NULL_VERSION,
      sequence,
      modified,
      size,
      etag,
      headers,
      segments,
      checksums,
    }
    batch.put(path, version, { sublevel: objects })
    records += 1
    if (records % BATCH_RECORDS === 0) {
      await batch.write()
      batch = level.batch()
    }
  }
  await batch.write()
}

async function foldersIn(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

import { Readable } from 'node:stream'
import * as z from 'zod'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { UnrestorableResource } from './unrestorable-resource.ts'

/** The location of an object that lists all resources that cannot be restored, as JSON lines. */
export const UnrestorableList = z.object({ bucket: z.string(), key: z.string() }).readonly()
export type UnrestorableList = z.output<typeof UnrestorableList>

/** The store and the setting that are needed to write the list. */
export interface ListStores {
  readonly objects: ObjectStore
  readonly config: { readonly buckets: { readonly archives: string } }
}

/** Returns the location of the list of a job. It is in the archive bucket, next to the report of the job. */
export const unrestorableListOf = ({ config }: Pick<ListStores, 'config'>, jobId: string): UnrestorableList => ({
  bucket: config.buckets.archives,
  key: `reports/${jobId}.unrestorable.jsonl`,
})

/**
 * Writes the list of a job, and returns its location. If an earlier attempt has written the list, replaces it.
 */
export const writeUnrestorableList = async (
  stores: ListStores,
  jobId: string,
  resources: Iterable<UnrestorableResource> | AsyncIterable<UnrestorableResource>,
): Promise<UnrestorableList> => {
  const options = { contentType: 'application/x-ndjson' }
  const lines = Readable.from(chunksOf(resources), { objectMode: false })
  const list = unrestorableListOf(stores, jobId)
  await stores.objects.upload(list.bucket, list.key, lines, { ...options, checksum: true })
  return list
}

/** The size from which a chunk is passed to the upload. Many small chunks would make the upload slow. */
const CHUNK_BYTES = 64 * 1024

/** Yields the resources as JSON lines, in chunks of several lines. */
async function* chunksOf(
  resources: Iterable<UnrestorableResource> | AsyncIterable<UnrestorableResource>,
): AsyncGenerator<Buffer> {
  let lines: string[] = []
  let characters = 0
  for await (const resource of resources) {
    const line = `${JSON.stringify(resource)}\n`
    lines.push(line)
    characters += line.length
    if (characters < CHUNK_BYTES) continue
    yield Buffer.from(lines.join(''))
    lines = []
    characters = 0
  }
  yield Buffer.from(lines.join(''))
}

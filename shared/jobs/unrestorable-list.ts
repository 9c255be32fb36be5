import { Readable } from 'node:stream'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { UnrestorableResource } from './unrestorable-resource.ts'

/** An object that lists all resources that cannot be restored, as JSON lines. */
export interface UnrestorableList {
  readonly bucket: string
  readonly key: string
}

/** What writes the list: the object store, and the archive bucket. */
export interface ListStores {
  readonly objects: ObjectStore
  readonly config: { readonly buckets: { readonly archives: string } }
}

/**
 * Writes the list of a job next to its report in the archive bucket. Replaces the list that an earlier attempt has
 * written.
 */
export const writeUnrestorableList = async (
  { objects, config }: ListStores,
  jobId: string,
  resources: Iterable<UnrestorableResource> | AsyncIterable<UnrestorableResource>,
): Promise<UnrestorableList> => {
  const options = { contentType: 'application/x-ndjson' }
  const lines = Readable.from(chunksOf(resources), { objectMode: false })
  const { bucket, key } = await objects.upload(
    config.buckets.archives,
    `reports/${jobId}.unrestorable.jsonl`,
    lines,
    options,
  )
  return { bucket, key }
}

/** Bytes that are joined before they are passed on. Many small chunks would make the upload slow. */
const CHUNK_BYTES = 64 * 1024

/** Yields the resources as JSON lines, joined to chunks. */
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

import * as z from 'zod'
import type { ReferenceSorter, SortedReference } from '../../../../shared/archive/check/references.ts'
import { blobPosition } from '../../../../shared/blobs/blob-references.ts'
import { TemporarySorter } from './temporary-sorter.ts'

/** The number of references that are remembered, so that a blob with many references is not added for each of them. */
const MAX_KNOWN = 50_000

const Body = z.tuple([z.string(), z.string(), z.string()])

/** Sorts references to blobs, in temporary files if necessary. */
export class TemporaryReferences implements ReferenceSorter {
  readonly #sorter = new TemporarySorter()
  readonly #known = new Set<string>()
  #count = 0

  async add(model: string, fileId: string, resourceId: string): Promise<void> {
    const known = `${model}\0${fileId}`
    if (this.#known.has(known)) return
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.add(known)
    this.#count += 1
    this.#sorter.add({
      key: Buffer.from(`${blobPosition(fileId)}${model}`),
      body: Buffer.from(JSON.stringify([model, fileId, resourceId])),
      number: 0,
      offset: this.#count,
    })
    await this.#sorter.makeRoom()
  }

  async *sorted(): AsyncGenerator<SortedReference> {
    const merge = await this.#sorter.merge()
    for await (const { body } of merge.entries()) {
      const [model, file_id, resource_id] = Body.parse(JSON.parse(body.toString()))
      yield { position: blobPosition(file_id), model, file_id, resource_id }
    }
  }

  close(): Promise<void> {
    return this.#sorter.close()
  }
}

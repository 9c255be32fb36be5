import * as z from 'zod'
import { UnrestorableStoredResource } from '../archive/left-out.ts'
import type { Attempt } from '../jobs/pass.ts'
import type { WorkFile, WorkFiles } from '../jobs/work-files.ts'
import type { PinnedObject } from '../objects/object.ts'
import { statedIdIn } from '../resources/keys.ts'
import { MetadataView } from '../resources/views.ts'
import type { Item, Key } from '../tables/item.ts'
import { compareBytes } from '../values/text-order.ts'

/** The resources that one pass left out. */
const LEFT_OUT: WorkFile<readonly UnrestorableStoredResource[], [n: number, attempt: string]> = {
  name: (n, attempt) => `left-out/${n}/${attempt}`,
  content: z.array(UnrestorableStoredResource).readonly(),
}

/** Collects the resources that one pass leaves out. */
export class LeftOutOfPass {
  /** The resources. The keys are results of `nameOf`. */
  readonly #resources = new Map<string, UnrestorableStoredResource>()

  get size(): number {
    return this.#resources.size
  }

  has(model: string, metadata: Item): boolean {
    return this.hasKey(model, new MetadataView(metadata).sortKey)
  }

  hasKey(model: string, metadataSortKey: string): boolean {
    return this.#resources.has(nameOf(model, metadataSortKey))
  }

  /**
   * Adds a resource that has a fault. `item` is the metadata or the revision that has the fault. If the resource was
   * already added, its first fault is kept. If the metadata contains no id, the id in its key is used.
   */
  add(model: string, metadata: Item, item: Item, reason: string): void {
    const { resourceId, sortKey } = new MetadataView(metadata)
    const resource_id = resourceId === '' ? statedIdIn(sortKey) : resourceId
    this.#add(sortKey, { model, resource_id, key: new MetadataView(item).key, reason })
  }

  /** Adds a resource whose current revision is missing. `key` is the key of its metadata. */
  addTorn(model: string, resource_id: string, key: Key): void {
    this.#add(key.sk, { model, resource_id, key, reason: 'the current revision is missing' })
  }

  /**
   * Removes the resources of a model that are in this or a later digest bucket. They were added because the store reads
   * ahead of the position where the pass stops. The next pass reads them again.
   */
  removeFrom(model: string, bucket: string): void {
    const first = nameOf(model, bucket)
    for (const [name, resource] of this.#resources)
      if (resource.model === model && compareBytes(name, first) >= 0) this.#resources.delete(name)
  }

  #add(metadataSortKey: string, resource: UnrestorableStoredResource): void {
    const name = nameOf(resource.model, metadataSortKey)
    if (!this.#resources.has(name)) this.#resources.set(name, resource)
  }

  /**
   * Writes the list as a file of the job. Returns an object with the member `left_out`, which refers to the file. If
   * the list is empty, writes no file and returns an empty object.
   */
  async write(workFiles: WorkFiles, { job_id, n, attempt }: Attempt): Promise<{ readonly left_out?: PinnedObject }> {
    if (this.#resources.size === 0) return {}
    return { left_out: await workFiles.write(LEFT_OUT, [...this.#resources.values()], job_id, n, attempt) }
  }
}

const nameOf = (model: string, metadataSortKey: string): string => `${model}/${metadataSortKey}`

/** Returns the resources that all passes left out, sorted by model and sort key. */
export const readLeftOut = async (
  workFiles: WorkFiles,
  results: readonly { readonly left_out?: PinnedObject }[],
): Promise<UnrestorableStoredResource[]> => {
  const resources: UnrestorableStoredResource[] = []
  for (const { left_out } of results)
    if (left_out !== undefined)
      for (const resource of await workFiles.readPinned(LEFT_OUT, left_out)) resources.push(resource)
  return resources.sort((a, b) => compareBytes(a.model, b.model) || compareBytes(a.key.sk, b.key.sk))
}

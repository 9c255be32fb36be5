import { hash } from 'node:crypto'
import type { PayloadReader } from '../../archive/archive-payloads.ts'
import { BlobMismatchError, BlobsMissingError } from '../../blobs/errors.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { ComparableResource } from '../../differences/compare-resources.ts'
import type { Encoded } from '../../differences/encoded-trees.ts'
import { RevisionView } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'
import { payloadSha256 } from '../target/revision-comparison.ts'

/**
 * The largest payload whose fields are compared, in bytes. A comparison takes up to 100 times as much memory, and the
 * function of the route has 1,769 MiB.
 */
const MAX_COMPARED_BYTES = 2 * 1024 * 1024
/** The largest size of the revisions of a resource that is compared, in bytes. */
const MAX_REVISION_BYTES = 32 * 1024 * 1024
/** The approximate size of a revision without its payload, in bytes. */
const ITEM_BYTES = 1024

/** Collects the revisions of a resource, at most `MAX_REVISION_BYTES` of them. */
export class RevisionBuffer {
  readonly items: Item[] = []
  #bytes = 0

  /** Returns false if the revisions are too large. The item is then not kept. */
  add(item: Item): boolean {
    const { inlinePayload = '' } = new RevisionView(item)
    this.#bytes += ITEM_BYTES + Buffer.byteLength(inlinePayload)
    if (this.isTooLarge) return false
    this.items.push(item)
    return true
  }

  get isTooLarge(): boolean {
    return this.#bytes > MAX_REVISION_BYTES
  }
}

/** Returns an archived resource for a comparison. Reads spilled payloads from the archive. */
export const archivedComparable = (
  payloads: PayloadReader,
  metadata: Item,
  revisions: readonly Item[],
): ComparableResource => ({
  metadata,
  revisions,
  payloadOf: async ({ inlinePayload, spilledSha256 }) => {
    if (inlinePayload !== undefined || spilledSha256 === undefined) return inlinePayload
    const size = await payloads.sizeOf(spilledSha256)
    if (size === undefined) return undefined
    return size > MAX_COMPARED_BYTES ? { type: 'large', size, sha256: spilledSha256 } : payloads.get(spilledSha256)
  },
  // The name of an archived payload is its SHA-256, and `PayloadReader` verifies it.
  payloadSha256: ({ inlinePayload, spilledSha256 }) =>
    Promise.resolve(inlinePayload === undefined ? spilledSha256 : hash('sha256', inlinePayload)),
})

/** Returns a stored resource for a comparison. Reads spilled payloads from the blob bucket. */
export const storedComparable = (
  services: { readonly payloads: PayloadStore },
  metadata: Item | undefined,
  revisions: readonly Item[],
): ComparableResource => ({
  metadata,
  revisions,
  payloadOf: async ({ inlinePayload, spilledSha256 }) =>
    inlinePayload !== undefined || spilledSha256 === undefined
      ? inlinePayload
      : spilledPayload(services.payloads, spilledSha256),
  payloadSha256: (revision) => payloadSha256(services, revision),
})

/** The comparison has reached its deadline. */
export const DEADLINE_REACHED = new Error('the time for the comparison of a resource is over')

/** Returns the same resource, but throws `DEADLINE_REACHED` instead of reading a payload after the deadline. */
export const readUntil = (deadline: number, resource: ComparableResource): ComparableResource => {
  const check = (): void => {
    if (performance.now() >= deadline) throw DEADLINE_REACHED
  }
  return {
    ...resource,
    payloadOf: async (revision) => {
      check()
      return resource.payloadOf(revision)
    },
    payloadSha256: async (revision) => {
      check()
      return resource.payloadSha256(revision)
    },
  }
}

const spilledPayload = async (payloads: PayloadStore, sha256: string): Promise<Encoded | undefined> => {
  const head = await payloads.head(sha256)
  if (head === undefined) return undefined
  const { size } = head.object
  if (size > MAX_COMPARED_BYTES) return { type: 'large', size, sha256 }
  try {
    return await payloads.get(sha256)
  } catch (error) {
    if (error instanceof BlobsMissingError) return undefined
    if (!(error instanceof BlobMismatchError)) throw error
    const stored = await payloads.sha256Of(sha256)
    return stored === undefined ? undefined : { type: 'damaged', size: stored.size, sha256: stored.sha256 }
  }
}

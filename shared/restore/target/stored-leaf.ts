import { createHash } from 'node:crypto'
import { ResourceLeaf } from '../../archive/digest.ts'
import type { Item } from '../../tables/item.ts'
import { RevisionView } from '../../resources/views.ts'
import type { StoredResource } from '../../resources/aws/resource-store.ts'
import type { Services } from '../../runtime/services.ts'

/** A resource as the store gives it back: its leaf of the digest, and what its payloads show that no digest does. */
export interface StoredLeaf {
  readonly leaf: Buffer
  /** Revisions whose payload is not what its own SHA-256 says: what a finding tells as expected, and as actual. */
  readonly damaged: readonly { revision: string; expected: string; actual: string }[]
  readonly revisions: readonly Item[]
}

/**
 * Reads a stored resource to its end and computes its leaf. The digest holds a payload by its recorded SHA-256 alone, so
 * each payload's bytes are hashed and compared with it here.
 */
export const storedLeaf = async (resource: StoredResource, services: Services): Promise<StoredLeaf> => {
  const leaf = new ResourceLeaf()
  leaf.add(resource.metadata)
  const damaged: { revision: string; expected: string; actual: string }[] = []
  const revisions: Item[] = []
  for await (const item of resource.revisions) {
    leaf.add(item)
    const revision = new RevisionView(item)
    const expected = `sha256 ${revision.dataSha256 ?? 'none'}`
    const sha256 = await payloadSha256(revision, services)
    const actual = sha256 === undefined ? 'no payload' : `sha256 ${sha256}`
    if (actual !== expected) damaged.push({ revision: revision.revisionId ?? '', expected, actual })
    revisions.push(item)
  }
  return { leaf: leaf.digest(), damaged, revisions }
}

/** SHA-256 of the payload's bytes as they lie in the store; undefined where they do not. */
const payloadSha256 = async (revision: RevisionView, services: Services): Promise<string | undefined> => {
  const { inlinePayload, spilledSha256 } = revision
  if (inlinePayload !== undefined) return createHash('sha256').update(inlinePayload).digest('hex')
  return spilledSha256 === undefined ? undefined : (await services.payloads.sha256Of(spilledSha256))?.sha256
}

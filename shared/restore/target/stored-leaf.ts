import { createHash } from 'node:crypto'
import { ResourceLeaf } from '../../archive/digest.ts'
import type { Item } from '../../tables/item.ts'
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
  for await (const revision of resource.revisions) {
    leaf.add(revision)
    const expected = `sha256 ${revision['data_sha256']?.S ?? 'none'}`
    const sha256 = await payloadSha256(revision, services)
    const actual = sha256 === undefined ? 'no payload' : `sha256 ${sha256}`
    if (actual !== expected) damaged.push({ revision: revision['revision_id']?.S ?? '', expected, actual })
    revisions.push(revision)
  }
  return { leaf: leaf.digest(), damaged, revisions }
}

/** SHA-256 of the payload's bytes as they lie in the store; undefined where they do not. */
const payloadSha256 = async (revision: Item, services: Services): Promise<string | undefined> => {
  const inline = revision['data']?.S ?? revision['data']?.B
  if (inline !== undefined) return createHash('sha256').update(inline).digest('hex')
  const sha256 = revision['data_sha256']?.S
  if (revision['data_spilled']?.BOOL !== true || sha256 === undefined) return undefined
  return (await services.payloads.sha256Of(sha256))?.sha256
}

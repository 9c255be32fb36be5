import { ResourceLeaf } from '../../archive/digest.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { StoredResource } from '../../resources/stored-resource.ts'
import { RevisionView } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'
import { payloadSha256 } from './revision-comparison.ts'

/** A revision whose payload does not match its recorded SHA-256. */
interface DamagedPayload {
  readonly revision: string
  readonly expected: string
  readonly actual: string
}

/** A resource of the store with all its revisions. */
export interface ReadResource {
  readonly metadata: Item
  readonly revisions: readonly Item[]
  /**
   * The resource's digest (`ResourceLeaf`). It depends on the recorded SHA-256 of each payload, but not on the payload
   * itself.
   */
  readonly digest: Buffer
  readonly damagedPayloads: readonly DamagedPayload[]
}

/** Reads all revisions of a stored resource, computes the digest of the resource, and hashes each payload. */
export const readStoredResource = async (
  services: { readonly payloads: PayloadStore },
  { metadata, revisions }: StoredResource,
): Promise<ReadResource> => {
  const leaf = new ResourceLeaf()
  leaf.add(metadata)
  const damagedPayloads: DamagedPayload[] = []
  const read: Item[] = []
  for await (const item of revisions) {
    leaf.add(item)
    read.push(item)
    const revision = new RevisionView(item)
    const expected = `sha256 ${revision.dataSha256 ?? 'none'}`
    const sha256 = await payloadSha256(services, revision)
    const actual = sha256 === undefined ? 'no payload' : `sha256 ${sha256}`
    if (actual !== expected) damagedPayloads.push({ revision: revision.revisionId ?? '', expected, actual })
  }
  return { metadata, revisions: read, digest: leaf.digest(), damagedPayloads }
}

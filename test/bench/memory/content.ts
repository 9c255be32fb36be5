import { createHash } from 'node:crypto'
import { xxh3Hex } from '../../../infra/local/seed/content-hash.ts'
import { resourceOf } from '../../../infra/local/seed/history.ts'
import type { SampleResource } from '../../../infra/local/seed/sample.ts'
import { writeResources } from '../../../infra/local/seed/seed-store.ts'
import type { LocalStores } from '../../../infra/local/stores/local-stores.ts'
import type { Model } from '../../../shared/resources/models.ts'
import { noise } from '../../large/noise.ts'
import { MODEL } from '../content/sample.ts'
import { itemSizes, type MemorySize } from './sizes.ts'

/** A reference to a blob that has been written. */
interface WrittenBlob {
  readonly file_id: string
  readonly size: number
  readonly content_type: string
}

/** The size of a revision item without its text, roughly. */
const BYTES_WITHOUT_TEXT = 500
const CONTENT_TYPE = 'application/octet-stream'

/** Writes the content of a size. Returns the number of resources. Holds one blob in memory at a time. */
export const writeContent = async (stores: LocalStores, size: MemorySize): Promise<number> => {
  const blobs: WrittenBlob[] = []
  for (const { count, bytes } of size.blobs)
    for (let k = 0; k < count; k++) blobs.push(await writeBlob(stores, `blob ${blobs.length}`, bytes))
  const { resources } = await writeResources(
    stores,
    resourcesOf(stores.models.get(MODEL), size, blobs),
    () => undefined,
  )
  return resources
}

const writeBlob = async ({ blobs }: LocalStores, name: string, size: number): Promise<WrittenBlob> => {
  const bytes = noise(name, size)
  const file_id = xxh3Hex(bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await blobs.put(file_id, bytes, { size, sha256, content_type: CONTENT_TYPE })
  return { file_id, size, content_type: CONTENT_TYPE }
}

/** Generates the resources of a size. Each of the first ones refers to one of the blobs. */
function* resourcesOf(model: Model, size: MemorySize, blobs: readonly WrittenBlob[]): Generator<SampleResource> {
  let k = 0
  for (const bytes of itemSizes(size)) {
    const id = `${MODEL}-${k}`
    const blob = blobs[k]
    const payload = {
      title: `title ${k}`,
      words: k,
      attachments: blob === undefined ? [] : [blob],
      text: noise(id, Math.ceil(((bytes - BYTES_WITHOUT_TEXT) * 3) / 4)).toString('base64url'),
    }
    k++
    yield resourceOf({ model, id, saves: [{ payload }], blobs: [], deleted: false, pruned: 0 })
  }
}

import { xxh3Hex } from '../../../infra/local/seed/content-hash.ts'
import { resourceOf, type Save } from '../../../infra/local/seed/history.ts'
import { binaryOf, type SampleBlob, type SampleResource } from '../../../infra/local/seed/sample.ts'
import { blobName } from '../../../shared/blobs/blob-name.ts'
import { itemFromMetadata, itemFromRevision } from '../../../shared/resources/attributes.ts'
import { itemBytes } from '../../../shared/resources/item-size.ts'
import type { Model, ModelRegistry } from '../../../shared/resources/models.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { noise, numbersOf, prose } from '../../large/noise.ts'
import type { Size } from './data-sets.ts'

/** The model of all resources. */
export const MODEL = 'doc'

/** Generates the resources of a data set. They depend only on the size. */
export function* sampleOf(models: ModelRegistry, size: Size): Generator<SampleResource> {
  const model = models.get(MODEL)
  for (let k = 0; k < size.resources; k++) yield resource(model, size, k)
}

/** Generates the blobs of a data set. */
export function* blobsOf({ blobs, blobBytes }: Size): Generator<SampleBlob> {
  for (let k = 0; k < blobs; k++) yield blob(k, blobBytes)
}

/** Returns the key of a blob in the blob bucket. */
export const blobKeyOf = ({ file_id }: SampleBlob): string => `blobs/${blobName(file_id)}`

/** Returns the items of a resource, as the store contains them. */
export const itemsOf = ({ shards }: Model, { model, meta, revisions }: SampleResource): Item[] => {
  const target = { model, shards }
  return [
    itemFromMetadata(meta, target),
    ...revisions.map(({ info, payload }) => itemFromRevision(info, payload, target).item),
  ]
}

const resource = (
  model: Model,
  { revisions, itemBytes: wanted, blobs, blobBytes }: Size,
  k: number,
): SampleResource => {
  const id = `${MODEL}-${k}`
  const own = k < blobs ? [blob(k, blobBytes)] : []
  const saveOf = (n: number, length: number): Save => ({
    payload: {
      title: `title ${k}`,
      words: n,
      attachments: own.map(binaryOf),
      text: prose(numbersOf(`${id} ${n}`), length).slice(0, length),
    },
  })
  const make = (lengthOf: (n: number) => number): SampleResource => {
    const [first, ...rest] = Array.from({ length: revisions }, (_, n) => saveOf(n + 1, lengthOf(n)))
    if (first === undefined) throw new RangeError('a resource has at least one revision')
    return resourceOf({ model, id, saves: [first, ...rest], blobs: own, deleted: false, pruned: 0 })
  }
  const [, ...withoutText] = itemsOf(
    model,
    make(() => 0),
  ).map(itemBytes)
  return make((n) => Math.max(0, wanted - (withoutText[n] ?? 0)))
}

const blob = (k: number, size: number): SampleBlob => {
  const bytes = noise(`blob ${k}`, size)
  return { file_id: xxh3Hex(bytes), bytes, content_type: 'application/octet-stream' }
}

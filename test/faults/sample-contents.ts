import { createHash } from 'node:crypto'
import { xxh3Hex } from '../../infra/local/seed/content-hash.ts'
import { itemFromMetadata, itemFromRevision } from '../../shared/resources/attributes.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { StoreContents } from '../contents.ts'
import type { FaultHarness } from './fault-harness.ts'

const GUILDS = 3
const ITEMS = 9
/** The number of blobs, which the items share. */
const BLOBS = 4
/** Too large for an item of the table, so this payload is spilled to S3. */
const SPILLED_BYTES = 380_000

/** Twelve resources with histories, references, shared blobs and a spilled payload. */
export const sampleContents = async (harness: FaultHarness): Promise<StoreContents> => {
  const { models, payloads, blobs } = harness.services
  const items: Item[] = []
  const add = async (model: string, id: string, revisions: readonly object[], indexed: object): Promise<void> => {
    const target = { model, shards: models.get(model).shards }
    const by = { created_by: 'alice', updated_by: 'bob' }
    const at = (n: number): string => `2026-01-05T08:3${n}:00Z`
    items.push(
      itemFromMetadata(
        {
          current_revision_id: `${id}:${revisions.length}`,
          resource_id: id,
          total_revision_count: revisions.length,
          created_time: at(1),
          updated_time: at(revisions.length),
          indexed_data: JSON.stringify(indexed),
          ...by,
        },
        target,
      ),
    )
    for (const [k, payload] of revisions.entries()) {
      const { item, spilled } = itemFromRevision(
        {
          uid: `00000000-0000-4000-8000-${(k + 1).toString().padStart(12, '0')}`,
          resource_id: id,
          revision_id: `${id}:${k + 1}`,
          parent_revision_id: k === 0 ? null : `${id}:${k}`,
          status: 'stable',
          data_hash: `xxh3_128:${xxh3Hex(JSON.stringify(payload))}`,
          created_time: at(k + 1),
          updated_time: at(k + 1),
          ...by,
        },
        Buffer.from(JSON.stringify(payload)),
        target,
      )
      if (spilled !== undefined) await payloads.put(item['data_sha256']?.S ?? '', spilled)
      items.push(item)
    }
  }
  for (let k = 0; k < GUILDS; k++) {
    const name = `Guild ${k}`
    await add('guild', `guild:${k}`, [{ name: 'Draft' }, { name }], { name })
  }
  for (let k = 0; k < ITEMS; k++) {
    const file_id = xxh3Hex(blobBytes(k % BLOBS))
    const last = { name: `Item ${k}`, guild: `guild:${k % GUILDS}`, image: { file_id, size: 500 + (k % BLOBS) } }
    const earlier = Array.from({ length: k % 3 }, (_, n) => ({ ...last, name: `Item ${k} as it was ${n}` }))
    const whole = k === ITEMS - 1 ? { ...last, description: 'x'.repeat(SPILLED_BYTES) } : last
    await add('item', `item:${k}`, [...earlier, whole], { name: last.name, guild: last.guild })
  }
  for (let k = 0; k < BLOBS; k++) {
    const bytes = blobBytes(k)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await blobs.put(xxh3Hex(bytes), bytes, { size: bytes.length, sha256, content_type: 'image/png' })
  }
  const { objects } = await harness.contents()
  return { items: new Map(items.map((item) => [`${item['pk']?.S ?? ''} ${item['sk']?.S ?? ''}`, item])), objects }
}

const blobBytes = (k: number): Buffer => Buffer.alloc(500 + k, `blob ${k} `)

/**
 * Damaged contents: a changed and a missing blob, a changed, a missing and an additional revision, a missing resource.
 */
export const damagedContents = ({ items, objects }: StoreContents): StoreContents => {
  const [lost, changed] = [[...items.keys()].find((key) => key.includes('#r#')), [...items.keys()].findLast(isRevision)]
  const left = new Map([...items].filter(([key]) => key !== lost && !key.includes('item:4')))
  const victim = items.get(changed ?? '')
  if (changed !== undefined && victim !== undefined) {
    left.set(changed, { ...victim, status: { S: 'draft' } })
    const surplus = changed.replace(/\/(\d{10})\//, '/0000000099/')
    left.set(surplus, { ...victim, sk: { S: surplus.slice(surplus.indexOf(' ') + 1) } })
  }
  const blobs = new Map(objects)
  const names = [...objects.keys()].filter((key) => key.startsWith('blobs/'))
  blobs.delete(names[0] ?? '')
  blobs.set(names[1] ?? '', Buffer.from('other bytes').toString('base64'))
  return { items: left, objects: blobs }
}

const isRevision = (key: string): boolean => key.includes('#r#')

import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { itemBytes } from '../../../shared/resources/item-size.ts'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { DATA_SETS } from './data-sets.ts'
import { blobKeyOf, blobsOf, sampleOf } from './sample.ts'
import { restoredSizes, storedSizes, totalBytes } from './stored-sizes.ts'

const models = await loadModelsFile(new URL('../../../shared/models.json', import.meta.url))
const SIZE = { resources: 4, revisions: 3, itemBytes: 950, blobs: 2, blobBytes: 1_000 }

describe('the content of a data set', () => {
  it('has the numbers and sizes of the data set', () => {
    const sizes = storedSizes(models, SIZE)
    const ofKind = (kind: string): number[] =>
      [...sizes.partitions].flatMap(([pk, bytes]) => (pk.includes(`#${kind}#`) ? bytes : []))
    expect(ofKind('m')).toHaveLength(4)
    expect(ofKind('r')).toHaveLength(12)
    for (const bytes of ofKind('r')) expect(Math.abs(bytes - 950)).toBeLessThan(10)
    expect(sizes.blobs).toEqual([1_000, 1_000])
    const all = [...sizes.partitions.values()].flat()
    expect(totalBytes(sizes)).toBe(2_000 + all.reduce((total, bytes) => total + bytes, 0))
  })

  it('has the id of the job in each item after a restore', () => {
    const sizes = storedSizes(models, SIZE)
    const added = itemBytes({ applied_by: { S: randomUUID() } })
    expect(totalBytes(restoredSizes(sizes)) - totalBytes(sizes)).toBe(16 * added)
  })

  it('is always the same', () => {
    expect([...sampleOf(models, SIZE)]).toEqual([...sampleOf(models, SIZE)])
  })

  it('refers to each blob', () => {
    const referred = [...sampleOf(models, SIZE)].flatMap(({ blobs }) => blobs.map(blobKeyOf))
    expect(referred).toEqual(blobsOf(SIZE).map(blobKeyOf).toArray())
    expect(new Set(referred).size).toBe(2)
  })

  it('has a data set of each kind that the README promises', () => {
    expect(new Set(DATA_SETS.map(({ name }) => name)).size).toBe(DATA_SETS.length)
    expect(DATA_SETS.filter(({ complete }) => complete.includes('quick')).map(({ kind }) => kind)).toEqual([
      'records',
      'blobs',
    ])
  })
})

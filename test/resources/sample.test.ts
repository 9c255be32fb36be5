import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineBytes } from '../../shared/resources/item-size.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { estimateModel, type ModelEstimate } from '../../shared/resources/sample.ts'
import type { QueryOptions } from '../../shared/tables/aws/query.ts'
import { type Item, type SortKeyRange, sortKeyOf } from '../../shared/tables/item.ts'

/** The largest page of DynamoDB, in bytes. */
const PAGE_BYTES = 1024 * 1024

interface Resource {
  /** The id hash. */
  readonly h: string
  /** By default, the resource has metadata. */
  readonly isOrphan?: boolean
  readonly revisions: number
  readonly revisionBytes: number
}

const metadataOf = ({ h }: Resource): Item => ({ sk: { S: `${h}/x` }, text: { S: 'x'.repeat(300) } })
const revisionOf = ({ h, revisionBytes }: Resource, n: number): Item => ({
  sk: { S: `${h}/x/${n.toString().padStart(10, '0')}/-` },
  data: { S: 'x'.repeat(revisionBytes) },
})

const bytesOf = (resource: Resource): number =>
  (resource.isOrphan === true ? 0 : lineBytes(metadataOf(resource))) +
  resource.revisions * lineBytes(revisionOf(resource, 1))

/** A model with the id hashes of real ids. `sizeOf` returns the revisions of a resource, and the bytes of each. */
const hashed = (count: number, sizeOf: (k: number) => [revisions: number, bytes: number], prefix = ''): Resource[] =>
  Array.from({ length: count }, (_, k) => {
    const [revisions, revisionBytes] = sizeOf(k)
    return { h: idHashOf(`${prefix}${k}`), revisions, revisionBytes }
  }).sort((a, b) => (a.h < b.h ? -1 : 1))

/** Estimates a model whose resources are sorted. Also returns the number of items that were read. */
const estimate = async (
  resources: Iterable<Resource>,
): Promise<{ estimated: number; estimate: ModelEstimate; read: { m: number; r: number } }> => {
  const read = { m: 0, r: 0 }
  async function* pages(kind: 'm' | 'r', { fromSk, toSk }: SortKeyRange, { limit = Infinity }: QueryOptions = {}) {
    await Promise.resolve()
    let page: Item[] = []
    let bytes = 0
    for (const item of itemsOf(kind, resources)) {
      if (sortKeyOf(item) < fromSk) continue
      if (sortKeyOf(item) > toSk) break
      read[kind] += 1
      page.push(item)
      bytes += lineBytes(item)
      if (page.length < limit && bytes < PAGE_BYTES) continue
      yield page
      page = []
      bytes = 0
    }
    if (page.length > 0) yield page
  }
  const model = await estimateModel(pages)
  return { estimated: model.lineBytes, estimate: model, read }
}

function* itemsOf(kind: 'm' | 'r', resources: Iterable<Resource>): Generator<Item> {
  for (const resource of resources)
    if (kind === 'm') {
      if (resource.isOrphan !== true) yield metadataOf(resource)
    } else for (let n = 0; n < resource.revisions; n++) yield revisionOf(resource, n)
}

const total = (resources: readonly Resource[]): number => resources.reduce((sum, each) => sum + bytesOf(each), 0)

/** Returns the median of the ratios of the estimate to the size, for models with different ids. */
const medianRatio = async (make: (prefix: string) => Resource[]): Promise<number> => {
  const ratios: number[] = []
  for (let k = 0; k < 21; k++) {
    const resources = make(`model ${k} `)
    ratios.push((await estimate(resources)).estimated / total(resources))
  }
  return ratios.sort((a, b) => a - b)[10] ?? 0
}

describe('the estimated size of a model', () => {
  it('is 0 only if the model has no items', async () => {
    expect(await estimate([])).toEqual({
      estimated: 0,
      estimate: { lineBytes: 0, resources: 0, revisions: 0 },
      read: { m: 0, r: 0 },
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ revisions: fc.integer({ min: 0, max: 3 }), isOrphan: fc.boolean() }), { maxLength: 5 }),
        fc.string(),
        async (made, prefix) => {
          const sizes = hashed(made.length, () => [0, 10], prefix)
          const resources = made.flatMap((each, k) =>
            sizes.slice(k, k + 1).map((resource) => ({ ...resource, ...each })),
          )
          const { estimated } = await estimate(resources)
          expect(estimated > 0).toBe(total(resources) > 0)
          expect(estimated).toBeLessThan(Infinity)
        },
      ),
      { numRuns: 100 },
    )
  })

  it.each([100, 1_000, 10_000])('is close to the size of %i resources of equal size', async (count) => {
    const ratio = await medianRatio((prefix) => hashed(count, () => [2, 100], prefix))
    expect(ratio).toBeGreaterThan(0.75)
    expect(ratio).toBeLessThan(1.33)
  })

  it('is accompanied by the numbers of resources and revisions', async () => {
    const estimates = await Promise.all(
      Array.from({ length: 21 }, (_, k) => estimate(hashed(10_000, () => [3, 100], `model ${k} `))),
    )
    const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[10] ?? 0
    const resources = median(estimates.map((each) => each.estimate.resources))
    expect(resources).toBeGreaterThan(7_500)
    expect(resources).toBeLessThan(13_300)
    const revisions = median(estimates.map((each) => each.estimate.revisions))
    expect(revisions).toBeGreaterThan(22_500)
    expect(revisions).toBeLessThan(40_000)
  })

  it('is close to the size of 250 million resources', async () => {
    const count = 250_000_000
    const resources = {
      *[Symbol.iterator](): Generator<Resource> {
        for (let k = 0; k < count; k++) {
          const jitter = Number.parseInt(idHashOf(`${k}`).slice(0, 8), 16) / 2 ** 32
          const h = Math.floor(((k + jitter) / count) * 2 ** 52)
          yield { h: `${h.toString(16).padStart(13, '0')}000`, revisions: 3, revisionBytes: 50 }
        }
      },
    }
    const { estimated, read } = await estimate(resources)
    const size = count * bytesOf({ h: '0'.repeat(16), revisions: 3, revisionBytes: 50 })
    expect(estimated / size).toBeGreaterThan(0.95)
    expect(estimated / size).toBeLessThan(1.05)
    expect(read.m).toBeLessThan(5_000)
  })

  it('is close to the size of models with long histories', async () => {
    const ratio = await medianRatio((prefix) => hashed(2_000, () => [150, 10], prefix))
    expect(ratio).toBeGreaterThan(0.75)
    expect(ratio).toBeLessThan(1.33)
  })

  it('has the right magnitude for a few resources with large histories', async () => {
    const ratio = await medianRatio((prefix) => hashed(20, () => [40, 300_000], prefix))
    expect(ratio).toBeGreaterThan(0.25)
    expect(ratio).toBeLessThan(4)
  })

  it('contains resources of which one in fifty is large', async () => {
    const ratio = await medianRatio((prefix) => hashed(10_000, (k) => (k % 50 === 0 ? [1, 50_000] : [1, 100]), prefix))
    expect(ratio).toBeGreaterThan(0.6)
    expect(ratio).toBeLessThan(1.6)
  })

  it('contains revisions without metadata', async () => {
    const orphans = hashed(5_000, () => [2, 100]).map((resource) => ({ ...resource, isOrphan: true }))
    const { estimated } = await estimate(orphans)
    expect(estimated / total(orphans)).toBeGreaterThan(0.5)
    expect(estimated / total(orphans)).toBeLessThan(2)
  })

  it('ends after 64 MiB of revisions without metadata, if all metadata follows them', async () => {
    const orphan = { h: '8'.repeat(16), isOrphan: true, revisions: 300, revisionBytes: 300_000 }
    const { estimated, read } = await estimate([orphan, { h: 'f'.repeat(16), revisions: 1, revisionBytes: 10 }])
    expect(read.r).toBeLessThan(250)
    expect(estimated).toBeLessThan(2 * bytesOf(orphan))
  })

  it('is finite if the id hashes of damaged keys are zero', async () => {
    const damaged = Array.from({ length: 2_000 }, () => ({ h: '0'.repeat(16), revisions: 1, revisionBytes: 10 }))
    expect((await estimate(damaged)).estimated).toBeLessThan(Infinity)
  })

  it.each([500, 5_000, 50_000])('of %i resources is read from about a hundredth of them', async (count) => {
    const { read } = await estimate(hashed(count, () => [1, 100]))
    expect(read.m).toBeLessThan(20 + count / 50)
    expect(read.r).toBeLessThan(20 + count / 50)
  })

  it('is read from the beginning of a history if the first history is very large', async () => {
    const first: Resource = { h: '0000000000000001', revisions: 2_000, revisionBytes: 200_000 }
    const { estimated, read } = await estimate([first, ...hashed(1_000, () => [1, 500])])
    expect(read.r).toBeLessThan(400)
    expect(estimated).toBeGreaterThan(64 * 1024 * 1024)
  })

  it.each([
    ['large items', 150, 1, 300_000],
    ['long histories', 100, 200, 1_000],
  ])('of a small model with %s is read from few revisions', async (_, count, revisions, bytes) => {
    const { read } = await estimate(hashed(count, () => [revisions, bytes]))
    expect(read.r / (count * revisions)).toBeLessThan(0.05)
  })

  it.each([20, 150])('is close to the size of %i resources with one large revision each', async (count) => {
    const ratio = await medianRatio((prefix) => hashed(count, () => [1, 300_000], prefix))
    expect(ratio).toBeGreaterThan(0.75)
    expect(ratio).toBeLessThan(1.33)
  })

  it('is read from a few resources if they are large', async () => {
    const { read } = await estimate(hashed(5_000, () => [10, 300_000]))
    expect(read.r).toBeLessThan(50)
  })
})

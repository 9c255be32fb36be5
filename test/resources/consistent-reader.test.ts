import { describe, expect, it } from 'vitest'
import { ConsistentReader, type ResourceSources } from '../../shared/resources/consistent-reader.ts'
import { ResourceChangedError, TornResourcesError } from '../../shared/resources/errors.ts'
import type { ReadOptions } from '../../shared/resources/stored-resource.ts'
import type { Item } from '../../shared/tables/item.ts'
import { madeResource } from './made-resources.ts'

const { metadata, revisions } = madeResource('m', 1, { id: 'x', revisions: 2 })
const touched = (k: number): Item => ({ ...metadata, updated_by: { S: `user ${k}` } })

/** A store with one resource. Each read returns the next of these states, and the last one again at the end. */
class FakeStore {
  readonly waits: number[] = []
  readonly #metadata: (Item | undefined)[]
  readonly #revisions: (readonly Item[])[]
  metadataReads = 0

  constructor(states: { readonly metadata?: (Item | undefined)[]; readonly revisions?: (readonly Item[])[] }) {
    this.#metadata = states.metadata ?? [metadata]
    this.#revisions = states.revisions ?? [revisions]
  }

  reader(options: ReadOptions = {}): ConsistentReader {
    const sources: ResourceSources = {
      model: 'm',
      metadata: () => {
        this.metadataReads += 1
        return Promise.resolve(next(this.#metadata))
      },
      revisionPages: () => pages(next(this.#revisions) ?? []),
      delay: (ms) => {
        this.waits.push(ms)
        return Promise.resolve()
      },
    }
    return new ConsistentReader(sources, options)
  }
}

const next = <T>(states: T[]): T | undefined => (states.length > 1 ? states.shift() : states[0])

async function* pages(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  await Promise.resolve()
  for (const item of items) yield [item]
}

const large = Array.from({ length: 5 }, (_, k) => ({
  ...madeResource('m', 1, { id: 'x', revisions: 5 }).revisions[k],
  data_size: { N: (1024 * 1024).toString() },
}))
const largeMetadata = madeResource('m', 1, { id: 'x', revisions: 5 }).metadata

describe('a consistent reader', () => {
  it('returns consistent resources without reading them again', async () => {
    const store = new FakeStore({})
    expect(await store.reader().makeConsistent([{ metadata, revisions }])).toEqual([
      { h: metadata['sk']?.S?.slice(0, 16), id: 'x', metadata, revisions },
    ])
    expect(store.metadataReads).toBe(0)
  })

  it('reads a resource whose revisions were not read', async () => {
    const store = new FakeStore({})
    expect(await store.reader().makeConsistent([{ metadata }])).toMatchObject([{ metadata, revisions }])
    expect(store.waits).toEqual([])
  })

  it('reads a resource again until two reads of the metadata return the same', async () => {
    const store = new FakeStore({ metadata: [metadata, touched(1), touched(2), touched(2)] })
    expect(await store.reader().makeConsistent([{ metadata }])).toMatchObject([{ metadata: touched(2), revisions }])
    expect(store.metadataReads).toBe(4)
  })

  it('omits resources that no longer exist or that the filter no longer accepts', async () => {
    const batch = [{ metadata }]
    expect(await new FakeStore({ metadata: [undefined] }).reader().makeConsistent(batch)).toEqual([])
    expect(await new FakeStore({}).reader({ filter: () => false }).makeConsistent(batch)).toEqual([])
    expect(await new FakeStore({}).reader({ filter: () => true }).makeConsistent(batch)).toHaveLength(1)
  })

  it('waits for the revision of a writer that writes metadata first', async () => {
    const store = new FakeStore({ revisions: [revisions.slice(0, 1), revisions] })
    expect(await store.reader().makeConsistent([{ metadata }])).toMatchObject([{ metadata, revisions }])
    expect(store.waits).toHaveLength(1)
    expect(store.waits[0]).toBeGreaterThanOrEqual(100)
    expect(store.waits[0]).toBeLessThan(200)
  })

  it('returns a resource that is still stale after a wait', async () => {
    const stale = { ...metadata, total_revision_count: { N: '1' } }
    const store = new FakeStore({ metadata: [stale] })
    expect(await store.reader().makeConsistent([{ metadata: stale, revisions }])).toMatchObject([{ metadata: stale }])
    expect(store.waits).toHaveLength(1)
  })

  it('reports a torn resource after three waits', async () => {
    const torn: string[] = []
    const store = new FakeStore({ revisions: [[]] })
    const reader = store.reader({ onTorn: (id) => torn.push(id) })
    expect(await reader.makeConsistent([{ metadata, revisions: [] }])).toEqual([])
    expect(torn).toEqual(['x'])
    expect(store.waits).toHaveLength(3)
    expect(() => {
      reader.end()
    }).not.toThrow()
  })

  it('throws an error with all torn resources at the end if nobody receives them', async () => {
    const reader = new FakeStore({ revisions: [[]] }).reader()
    expect(() => {
      reader.end()
    }).not.toThrow()
    await reader.makeConsistent([{ metadata }, { metadata }])
    const end = (): void => {
      reader.end()
    }
    expect(end).toThrow(TornResourcesError)
    expect(end).toThrow('the current revision of 2 resources is missing: "x", "x"')
  })

  it('gives up a resource that changes during each of ten reads', async () => {
    const states = Array.from({ length: 30 }, (_, k) => touched(k))
    const store = new FakeStore({ metadata: states })
    const reading = store.reader().makeConsistent([{ metadata }])
    await expect(reading).rejects.toThrow(ResourceChangedError)
    await expect(reading).rejects.toThrow('resource "x" of model m changed while it was read')
    expect(store.metadataReads).toBe(20)
  })

  it('joins metadata with its revisions unless they exceed the memory limit', async () => {
    expect(await new FakeStore({}).reader().join(metadata)).toEqual({ metadata, revisions })
    expect(await new FakeStore({ revisions: [large] }).reader().join(largeMetadata)).toEqual({
      metadata: largeMetadata,
    })
  })

  it('streams revisions that exceed the memory limit', async () => {
    const store = new FakeStore({ metadata: [largeMetadata], revisions: [large] })
    const [resource] = await store.reader().makeConsistent([{ metadata: largeMetadata }])
    expect(Array.isArray(resource?.revisions)).toBe(false)
    expect(await Array.fromAsync(resource?.revisions ?? [])).toEqual(large)
  })

  it('ends a stream of revisions with an error if the metadata has changed meanwhile', async () => {
    const store = new FakeStore({ metadata: [largeMetadata, touched(1)], revisions: [large] })
    const [resource] = await store.reader().makeConsistent([{ metadata: largeMetadata }])
    await expect(Array.fromAsync(resource?.revisions ?? [])).rejects.toThrow(ResourceChangedError)
  })

  it('reports a large resource as torn if its current revision is missing', async () => {
    const torn: string[] = []
    const store = new FakeStore({ metadata: [touched(1)], revisions: [large.slice(0, 1).concat(large.slice(2))] })
    const oversized = store.reader({ onTorn: (id) => torn.push(id) })
    expect(await oversized.makeConsistent([{ metadata: touched(1) }])).toEqual([])
    expect(torn).toEqual(['x'])
  })

  it('reads damaged metadata again by their key, not by their resource_id', async () => {
    const damaged = { ...metadata, resource_id: { S: '' }, current_revision_id: { S: 'nothing' } }
    const torn: string[] = []
    const store = new FakeStore({ metadata: [damaged], revisions: [revisions] })
    expect(await store.reader({ onTorn: (id) => torn.push(id) }).makeConsistent([{ metadata: damaged }])).toEqual([])
    expect(torn).toEqual(['x'])
    expect(await new FakeStore({}).reader().join(damaged)).toEqual({ metadata: damaged, revisions })
  })

  it('omits metadata that must be read again but have the key of no resource', async () => {
    const damaged = { ...metadata, sk: { S: `${metadata['sk']?.S ?? ''}/y` } }
    const store = new FakeStore({})
    expect(await store.reader().makeConsistent([{ metadata: damaged }])).toEqual([])
    expect(await store.reader().join(damaged)).toStrictEqual({ metadata: damaged })
    expect(store.metadataReads).toBe(0)
  })
})

import { describe, expect, it } from 'vitest'
import { memorySource } from '../archive/memory.ts'
import { writeArchive } from '../archive/sample.ts'
import { buildStream, type ModelSpecs } from './build-stream.ts'
import { proposeModels } from '../../shared/specstar/propose-models.ts'

/** The proposed models of an archive of which everything can be registered. */
const propose = async (bytes: Buffer) => {
  const { models, leftOut } = await proposeModels(memorySource(bytes))
  expect(leftOut).toEqual([])
  return models
}

const proposeFromStream = (models: ModelSpecs) => propose(buildStream(models))

/** The indexed fields that are proposed for resources with these payloads and indexed values. */
const proposeIndexed = async (...pairs: readonly (readonly [object, Record<string, unknown>?])[]) => {
  const resources = pairs.map(([payload, indexed], k) => ({
    id: `r${k}`,
    revisions: { [`${k}`]: JSON.stringify(payload) },
    ...(indexed === undefined ? {} : { indexed }),
  }))
  const { a } = await proposeFromStream({ a: { resources } })
  return a?.indexed
}

describe('an indexed field', () => {
  it.each<[string, unknown, unknown]>([
    ['str', 'x', 'x'],
    ['int', 5, 5n],
    ['float', 0.5, 0.5],
    ['bool', true, true],
    ['list', [1], [1n]],
    ['map', { k: 1 }, new Map([['k', 1n]])],
    ['datetime', '2024-03-01T09:30:00+08:00', '2024-03-01T09:30:00+08:00'],
    ['datetime', '2024-03-01T09:30:00.123456', '2024-03-01T09:30:00.123456'],
    ['str', '2024-03-01', '2024-03-01'],
    ['str', '2024-13-01T09:30:00Z', '2024-13-01T09:30:00Z'],
  ])('of type %s is proposed at its key', async (type, value, indexed) => {
    expect(await proposeIndexed([{ a: value }, { a: indexed }])).toEqual([{ key: 'a', type }])
  })

  it('is proposed at another path if the value is not at its key', async () => {
    expect(await proposeIndexed([{ a: 1, in: { b: 'x' } }, { b: 'x' }])).toEqual([
      { key: 'b', path: 'in.b', guess: true, type: 'str' },
    ])
    expect(await proposeIndexed([{ a: 1, b: 2, c: 2 }, { a: 2n }])).toEqual([
      { key: 'a', path: 'b', guess: true, type: 'int' },
    ])
  })

  it('is proposed at its key if other paths have the value too', async () => {
    expect(await proposeIndexed([{ b: 1, a: 1 }, { a: 1n }])).toEqual([{ key: 'a', type: 'int' }])
  })

  it('is proposed at a path at which every resource has its value', async () => {
    expect(await proposeIndexed([{ x: 1, y: 1 }, { a: 1n }], [{ x: 1, y: 2 }, { a: 2n }])).toEqual([
      { key: 'a', path: 'y', guess: true, type: 'int' },
    ])
    expect(await proposeIndexed([{ y: 1 }, { a: 1n }], [{ x: 2 }, { a: 2n }])).toEqual([
      { key: 'a', guess: true, type: 'int' },
    ])
  })

  it('is searched at 4 levels, and may be a map', async () => {
    const deep = { a: { b: { c: { d: 'x', e: { f: 'y' } } } } }
    expect(await proposeIndexed([deep, { k: 'x' }])).toEqual([{ key: 'k', path: 'a.b.c.d', guess: true, type: 'str' }])
    expect(await proposeIndexed([deep, { k: 'y' }])).toEqual([{ key: 'k', guess: true, type: 'str' }])
    expect(await proposeIndexed([deep, { k: new Map([['f', 'y']]) }])).toEqual([
      { key: 'k', path: 'a.b.c.e', guess: true, type: 'map' },
    ])
    // The key itself is tried as a path at any level.
    expect(await proposeIndexed([deep, { 'a.b.c.e.f': 'y' }])).toEqual([{ key: 'a.b.c.e.f', type: 'str' }])
  })

  it('has no type if its values have several types or are all null', async () => {
    expect(await proposeIndexed([{ a: 1 }, { a: 1n }], [{ a: 'x' }, { a: 'x' }])).toStrictEqual([{ key: 'a' }])
    expect(await proposeIndexed([{}, { a: null }])).toStrictEqual([{ key: 'a' }])
    expect(await proposeIndexed([{ b: 1 }, { a: null }], [{ b: 1 }, { a: 1n }])).toEqual([
      { key: 'a', path: 'b', guess: true, type: 'int' },
    ])
  })

  it('has the wider type if its values are integers and floats, or times and other strings', async () => {
    const time = '2024-03-01T09:30:00Z'
    expect(await proposeIndexed([{ a: 1 }, { a: 1n }], [{ a: 0.5 }, { a: 0.5 }])).toEqual([{ key: 'a', type: 'float' }])
    expect(await proposeIndexed([{ a: 0.5 }, { a: 0.5 }], [{ a: 1 }, { a: 1n }])).toEqual([{ key: 'a', type: 'float' }])
    expect(await proposeIndexed([{ a: 'x' }, { a: 'x' }], [{ a: time }, { a: time }])).toEqual([
      { key: 'a', type: 'str' },
    ])
    const three = [1n, 0.5, 'x'].map((a) => [{ a: typeof a === 'bigint' ? 1 : a }, { a }] as const)
    expect(await proposeIndexed(...three)).toStrictEqual([{ key: 'a' }])
  })

  it('is not required in every resource', async () => {
    expect(await proposeIndexed([{ a: 1 }])).toEqual([])
    expect(await proposeIndexed([{ a: 1 }], [{ b: 1 }, { b: 1n }])).toEqual([{ key: 'b', type: 'int' }])
  })

  it.each(['null', '"text"', '[1]', '5', 'no JSON'])(
    'is not proposed from an archive whose indexed data is %s',
    async (text) => {
      const resource = { id: 'r', revisions: [{ n: 1, data: '{}' }], extra: { indexed_data: { S: text } } }
      const archive = await writeArchive({ models: { a: [resource] } })
      expect(await propose(archive)).toEqual({ a: { indexed: [], references: [] } })
    },
  )

  it('is not proposed for a model without resources, and no reference is', async () => {
    expect(await proposeFromStream({ b: {}, a: {} })).toEqual({
      b: { indexed: [], references: [] },
      a: { indexed: [], references: [] },
    })
    expect(Object.keys(await proposeFromStream({ b: {}, a: {} }))).toEqual(['b', 'a'])
  })
})

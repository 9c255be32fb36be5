import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'
import { memorySource } from '../archive/memory.ts'
import { writeArchive } from '../archive/sample.ts'
import { madeStream, type MadeModels } from './made-stream.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { proposeModels } from '../../shared/specstar/propose-models.ts'

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../fixtures/${name}`, import.meta.url))

const proposed = async (name: string) => {
  const bytes = await fixture(name)
  return proposeModels({
    size: bytes.length,
    read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
    stream: (start, length) => Promise.resolve(Readable.from([bytes.subarray(start, start + length)])),
  })
}

const proposedOf = (models: MadeModels) => proposeModels(memorySource(madeStream(models)))

const Configured = z.record(
  z.string(),
  z.object({
    indexed_fields: z.array(z.object({ key: z.string(), payload_path: z.string() })),
    references: z.array(
      z.object({ payload_path: z.string(), target: z.string(), list: z.boolean(), ref_type: z.string() }),
    ),
  }),
)
const configured = async () => Configured.parse(JSON.parse((await fixture('specstar/models.json')).toString()))

describe.each(['specstar/catalogue.acbak', 'specstar/catalogue-msgpack.acbak', 'acbak/catalogue-v3.acbak'])(
  'models proposed from %s',
  (name) => {
    it('have the names, indexed fields and references of those that the archive was made with', async () => {
      const models = await proposed(name)
      const registry = loadModels(models)
      const expected = await configured()
      expect(registry.names).toEqual(Object.keys(expected).sort())
      for (const [model, { indexed_fields, references }] of Object.entries(expected)) {
        const { indexed, references: found } = registry.get(model)
        expect(new Set(indexed.map(({ key, path }) => `${key} at ${path}`))).toEqual(
          new Set(indexed_fields.map(({ key, payload_path }) => `${key} at ${payload_path}`)),
        )
        const text = (field: string, target: string, list: boolean, type: string) =>
          `${field} ${target} ${list} ${type}`
        expect(new Set(found.map(({ field, target, list, ref_type }) => text(field, target, list, ref_type)))).toEqual(
          new Set(references.map((one) => text(one.payload_path, one.target, one.list, one.ref_type))),
        )
      }
    })

    it('mark each reference, and each path that is not the key, as a guess', async () => {
      for (const { indexed, references } of Object.values(await proposed(name))) {
        expect(references.map(({ guess }) => guess)).toEqual(references.map(() => true))
        expect(indexed.filter(({ path, guess }) => path !== undefined && guess !== true)).toEqual([])
      }
    })
  },
)

describe('a proposed reference', () => {
  it('has a field: a payload that is a bare id, or a list of them, has none', async () => {
    const resources = [
      { id: 'r', revisions: { '1': '"r"' } },
      { id: 's', revisions: { '2': '["r","s"]' } },
    ]
    expect(await proposedOf({ a: { resources } })).toEqual({ a: { indexed: [], references: [] } })
  })

  it('is no time and no bytes of a msgpack payload, whatever an id looks like', async () => {
    const id = '2026-01-05T08:30:00.000000Z'
    const payload = encodeMsgpack(
      new Map<string, unknown>([
        ['at', new Timestamp(id)],
        ['bytes', Buffer.from(id)],
      ]),
    )
    expect(await proposedOf({ a: { resources: [{ id, revisions: { '1': payload } }] } })).toEqual({
      a: { indexed: [], references: [] },
    })
  })
})

/** What is proposed of resources of one model, beside a model `b` with the resources r, s and t. */
const proposedBeside = async (...payloads: readonly object[]) => {
  const resources = payloads.map((payload, k) => ({ id: `a${k}`, revisions: { [`a${k}:1`]: JSON.stringify(payload) } }))
  const others = ['r', 's', 't'].map((id) => ({ id, revisions: { [`${id}:1`]: '{}' } }))
  const { a } = await proposedOf({ a: { resources }, b: { resources: others } })
  return a?.references
}

describe('references', () => {
  it.each<[string, object, object[]]>([
    ['a resource', { to: 'r' }, [{ field: 'to', target: 'b', guess: true }]],
    ['a list of resources', { to: ['r', 's'] }, [{ field: 'to', target: 'b', list: true, guess: true }]],
    ['a revision', { to: 'r:1' }, [{ field: 'to', target: 'b', ref_type: 'revision_id', guess: true }]],
    ['a resource of its own model', { to: 'a0' }, [{ field: 'to', target: 'a', guess: true }]],
    ['what is no id', { to: 'x', n: 1, none: null, yes: true, list: [1, ['r'], { to: 'r' }] }, []],
    ['an empty text', { to: '', list: [''] }, []],
    ['four steps deep', { a: { b: { c: { d: 'r' } } } }, [{ field: 'a.b.c.d', target: 'b', guess: true }]],
    ['five steps deep', { a: { b: { c: { d: { e: 'r' } } } } }, []],
  ])('to %s', async (_what, payload, references) => {
    expect(await proposedBeside(payload)).toEqual(references)
  })

  it('are what at least half of the values name', async () => {
    expect(await proposedBeside({ to: 'r' }, { to: 'x' })).toEqual([{ field: 'to', target: 'b', guess: true }])
    expect(await proposedBeside({ to: 'r' }, { to: 'x' }, { to: 'y' })).toEqual([])
    expect(await proposedBeside({ to: ['r', 'x'] })).toHaveLength(1)
    expect(await proposedBeside({ to: ['r', 'x', 'y'] })).toEqual([])
  })

  it('do not count values that are empty, null or absent', async () => {
    expect(await proposedBeside({ to: 'r' }, { to: '' }, { to: null }, {}, { to: ['', 5] })).toEqual([
      { field: 'to', target: 'b', guess: true },
    ])
  })

  it('are lists where any value is one', async () => {
    const list = [{ field: 'to', target: 'b', list: true, guess: true }]
    expect(await proposedBeside({ to: ['r'] }, { to: 's' })).toEqual(list)
    expect(await proposedBeside({ to: 'r' }, { to: ['s'] })).toEqual(list)
  })

  it('are to the model and the kind that most values name', async () => {
    expect(await proposedBeside({ to: 'a0' }, { to: 'r' }, { to: 's' })).toEqual([
      { field: 'to', target: 'b', guess: true },
    ])
    expect(await proposedBeside({ to: 'r:1' }, { to: 'r' }, { to: 's' })).toEqual([
      { field: 'to', target: 'b', guess: true },
    ])
    expect(await proposedBeside({ to: 'r' }, { to: 'r:1' }, { to: 's:1' })).toEqual([
      { field: 'to', target: 'b', ref_type: 'revision_id', guess: true },
    ])
    // Half is asked of one model and kind, not of them all.
    expect(await proposedBeside({ to: 'r' }, { to: 'r:1' }, { to: 'a0' })).toEqual([])
  })

  it('are seen in current revisions only', async () => {
    const resources = [
      { id: 'r', revisions: { 'r:1': '{"old":"r"}', 'r:2': '{"now":"r"}', 'r:3': '{"new":"r"}' }, current: 'r:2' },
    ]
    expect(await proposedOf({ a: { resources } })).toEqual({
      a: { indexed: [], references: [{ field: 'now', target: 'a', guess: true }] },
    })
  })
})

/** What is proposed of resources of one model, each a payload and its indexed values. */
const indexedOf = async (...pairs: readonly (readonly [object, Record<string, unknown>?])[]) => {
  const resources = pairs.map(([payload, indexed], k) => ({
    id: `r${k}`,
    revisions: { [`${k}`]: JSON.stringify(payload) },
    ...(indexed === undefined ? {} : { indexed }),
  }))
  const { a } = await proposedOf({ a: { resources } })
  return a?.indexed
}

describe('indexed fields', () => {
  it.each<[string, unknown, unknown]>([
    ['str', 'x', 'x'],
    ['int', 5, 5n],
    ['float', 0.5, 0.5],
    ['bool', true, true],
    ['list', [1], [1n]],
    ['map', { k: 1 }, new Map([['k', 1n]])],
  ])('of type %s stand at their key', async (type, value, indexed) => {
    expect(await indexedOf([{ a: value }, { a: indexed }])).toEqual([{ key: 'a', type }])
  })

  it('stand at another path where their key has no such value', async () => {
    expect(await indexedOf([{ a: 1, in: { b: 'x' } }, { b: 'x' }])).toEqual([
      { key: 'b', path: 'in.b', guess: true, type: 'str' },
    ])
    expect(await indexedOf([{ a: 1, b: 2, c: 2 }, { a: 2n }])).toEqual([
      { key: 'a', path: 'b', guess: true, type: 'int' },
    ])
  })

  it('stand at their key also where other paths have the value', async () => {
    expect(await indexedOf([{ b: 1, a: 1 }, { a: 1n }])).toEqual([{ key: 'a', type: 'int' }])
  })

  it('stand where every resource has the value, whatever the first has elsewhere', async () => {
    expect(await indexedOf([{ x: 1, y: 1 }, { a: 1n }], [{ x: 1, y: 2 }, { a: 2n }])).toEqual([
      { key: 'a', path: 'y', guess: true, type: 'int' },
    ])
    expect(await indexedOf([{ y: 1 }, { a: 1n }], [{ x: 2 }, { a: 2n }])).toEqual([{ key: 'a', type: 'int' }])
  })

  it('are sought four steps deep, at maps too', async () => {
    const deep = { a: { b: { c: { d: 'x', e: { f: 'y' } } } } }
    expect(await indexedOf([deep, { k: 'x' }])).toEqual([{ key: 'k', path: 'a.b.c.d', guess: true, type: 'str' }])
    expect(await indexedOf([deep, { k: 'y' }])).toEqual([{ key: 'k', type: 'str' }])
    expect(await indexedOf([deep, { k: new Map([['f', 'y']]) }])).toEqual([
      { key: 'k', path: 'a.b.c.e', guess: true, type: 'map' },
    ])
    // A key may have dots, and is looked for however deep.
    expect(await indexedOf([deep, { 'a.b.c.e.f': 'y' }])).toEqual([{ key: 'a.b.c.e.f', type: 'str' }])
  })

  it('have no type where it is mixed, and none where they are null only', async () => {
    expect(await indexedOf([{ a: 1 }, { a: 1n }], [{ a: 'x' }, { a: 'x' }])).toStrictEqual([{ key: 'a' }])
    expect(await indexedOf([{}, { a: null }])).toStrictEqual([{ key: 'a' }])
    expect(await indexedOf([{ b: 1 }, { a: null }], [{ b: 1 }, { a: 1n }])).toEqual([
      { key: 'a', path: 'b', guess: true, type: 'int' },
    ])
  })

  it('are none where a resource has no indexed data', async () => {
    expect(await indexedOf([{ a: 1 }])).toEqual([])
    expect(await indexedOf([{ a: 1 }], [{ b: 1 }, { b: 1n }])).toEqual([{ key: 'b', type: 'int' }])
  })

  it.each(['null', '"text"', '[1]', '5', 'no JSON'])('are none where an archive has %s for them', async (text) => {
    const resource = { id: 'r', revisions: [{ n: 1, data: '{}' }], extra: { indexed_data: { S: text } } }
    const archive = await writeArchive({ models: { a: [resource] } })
    expect(await proposeModels(memorySource(archive))).toEqual({ a: { indexed: [], references: [] } })
  })

  it('and references are none of a model without resources', async () => {
    expect(await proposedOf({ b: {}, a: {} })).toEqual({
      b: { indexed: [], references: [] },
      a: { indexed: [], references: [] },
    })
    expect(Object.keys(await proposedOf({ b: {}, a: {} }))).toEqual(['b', 'a'])
  })
})

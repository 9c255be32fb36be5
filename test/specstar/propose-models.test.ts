import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'
import { memorySource } from '../archive/memory.ts'
import { buildStream, type ModelSpecs } from './build-stream.ts'
import { metadataFirst, revisionsFirst } from './reorder-stream.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { proposeModels } from '../../shared/specstar/propose-models.ts'

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../fixtures/${name}`, import.meta.url))

/** The proposed models of an archive of which everything can be registered. */
const propose = async (bytes: Buffer) => {
  const { models, leftOut } = await proposeModels(memorySource(bytes))
  expect(leftOut).toEqual([])
  return models
}

const proposeFromFile = async (name: string) => propose(await fixture(name))

const proposeFromStream = (models: ModelSpecs) => propose(buildStream(models))

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
    it('have the names, indexed fields and references of the models that wrote the archive', async () => {
      const models = await proposeFromFile(name)
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

    it('mark each reference, and each path that differs from its key, as a guess', async () => {
      for (const { indexed, references } of Object.values(await proposeFromFile(name))) {
        expect(references.map(({ guess }) => guess)).toEqual(references.map(() => true))
        expect(indexed.filter(({ path, guess }) => path !== undefined && guess !== true)).toEqual([])
      }
    })
  },
)

describe.each([
  ['all metadata precedes all revisions', metadataFirst],
  ['all revisions precede all metadata', revisionsFirst],
])('models proposed from a stream in which %s', (_what, reorder) => {
  it("are those of the stream in SpecStar's order", async () => {
    const reordered = await reorder(await fixture('specstar/catalogue.acbak'))
    expect(await propose(reordered)).toEqual(await proposeFromFile('specstar/catalogue.acbak'))
  })

  it('ignore resources that are not complete', async () => {
    const stream = buildStream({
      a: {
        resources: [
          { id: 'r', revisions: { 'r:1': '{"now":"r"}' } },
          { id: 's', revisions: { 's:1': '{"old":"r"}' }, currentRevisionId: 's:2' },
        ],
      },
    })
    expect(await propose(await reorder(stream))).toEqual({
      a: { indexed: [], references: [{ field: 'now', target: 'a', guess: true }] },
    })
  })
})

describe('a proposed reference', () => {
  it('needs a field: none is proposed if the payload itself is an id or a list of ids', async () => {
    const resources = [
      { id: 'r', revisions: { '1': '"r"' } },
      { id: 's', revisions: { '2': '["r","s"]' } },
    ]
    expect(await proposeFromStream({ a: { resources } })).toEqual({ a: { indexed: [], references: [] } })
  })

  it('needs a text: none is proposed for a time or bytes that are equal to an id', async () => {
    const id = '2026-01-05T08:30:00.000000Z'
    const payload = encodeMsgpack(
      new Map<string, unknown>([
        ['at', new Timestamp(id)],
        ['bytes', Buffer.from(id)],
      ]),
    )
    expect(await proposeFromStream({ a: { resources: [{ id, revisions: { '1': payload } }] } })).toEqual({
      a: { indexed: [], references: [] },
    })
  })
})

/** The references that are proposed for model `a` with these payloads. Model `b` has the resources r, s and t. */
const proposeReferences = async (...payloads: readonly object[]) => {
  const resources = payloads.map((payload, k) => ({ id: `a${k}`, revisions: { [`a${k}:1`]: JSON.stringify(payload) } }))
  const others = ['r', 's', 't'].map((id) => ({ id, revisions: { [`${id}:1`]: '{}' } }))
  const { a } = await proposeFromStream({ a: { resources }, b: { resources: others } })
  return a?.references
}

describe('references are proposed', () => {
  it.each<[string, object, object[]]>([
    ['to a resource', { to: 'r' }, [{ field: 'to', target: 'b', guess: true }]],
    ['to resources, from a list', { to: ['r', 's'] }, [{ field: 'to', target: 'b', list: true, guess: true }]],
    ['to a revision', { to: 'r:1' }, [{ field: 'to', target: 'b', ref_type: 'revision_id', guess: true }]],
    ['to a resource of the same model', { to: 'a0' }, [{ field: 'to', target: 'a', guess: true }]],
    [
      'to nothing, from values that are not ids',
      { to: 'x', n: 1, none: null, yes: true, list: [1, ['r'], { to: 'r' }] },
      [],
    ],
    ['to nothing, from empty texts', { to: '', list: [''] }, []],
    ['at 4 levels', { a: { b: { c: { d: 'r' } } } }, [{ field: 'a.b.c.d', target: 'b', guess: true }]],
    ['not at 5 levels', { a: { b: { c: { d: { e: 'r' } } } } }, []],
  ])('%s', async (_what, payload, references) => {
    expect(await proposeReferences(payload)).toEqual(references)
  })

  it('if at least half of the values are ids', async () => {
    expect(await proposeReferences({ to: 'r' }, { to: 'x' })).toEqual([{ field: 'to', target: 'b', guess: true }])
    expect(await proposeReferences({ to: 'r' }, { to: 'x' }, { to: 'y' })).toEqual([])
    expect(await proposeReferences({ to: ['r', 'x'] })).toHaveLength(1)
    expect(await proposeReferences({ to: ['r', 'x', 'y'] })).toEqual([])
  })

  it('without counting empty, null and absent values', async () => {
    expect(await proposeReferences({ to: 'r' }, { to: '' }, { to: null }, {}, { to: ['', 5] })).toEqual([
      { field: 'to', target: 'b', guess: true },
    ])
  })

  it('as lists if any value is a list', async () => {
    const list = [{ field: 'to', target: 'b', list: true, guess: true }]
    expect(await proposeReferences({ to: ['r'] }, { to: 's' })).toEqual(list)
    expect(await proposeReferences({ to: 'r' }, { to: ['s'] })).toEqual(list)
  })

  it('to the owner of most of the values', async () => {
    expect(await proposeReferences({ to: 'a0' }, { to: 'r' }, { to: 's' })).toEqual([
      { field: 'to', target: 'b', guess: true },
    ])
    expect(await proposeReferences({ to: 'r:1' }, { to: 'r' }, { to: 's' })).toEqual([
      { field: 'to', target: 'b', guess: true },
    ])
    expect(await proposeReferences({ to: 'r' }, { to: 'r:1' }, { to: 's:1' })).toEqual([
      { field: 'to', target: 'b', ref_type: 'revision_id', guess: true },
    ])
    // Half of the values must have the same owner.
    expect(await proposeReferences({ to: 'r' }, { to: 'r:1' }, { to: 'a0' })).toEqual([])
  })

  it('from current revisions only', async () => {
    const resources = [
      {
        id: 'r',
        revisions: { 'r:1': '{"old":"r"}', 'r:2': '{"now":"r"}', 'r:3': '{"new":"r"}' },
        currentRevisionId: 'r:2',
      },
    ]
    expect(await proposeFromStream({ a: { resources } })).toEqual({
      a: { indexed: [], references: [{ field: 'now', target: 'a', guess: true }] },
    })
  })
})

describe('a part of an archive that cannot be registered', () => {
  it.each<[string, ModelSpecs, object, string[]]>([
    [
      'a model with a reserved name, and the references to it',
      {
        blobs: { resources: [{ id: 'r', revisions: { '1': '{}' } }] },
        a: { resources: [{ id: 's', revisions: { '2': '{"to":"r","own":"s"}' } }] },
      },
      { a: { indexed: [], references: [{ field: 'own', target: 'a', guess: true }] } },
      [
        'model blobs: SpecStar uses this name for its routes /blobs/…; rename the model',
        'model a: references: field to: target blobs is not registered',
      ],
    ],
    [
      'an indexed field without a name',
      { a: { resources: [{ id: 'r', revisions: { '1': '{"b":1}' }, indexed: { '': 1n, b: 1n } }] } },
      { a: { indexed: [{ key: 'b', type: 'int' }], references: [] } },
      [expect.stringMatching(/^model a: indexed\.0/)],
    ],
    [
      'a field whose name no path can contain',
      { a: { resources: [{ id: 'r', revisions: { '1': '{"":"r","x.y":"r","x":{"":"r","z":"r"}}' } }] } },
      { a: { indexed: [], references: [{ field: 'x.z', target: 'a', guess: true }] } },
      [],
    ],
  ])('is left out of the proposal: %s', async (_what, specs, models, leftOut) => {
    expect(await proposeModels(memorySource(buildStream(specs)))).toEqual({ models, leftOut })
    expect(loadModels(models).names).toEqual(['a'])
  })

  it('is never in a proposal, whatever an archive contains', async () => {
    const name = fc.oneof(fc.constantFrom('', '.', 'a', 'a.b', '__proto__', 'constructor', '*', 'ü'), fc.string())
    const value = fc.constantFrom('r', 's:1', '', 'x', null)
    const resource = fc.record({
      payload: fc.dictionary(name, fc.oneof(value, fc.array(value))),
      indexed: fc.dictionary(name, value),
    })
    const model = fc.constantFrom('a', 'blobs', 'ignored_key_prefixes', 'constructor', 'toString', 'B-2')
    await fc.assert(
      fc.asyncProperty(fc.dictionary(model, fc.array(resource, { maxLength: 3 })), async (models) => {
        const specs = Object.entries(models).map(([one, resources]): [string, ModelSpecs[string]] => [
          one,
          {
            resources: resources.map(({ payload, indexed }, k) => ({
              id: 'rs'[k] ?? `t${k}`,
              revisions: { [`${'rs'[k] ?? 't'}:1`]: JSON.stringify(payload) },
              indexed,
            })),
          },
        ])
        const proposal = await proposeModels(memorySource(buildStream(Object.fromEntries(specs))))
        const printed: unknown = JSON.parse(JSON.stringify(proposal.models))
        expect(loadModels(printed).names).toEqual(
          specs
            .map(([one]) => one)
            .filter((one) => one !== 'blobs')
            .sort(),
        )
      }),
    )
  })
})

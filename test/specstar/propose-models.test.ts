import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'
import { memorySource } from '../archive/memory.ts'
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

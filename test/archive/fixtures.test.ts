import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { readIndependently } from './independent-reader.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/acbak/${name}`, import.meta.url))

const Digests = z.record(
  z.string(),
  z.object({
    models: z.record(
      z.string(),
      z.object({
        digest: z.string(),
        buckets: z.record(z.string(), z.string()),
        resources: z.record(z.string(), z.object({ h: z.string(), leaf: z.string() })),
      }),
    ),
  }),
)
const digests = Digests.parse(JSON.parse(fixture('digests.json').toString()))

const expected = (name: string): unknown =>
  Object.fromEntries(
    Object.entries(digests[name]?.models ?? {}).map(([model, { digest, buckets, resources }]) => [
      model,
      { digest, buckets, leaves: Object.fromEntries(Object.entries(resources).map(([id, { leaf }]) => [id, leaf])) },
    ]),
  )

describe('an archive of an independent writer', () => {
  for (const name of ['catalogue-v3.acbak', 'empty-v3.acbak', 'single-v3.acbak']) {
    it(`has the documented leaves, buckets and digests: ${name}`, async () => {
      const { models, walked, proven } = await readAll(memorySource(fixture(name)))
      expect(models).toEqual(expected(name))
      expect({ walked, proven }).toEqual({ walked: false, proven: true })
    })

    it(`has the documented digests for an independent reader: ${name}`, () => {
      const models = Object.fromEntries(
        Object.entries(readIndependently(fixture(name))).map(([model, { digest, buckets, leaves }]) => [
          model,
          { digest, buckets, leaves },
        ]),
      )
      expect(models).toEqual(expected(name))
    })
  }

  it('is read after GNU tar repacked it, and its manifest is unproven without the trailer', async () => {
    const repacked = await readAll(memorySource(fixture('repacked-v3.tar')))
    const original = await readAll(memorySource(fixture('catalogue-v3.acbak')))
    expect(repacked.models).toEqual(expected('catalogue-v3.acbak'))
    expect({ walked: repacked.walked, proven: repacked.proven }).toEqual({ walked: true, proven: false })
    expect(repacked.blobs).toEqual(original.blobs)
    expect(repacked.items).toEqual(original.items)
    expect(original.blobs.size).toBe(84)
    expect(original.payloads).toBe(1)
  })
})

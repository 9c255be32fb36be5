import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { cities } from '../../../../infra/local/seed/cities.ts'
import { xxh3Hex } from '../../../../infra/local/seed/content-hash.ts'
import { countries } from '../../../../infra/local/seed/countries.ts'
import type { SampleResource } from '../../../../infra/local/seed/sample.ts'
import { loadModelsFile, type ModelRegistry } from '../../../../shared/resources/models.ts'

let models: ModelRegistry
let states: SampleResource[]
let towns: SampleResource[]

beforeAll(async () => {
  models = await loadModelsFile(new URL('../../../../shared/models.json', import.meta.url))
  states = [...countries(models.get('country'))]
  towns = [...cities(models.get('city'))]
})

const payloadOf = (revision: SampleResource['revisions'][number]): Record<string, unknown> => {
  const payload: unknown = JSON.parse(revision.payload.toString('utf8'))
  if (typeof payload !== 'object' || payload === null) throw new Error('no map')
  return Object.fromEntries(Object.entries(payload))
}
const digestOf = (resources: Iterable<SampleResource>): string => {
  const hash = createHash('sha256')
  for (const { meta, revisions } of resources) {
    hash.update(JSON.stringify(meta))
    for (const { info, payload } of revisions) hash.update(JSON.stringify(info)).update(payload)
  }
  return hash.digest('hex')
}
const ids = (texts: readonly unknown[]): string[] => texts.map((text) => (typeof text === 'string' ? text : ''))

describe('the sample data', () => {
  it('is the same every time', () => {
    expect(digestOf(countries(models.get('country')))).toBe(digestOf(states))
    expect(digestOf(towns.slice(0, 3))).toBe(digestOf(cities(models.get('city')).take(3)))
  })

  it('has all 250 countries and about every eighth of 171,075 cities, each once', () => {
    expect(states).toHaveLength(250)
    expect(Math.abs(towns.length - 171_075 / 8)).toBeLessThan(400)
    const all = [...states, ...towns].map(({ meta }) => meta.resource_id)
    expect(new Set(all).size).toBe(all.length)
  })

  it('refers only to countries that are there', () => {
    const known = new Set(states.map(({ meta }) => meta.resource_id))
    for (const { revisions } of states) {
      for (const revision of revisions) {
        const { borders } = payloadOf(revision)
        for (const border of ids(Array.isArray(borders) ? borders : ['?'])) expect(known).toContain(border)
      }
    }
    for (const { revisions } of towns) {
      for (const revision of revisions) expect(known.has(ids([payloadOf(revision)['country']])[0] ?? '')).toBe(true)
    }
  })

  it('names every blob by XXH3-128 of its bytes, as the payloads do', () => {
    for (const { blobs, revisions } of states) {
      expect(blobs.map(({ bytes }) => xxh3Hex(bytes))).toEqual(blobs.map(({ file_id }) => file_id))
      const named = JSON.stringify(revisions.map(payloadOf))
      for (const { file_id, bytes } of blobs) expect(named).toContain(`{"file_id":"${file_id}","size":${bytes.length}`)
    }
  })

  it('tells histories: branches, drafts, switches back, deleted and pruned ones, many users', () => {
    const all = [...states, ...towns]
    const some = (test: (resource: SampleResource) => boolean): number => all.filter(test).length
    const numberOf = (id: string): number => Number(id.slice(id.lastIndexOf(':') + 1))
    expect(some(({ revisions }) => revisions.length > 1)).toBeGreaterThan(1000)
    expect(some(({ meta }) => meta.is_deleted === true)).toBeGreaterThan(100)
    expect(some(({ meta }) => meta.rev_status === 'draft')).toBeGreaterThan(100)
    expect(some(({ meta }) => numberOf(meta.current_revision_id) < Number(meta.total_revision_count))).toBeGreaterThan(
      10,
    )
    expect(some(({ meta, revisions }) => revisions.length < Number(meta.total_revision_count))).toBeGreaterThan(10)
    const branched = some(({ revisions }) =>
      revisions.some(
        ({ info }) =>
          typeof info.parent_revision_id === 'string' &&
          numberOf(info.parent_revision_id) < numberOf(info.revision_id) - 1,
      ),
    )
    expect(branched).toBeGreaterThan(10)
    expect(new Set(all.map(({ meta }) => meta.updated_by)).size).toBe(6)
  })

  it('keeps metadata true to the revisions: the current one is stored, mirrored and not newer than the metadata', () => {
    for (const { meta, revisions } of [...states, ...towns]) {
      const current = revisions.find(({ info }) => info.revision_id === meta.current_revision_id)
      expect(current?.info.status).toBe(meta.rev_status)
      expect(current?.info.updated_time).toBe(meta.rev_updated_time)
      for (const { info, payload } of revisions) {
        if (Date.parse(info.updated_time) > Date.parse(meta.updated_time)) expect.fail(`${info.revision_id} is newer`)
        if (info.data_hash !== `xxh3_128:${xxh3Hex(payload)}`) expect.fail(`${info.revision_id} has another hash`)
      }
    }
  })

  it('indexes what the registry says', () => {
    const france = states.find(({ meta }) => meta.resource_id === 'country:FR')
    expect(france?.meta.indexed_data).toContain('"cca2":"FR","cca3":"FRA","name":"France","region":"Europe"')
  })

  it('keeps floats floats, in payloads and in indexed values', () => {
    const france = states.find(({ meta }) => meta.resource_id === 'country:FR')
    expect(france?.revisions[0]?.payload.toString('utf8')).toContain('"lat":46.0,"lng":2.0')
  })
})

import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { cities } from '../../../../infra/local/seed/cities.ts'
import { xxh3Hex } from '../../../../infra/local/seed/content-hash.ts'
import { countries } from '../../../../infra/local/seed/countries.ts'
import type { SampleResource } from '../../../../infra/local/seed/sample.ts'
import { loadModelsFile, type ModelRegistry } from '../../../../shared/resources/models.ts'

let models: ModelRegistry
let countryResources: SampleResource[]
let cityResources: SampleResource[]

beforeAll(async () => {
  models = await loadModelsFile(new URL('../../../../shared/models.json', import.meta.url))
  countryResources = [...countries(models.get('country'))]
  cityResources = [...cities(models.get('city'))]
})

const payloadOf = (revision: SampleResource['revisions'][number]): Record<string, unknown> => {
  const payload: unknown = JSON.parse(revision.payload.toString('utf8'))
  if (typeof payload !== 'object' || payload === null) throw new Error('the payload is not an object')
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
  it('is the same in every run', () => {
    expect(digestOf(countries(models.get('country')))).toBe(digestOf(countryResources))
    expect(digestOf(cityResources.slice(0, 3))).toBe(digestOf(cities(models.get('city')).take(3)))
  })

  it('contains all 250 countries and about one eighth of the 171,075 cities, each once', () => {
    expect(countryResources).toHaveLength(250)
    expect(Math.abs(cityResources.length - 171_075 / 8)).toBeLessThan(400)
    const all = [...countryResources, ...cityResources].map(({ meta }) => meta.resource_id)
    expect(new Set(all).size).toBe(all.length)
  })

  it('refers only to existing countries', () => {
    const known = new Set(countryResources.map(({ meta }) => meta.resource_id))
    for (const { revisions } of countryResources) {
      for (const revision of revisions) {
        const { borders } = payloadOf(revision)
        for (const border of ids(Array.isArray(borders) ? borders : ['?'])) expect(known).toContain(border)
      }
    }
    for (const { revisions } of cityResources) {
      for (const revision of revisions) expect(known.has(ids([payloadOf(revision)['country']])[0] ?? '')).toBe(true)
    }
  })

  it('uses XXH3-128 of the bytes as the id of every blob, also in payloads', () => {
    for (const { blobs, revisions } of countryResources) {
      expect(blobs.map(({ bytes }) => xxh3Hex(bytes))).toEqual(blobs.map(({ file_id }) => file_id))
      const payloads = JSON.stringify(revisions.map(payloadOf))
      for (const { file_id, bytes } of blobs)
        expect(payloads).toContain(`{"file_id":"${file_id}","size":${bytes.length}`)
    }
  })

  it('contains branches, drafts, older current revisions, deleted resources, pruned revisions and several users', () => {
    const all = [...countryResources, ...cityResources]
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

  it('stores the current revision of every resource and copies its fields to the metadata', () => {
    for (const { meta, revisions } of [...countryResources, ...cityResources]) {
      const current = revisions.find(({ info }) => info.revision_id === meta.current_revision_id)
      expect(current?.info.status).toBe(meta.rev_status)
      expect(current?.info.updated_time).toBe(meta.rev_updated_time)
      for (const { info, payload } of revisions) {
        if (Date.parse(info.updated_time) > Date.parse(meta.updated_time))
          expect.fail(`revision ${info.revision_id} is newer than its metadata`)
        if (info.data_hash !== `xxh3_128:${xxh3Hex(payload)}`)
          expect.fail(`revision ${info.revision_id} has a wrong hash`)
      }
    }
  })

  it('contains the indexed fields of the model registry', () => {
    const france = countryResources.find(({ meta }) => meta.resource_id === 'country:FR')
    expect(france?.meta.indexed_data).toContain('"cca2":"FR","cca3":"FRA","name":"France","region":"Europe"')
  })

  it('writes integral floats with a fraction in payloads', () => {
    const france = countryResources.find(({ meta }) => meta.resource_id === 'country:FR')
    expect(france?.revisions[0]?.payload.toString('utf8')).toContain('"lat":46.0,"lng":2.0')
  })
})

